"""A transducer's readings: probabilities against every walk, beams against every sequence."""

import math
from collections.abc import Iterator, Sequence
from itertools import groupby, product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqrec.alphabet import BLANK, Alphabet
from seqrec.decoding import BeamSteps, Decoding, Entry, GreedySteps, Joint, Steps, align_steps, steps_log_probability
from seqrec.errors import AlphabetError, GrammarError, ShapeError
from tests.decoding.conftest import random_arcs, sequences

Seeds = st.integers(0, 10**6)
WIDE = 400


def random_joint(classes: int, context: int, seed: int, going_on: float = 2.0) -> Joint:
    """Weights under which no class is alone; the blank is the likelier the more `going_on`."""
    rng = np.random.default_rng(seed)
    history = rng.normal(0, 1, (context, classes, 5)), rng.normal(0, 1, 5)
    arrays = (*history, rng.normal(0, 1.5, (classes, 5)), rng.normal(0, 0.5, classes))
    joint = Joint(*(np.asarray(values, np.float32) for values in arrays))
    joint.bias[BLANK] += going_on
    return joint


def random_steps(frames: int, classes: int, context: int, seed: int, going_on: float = 2.0) -> Steps:
    values = np.random.default_rng(seed + 1).normal(0, 1, (frames, 5)).astype(np.float32)
    return random_joint(classes, context, seed, going_on).steps(values)


def walks(steps: Steps, ids: Sequence[int]) -> Iterator[tuple[tuple[int, ...], float]]:
    """Frames at which the symbols are taken, and log-probability, of every walk that reads `ids`: step by step."""
    for places in product(range(steps.frames), repeat=len(ids)):
        if list(places) != sorted(places):
            continue
        total, read = 0.0, 0
        for frame in range(steps.frames):
            while read < len(ids) and places[read] == frame:
                total += float(steps(tuple(ids[:read]))[frame, ids[read]])
                read += 1
            total += float(steps(tuple(ids[:read]))[frame, BLANK])
        yield places, total


@given(ids=st.lists(st.integers(1, 3), max_size=3), frames=st.integers(1, 4), context=st.integers(0, 3), seed=Seeds)
def test_probability_is_the_sum_over_all_walks(ids: list[int], frames: int, context: int, seed: int) -> None:
    steps = random_steps(frames, 4, context, seed)
    every = [total for _, total in walks(steps, ids)]
    assert steps_log_probability(steps, ids) == pytest.approx(float(np.logaddexp.reduce(every)), abs=1e-9)


@given(ids=st.lists(st.integers(1, 3), max_size=3), frames=st.integers(1, 4), seed=Seeds)
def test_alignment_is_the_best_of_all_walks_and_its_confidences_make_up_the_probability(
    ids: list[int], frames: int, seed: int
) -> None:
    steps = random_steps(frames, 4, 2, seed)
    places, best = max(walks(steps, ids), key=lambda walk: walk[1])
    found = align_steps(steps, ids)
    assert found.frame_spans == tuple((place, place + 1) for place in places)
    assert found.path_log_probability == pytest.approx(best, abs=1e-9)
    # What is left after the symbols is that nothing follows: the share of readings that begin so and end there.
    begins = math.prod(found.confidences)
    following = [steps_log_probability(steps, [*ids, symbol]) for symbol in (1, 2, 3)]
    assert math.exp(steps_log_probability(steps, ids)) <= begins + 1e-9
    assert math.exp(steps_log_probability(steps, ids)) + float(np.exp(following).sum()) <= begins + 1e-9


def test_probabilities_of_all_readings_add_up_to_one() -> None:
    steps = random_steps(2, 3, 2, 5, going_on=5.0)
    assert sum(math.exp(steps_log_probability(steps, ids)) for ids in sequences(2, 9)) == pytest.approx(1, abs=1e-4)


def test_label_of_probability_0_still_stands_somewhere() -> None:
    class Never:
        """A transducer that cannot read symbol 2."""

        frames, classes = 3, 3

        def __call__(self, ids: tuple[int, ...]) -> npt.NDArray[np.float32]:
            return np.array([[math.log(0.5), math.log(0.5), -math.inf]] * 3, np.float32)

    found = align_steps(Never(), [1, 2])
    assert found.path_log_probability == -math.inf
    assert found.confidences[1] == 0.0
    assert len(found.frame_spans) == 2
    assert BeamSteps(50, 50)(Never())[0].log_probability > -math.inf
    assert all(2 not in one.ids for one in BeamSteps(50, 50)(Never()))


