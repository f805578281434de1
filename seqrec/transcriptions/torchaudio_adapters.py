"""torchaudio's own alignment and beam searches behind our types: a second road to what `seqrec.decoding` computes.

torchaudio is imported only when one of these is called: its wheel works with one build of torch alone.
"""

import importlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from seqrec.alphabet import BLANK, Alphabet
from seqrec.decoding.alignment import Alignment, checked_label
from seqrec.decoding.hypothesis import Hypothesis
from seqrec.errors import MissingExtraError, SeqrecError, ShapeError

_NEVER = -1e9
"""Nats of a class that must not be taken; flashlight would make NaN of minus infinity."""
_PRUNED = 1e6
"""Nats behind the best at which flashlight drops a hypothesis: what is impossible, and nothing else."""

_TORCHAUDIO = "install the torchaudio that belongs to your torch: same version, same CUDA build"


def forced_align(log_probs: Tensor, ids: Sequence[int]) -> Alignment:
    """The most probable path of a label, by `torchaudio.functional.forced_align`.

    What `seqrec.decoding.alignment.align` computes, also on CUDA. Of equally probable paths another may be taken, and with exact
    ties the path can be a little worse than the best.

    Args:
        log_probs: (T, C), after log_softmax, any float type, on the CPU or on CUDA; valid frames only.
        ids: Symbol ids 1..K; may be empty.

    Raises:
        AlphabetError: An id is the blank's or beyond the classes.
        ShapeError: Not (T, C), fewer frames than the label needs, or NaN.
        SeqrecError: The label has probability 0.
        MissingExtraError: torchaudio is absent or does not import.
    """
    label = checked_label(log_probs.shape, ids)
    scores = log_probs.detach().float()  # bfloat16 is refused there
    if bool(scores.isnan().any()):
        raise ShapeError(f"log-probabilities of shape {tuple(scores.shape)} hold NaN; expected numbers of at most 0")
    if not label:  # an empty target is refused there
        return Alignment((), float(scores[:, BLANK].double().sum()), ())
    align = _attribute("torchaudio.functional", "forced_align", _TORCHAUDIO)
    targets = torch.tensor([label], dtype=torch.int32, device=scores.device)
    paths, chosen = align(scores[None].contiguous(), targets, blank=BLANK)
    path, chosen = paths[0].cpu().numpy(), chosen[0].double().cpu().numpy()
    edges = np.flatnonzero(np.diff(path, prepend=-1, append=-1)).tolist()  # a run of equal classes begins or the last one ends
    spans = tuple((first, stop) for first, stop in zip(edges, edges[1:], strict=False) if path[first] != BLANK)
    total = float(chosen.sum())
    if total == -np.inf or [int(path[first]) for first, _ in spans] != label:
        raise SeqrecError(
            f"a label of {len(label)} symbols has probability 0, and torchaudio finds no path for it; use seqrec's own align"
        )
    return Alignment(spans, total, tuple(float(np.exp(chosen[first:stop].max())) for first, stop in spans))


def rnnt_loss(logits: Tensor, frame_lengths: Tensor, targets: Tensor, target_lengths: Tensor) -> Tensor:
    """Negative log-likelihood of each target, summed over every walk through the lattice, by `torchaudio.functional.rnnt_loss`.

    Args:
        logits: Unnormalised scores at each frame once 0..S symbols are read, (N, T, S + 1, C), any float type; the sum is done in
            float32. T and S must be those of the longest sample.
        frame_lengths: Valid frames, (N,), int64, 1..T.
        targets: Symbol ids 1..K padded with 0, (N, S), int64.
        target_lengths: Valid ids, (N,), int64.

    Returns:
        (N,), nats per sample, float32, on the CPU or on CUDA as the logits are.

    Raises:
        ShapeError: A shape is not the one above.
        MissingExtraError: torchaudio is absent or does not import.

    Source:
        Graves 2012, "Sequence transduction with recurrent neural networks". The sum is torchaudio's own (CPU, CUDA).
    """
    longest, most = (int(lengths.max()) if len(lengths) else 0 for lengths in (frame_lengths, target_lengths))
    expected = (len(targets), longest, most + 1)
    if logits.ndim != 4 or tuple(logits.shape[:3]) != expected or tuple(targets.shape) != (expected[0], most):
        raise ShapeError(
            f"logits {tuple(logits.shape)} and targets {tuple(targets.shape)} for {longest} frames and {most} symbols at most; "
            "expected (N, T, S + 1, C) and (N, S)"
        )
    loss = _attribute("torchaudio.functional", "rnnt_loss", _TORCHAUDIO)
    numbers = (values.to(torch.int32).contiguous() for values in (targets, frame_lengths, target_lengths))
    result: Tensor = loss(logits.float().contiguous(), *numbers, blank=BLANK, reduction="none")
    return result


