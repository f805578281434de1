"""Exact lexicon search against scoring every word, by our forward algorithm and by torch's."""

import copy
import math
import pickle
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from seqrec.alphabet import Alphabet
from seqrec.decoding import Entry, Hypothesis, Lexicon, log_probability
from seqrec.decoding.search import make_room
from seqrec.errors import GrammarError, ShapeError
from tests.decoding.conftest import (
    ALNUM,
    WORDS,
    LogProbs,
    log_probs_of,
    pictured,
    random_entries,
    sequences,
    torch_log_probabilities,
)

ABC = Alphabet("abc", "abc", canonical={"A": "a", "B": "b", "C": "c"})
UNIFORM = np.log(np.full((4, 4), 0.25, np.float32))

Spelt = list[tuple[str, float, list[tuple[int, ...]]]]


def spelt(entries: Sequence[Entry], alphabet: Alphabet) -> Spelt:
    """Text, weight and ids of the spellings of each word; a spelling belongs to the first word that has it."""
    words: Spelt = []
    owner: dict[tuple[int, ...], int] = {}
    for entry in entries:
        ids = [tuple(alphabet.encode(one)) for one in dict.fromkeys(entry.spellings or (entry.text,))]
        own = [one for one in ids if one not in owner]
        if own:
            owner.update(dict.fromkeys(own, len(words)))
            words.append((entry.text, entry.weight, own))
        else:
            text, weight, known = words[owner[ids[0]]]
            words[owner[ids[0]]] = (
                text,
                weight + (entry.weight if entry.weight != 1 else 0),
                known,
            )  # 1 is what plain words have
    return words


def torch_scores(log_probs: LogProbs, words: Spelt) -> npt.NDArray[np.float64]:
    """log(weight × p) of each word, p summed over its spellings, (words,)."""
    each = iter(torch_log_probabilities(log_probs, [ids for _, _, known in words for ids in known]).tolist())
    return np.array([math.log(weight) + np.logaddexp.reduce([next(each) for _ in known]) for _, weight, known in words])


def assert_best(found: Sequence[Hypothesis], scores: npt.NDArray[np.float64], n_best: int, close: float = 1e-5) -> None:
    """That these are the words of the highest scores, each with its own."""
    expected = np.sort(scores[scores > -np.inf])[::-1][:n_best]
    assert [one.score for one in found] == pytest.approx(expected.tolist(), rel=close, abs=close)
    assert [scores[one.word] for one in found] == pytest.approx(expected.tolist(), rel=close, abs=close)
    assert len({one.word for one in found}) == len(found)


@settings(max_examples=300)
@given(
    symbols=st.integers(1, 5),
    frames=st.integers(1, 12),
    scale=st.sampled_from([0.3, 1.0, 3.0, 10.0, 30.0, 100.0]),
    impossible=st.sampled_from([0.0, 0.0, 0.1, 0.5]),
    decades=st.sampled_from([0.0, 1.0, 9.0, 25.0]),
    n_best=st.sampled_from([1, 1, 2, 5, 100]),
    share=st.booleans(),
    seed=st.integers(0, 10**6),
)
@example(symbols=4, frames=3, scale=3.0, impossible=0.0, decades=25.0, n_best=1, share=False, seed=0)
@example(symbols=3, frames=12, scale=100.0, impossible=0.0, decades=0.0, n_best=100, share=True, seed=0)
def test_best_words_are_those_of_scoring_every_word(
    symbols: int, frames: int, scale: float, impossible: float, decades: float, n_best: int, share: bool, seed: int
) -> None:
    alphabet = Alphabet("few", "abcde"[:symbols])
    entries = random_entries("abcde"[:symbols], seed, decades)
    words = spelt(entries, alphabet)
    lexicon = Lexicon.compile(entries, alphabet)
    log_probs = log_probs_of(frames, alphabet.classes, seed, scale, impossible)
    found = lexicon.best(log_probs, n_best, share=share)
    scores = torch_scores(log_probs, words)
    assert_best(found, scores, n_best)
    ours = np.full(len(words), -np.inf)
    for one in lexicon._scored(log_probs, len(words)):
        ours[one.word] = one.score
    assert ours == pytest.approx(scores, rel=1e-5, abs=1e-5)
    assert_best(found, ours, n_best, 1e-7)
    whole = np.logaddexp.reduce(scores)
    for one in found:
        text, weight, known = words[one.word]
        assert one.text == text
        assert one.log_probability == pytest.approx(one.score - math.log(weight), rel=1e-5, abs=1e-5)
        assert one.ids in known
        assert log_probability(log_probs, one.ids) == max(log_probability(log_probs, ids) for ids in known)
        assert not one.free
        if share:
            assert one.share == pytest.approx(math.exp(scores[one.word] - whole), rel=2e-3, abs=1e-300)
        else:
            assert one.share == -1.0


