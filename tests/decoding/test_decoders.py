"""Decoders are their searches, the free reading steps in where it should, batches and threads change nothing."""

import math

import numpy as np
import pytest

from seqrec.alphabet import Alphabet
from seqrec.decoding import (
    Automaton,
    BeamDecoder,
    BKTree,
    BKTreeDecoder,
    Decoder,
    Entry,
    GreedyDecoder,
    Hypothesis,
    Lexicon,
    LexiconDecoder,
    OrFree,
    beam_search,
    decode_batch,
    greedy,
    log_probability,
    product,
    slow_beam_search,
)
from seqrec.errors import GrammarError, ShapeError
from tests.decoding.conftest import log_probs_of, random_arcs

ABC = Alphabet("abc", "abc")
LEXICON = Lexicon.compile(["ab", "ca", Entry("bb", weight=3.0), Entry("cab", ("cab", "cba"))], ABC)
ONLY_AB = Automaton.from_arcs([{1: (1, 0.0)}, {2: (2, -0.5)}, {}], [-np.inf, -np.inf, 0.0])


class OnlyAB:
    """The same as an object, which no search can look ahead in."""

    def start(self) -> int:
        return 0

    def step(self, state: int, symbol: int) -> tuple[int, float] | None:
        return ONLY_AB.step(state, symbol)

    def final(self, state: int) -> float:
        return float(ONLY_AB.final[state])


def decoders() -> dict[str, Decoder]:
    """One of each kind."""
    return {
        "greedy": GreedyDecoder(),
        "beam": BeamDecoder(6, 3),
        "grammar": BeamDecoder(6, 3, [(random_arcs(3, 5).automaton(), 0.5)]),
        "object": BeamDecoder(6, 3, [(OnlyAB(), 1.0), (ONLY_AB, 1.0)]),
        "lexicon": LexiconDecoder(LEXICON, 3, share=True),
        "bktree": BKTreeDecoder(BKTree(LEXICON), 2, 3),
        "or free": OrFree(BKTreeDecoder(BKTree(LEXICON), 1), GreedyDecoder(), 0.1),
    }


@pytest.mark.parametrize("name", decoders())
def test_decoders_read_posteriors_and_say_so(name: str) -> None:
    decoder = decoders()[name]
    assert decoder.accepts == "posteriors"
    log_probs = log_probs_of(6, 4, 1)
    for found in decoder(log_probs):  # a word's probability may be that of several spellings
        assert log_probability(log_probs, found.ids) - 1e-9 <= found.log_probability < 0


def test_each_decoder_is_its_search() -> None:
    log_probs = log_probs_of(7, 4, 2, 1.0)
    reading = greedy(log_probs)
    assert GreedyDecoder()(log_probs) == [Hypothesis(reading.ids, reading.log_probability, reading.log_probability)]
    assert BeamDecoder(6, 3)(log_probs) == beam_search(log_probs, 6, 3)
    held = BeamDecoder(6, 3, [(ONLY_AB, 0.5)])(log_probs)
    assert held == beam_search(log_probs, 6, 3, product([(ONLY_AB, 0.5)]))
    assert held[0].score == pytest.approx(held[0].log_probability - 0.25)
    assert LexiconDecoder(LEXICON, 3, share=True)(log_probs) == LEXICON.best(log_probs, 3, share=True)
    assert LexiconDecoder(LEXICON)(log_probs) == LEXICON.best(log_probs)
    assert BKTreeDecoder(BKTree(LEXICON), 1, 2)(log_probs) == BKTree(LEXICON).best(log_probs, 1, 2)


def test_automata_and_objects_hold_a_beam_together() -> None:
    log_probs = log_probs_of(7, 4, 2, 1.0)
    (found,) = BeamDecoder(50, 1, [(ONLY_AB, 1.0), (OnlyAB(), 3.0)])(log_probs)
    assert found.ids == (1, 2)
    assert found.score == pytest.approx(log_probability(log_probs, (1, 2)) - 0.5 * 4)


def test_beam_is_at_least_as_wide_as_readings_are_wanted() -> None:
    assert len(BeamDecoder(1, 4)(log_probs_of(6, 4, 0, 0.3))) == 4


def test_beam_in_which_nothing_fits_is_searched_again_wider() -> None:
    log_probs = np.log(np.array([[0.97, 0.01, 0.01, 0.01]] * 4, np.float32))  # a beam of one keeps the empty reading
    assert slow_beam_search(log_probs, 1, 1, [(OnlyAB(), 1.0)]) == []
    (found,) = BeamDecoder(1, grammars=[(OnlyAB(), 1.0)])(log_probs)
    assert found.ids == (1, 2)


