"""The bounds bound, prefixes have the forward algorithm's probabilities, and depth first finds the same as best first."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seqrec.alphabet import Alphabet
from seqrec.decoding import Entry, Lexicon, log_probability
from seqrec.decoding.bounds import Tables, bounds, largest_mass, likelihoods
from seqrec.decoding.search import ANY, WAITING, _heap_pop, _heap_push, best_words, extend, make_room, spelled
from seqrec.decoding.trie import Trie, parents
from tests.decoding.conftest import ALNUM, WORDS, LogProbs, log_probs_of, pictured, random_entries

Scales = st.sampled_from([0.3, 1.0, 3.0, 10.0])
Frames = st.integers(1, 12)
Seeds = st.integers(0, 10**6)
Found = tuple[npt.NDArray[np.float64], npt.NDArray[np.int32], npt.NDArray[np.float64]]


def lexicon_of(seed: int, decades: float = 2.0) -> Lexicon:
    """Random words of one to four symbols."""
    symbols = "abcd"[: 1 + seed % 4]
    return Lexicon.compile(random_entries(symbols, seed, decades), Alphabet("few", symbols))


def without_pairs(tables: Tables) -> Tables:
    """As for symbols by the thousand: anything may follow anything."""
    return tables._replace(follow_first=tables.follow_first[:0], follow=tables.follow[:0])


def searched(lexicon: Lexicon, log_probs: LogProbs, count: int, limit: int, tolerance: float = ANY, pairs: bool = True) -> Found:
    """What the compiled search finds, with nothing neglected; scores as probabilities."""
    tables = lexicon.tables if pairs else without_pairs(lexicon.tables)
    y, scale = likelihoods(log_probs, tables)
    rest, factors = bounds(y, tables)
    room = make_room(len(lexicon), lexicon.widest, len(log_probs))
    best, words, sums = best_words(y, rest, tables, room, lexicon.longest, lexicon.widest, count, tolerance, 0.0, limit)
    sums[:2] *= np.exp(scale + factors)
    return best * np.exp(scale + factors), words, sums


def scores_of(lexicon: Lexicon, log_probs: LogProbs) -> npt.NDArray[np.float64]:
    """Weight × probability of each word, (words,)."""
    tables, scores = lexicon.tables, np.zeros(len(lexicon))
    for spelling, (word, weight) in enumerate(zip(tables.word.tolist(), tables.weight.tolist(), strict=True)):
        ids = tables.ids[tables.ids_first[spelling] : tables.ids_first[spelling + 1]]
        scores[word] += weight * np.exp(log_probability(log_probs, ids.tolist()))
    return scores


def walked(lexicon: Lexicon, log_probs: LogProbs, pairs: bool) -> list[tuple[tuple[int, ...], float, float]]:
    """For each node but the root: symbols on the way, probability of just these, and the bound of all that starts with them."""
    tables = lexicon.tables if pairs else without_pairs(lexicon.tables)
    frames = len(log_probs)
    y, scale = likelihoods(log_probs, tables)
    rest, factors = bounds(y, tables)
    assert rest.max() <= 1 + 1e-12
    assert rest.shape == ((len(tables.used) if pairs else 1), frames + 1)
    states = frames + 1
    trie = Trie(tables.skip, tables.depth, tables.symbol, tables.spelling)
    known = {0: ((), np.tile(np.concatenate([[1.0], np.cumprod(y[0])]), 2))}  # mass in all, then what ends in a blank
    found = []
    for node, above in enumerate(parents(trie), start=1):
        ids, masses = known[int(above)]
        symbol = int(tables.symbol[node])
        row, entry, longer = int(tables.row[symbol]), states if ids[-1:] == (symbol,) else 0, np.zeros(2 * states)
        bound, _, _ = extend(y, row, rest, row if pairs else 0, masses, entry, states, 0, longer, 0, states, 0.0)
        known[node] = ((*ids, symbol), longer)
        found.append(((*ids, symbol), longer[frames] * np.exp(scale + factors), bound * np.exp(scale + factors)))
    return found


@given(seed=Seeds, frames=Frames, scale=Scales, pairs=st.booleans())
def test_bound_of_a_prefix_is_at_least_the_sum_of_all_words_that_start_so(
    seed: int, frames: int, scale: float, pairs: bool
) -> None:
    lexicon = lexicon_of(seed)
    log_probs = log_probs_of(frames, lexicon.alphabet.classes, seed, scale)
    spellings = [ids for word in range(len(lexicon)) for ids in lexicon.spellings(word)]
    probabilities = {ids: float(np.exp(log_probability(log_probs, ids))) for ids in spellings}
    for prefix, _, bound in walked(lexicon, log_probs, pairs):
        below = sum(p for ids, p in probabilities.items() if ids[: len(prefix)] == prefix)
        assert bound * (1 + 1e-9) >= below


@given(seed=Seeds, frames=Frames, scale=Scales)
def test_prefix_that_is_extended_symbol_by_symbol_has_the_forward_algorithms_probability(
    seed: int, frames: int, scale: float
) -> None:
    lexicon = lexicon_of(seed)
    log_probs = log_probs_of(frames, lexicon.alphabet.classes, seed, scale)
    for prefix, probability, _ in walked(lexicon, log_probs, pairs=True):
        assert probability == pytest.approx(np.exp(log_probability(log_probs, prefix)), rel=1e-6, abs=1e-300)


@given(frames=st.integers(3, 12), scale=Scales, seed=Seeds)
def test_bound_is_exact_where_the_pairs_of_neighbours_allow_one_word_alone(frames: int, scale: float, seed: int) -> None:
    lexicon = Lexicon.compile(["abc"], Alphabet("abcd", "abcd"))
    log_probs = log_probs_of(frames, 5, seed, scale)
    for _, _, bound in walked(lexicon, log_probs, pairs=True):
        assert bound == pytest.approx(np.exp(log_probability(log_probs, (1, 2, 3))), rel=1e-6)


@given(frames=Frames, scale=Scales, seed=Seeds)
def test_without_pairs_the_bound_is_the_probability_that_a_reading_starts_so(frames: int, scale: float, seed: int) -> None:
    lexicon = Lexicon.compile(["a", "b"], Alphabet("ab", "ab"))
    log_probs = log_probs_of(frames, 3, seed, scale)
    starts = [bound for _, _, bound in walked(lexicon, log_probs, pairs=False)]
    nothing = np.exp(log_probability(log_probs, ()))
    assert sum(starts) + nothing == pytest.approx(1, abs=1e-5)


@given(seed=Seeds, frames=Frames, scale=Scales)
def test_spelling_scored_by_itself_has_the_forward_algorithms_probability(seed: int, frames: int, scale: float) -> None:
    lexicon = lexicon_of(seed)
    log_probs = log_probs_of(frames, lexicon.alphabet.classes, seed, scale)
    y, whole = likelihoods(log_probs, lexicon.tables)
    for number, word in enumerate(lexicon.tables.word.tolist()):
        begin, stop = lexicon.tables.ids_first[number : number + 2]
        ids = lexicon.tables.ids[begin:stop].tolist()
        assert tuple(ids) in lexicon.spellings(word)
        expected = np.exp(log_probability(log_probs, ids))
        assert spelled(y, lexicon.tables, number) * np.exp(whole) == pytest.approx(expected, rel=1e-6, abs=1e-300)


@given(
    seed=Seeds,
    frames=Frames,
    scale=Scales,
    count=st.integers(1, 40),
    limit=st.sampled_from([0, 1, 2, 7, WAITING]),
    pairs=st.booleans(),
)
@example(seed=3, frames=8, scale=1.0, count=1, limit=0, pairs=True)
def test_depth_first_best_first_and_any_mixture_find_the_best_words(
    seed: int, frames: int, scale: float, count: int, limit: int, pairs: bool
) -> None:
    lexicon = lexicon_of(seed)
    log_probs = log_probs_of(frames, lexicon.alphabet.classes, seed, scale)
    expected = scores_of(lexicon, log_probs)
    count = min(count, len(lexicon))
    best, words, _ = searched(lexicon, log_probs, count, limit, pairs=pairs)
    assert best == pytest.approx(np.sort(expected)[::-1][:count], rel=1e-6, abs=1e-300)
    assert expected[words[best > 0]] == pytest.approx(best[best > 0], rel=1e-6)
    assert len(set(words[best > 0].tolist())) == (best > 0).sum()


@given(
    seed=Seeds, frames=Frames, scale=Scales, limit=st.sampled_from([0, 3, WAITING]), tolerance=st.sampled_from([0.0, 1e-3, 0.3])
)
def test_words_not_met_score_no_more_than_the_search_says(
    seed: int, frames: int, scale: float, limit: int, tolerance: float
) -> None:
    lexicon = lexicon_of(seed)
    log_probs = log_probs_of(frames, lexicon.alphabet.classes, seed, scale)
    whole = scores_of(lexicon, log_probs).sum()
    _, _, (met, missed, _) = searched(lexicon, log_probs, 1, limit, tolerance)
    assert met <= whole * (1 + 1e-6)
    assert met + missed >= whole * (1 - 1e-6)
    assert missed <= tolerance * met


@pytest.mark.parametrize("limit", [0, 1, WAITING])
@pytest.mark.parametrize(
    ("this", "either"), [("ab", ("cd", "ef")), ("cd", ("ef", "ab")), ("ef", ("ab", "cd")), ("g", ("ab", "cd"))]
)
def test_word_is_worth_the_sum_of_its_spellings_wherever_they_are_met(limit: int, this: str, either: tuple[str, str]) -> None:
    alphabet = Alphabet("seven", "abcdefg")
    lexicon = Lexicon.compile([Entry("this", (this,)), Entry("either", either)], alphabet)
    probabilities = np.full((2, 8), 0.01)
    for spelling in (this, *either):
        first, last = alphabet.encode(spelling[0] + spelling[-1])
        probabilities[0, first], probabilities[1, last] = 0.34 if spelling == this else 0.3, 0.3
    best, words, _ = searched(lexicon, np.log(probabilities).astype(np.float32), 1, limit)
    assert (best[0], words[0]) == (pytest.approx(2 * 0.3 * 0.3, rel=1e-5), 1)


def test_whole_trie_is_walked_only_where_the_search_must() -> None:
    words = WORDS.read_text(encoding="utf-8").split()[:3000]
    lexicon = Lexicon.compile(words, ALNUM, policy="reduce")
    nodes = len(lexicon.tables.skip) - 1
    log_probs = pictured(ALNUM.encode("something"), ALNUM.classes, np.random.default_rng(1))
    assert searched(lexicon, log_probs, 1, WAITING)[2][2] < nodes / 20
    assert searched(lexicon, log_probs, len(lexicon), WAITING)[2][2] > nodes / 2


def test_more_waiting_nodes_than_there_is_room_for_are_walked_depth_first() -> None:
    words = [f"{one:03x}{two}" for one in range(0x400) for two in "gz"]
    lexicon = Lexicon.compile(words, ALNUM)
    log_probs = log_probs_of(14, ALNUM.classes, 5, 0.3)  # nearly flat: every prefix stays in play
    best, chosen, (_, _, made) = searched(lexicon, log_probs, 3, 10**9)
    expected = scores_of(lexicon, log_probs)
    assert made > WAITING
    assert best == pytest.approx(np.sort(expected)[::-1][:3], rel=1e-6)
    assert expected[chosen] == pytest.approx(best, rel=1e-6)


def test_room_is_left_clean_for_the_next_search() -> None:
    lexicon = Lexicon.compile([Entry("x", ("ab", "ba")), Entry("y", ("a", "bb")), "b"], Alphabet("ab", "ab"))
    room = make_room(len(lexicon), lexicon.widest, 20)
    for seed in range(20):
        log_probs = log_probs_of(1 + seed % 7, 3, seed)
        y, scale = likelihoods(log_probs, lexicon.tables)
        rest, factors = bounds(y, lexicon.tables)
        best, words, _ = best_words(y, rest, lexicon.tables, room, lexicon.longest, lexicon.widest, 3, ANY, 0.0, WAITING)
        expected = scores_of(lexicon, log_probs)
        assert best * np.exp(scale + factors) == pytest.approx(np.sort(expected)[::-1], rel=1e-6, abs=1e-300)
        assert expected[words[0]] == expected.max()


@given(seed=Seeds, frames=Frames, scale=Scales)
def test_no_prefix_has_more_mass_than_is_said(seed: int, frames: int, scale: float) -> None:
    lexicon = lexicon_of(seed)
    y, _ = likelihoods(log_probs_of(frames, lexicon.alphabet.classes, seed, scale), lexicon.tables)
    bounds(y, lexicon.tables)
    largest, path = largest_mass(y), 1.0
    for frame in range(frames):  # the likeliest path is part of the mass of some prefix
        path *= y[:, frame].max()
        assert path <= largest * (1 + 1e-12)


def test_frame_without_any_possible_class_leaves_nothing() -> None:
    lexicon = Lexicon.compile(["a"], Alphabet("ab", "ab"))
    log_probs = np.log(np.array([[0.5, 0.5, 0], [0, 0, 1]], np.float64).clip(1e-300)).astype(np.float32)
    log_probs[1, :2] = -np.inf  # `b` is possible there, and in no word
    assert likelihoods(log_probs, lexicon.tables)[1] == -np.inf


@given(st.lists(st.floats(0, 1), max_size=40))
def test_heap_gives_back_the_largest_first(values: list[float]) -> None:
    key, item = np.empty(40), np.empty(40, np.int32)
    for size, value in enumerate(values):
        _heap_push(key, item, size, value, size)
    found = []
    for size in range(len(values), 0, -1):
        found.append(key[0])
        assert values[item[0]] == key[0]
        _heap_pop(key, item, size)
    assert found == sorted(values, reverse=True)