@cache
def english(count: int) -> Lexicon:
    """The most frequent English words, in small letters and digits."""
    return Lexicon.compile(WORDS.read_text(encoding="utf-8").split()[:count], ALNUM, policy="reduce")


def compared(lexicon: Lexicon, pictures: int, seed: int) -> None:
    """Compare with torch on pictures of words of the lexicon and of words that are none of them."""
    rng = np.random.default_rng(seed)
    words = [lexicon.spellings(word)[0] for word in range(len(lexicon))]
    for number in range(pictures):
        ids = list(words[rng.integers(len(words))])
        if number % 3 == 0:
            ids = [int(symbol) for symbol in rng.permutation([*ids, *rng.integers(1, ALNUM.classes, 2)])]
        log_probs = pictured(ids, ALNUM.classes, rng)
        scores = torch_log_probabilities(log_probs, words)
        found = lexicon.best(log_probs, 3, share=True)
        assert_best(found, scores, 3)
        assert_best(lexicon.best(log_probs), scores, 1)
        assert found[0].share == pytest.approx(math.exp(scores.max() - np.logaddexp.reduce(scores)), rel=2e-3)


def test_among_two_thousand_english_words_the_best_are_those_of_scoring_every_word() -> None:
    compared(english(2000), 20, 1)


@pytest.mark.slow
def test_among_fifty_thousand_english_words_the_best_are_those_of_scoring_every_word() -> None:
    assert len(english(50_000)) > 45_000
    compared(english(50_000), 30, 2)


def test_symbols_by_the_thousand_have_no_pairs_and_the_same_best_words() -> None:
    rng = np.random.default_rng(3)
    alphabet = Alphabet("many", [chr(code) for code in range(0x4E00, 0x4E00 + 2000)])
    words = ["".join(rng.choice(alphabet.symbols, rng.integers(1, 5))) for _ in range(12_000)]
    lexicon = Lexicon.compile(words, alphabet)
    assert len(lexicon.tables.follow) == len(lexicon.tables.follow_first) == 0
    assert lexicon.widest > 1500
    spellings = [lexicon.spellings(word)[0] for word in range(len(lexicon))]
    for seed, scale in enumerate((0.3, 3.0, 10.0)):
        log_probs = log_probs_of(6, alphabet.classes, seed, scale)
        scores = np.array([log_probability(log_probs, ids) for ids in spellings])
        found = lexicon.best(log_probs, 4, share=True)
        assert_best(found, scores, 4)
        assert found[0].share == pytest.approx(math.exp(scores.max() - np.logaddexp.reduce(scores)), rel=2e-3)


