"""What no decoder takes for posteriors, and what all of them take."""

from collections.abc import Callable

import numpy as np
import pytest

from seqrec.alphabet import Alphabet
from seqrec.decoding import BKTree, Hypothesis, Lexicon, beam_search, greedy, slow_beam_search
from seqrec.decoding.decoders import GreedyDecoder
from seqrec.decoding.posteriors import batch, checked
from seqrec.errors import ShapeError
from tests.decoding.conftest import LogProbs, log_probs_of

AB = Lexicon.compile(["a", "ab"], Alphabet("ab", "ab"))
DECODERS: dict[str, Callable[[LogProbs], list[Hypothesis]]] = {
    "greedy": GreedyDecoder(),
    "beam": lambda log_probs: beam_search(log_probs, 5),
    "slow beam": lambda log_probs: slow_beam_search(log_probs, 5),
    "lexicon": AB.best,
    "bktree": BKTree(AB).best,
}


def with_one(value: float) -> LogProbs:
    """Posteriors with one entry that does not belong there."""
    log_probs = log_probs_of(4, 3, 0)
    log_probs[2, 1] = value
    return log_probs


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize(
    ("log_probs", "message"),
    [
        (
            with_one(np.nan),
            "posteriors hold NaN; expected log-probabilities, at most 0: apply log_softmax, and check the network",
        ),
        (with_one(0.5), "posteriors hold values up to 0.5; expected log-probabilities"),
        (with_one(np.inf), "posteriors hold values up to inf"),
        (np.zeros((4, 3), np.int64), r"posteriors are int64 \(4, 3\); expected a float array \(T, C\) of log-probabilities"),
        (np.zeros((4, 3), bool), "posteriors are bool"),
        (np.zeros((4, 3), np.complex64), "posteriors are complex64"),
        (np.zeros(3, np.float32), r"posteriors are float32 \(3,\)"),
        (np.zeros((4, 1, 3), np.float32), r"posteriors are float32 \(4, 1, 3\)"),
        (np.zeros((4, 0), np.float32), "posteriors of 0 classes; expected"),
        ([[0.0, -1.0, -1.0]], "posteriors are list; expected a float array"),
        (None, "posteriors are NoneType"),
    ],
)
def test_no_decoder_takes_what_are_no_posteriors(decoder: str, log_probs: LogProbs, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        DECODERS[decoder](log_probs)


@pytest.mark.parametrize("decoder", ["lexicon", "bktree"])
def test_lexicon_wants_as_many_classes_as_its_alphabet_has(decoder: str) -> None:
    with pytest.raises(ShapeError, match="posteriors of 4 classes; expected 3: the symbols and the blank"):
        DECODERS[decoder](log_probs_of(4, 4, 0))


def test_no_frames_are_read_as_nothing_for_sure() -> None:
    nothing = np.zeros((0, 3), np.float32)
    assert (
        DECODERS["greedy"](nothing) == DECODERS["beam"](nothing) == DECODERS["slow beam"](nothing) == [Hypothesis((), 0.0, 0.0)]
    )
    assert DECODERS["lexicon"](nothing) == DECODERS["bktree"](nothing) == []


def test_blank_alone_is_read_as_nothing() -> None:
    blanks = np.full((4, 1), -0.25, np.float32)
    for name in ("greedy", "beam", "slow beam"):
        (found,) = DECODERS[name](blanks)
        assert (found.ids, found.log_probability) == ((), -1.0)


@pytest.mark.parametrize("decoder", DECODERS)
def test_minus_infinity_is_a_probability(decoder: str) -> None:
    log_probs = np.log(np.array([[0, 1, 0], [0.5, 0, 0.5]], np.float64).clip(1e-320)).astype(np.float32)
    log_probs[log_probs < -700] = -np.inf
    (found,) = DECODERS[decoder](log_probs)
    assert found.ids in ((1,), (1, 2))
    assert found.log_probability == pytest.approx(np.log(0.5))


@pytest.mark.parametrize("decoder", DECODERS)
def test_frame_in_which_nothing_is_possible_is_no_crash(decoder: str) -> None:
    for found in DECODERS[decoder](with_one(-np.inf) + np.array([[0], [0], [-np.inf], [0]], np.float32)):
        assert found.log_probability == -np.inf


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("kind", [np.float16, np.float64, ">f4"])
def test_every_float_type_is_read_as_float32_is(decoder: str, kind: str) -> None:
    log_probs = log_probs_of(6, 3, 1).astype(np.float16)
    assert DECODERS[decoder](log_probs.astype(kind)) == DECODERS[decoder](log_probs.astype(np.float32))


def test_rounding_above_zero_is_no_error() -> None:
    assert greedy(np.full((2, 1), 5e-4, np.float32)).ids == ()


def test_checked_posteriors_are_float32_and_not_copied_where_they_are_already() -> None:
    log_probs = log_probs_of(3, 3, 0)
    assert checked(log_probs) is log_probs
    assert checked(log_probs.astype(np.float64)).dtype == np.float32


def test_batch_is_cut_into_the_valid_frames_of_each_sample() -> None:
    log_probs = np.arange(24, dtype=np.float32).reshape(4, 2, 3)
    one, other = batch(log_probs, np.array([4, 0]))
    assert one.tolist() == log_probs[:, 0].tolist()
    assert other.shape == (0, 3)


@pytest.mark.parametrize("lengths", [[4], [4, 4, 4], [5, 1], [4, -1], []])
def test_lengths_that_do_not_fit_a_batch_are_refused(lengths: list[int]) -> None:
    with pytest.raises(
        ShapeError, match=r"posteriors \(4, 2, 3\) with the lengths .*; expected \(T, N, C\) and N lengths of 0\.\.T"
    ):
        batch(np.zeros((4, 2, 3), np.float32), lengths)


def test_one_samples_posteriors_are_no_batch() -> None:
    with pytest.raises(ShapeError, match=r"posteriors \(4, 3\) with the lengths"):
        batch(np.zeros((4, 3), np.float32), [4])