@settings(max_examples=40)
@given(frames=st.integers(1, 3), context=st.integers(0, 2), n_best=st.integers(1, 4), seed=Seeds)
def test_wide_beam_finds_the_best_of_all_sequences(frames: int, context: int, n_best: int, seed: int) -> None:
    steps = random_steps(frames, 4, context, seed, going_on=3.5)
    scores = {ids: steps_log_probability(steps, ids) for ids in sequences(3, 5)}
    ranked = sorted(scores, key=lambda ids: -scores[ids])[:n_best]
    if 1 - np.exp(list(scores.values())).sum() >= math.exp(scores[ranked[-1]]):
        return  # a longer sequence could be among the best
    found = BeamSteps(WIDE, n_best)(steps)
    assert [one.score for one in found] == pytest.approx([scores[ids] for ids in ranked], abs=1e-6)
    assert [one.log_probability for one in found] == pytest.approx([scores[one.ids] for one in found], abs=1e-6)


@settings(max_examples=10)
@given(seed=Seeds, backing_off=st.booleans(), second=st.booleans())
def test_wide_beam_with_grammars_finds_the_best_of_what_every_one_accepts(seed: int, backing_off: bool, second: bool) -> None:
    steps = random_steps(3, 4, 2, seed, going_on=3.5)
    arcs = random_arcs(3, seed, backing_off)
    grammars = [(arcs.automaton(), 0.7), (random_arcs(3, seed + 1), 0.3)][: 1 + second]
    scores = {}
    for ids in sequences(3, 5):
        weight = sum(factor * grammar.log_weight(ids) for grammar, factor in grammars)
        if weight > -math.inf:
            scores[ids] = steps_log_probability(steps, ids) + weight
    found = BeamSteps(120, 3, grammars)(steps)
    best = [one for one in found if len(one.ids) <= 5]
    known = sorted(scores.values(), reverse=True)[: len(best)]
    assert [one.score for one in best] == pytest.approx([scores[one.ids] for one in best], abs=1e-6)
    if len(best) == len(found):
        assert [one.score for one in found] == pytest.approx(known, abs=1e-6)
        assert len(found) >= min(3, len(scores))


def test_narrow_beam_finds_nothing_more_probable_than_a_wide_one() -> None:
    for seed in range(10):
        steps = random_steps(5, 4, 2, seed)
        (wide,), (narrow,), (greedy,) = BeamSteps(WIDE)(steps), BeamSteps(2)(steps), GreedySteps()(steps)
        assert greedy.log_probability - 1e-6 <= wide.log_probability
        assert narrow.log_probability - 1e-6 <= wide.log_probability


@given(frames=st.integers(1, 8), seed=Seeds)
def test_greedy_reading_takes_the_most_probable_class_step_by_step(frames: int, seed: int) -> None:
    steps = random_steps(frames, 4, 2, seed)
    ids: tuple[int, ...] = ()
    for frame in range(frames):
        for _ in range(8):
            best = int(steps(ids)[frame].argmax())
            if best == BLANK:
                break
            ids = (*ids, best)
    (found,) = GreedySteps()(steps)
    assert found.ids == ids
    assert found.log_probability == pytest.approx(steps_log_probability(steps, ids))


def test_network_that_never_goes_on_is_read_all_the_same() -> None:
    steps = random_steps(3, 3, 1, 1, going_on=-1000.0)
    (found,) = GreedySteps()(steps)
    assert len(found.ids) == 3 * 8
    assert BeamSteps(2)(steps)


def test_no_frames_are_read_as_nothing() -> None:
    steps = random_steps(0, 3, 2, 1)
    for decoder in (GreedySteps(), BeamSteps(3, 2)):
        (found,) = decoder(steps)
        assert (found.ids, found.log_probability) == ((), 0.0)
    assert align_steps(steps, []).frame_spans == ()
    assert steps_log_probability(steps, [1]) == -math.inf
    with pytest.raises(ShapeError, match="a label of 1 symbols needs at least one frame, the picture gives none; widen it"):
        align_steps(steps, [1])


