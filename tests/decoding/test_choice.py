"""What is said about decoding comes to the right decoder: lexicons stay exact beside patterns, models and grammars."""

import itertools
import re
from typing import Any

import numpy as np
import pytest

from seqrec.alphabet import Alphabet
from seqrec.decoding.beam import product, sequence_log_weights
from seqrec.decoding.choice import Decoding, Offers
from seqrec.decoding.forward import log_probability
from seqrec.decoding.grammar import Automaton
from seqrec.decoding.lexicon import Entry, Lexicon
from seqrec.decoding.ngram import NGram
from seqrec.decoding.pattern import Pattern
from seqrec.errors import GrammarError

ABC = Alphabet("abc", "abc")
WORDS = ["".join(letters) for length in (1, 2, 3) for letters in itertools.product("abc", repeat=length)]


class EvenLength:
    """Accepts sequences of even length; `a` costs two nats."""

    def start(self) -> int:
        return 0

    def step(self, state: int, symbol: int) -> tuple[int, float]:  # type: ignore[override]
        return 1 - state, -2.0 if symbol == 1 else 0.0

    def final(self, state: int) -> float:  # type: ignore[override]
        return 0.0 if state == 0 else -np.inf


def posteriors(seed: int, frames: int = 6) -> np.ndarray:
    logits = np.random.default_rng(seed).normal(size=(frames, 4)) * 2
    return (logits - np.logaddexp.reduce(logits, 1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("seed", range(20))
def test_a_lexicon_with_a_pattern_a_model_and_a_grammar_is_searched_exactly(seed: int) -> None:
    model = NGram.from_labels(["ab", "abc", "ca", "bb"], ABC, 3)
    entries = [Entry(word, (word, word[::-1]), 1.0 + len(word)) for word in WORDS if word <= word[::-1]]
    decoding = Decoding(lexicon=entries, pattern="[ab]+c?", lm=model, lm_weight=0.7, grammars=[(EvenLength(), 0.5)], n_best=3)
    found = decoding.decoder_for(ABC)(posteriors(seed))
    pattern = Pattern("[ab]+c?", ABC)
    scores = {}
    for entry in entries:
        total = -np.inf
        for spelling in dict.fromkeys(entry.spellings):
            ids = ABC.encode(spelling)
            if pattern.matches(ids) and len(ids) % 2 == 0:
                prior = np.log(entry.weight) + 0.7 * model.log_probability(ids) + 0.5 * -2.0 * ids.count(1)
                total = np.logaddexp(total, prior + log_probability(posteriors(seed), ids))
        if total > -np.inf:
            scores[entry.text] = total
    best = sorted(scores, key=lambda text: -scores[text])[:3]
    assert [one.text for one in found] == best
    # Only ratios of weights count: the differences of scores are those of the sums.
    assert np.diff([one.score for one in found]) == pytest.approx(np.diff([scores[text] for text in best]), abs=1e-5)


def test_words_that_a_pattern_refuses_are_named_when_none_is_left() -> None:
    with pytest.raises(GrammarError, match="none of the lexicon's 2 words fits the pattern or grammar beside it; change either"):
        Decoding(lexicon=["aa", "bb"], pattern="c+").decoder_for(ABC)


def test_a_share_is_one_of_the_words_that_fit() -> None:
    held = Decoding(lexicon=["ab", "cc", "bb"], pattern="[ab]+", lexicon_share=True, n_best=2).decoder_for(ABC)(posteriors(3))
    assert sum(one.share for one in held) == pytest.approx(1, abs=2e-3)


def test_log_weights_of_sequences_are_those_of_the_automata() -> None:
    lexicon = Lexicon.compile(WORDS, ABC)
    model, pattern = NGram.from_labels(["ab", "ca"], ABC, 2).automaton, Pattern("a.*|cc", ABC).automaton
    weights = sequence_log_weights(product([(model, 0.3), (pattern, 1.0)]), lexicon.tables.ids, lexicon.tables.ids_first)
    for word, weight in zip(lexicon.tables.word.tolist(), weights, strict=True):
        ids = lexicon.spellings(word)[0]
        expected = 0.3 * model.log_weight(ids) if pattern.accepts(ids) else -np.inf
        assert weight == pytest.approx(expected, abs=1e-5)


def test_weighting_a_lexicon_leaves_the_first_as_it_was() -> None:
    lexicon = Lexicon.compile([Entry("ab", ("ab", "ba")), "c"], ABC)
    order = lexicon.tables.ids[lexicon.tables.ids_first[:-1]]  # first symbols: a, b, c
    narrowed = lexicon.weighted(np.where(order == 1, -np.inf, np.log(order.astype(float))))
    assert (len(lexicon), len(narrowed)) == (2, 2)
    assert [narrowed.spellings(word) for word in range(2)] == [[(2, 1)], [(3,)]]
    assert narrowed.tables.weight.tolist() == pytest.approx([2 / 3, 1.0])


def test_an_empty_pattern_and_a_compiled_file_in_any_case_are_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    from seqrec.decoding.lexicon_file import save_lexicon

    with pytest.raises(GrammarError, match="pattern ''"):
        Decoding(pattern="").decoder_for(ABC)
    save_lexicon(tmp_path / "words.lex", Lexicon.compile(["ab"], ABC))
    with pytest.raises(GrammarError, match="is compiled: its spellings are fixed; build it with --lexicon-case any"):
        Decoding(lexicon=tmp_path / "words.lex", lexicon_case="any").decoder_for(ABC, Offers())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lexicon": 7}, "lexicon 7 is of type int; expected a Lexicon, a file, a name of the task's, or words"),
        ({"lexicon": [7]}, "lexicon: word 7 is of type int; expected text, as '7'"),
        ({"lexicon": [7], "lexicon_case": "any"}, "lexicon: word 7 is of type int"),
        ({"pattern": re.compile("a")}, r"pattern re\.compile\('a'\) is of type Pattern; expected an expression as text"),
        ({"lm": 7}, "language model 7 is of type int; expected an ARPA file, or an NGram"),
    ],
)
def test_what_is_of_another_type_is_refused_by_name(options: dict[str, Any], message: str) -> None:
    with pytest.raises(GrammarError, match=message):
        Decoding(**options).decoder_for(ABC)


def test_a_python_grammar_can_become_tables() -> None:
    automaton = Automaton.of(EvenLength(), ABC)  # type: ignore[arg-type]
    assert len(automaton.final) == 2
    assert automaton.log_weight([1, 2]) == -2.0
    assert not automaton.accepts([1])

    class Counts(EvenLength):
        def step(self, state: int, symbol: int) -> tuple[int, float]:  # type: ignore[override]
            return state + 1, 0.0

    with pytest.raises(GrammarError, match="grammar Counts has more than 50 states; use the object itself, or allow more"):
        Automaton.of(Counts(), ABC, max_states=50)  # type: ignore[arg-type]