class FlashlightBeam:
    """Beam search by `torchaudio.models.decoder.ctc_decoder`, which is flashlight-text's.

    With `log_add` and a beam that holds everything it finds each reading's probability summed over all paths, as we do; without
    `log_add` that of its best path. Two habits of flashlight are circumvented: it wants a "silence", which here is a class of its
    own that never occurs; and with a lexicon it reads sequences of words, and completes a word in the first frame of its last
    symbol, even a doubled one, so here every word ends in a sign of its own, whose only frame is added behind the last.

    Args:
        alphabet: Symbols 1..K of the posteriors; the blank is class 0.
        beam_width: Hypotheses kept after each frame.
        n_best: Readings that come out, at most.
        lexicon: The words that may be read, one of them; None for any sequence of symbols.
        log_add: Whether probabilities of paths are added, or the best one taken.

    Raises:
        AlphabetError: A word holds a symbol outside the alphabet.
        SeqrecError: The lexicon is empty.
        MissingExtraError: torchaudio or flashlight-text is absent or does not import.
    """

    def __init__(
        self,
        alphabet: Alphabet,
        *,
        beam_width: int = 50,
        n_best: int = 1,
        lexicon: Sequence[str] | None = None,
        log_add: bool = True,
    ) -> None:
        build = _attribute("torchaudio.models.decoder", "ctc_decoder", f"pip install flashlight-text, and {_TORCHAUDIO}")
        if lexicon is not None and not lexicon:
            raise SeqrecError("the lexicon has no words; give at least one, or none at all to read any sequence of symbols")
        self.classes = alphabet.classes
        self.with_words = lexicon is not None
        self.n_best = n_best
        end = str(self.classes)  # the "silence", and the end of a word
        with tempfile.TemporaryDirectory() as folder:  # the words come from a file alone
            file = Path(folder) / "lexicon.txt"
            spellings = [" ".join(map(str, [*alphabet.encode(word), end])) for word in lexicon or ()]
            file.write_text("".join(f"{number} {spelling}\n" for number, spelling in enumerate(spellings)), encoding="utf-8")
            self._decode = build(
                lexicon=str(file) if self.with_words else None,
                tokens=[str(number) for number in range(self.classes + 1)],
                nbest=beam_width,  # what is no reading is left out afterwards
                beam_size=beam_width,
                beam_threshold=_PRUNED,
                log_add=log_add,
                blank_token=str(BLANK),
                sil_token=end,
            )

    def __call__(self, log_probs: npt.NDArray[np.float32]) -> list[Hypothesis]:
        """Readings of one sample, most probable first; none where the beam lost every word.

        Args:
            log_probs: (T, C), after log_softmax; valid frames only.

        Raises:
            ShapeError: Not (T, C) with the alphabet's classes, or NaN.
        """
        _check(log_probs, self.classes)
        frames = len(log_probs)
        if frames == 0:
            return [] if self.with_words else [Hypothesis((), 0.0, 0.0)]
        emissions = np.full((1, frames + self.with_words, self.classes + 1), _NEVER, np.float32)
        emissions[0, :frames, :-1] = np.maximum(log_probs, _NEVER)
        emissions[0, frames:, -1] = 0.0
        readings = []
        for found in self._decode(torch.from_numpy(emissions))[0]:
            ids = tuple(number for number in found.tokens.tolist() if number != self.classes)
            if found.score <= -_PRUNED or (self.with_words and len(found.words) != 1):
                continue
            word = int(found.words[0]) if self.with_words else -1
            readings.append(Hypothesis(ids, found.score, found.score, word))
        return readings[: self.n_best]


class CudaBeam:
    """Beam search on CUDA by `torchaudio.models.decoder.cuda_ctc_decoder`; no lexicon.

    Args:
        alphabet: Symbols 1..K of the posteriors; the blank is class 0.
        beam_width: Hypotheses kept after each frame; at most C.
        n_best: Readings that come out, at most `beam_width`.

    Raises:
        MissingExtraError: torch finds no CUDA device, or torchaudio is absent or does not import.
    """

    def __init__(self, alphabet: Alphabet, *, beam_width: int = 50, n_best: int = 1) -> None:
        if not torch.cuda.is_available():
            raise MissingExtraError("cuda_ctc_decoder needs a CUDA device, and torch finds none; search with seqrec's own beam")
        build = _attribute("torchaudio.models.decoder", "cuda_ctc_decoder", _TORCHAUDIO)
        self.classes = alphabet.classes
        beam_width = min(beam_width, self.classes)
        tokens = [str(number) for number in range(self.classes)]
        # frames of blanks are not skipped
        self._decode = build(tokens, nbest=min(n_best, beam_width), beam_size=beam_width, blank_skip_threshold=1.0)

    def __call__(self, log_probs: npt.NDArray[np.float32]) -> list[Hypothesis]:
        """Readings of one sample, most probable first.

        Args:
            log_probs: (T, C), after log_softmax; valid frames only.

        Raises:
            ShapeError: Not (T, C) with the alphabet's classes, or NaN.
        """
        _check(log_probs, self.classes)
        if len(log_probs) == 0:
            return [Hypothesis((), 0.0, 0.0)]
        batch = torch.from_numpy(np.ascontiguousarray(log_probs[None], np.float32)).cuda()  # (N, T, C)
        (readings,) = self._decode(batch, torch.tensor([len(log_probs)], dtype=torch.int32, device=batch.device))
        return [Hypothesis(tuple(map(int, found.tokens)), float(found.score), float(found.score)) for found in readings]


def _check(log_probs: npt.NDArray[np.float32], classes: int) -> None:
    if log_probs.ndim != 2 or log_probs.shape[1] != classes:
        raise ShapeError(f"log-probabilities have shape {log_probs.shape}; expected (T, {classes}), one sample's valid frames")
    if np.isnan(log_probs).any():
        raise ShapeError(f"log-probabilities of shape {log_probs.shape} hold NaN; expected numbers of at most 0")


def _attribute(module: str, name: str, cure: str) -> Any:
    """A function of torchaudio's.

    Raises:
        MissingExtraError: It cannot be had, for whatever reason.
    """
    try:
        return getattr(importlib.import_module(module), name)
    except Exception as error:  # torchaudio raises ImportError, OSError or RuntimeError where its build does not fit torch's
        reason = str(error).partition("\n")[0].rstrip(".")
        raise MissingExtraError(f"{module}.{name} cannot be imported ({reason}); {cure}") from error
