"""torchaudio's alignment and beams against ours and against every path; most skip where torchaudio does not import."""

import importlib
import os
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqrec.alphabet import BLANK, Alphabet, frames_needed
from seqrec.decoding import greedy, log_probability
from seqrec.decoding.alignment import Alignment, align
from seqrec.decoding.hypothesis import Hypothesis
from seqrec.errors import AlphabetError, MissingExtraError, SeqrecError, ShapeError
from seqrec.transcriptions.torchaudio_adapters import CudaBeam, FlashlightBeam, forced_align

AB = Alphabet("ab", "ab")
LETTERS = Alphabet("letters", "abcdefghijklmnopqrstuvwxyz")
Posteriors = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def torchaudio() -> None:
    """Skips where torchaudio does not work with the torch that is here."""
    try:
        forced_align(torch.zeros(1, 2), [1])
    except MissingExtraError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def flashlight() -> None:
    """Skips where flashlight-text is absent too."""
    try:
        FlashlightBeam(AB)
    except MissingExtraError as error:
        pytest.skip(str(error))


def posteriors(frames: int, classes: int, seed: int, alpha: float = 0.5) -> Posteriors:
    """(T, C) log-probabilities without ties, none of them 0."""
    return np.log(np.random.default_rng(seed).dirichlet(np.full(classes, alpha), frames) + 1e-12).astype(np.float32)


def written(label: list[int], classes: int, seed: int) -> Posteriors:
    """(T, C) log-probabilities of a network that sees a label in noise: about three frames a symbol, peaks and doubts."""
    rng = np.random.default_rng(seed)
    path = [number for symbol in label for number in (*[BLANK] * int(rng.integers(1, 3)), *[symbol] * int(rng.integers(1, 3)))]
    logits = rng.normal(0, 2.5, (len(path) + 1, classes))
    logits[range(len(path)), path] += 6
    return (logits - np.log(np.exp(logits).sum(1, keepdims=True))).astype(np.float32)


def sums_over_paths(log_probs: Posteriors) -> dict[tuple[int, ...], float]:
    """Log-probability of every reading, path by path."""
    sums: dict[tuple[int, ...], float] = {}
    for path in product(range(log_probs.shape[1]), repeat=len(log_probs)):
        reading = tuple(one for before, one in zip((None, *path), path, strict=False) if one != before and one != BLANK)
        sums[reading] = sums.get(reading, 0.0) + float(np.exp(log_probs[range(len(path)), path].astype(float).sum()))
    return {reading: float(np.log(total)) for reading, total in sums.items()}


@pytest.mark.usefixtures("torchaudio")
@given(ids=st.lists(st.integers(1, 5), max_size=9), spare=st.integers(0, 12), seed=st.integers(0, 10**6))
def test_forced_align_finds_the_path_that_we_find(ids: list[int], spare: int, seed: int) -> None:
    log_probs = posteriors(frames_needed(ids) + spare, 6, seed)
    ours, theirs = align(log_probs, ids), forced_align(torch.from_numpy(log_probs), ids)
    assert theirs.path_log_probability == pytest.approx(ours.path_log_probability, abs=1e-4)
    assert theirs.frame_spans == ours.frame_spans
    assert theirs.confidences == pytest.approx(ours.confidences, abs=1e-6)


@pytest.mark.usefixtures("torchaudio")
def test_our_path_is_never_worse_than_forced_aligns_where_paths_tie() -> None:
    for seed in range(300):
        log_probs = np.round(posteriors(20, 5, seed))
        ids = np.random.default_rng(seed).integers(1, 5, 6).tolist()
        theirs = forced_align(torch.from_numpy(log_probs), ids).path_log_probability
        assert align(log_probs, ids).path_log_probability >= theirs - 1e-4


@pytest.mark.slow
@pytest.mark.usefixtures("torchaudio")
def test_forced_align_finds_our_paths_in_real_words() -> None:
    for log_probs in real_posteriors(100):
        ids = greedy(log_probs).ids
        ours, theirs = align(log_probs, ids), forced_align(torch.from_numpy(log_probs), ids)
        assert ours.path_log_probability >= theirs.path_log_probability - 1e-4
        assert theirs.frame_spans == ours.frame_spans


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.usefixtures("torchaudio")
def test_forced_align_on_cuda_finds_the_path_that_we_find() -> None:
    log_probs = posteriors(30, 6, 1)
    ours, theirs = align(log_probs, [1, 2, 2, 5]), forced_align(torch.from_numpy(log_probs).cuda(), [1, 2, 2, 5])
    assert theirs.frame_spans == ours.frame_spans
    assert theirs.path_log_probability == pytest.approx(ours.path_log_probability, abs=1e-4)