@given(seed=st.integers(0, 10**6), repeated=st.integers(1, 60), scale=st.sampled_from([3.0, 30.0]))
def test_words_too_improbable_for_double_precision_are_scored_all_the_same(seed: int, repeated: int, scale: float) -> None:
    lexicon = Lexicon.compile(["a" * 9, "ab" * 6, "cba", "b"], ABC)
    log_probs = np.repeat(log_probs_of(15, 4, seed, scale), repeated, 0)
    log_probs[:, 1:] -= 100  # nine or twelve symbols are then beyond it, one or three are not
    scores = torch_log_probabilities(log_probs, [lexicon.spellings(word)[0] for word in range(4)])
    assert_best(lexicon.best(log_probs, 4), scores, 4)


def test_next_best_words_far_below_the_best_are_found_too() -> None:
    log_probs = np.array([[0, -1, -900, -2000]] * 3, np.float32)
    found = Lexicon.compile(["a", "b", "c"], ABC).best(log_probs, 3)
    assert [one.text for one in found] == ["a", "b", "c"]
    assert found[1].log_probability == pytest.approx(math.log(3) - 900, rel=1e-6)
    assert found[2].share == -1.0


def test_weights_may_differ_by_fifty_decades() -> None:
    lexicon = Lexicon.compile([Entry("a", weight=1e-25), Entry("b", weight=1e25), Entry("c", weight=1.0)], ABC)
    log_probs = np.log(np.array([[1e-12, 1, 1e-6, 1e-9]], np.float64)).astype(np.float32)
    assert [one.text for one in lexicon.best(log_probs, 3)] == ["b", "c", "a"]


@pytest.mark.parametrize("factor", [1e-20, 1e-3, 1e20])
def test_only_the_ratios_of_weights_count(factor: float) -> None:
    rng = np.random.default_rng(4)
    words = sorted({"".join(rng.choice(list("abc"), rng.integers(1, 6))) for _ in range(60)})
    plain = Lexicon.compile(words, ABC)
    heavy = Lexicon.compile([Entry(word, weight=factor) for word in words], ABC)
    for seed in range(30):
        log_probs = log_probs_of(8, 4, seed)
        one, other = plain.best(log_probs, 5, share=True), heavy.best(log_probs, 5, share=True)
        assert [found.word for found in one] == [found.word for found in other]
        assert [found.log_probability for found in one] == pytest.approx([found.log_probability for found in other], rel=1e-6)
        assert [found.share for found in one] == pytest.approx([found.share for found in other], rel=2e-3)


def test_several_spellings_of_a_word_add_up() -> None:
    lexicon = Lexicon.compile([Entry("either", ("ab", "ba")), Entry("this", ("ca",))], ABC)
    log_probs = np.log(np.array([[0.1, 0.3, 0.2, 0.4], [0.1, 0.45, 0.44, 0.01]], np.float32))
    found = lexicon.best(log_probs, 2, share=True)
    assert [one.text for one in found] == ["either", "this"]  # 0.132 + 0.09 against 0.18
    assert math.exp(found[0].log_probability) == pytest.approx(0.3 * 0.44 + 0.2 * 0.45, rel=1e-5)
    assert found[0].ids == (1, 2)
    assert found[0].share == pytest.approx(0.222 / (0.222 + 0.18), rel=2e-3)


def test_spellings_that_are_worse_one_by_one_win_together() -> None:
    lexicon = Lexicon.compile([Entry("either", ("ab", "cd")), Entry("this", ("ef",))], Alphabet("six", "abcdef"))
    first, second = [0, 0.3, 0, 0.3, 0, 0.4, 0], [0, 0, 0.33, 0, 0.33, 0, 0.34]
    log_probs = np.log(np.array([first, second]).clip(1e-30)).astype(np.float32)
    (found,) = lexicon.best(log_probs)  # `this` is the best spelling and met first, and bounds are exact here
    assert found.text == "either"
    assert math.exp(found.score) == pytest.approx(2 * 0.3 * 0.33, rel=1e-5)