def test_compiled_beam_in_which_nothing_fits_is_searched_again_wider() -> None:
    # each grammar can still end in time, both together no longer: a's and b's must be odd in number, all together three
    odd = [
        Automaton.from_arcs([{one: (1, 0.0), other: (0, 0.0)}, {one: (0, 0.0), other: (1, 0.0)}], [-np.inf, 0.0])
        for one, other in ((1, 2), (2, 1))
    ]
    log_probs = np.log(np.array([[0.9, 0.09, 0.01]] * 3, np.float32))
    grammars = [(one, 1.0) for one in odd]
    assert beam_search(log_probs, 1, 1, product(grammars)) == []
    (found,) = BeamDecoder(1, grammars=grammars)(log_probs)
    assert sorted(found.ids) == [1, 2]


def test_nothing_is_found_where_nothing_can_fit() -> None:
    nothing = Automaton.from_arcs([{1: (0, 0.0)}], [-np.inf])
    assert BeamDecoder(3, grammars=[(nothing, 1.0)])(log_probs_of(5, 4, 0)) == []


def test_free_reading_is_kept_where_the_words_ratio_to_it_is_below_the_threshold() -> None:
    log_probs = np.log(np.array([[0.05, 0.05, 0.1, 0.8], [0.1, 0.6, 0.25, 0.05]], np.float32))
    lexicon = Lexicon.compile(["cb"], ABC)
    ratio = 0.25 / 0.6
    for threshold, ids in ((0.0, (3, 2)), (ratio * 0.99, (3, 2)), (ratio * 1.01, (3, 1)), (5.0, (3, 1))):
        found = OrFree(LexiconDecoder(lexicon), GreedyDecoder(), threshold)(log_probs)
        assert [(one.ids, one.free) for one in found] == [(ids, ids == (3, 1))]


def test_prior_weights_do_not_count_beside_the_free_reading() -> None:
    log_probs = np.log(np.array([[0.05, 0.05, 0.1, 0.8], [0.1, 0.6, 0.25, 0.05]], np.float32))
    heavy = LexiconDecoder(Lexicon.compile([Entry("cb", weight=1e9)], ABC))
    assert OrFree(heavy, GreedyDecoder(), 0.5)(log_probs)[0].free


def test_free_reading_is_kept_where_no_word_fits() -> None:
    log_probs = log_probs_of(1, 4, 3)  # one frame, words of two symbols
    for threshold in (0.0, 0.5):
        found = OrFree(LexiconDecoder(LEXICON), BeamDecoder(4, 3), threshold)(log_probs)
        assert len(found) == 3
        assert all(one.free for one in found)
        assert [one.ids for one in found] == [one.ids for one in beam_search(log_probs, 4, 3)]


def test_free_reading_is_not_asked_for_where_it_does_not_count() -> None:
    def never(log_probs: object) -> list[Hypothesis]:
        raise AssertionError

    found = OrFree(LexiconDecoder(LEXICON), never)(log_probs_of(6, 4, 1))  # type: ignore[arg-type]
    assert found == LEXICON.best(log_probs_of(6, 4, 1))


@pytest.mark.parametrize("name", decoders())
def test_threads_and_batches_give_what_each_sample_gives_alone(name: str) -> None:
    lengths = [9, 0, 4, 9, 1, 7] * 6
    log_probs = np.stack([log_probs_of(9, 4, seed, 1.0) for seed in range(len(lengths))], 1)
    alone = [decoders()[name](log_probs[:length, number].copy()) for number, length in enumerate(lengths)]
    assert decode_batch(decoders()[name], log_probs, lengths) == alone
    assert decode_batch(decoders()[name], log_probs, np.array(lengths), threads=8) == alone


def test_error_in_a_thread_reaches_the_caller() -> None:
    log_probs = np.zeros((4, 3, 4), np.float32)
    log_probs[2, 1, 2] = np.nan
    with pytest.raises(ShapeError, match="posteriors hold NaN"):
        decode_batch(GreedyDecoder(), log_probs, [4, 4, 4], threads=2)


@pytest.mark.parametrize(("width", "n_best"), [(0, 1), (1, 0), (-1, 5)])
def test_beam_decoder_that_holds_nothing_is_refused(width: int, n_best: int) -> None:
    with pytest.raises(GrammarError, match=f"beam width {width} and n_best {n_best}: expected at least 1 of each"):
        BeamDecoder(width, n_best)


@pytest.mark.parametrize("threshold", [-0.1, math.nan, math.inf])
def test_threshold_that_is_no_ratio_is_refused(threshold: float) -> None:
    with pytest.raises(GrammarError, match=f"threshold {threshold}: expected a ratio of probabilities, 0 or more"):
        OrFree(GreedyDecoder(), GreedyDecoder(), threshold)