@pytest.mark.usefixtures("torchaudio")
def test_forced_align_takes_bfloat16() -> None:
    log_probs = torch.from_numpy(posteriors(12, 4, 3)).bfloat16()
    assert forced_align(log_probs, [1, 3]) == forced_align(log_probs.float(), [1, 3])


@pytest.mark.usefixtures("torchaudio")
def test_forced_align_refuses_a_label_of_probability_0() -> None:
    log_probs = torch.from_numpy(posteriors(6, 3, 1))
    log_probs[:, BLANK] = -torch.inf
    with pytest.raises(SeqrecError, match="a label of 2 symbols has probability 0, and torchaudio finds no path for it"):
        forced_align(log_probs, [1, 1])


def test_forced_align_refuses_what_we_refuse_before_torchaudio_is_needed() -> None:
    log_probs = torch.from_numpy(posteriors(3, 3, 1))
    with pytest.raises(ShapeError, match="a label of 2 symbols with 1 repeats needs 3 frames, the posteriors have 2"):
        forced_align(log_probs[:2], [1, 1])
    with pytest.raises(AlphabetError, match="id 3 cannot be aligned to posteriors of 3 classes"):
        forced_align(log_probs, [3])
    with pytest.raises(ShapeError, match=r"shape \(3, 1, 3\); expected \(T, C\)"):
        forced_align(log_probs[:, None], [1])
    log_probs[1, 2] = torch.nan
    with pytest.raises(ShapeError, match=r"log-probabilities of shape \(3, 3\) hold NaN"):
        forced_align(log_probs, [1])


def test_forced_align_of_no_symbols_is_ours() -> None:
    log_probs = posteriors(5, 3, 1)
    assert forced_align(torch.from_numpy(log_probs), []) == align(log_probs, [])
    assert forced_align(torch.zeros(0, 3), []) == Alignment((), 0.0, ())