@given(frames=st.integers(1, 8), scale=st.sampled_from([0.3, 3.0]), refused=st.floats(0, 0.9), seed=st.integers(0, 10**6))
def test_weights_of_spellings_multiply_and_refused_spellings_are_gone(
    frames: int, scale: float, refused: float, seed: int
) -> None:
    lexicon = Lexicon.compile(random_entries("abc", seed), ABC)
    words = lexicon.tables.word
    rng = np.random.default_rng(seed)
    log_weights = np.where(rng.random(len(words)) < refused, -np.inf, rng.normal(0, 3, len(words)))
    if log_weights.max() == -np.inf:
        with pytest.raises(GrammarError, match=r"none of the lexicon's \d+ words fits"):
            lexicon.weighted(log_weights)
        return
    narrowed = lexicon.weighted(log_weights)
    log_probs = log_probs_of(frames, 4, seed, scale)
    each = torch_log_probabilities(log_probs, np.split(lexicon.tables.ids, lexicon.tables.ids_first[1:-1]))
    each += log_weights + np.log(lexicon.tables.weight)
    scores = {lexicon.texts[word]: np.logaddexp.reduce(each[words == word]) for word in range(len(lexicon))}
    expected = {text: score for text, score in scores.items() if score > -np.inf}
    found = narrowed.best(log_probs, len(lexicon), share=True)
    assert [one.text for one in found] == sorted(expected, key=lambda text: -expected[text])
    ratios = [one.score - found[0].score for one in found]  # only these are promised
    assert ratios == pytest.approx([expected[one.text] - expected[found[0].text] for one in found], rel=1e-5, abs=1e-5)
    for one in found:
        assert narrowed.texts[one.word] == one.text
        assert one.log_probability == pytest.approx(np.logaddexp.reduce([
            log_probability(log_probs, ids) for ids in narrowed.spellings(one.word)
        ]))  # fmt: skip


def test_no_frames_and_too_few_of_them_spell_no_word() -> None:
    lexicon = Lexicon.compile(["aa", "abc"], ABC)
    assert lexicon.shortest == 3
    for frames in (0, 1, 2):
        assert lexicon.best(np.zeros((frames, 4), np.float32)) == []
    assert {one.text for one in lexicon.best(log_probs_of(3, 4, 0), 9)} == {"aa", "abc"}


def test_doubled_letter_needs_a_frame_for_the_blank_between() -> None:
    lexicon = Lexicon.compile(["aa", "ab"], ABC)
    certain = np.log(np.array([[0.001, 0.998, 0.001, 0]] * 2).clip(1e-30)).astype(np.float32)
    assert [one.text for one in lexicon.best(certain, 2)] == ["ab"]
    assert [one.text for one in lexicon.best(np.insert(certain, 1, certain[0], axis=0), 2)] == ["ab", "aa"]


def test_one_frame_reads_one_symbol() -> None:
    lexicon = Lexicon.compile(["a", "b", "ab"], ABC)
    log_probs = np.log(np.array([[0.5, 0.1, 0.3, 0.1]], np.float32))
    assert [(one.text, round(math.exp(one.score), 6)) for one in lexicon.best(log_probs, 9)] == [("b", 0.3), ("a", 0.1)]


def test_word_that_starts_another_is_found_beside_it() -> None:
    lexicon = Lexicon.compile(["a", "ab", "abc"], ABC)
    path = {"a": [1, 0, 0, 0], "ab": [1, 2, 0, 0], "abc": [0, 1, 2, 3]}
    for text, classes in path.items():
        log_probs = np.full((4, 4), math.log(0.1), np.float32)
        log_probs[range(4), classes] = math.log(0.7)
        assert lexicon.best(log_probs)[0].text == text


def test_of_equally_probable_words_the_first_of_the_list_comes_first() -> None:
    words = ["cb", "ab", "ca", "ba"]
    found = Lexicon.compile(words, ABC).best(UNIFORM, 4)
    assert len({one.score for one in found}) == 1
    assert [one.text for one in found] == words
    assert Lexicon.compile(words, ABC).best(UNIFORM)[0].text == "cb"