@pytest.mark.parametrize("context", [0, 1, 3])
def test_steps_are_the_log_softmax_of_what_frame_and_history_add_up_to(context: int) -> None:
    joint = random_joint(4, context, 3)
    values = np.random.default_rng(4).normal(0, 1, (6, 5)).astype(np.float32)
    steps = joint.steps(values)
    for ids in sequences(3, 4):
        history = np.zeros(5)
        for back in range(context):
            history = history + joint.histories[back, ids[-1 - back] if back < len(ids) else BLANK]
        runs = [len(list(run)) for _, run in groupby(ids)]
        history = history + (joint.repeat if runs and runs[-1] % 2 == 0 else 0)
        scores = np.tanh(values + history) @ joint.weight.T.astype(np.float64) + joint.bias
        expected = scores - np.log(np.exp(scores).sum(1, keepdims=True))
        np.testing.assert_allclose(steps(ids), expected, atol=1e-5)
    assert steps((3, 1, 2, 1)) is steps((1, 1, 2, 1))  # of the same last symbols
    assert (steps.frames, steps.classes) == (6, 4)


@pytest.mark.parametrize("context", [1, 2, 3])
def test_each_symbol_of_a_run_changes_what_may_come_next_however_long_the_run_is(context: int) -> None:
    steps = random_joint(3, context, 1).steps(np.ones((2, 5), np.float32))
    for count in range(9):
        assert np.abs(steps((1,) * count) - steps((1,) * (count + 1))).max() > 0.01


def test_only_so_much_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqrec.decoding.steps._KEPT", 60)
    steps = random_joint(4, 2, 3).steps(np.ones((5, 5), np.float32))
    expected = {ids: steps(ids).copy() for ids in sequences(3, 2)}
    assert len(steps._kept) == 3
    for ids, log_probs in expected.items():
        assert np.array_equal(steps(ids), log_probs)


@pytest.mark.parametrize("ids", [[0], [4], [1, -1]])
def test_ids_that_are_no_symbols_are_refused(ids: list[int]) -> None:
    steps = random_steps(3, 4, 1, 1)
    for function in (steps_log_probability, align_steps):
        with pytest.raises(AlphabetError, match=r"cannot be read by a transducer of 4 classes; ids are 1\.\.3"):
            function(steps, ids)


def test_frames_that_do_not_fit_are_refused() -> None:
    joint = random_joint(4, 1, 1)
    with pytest.raises(ShapeError, match=r"frames have shape \(3, 4\); expected \(T, 5\), a sample's valid ones"):
        joint.steps(np.zeros((3, 4), np.float32))
    with pytest.raises(ShapeError, match=r"frames of shape \(3, 5\) hold NaN; check the network"):
        joint.steps(np.full((3, 5), np.nan, np.float32))


ABC = Alphabet("abc", "abc")


def test_words_of_a_lexicon_are_found_with_their_weights() -> None:
    words = {"ab": 1.0, "cab": 5.0, "abba": 0.5, "c": 900.0}
    entries = [Entry(word, weight=weight) for word, weight in words.items()]
    decoder = Decoding(lexicon=entries, n_best=4).decoder_for(ABC, accepts="steps")
    assert decoder.accepts == "steps"
    for seed in range(20):
        steps = random_steps(6, 4, 2, seed)
        scores = {word: steps_log_probability(steps, ABC.encode(word)) + math.log(words[word]) for word in words}
        found = decoder(steps)
        assert [ABC.text(ABC.decode(one.ids)) for one in found] == sorted(words, key=lambda word: -scores[word])
        assert np.diff([one.score for one in found]) == pytest.approx(np.diff(sorted(scores.values(), reverse=True)), abs=1e-5)


def test_pattern_holds_a_transducer_and_where_nothing_fits_the_free_reading_is_marked() -> None:
    steps = random_steps(5, 4, 2, 3)
    (found, *_) = Decoding(pattern="a[bc]").decoder_for(ABC, accepts="steps")(steps)
    assert ABC.text(ABC.decode(found.ids)) in ("ab", "ac")
    (free,) = Decoding(pattern="a{60}").decoder_for(ABC, accepts="steps")(steps)
    assert free.free
    assert free.ids == GreedySteps()(steps)[0].ids


@pytest.mark.parametrize("options", [{"lexicon_mode": "bktree"}, {"lexicon_share": True}])
def test_what_a_transducer_cannot_do_is_one_clear_error(options: dict[str, object]) -> None:
    with pytest.raises(GrammarError, match="a transducer's lexicon is searched by beam: leave out the bktree mode and"):
        Decoding(lexicon=["ab"], **options).decoder_for(ABC, accepts="steps")  # type: ignore[arg-type]
