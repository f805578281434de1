"""Language models add up to one in every context, and are what the formulas say when they are worked out slowly."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec import Alphabet
from seqrec.decoding.kneser_ney import FALLBACK, discounts
from seqrec.decoding.ngram import NGram
from seqrec.errors import AlphabetError, GrammarError

ABC = Alphabet("abc", "abc")
LETTERS = Alphabet("letters", "abcdefghijkl")

Corpora = st.lists(st.text("abc", max_size=6), min_size=1, max_size=12)
Orders = st.integers(1, 4)


def random_words(count: int, alphabet: Alphabet, seed: int) -> list[str]:
    """Words in which some symbols are much more frequent than others, and follow some others more often."""
    rng = np.random.default_rng(seed)
    steps = np.minimum(rng.geometric(0.3, (count, 8)), len(alphabet)) - 1
    symbols = steps.cumsum(1) % len(alphabet)
    return ["".join(alphabet.symbols[symbol] for symbol in row[: rng.integers(1, 9)]) for row in symbols]


class SlowKneserNey:
    """Interpolated modified Kneser-Ney, written from the formulas: nothing is stored, everything is counted when asked for."""

    def __init__(self, labels: Sequence[str], symbols: Sequence[str], order: int) -> None:
        self.outcomes = [*symbols, "</s>"]
        self.order = order
        self.seen: Counter[tuple[str, ...]] = Counter()
        for label in labels:
            line = ["<s>", *label, "</s>"]
            self.seen.update(tuple(line[i : i + n]) for n in range(1, order + 1) for i in range(len(line) - n + 1))
        self.counts = {gram: self.count(gram) for gram in self.seen if gram != ("<s>",)}
        self.discounts = {n: self.three_discounts(n) for n in range(1, order + 1)}

    def count(self, gram: tuple[str, ...]) -> int:
        if len(gram) == self.order or gram[0] == "<s>":
            return self.seen[gram]
        return len({longer[0] for longer in self.seen if len(longer) == len(gram) + 1 and longer[1:] == gram})

    def three_discounts(self, n: int) -> tuple[float, ...]:
        n1, n2, n3, n4 = (sum(c == i for gram, c in self.counts.items() if len(gram) == n) for i in (1, 2, 3, 4))
        if 0 in (n1, n2, n3, n4):
            return 0.5, 1.0, 1.5
        y = n1 / (n1 + 2 * n2)
        three = 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3
        return three if min(three) > 0 else (0.5, 1.0, 1.5)

    def probability(self, symbol: str, context: tuple[str, ...]) -> float:
        lower = self.probability(symbol, context[1:]) if context else 1 / len(self.outcomes)
        following = {w: self.counts.get((*context, w), 0) for w in self.outcomes}
        total = sum(following.values())
        if total == 0:
            return lower
        taken = {w: self.discounts[len(context) + 1][min(c, 3) - 1] if c else 0.0 for w, c in following.items()}
        return (following[symbol] - taken[symbol]) / total + sum(taken.values()) / total * lower

    def log_probability(self, label: str) -> float:
        line = ["<s>", *label, "</s>"]
        contexts = [tuple(line[max(0, place - self.order + 1) : place]) for place in range(len(line))]
        return sum(math.log(self.probability(line[place], contexts[place])) for place in range(1, len(line)))


def worst_total(model: NGram) -> float:
    """How far from 1 the probabilities of all symbols and of the end are at most, added up in each state of the model."""
    automaton, symbols = model.automaton, range(1, len(model.alphabet) + 1)
    totals = [
        math.exp(automaton.final[state]) + sum(math.exp(automaton.step(state, symbol)[1]) for symbol in symbols)  # type: ignore[index]
        for state in range(len(automaton.final))
    ]
    return max(abs(total - 1) for total in totals)


@given(labels=Corpora, order=Orders)
def test_all_that_may_follow_a_context_adds_up_to_one(labels: list[str], order: int) -> None:
    assert worst_total(NGram.from_labels(labels, ABC, order)) < 1e-6


@given(labels=Corpora, order=Orders, probe=st.text("abc", max_size=6))
def test_it_is_what_the_formulas_say(labels: list[str], order: int, probe: str) -> None:
    slow = SlowKneserNey(labels, ABC.symbols, order)
    model = NGram.from_labels(labels, ABC, order)
    for label in (probe, labels[0]):
        assert model.log_probability(ABC.encode(label)) == pytest.approx(slow.log_probability(label), abs=1e-5)


@pytest.mark.parametrize("order", [2, 3, 4])
def test_it_is_what_the_formulas_say_with_estimated_discounts(order: int) -> None:
    words = random_words(150, LETTERS, seed=order)
    slow = SlowKneserNey(words, LETTERS.symbols, order)
    assert slow.discounts[order] != (0.5, 1.0, 1.5)
    model = NGram.from_labels(words, LETTERS, order)
    for label in (*words[:5], "", "abc", "llllllll", "acegikbdfhjl"):
        assert model.log_probability(LETTERS.encode(label)) == pytest.approx(slow.log_probability(label), rel=1e-5)


@given(labels=Corpora, order=st.integers(1, 3))
def test_probabilities_of_all_sequences_of_a_length_leave_what_ends_before_or_goes_on(labels: list[str], order: int) -> None:
    model = NGram.from_labels(labels, ABC, order)
    exact = [sum(math.exp(model.log_probability(ids)) for ids in product((1, 2, 3), repeat=length)) for length in range(5)]
    going_on = sum(math.exp(model.log_probability(ids) - final_of(model, ids)) for ids in product((1, 2, 3), repeat=5))
    assert sum(exact) + going_on == pytest.approx(1, abs=1e-5)


def final_of(model: NGram, ids: Sequence[int]) -> float:
    """Log-weight of the end behind some ids."""
    state = 0
    for symbol in ids:
        state = model.automaton.step(state, symbol)[0]  # type: ignore[index]
    return float(model.automaton.final[state])


@given(labels=Corpora, order=Orders, repeats=st.lists(st.integers(1, 5), min_size=12, max_size=12))
def test_count_is_as_good_as_saying_a_label_so_often(labels: list[str], order: int, repeats: list[int]) -> None:
    counted = NGram.from_labels(labels, ABC, order, counts=repeats[: len(labels)])
    said = NGram.from_labels([one for one, often in zip(labels, repeats, strict=False) for _ in range(often)], ABC, order)
    assert all(np.array_equal(one, other) for one, other in zip(counted.automaton, said.automaton, strict=True))


def test_fractions_of_counts_add_up() -> None:
    words = random_words(300, LETTERS, seed=5)
    whole = NGram.from_labels(words, LETTERS, 4)
    parts = NGram.from_labels(
        words * 64, LETTERS, 4, counts=[1 / 64] * (64 * len(words))
    )  # long enough for other ways of counting
    assert all(np.array_equal(one, other) for one, other in zip(whole.automaton, parts.automaton, strict=True))


@given(counts=st.lists(st.floats(1e-9, 1e15), min_size=3, max_size=3), order=Orders)
def test_counts_of_any_size_make_probabilities(counts: list[float], order: int) -> None:
    assert worst_total(NGram.from_labels(["ab", "abc", "ca"], ABC, order, counts)) < 1e-6


def test_discounts_are_chen_and_goodmans() -> None:
    counts = np.repeat([1.0, 2.0, 3.0, 4.0, 9.0], [8, 4, 3, 2, 5])
    assert discounts(counts) == pytest.approx((0.5, 2 - 3 * 0.5 * 3 / 4, 3 - 4 * 0.5 * 2 / 3))


@pytest.mark.parametrize("counts", [[], [1.0, 1.0], [1.0, 2.0, 4.0, 5.0], [2.0, 1.0, 3.0, 3.0, 3.0, 4.0]])
def test_discounts_that_cannot_be_estimated_are_the_fallback(counts: list[float]) -> None:
    assert discounts(np.array(counts)) == FALLBACK


def test_symbols_never_seen_share_the_rest_equally() -> None:
    model = NGram.from_labels(["ab"], LETTERS, order=2)
    unseen = {round(model.log_probability([symbol]), 6) for symbol in range(3, 13)}
    assert len(unseen) == 1
    assert -math.inf < unseen.pop() < model.log_probability([1])


def test_what_was_seen_is_likelier_the_longer_the_context() -> None:
    words = ["abcabl", "abcabl", "kbcabd"] * 3
    likely = [NGram.from_labels(words, LETTERS, order).perplexity(["abcabl"]) for order in (1, 2, 3, 4, 5)]
    assert likely == sorted(likely, reverse=True)


def test_start_is_state_0_and_the_end_depends_on_the_context() -> None:
    model = NGram.from_labels(["ab", "ab", "aab"], ABC, order=2)
    first, later = (model.automaton.step(state, 1) for state in (0, model.automaton.step(0, 1)[0]))  # type: ignore[index]
    assert first is not None
    assert later is not None
    assert first[1] > later[1]  # every label starts with a
    assert final_of(model, [1]) < final_of(model, [1, 2])  # and ends with b


def test_order_beyond_the_longest_label_changes_nothing() -> None:
    short, long = (NGram.from_labels(["ab", "b"], ABC, order) for order in (4, 7))
    assert long.order == 7
    assert long.sizes[4:] == (0, 0, 0)
    for ids in ((), (1, 2), (2,), (3, 3, 1, 2)):
        assert long.log_probability(ids) == pytest.approx(short.log_probability(ids))


def test_model_of_the_empty_label_alone_expects_the_end() -> None:
    model = NGram.from_labels([""], ABC, order=3)
    assert math.exp(model.log_probability([])) > 0.5
    assert worst_total(model) < 1e-6


@pytest.mark.parametrize("ids", [[0], [1, 4], [-1]])
def test_id_that_is_no_symbols_is_impossible(ids: list[int]) -> None:
    assert NGram.from_labels(["abc"], ABC, 3).log_probability(ids) == -math.inf


def test_symbols_of_several_characters_are_symbols() -> None:
    notes = Alphabet("notes", ["note-C4", "note-D4", "rest"], separator=" ")
    model = NGram.from_labels(["note-C4 rest", "note-C4 note-D4"], notes, order=2)
    assert model.sizes[0] == 5
    assert model.log_probability(notes.encode("note-C4 rest")) > model.log_probability(notes.encode("rest note-C4"))


def test_perplexity_is_that_of_the_log_probabilities() -> None:
    words = random_words(200, LETTERS, seed=9)
    model = NGram.from_labels(words[:100], LETTERS, order=3)
    held_out = [*words[100:], ""]
    total = sum(model.log_probability(LETTERS.encode(word)) for word in held_out)
    assert model.perplexity(held_out) == pytest.approx(math.exp(-total / sum(len(word) + 1 for word in held_out)), rel=1e-5)


def test_perplexity_without_knowledge_is_the_number_of_outcomes() -> None:
    even = NGram.from_labels(["", "a", "b", "c"], ABC, order=1)  # a, b, c once each, the end four times
    assert even.perplexity(["abc" * 50]) > 4 > even.perplexity([""])
    with pytest.raises(GrammarError, match="no label to measure a language model on"):
        even.perplexity([])


def test_labels_with_other_symbols_are_refused_or_dropped() -> None:
    labels = ["ab", "añb", "c", "x"]
    with pytest.raises(AlphabetError) as raised:
        NGram.from_labels(labels, ABC)
    assert str(raised.value) == (
        "symbol 'ñ' (U+00F1) at position 2 of 'añb' is not in alphabet 'abc' (3 symbols); 2 of 4 labels are like this; "
        "policy 'drop' leaves them out"
    )
    model = NGram.from_labels(labels, ABC, counts=[1, 5, 2, 5], policy="drop")
    assert model.dropped == ("añb", "x")
    same = NGram.from_labels(["ab", "c"], ABC, counts=[1, 2])
    assert model.log_probability([1, 2]) == same.log_probability([1, 2])


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        ([], {}, "no label to build a language model of (0 dropped); give at least one"),
        (["x"], {"policy": "drop"}, "no label to build a language model of (1 dropped); give at least one"),
        (["a"], {"order": 0}, "an order of 0 cannot be; expected 1 to 20"),
        (["a"], {"order": 21}, "an order of 21 cannot be; expected 1 to 20"),
        (["a"], {"policy": "ignore"}, "no policy 'ignore'; known: drop, error"),
        (["a", "b"], {"counts": [1]}, "1 counts for 2 labels; give one for each"),
        (["a", "b"], {"counts": [1, 0]}, "label 'b' has a count of 0; expected 1e-09 to 1e+15"),
        (["a", "b"], {"counts": [math.nan, 1]}, "label 'a' has a count of nan; expected 1e-09 to 1e+15"),
        (["a", "b"], {"counts": [1, math.inf]}, "label 'b' has a count of inf; expected 1e-09 to 1e+15"),
    ],
)
def test_what_makes_no_model_is_said(labels: list[str], options: dict[str, object], message: str) -> None:
    with pytest.raises(GrammarError) as raised:
        NGram.from_labels(labels, ABC, **options)  # type: ignore[arg-type]
    assert str(raised.value) == message