def test_impossible_words_are_not_given() -> None:
    lexicon = Lexicon.compile(["a", "b", "cc"], ABC)
    log_probs = log_probs_of(5, 4, 0)
    log_probs[:, 2] = -np.inf
    assert {one.text for one in lexicon.best(log_probs, 9)} == {"a", "cc"}
    log_probs[2] = -np.inf
    assert lexicon.best(log_probs, 9, share=True) == []
    assert lexicon.best(np.full((3, 4), -np.inf, np.float32), share=True) == []


def test_threads_that_share_a_lexicon_find_what_one_finds() -> None:
    lexicon = Lexicon.compile([Entry(word, (word, word[::-1])) for word in english(2000).texts], ALNUM, policy="reduce")
    rng = np.random.default_rng(5)
    pictures = [pictured(lexicon.spellings(word)[0], ALNUM.classes, rng) for word in range(160)]
    expected = [lexicon.best(one, 3, share=True) for one in pictures]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda one: lexicon.best(one, 3, share=True), pictures)) == expected


def test_pictures_of_any_width_may_follow_each_other() -> None:
    lexicon = Lexicon.compile(["ab"], ABC)
    for frames in (5, 65, 400, 3):
        assert len(lexicon._room(frames).arena) >= len(make_room(1, lexicon.widest, frames).arena)
    lexicon = Lexicon.compile(["ab", "ba", "cab", "abcabc"], ABC)
    for frames in (5, 200, 3, 64, 65, 400, 1):
        log_probs = log_probs_of(frames, 4, frames)
        assert lexicon.best(log_probs, 4) == Lexicon.compile(["ab", "ba", "cab", "abcabc"], ABC).best(log_probs, 4)


@pytest.mark.parametrize("kind", ["<f2", "<f8", ">f4", "longdouble", "strided", "read only"])
def test_every_kind_of_float_array_is_read(kind: str) -> None:
    lexicon = Lexicon.compile(["ab", "ba"], ABC)
    plain = log_probs_of(6, 4, 1).astype(np.float16).astype(np.float32)
    given = np.repeat(plain[:, None], 3, 1)[:, 1] if kind == "strided" else plain.astype("f4" if kind == "read only" else kind)
    given.setflags(write=kind != "read only")
    assert lexicon.best(given, 2) == lexicon.best(plain, 2)


@pytest.mark.parametrize("copied", [lambda one: pickle.loads(pickle.dumps(one)), copy.deepcopy])
def test_copies_of_a_lexicon_read_as_it_does(copied: object) -> None:
    lexicon = Lexicon.compile([Entry("a", weight=2.0), "bx"], ABC, policy="reduce")
    lexicon.best(UNIFORM)
    other = copied(lexicon)  # type: ignore[operator]
    assert other.best(UNIFORM, 2, share=True) == lexicon.best(UNIFORM, 2, share=True)
    assert (other.texts, other.dropped, other.alphabet) == (lexicon.texts, lexicon.dropped, lexicon.alphabet)


def test_automaton_accepts_the_spellings_with_their_words_weights() -> None:
    lexicon = Lexicon.compile([Entry("x", ("ab", "b"), 4.0), Entry("cc", weight=0.5)], ABC)
    known = {(1, 2): math.log(4), (2,): math.log(4), (3, 3): math.log(0.5)}
    for ids in sequences(3, 3):
        assert lexicon.automaton.log_weight(ids) == pytest.approx(known.get(ids, -np.inf))


def test_n_best_below_one_and_other_alphabets_are_refused() -> None:
    lexicon = Lexicon.compile(["a"], ABC)
    with pytest.raises(GrammarError, match="n_best is 0; expected at least 1"):
        lexicon.best(UNIFORM, 0)
    with pytest.raises(ShapeError, match="posteriors of 5 classes; expected 4"):
        lexicon.best(log_probs_of(3, 5, 0))