@pytest.mark.parametrize(
    "failure",
    [
        ImportError("libc10_cuda.so: cannot open shared object file"),
        OSError("libc10_cuda.so: cannot open shared object file"),
        RuntimeError("Detected that PyTorch and TorchAudio were compiled with different CUDA versions.\nMore."),
    ],
)
@pytest.mark.parametrize(
    ("call", "cure"),
    [
        (lambda: forced_align(torch.zeros(1, 2), [1]), "; install the torchaudio that belongs to your torch: same version, same"),
        (lambda: FlashlightBeam(AB), "; pip install flashlight-text, and install the torchaudio that belongs to your torch"),
    ],
)
def test_torchaudio_that_does_not_import_is_one_line_with_the_cure(
    failure: Exception, call: Callable[[], object], cure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(name: str) -> None:
        raise failure

    monkeypatch.setattr(importlib, "import_module", broken)
    reason = str(failure).splitlines()[0].rstrip(".")
    with pytest.raises(MissingExtraError, match=r"^torchaudio\.\S+ cannot be imported") as told:
        call()
    assert f"({reason}){cure}" in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is here")
def test_cuda_beam_says_that_it_needs_cuda() -> None:
    with pytest.raises(MissingExtraError, match="cuda_ctc_decoder needs a CUDA device, and torch finds none; search with seqrec"):
        CudaBeam(AB)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.usefixtures("torchaudio")
def test_cuda_beam_reads_what_was_written() -> None:
    beam = CudaBeam(LETTERS, beam_width=20, n_best=3)
    for seed in range(20):
        log_probs = written(np.random.default_rng(seed).integers(1, 27, 6).tolist(), 27, seed)
        first, *others = beam(log_probs)
        assert first.log_probability == pytest.approx(log_probability(log_probs, first.ids), abs=0.05)
        assert first.log_probability >= greedy(log_probs).log_probability - 0.05
        assert len(others) == 2
        assert max(other.score for other in others) <= first.score


@pytest.mark.usefixtures("flashlight")
@given(frames=st.integers(1, 5), seed=st.integers(0, 10**6))
def test_wide_flashlight_beam_is_exhaustive_search(frames: int, seed: int) -> None:
    log_probs = posteriors(frames, 3, seed)
    found = FlashlightBeam(AB, beam_width=1000, n_best=1000)(log_probs)
    expected = sums_over_paths(log_probs)
    assert {reading.ids: reading.log_probability for reading in found} == pytest.approx(expected, abs=1e-5)
    assert [reading.score for reading in found] == sorted((reading.score for reading in found), reverse=True)


@pytest.mark.usefixtures("flashlight")
@given(frames=st.integers(3, 5), seed=st.integers(0, 10**6))
def test_wide_flashlight_beam_with_a_lexicon_knows_each_words_probability(frames: int, seed: int) -> None:
    words = ["a", "b", "ab", "ba", "aa", "aba"]
    log_probs = posteriors(frames, 3, seed)
    found = FlashlightBeam(AB, beam_width=1000, n_best=1000, lexicon=words)(log_probs)
    everything = sums_over_paths(log_probs)
    expected = {number: everything.get(tuple(AB.encode(word)), -np.inf) for number, word in enumerate(words)}
    expected = {number: probability for number, probability in expected.items() if probability > -np.inf}
    assert {reading.word: reading.log_probability for reading in found} == pytest.approx(expected, abs=1e-5)
    assert all(reading.ids == tuple(AB.encode(words[reading.word])) for reading in found)


@pytest.mark.usefixtures("flashlight")
def test_flashlight_finds_the_best_of_500_words() -> None:
    rng = np.random.default_rng(1)
    words = sorted({"".join(LETTERS.decode(rng.integers(1, 7, rng.integers(3, 9)).tolist())) for _ in range(520)})[:500]
    assert len(words) == 500
    beam = FlashlightBeam(LETTERS, beam_width=8000, n_best=2, lexicon=words)  # holds every prefix of every word
    for seed in range(40):
        log_probs = written(LETTERS.encode(words[seed * 12]), LETTERS.classes, seed)
        scores = [log_probability(log_probs, LETTERS.encode(word)) for word in words]
        found = beam(log_probs)
        assert found[0].word == int(np.argmax(scores))
        assert found[0].log_probability == pytest.approx(max(scores), abs=1e-4)
        assert found[1].log_probability <= found[0].log_probability


@pytest.mark.usefixtures("flashlight")
def test_flashlight_without_adding_scores_the_best_path() -> None:
    for seed in range(20):
        log_probs = posteriors(5, 3, seed)
        for reading in FlashlightBeam(AB, beam_width=1000, n_best=1000, log_add=False)(log_probs):
            assert reading.log_probability == pytest.approx(align(log_probs, reading.ids).path_log_probability, abs=1e-5)


@pytest.mark.usefixtures("flashlight")
def test_flashlight_takes_impossible_classes_and_no_frames() -> None:
    log_probs = posteriors(4, 3, 1)
    log_probs[:, 2] = -np.inf
    found = FlashlightBeam(AB, beam_width=100, n_best=100)(log_probs)
    assert {reading.ids for reading in found} == {(), (1,), (1, 1)}
    assert FlashlightBeam(AB, lexicon=["ab", "b"])(log_probs) == []
    assert FlashlightBeam(AB)(log_probs[:0]) == [Hypothesis((), 0.0, 0.0)]
    assert FlashlightBeam(AB, lexicon=["a"])(log_probs[:0]) == []


@pytest.mark.usefixtures("flashlight")
def test_flashlight_refuses_an_empty_lexicon_foreign_words_and_other_shapes() -> None:
    with pytest.raises(SeqrecError, match="the lexicon has no words; give at least one"):
        FlashlightBeam(AB, lexicon=[])
    with pytest.raises(AlphabetError, match="symbol 'c' .* at position 3 of 'bac' is not in alphabet 'ab'"):
        FlashlightBeam(AB, lexicon=["a", "bac"])
    beam = FlashlightBeam(AB)
    with pytest.raises(ShapeError, match=r"shape \(4, 7\); expected \(T, 3\), one sample's valid frames"):
        beam(np.zeros((4, 7), np.float32))
    with pytest.raises(ShapeError, match=r"shape \(4, 3\) hold NaN"):
        beam(np.full((4, 3), np.nan, np.float32))


def real_posteriors(count: int) -> Iterator[Posteriors]:
    """(T, C) of real words, by the reader that scene text ships."""
    from seqrec import load
    from seqrec.batch import collate
    from seqrec.pictures import fit_height, open_picture

    root = os.environ.get("SEQREC_DEV_DATA")
    if not root or not (Path(root) / "iiit5k-train" / "train").is_dir():
        pytest.skip("SEQREC_DEV_DATA is unset or has no iiit5k-train")
    pytest.importorskip("seqrec_scene_text")
    reader = load("scene-text", device="cpu")
    for path in sorted((Path(root) / "iiit5k-train" / "train").glob("*.png"))[:count]:
        batch = collate([fit_height(open_picture(path), reader.picture.height_px)], [()], [""])
        log_probs, _ = reader.engine.run(batch.images, batch.widths)
        yield log_probs[:, 0]
