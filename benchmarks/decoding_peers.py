"""The peers of `benchmarks/decoding.py`: torch's loss of every word, pybktree, flashlight."""

import hashlib
import importlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from decoding_material import LogProbs
from decoding_measure import watched
from torch import Tensor

from seqrec.alphabet import BLANK, Alphabet
from seqrec.decoding.hypothesis import Hypothesis
from seqrec.decoding.lexicon import Lexicon
from seqrec.errors import SeqrecError

Losses = npt.NDArray[np.float32]

_CHUNK = 1024
"""Words that torch scores at a time; from 64 to 4,096 its time hardly changes, all at once is slower (measured)."""


class TorchScorer:
    """Scores every spelling of a lexicon with `torch.nn.functional.ctc_loss`.

    Spellings of like length share a chunk, so that torch computes little for padding.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        spellings = [(ids, word) for word in range(len(lexicon)) for ids in lexicon.spellings(word)]
        spellings.sort(key=lambda one: len(one[0]))
        self.words = torch.tensor([word for _, word in spellings])
        self.count = len(lexicon)
        self.chunks = [
            _targets([ids for ids, _ in spellings[start : start + _CHUNK]]) for start in range(0, len(spellings), _CHUNK)
        ]
        self.name = hashlib.sha256(repr(spellings).encode()).hexdigest()[:12]

    def losses(self, log_probs: LogProbs) -> Losses:
        """Nats of each spelling, in the order of `words`."""
        frames = torch.from_numpy(np.ascontiguousarray(log_probs))
        with torch.inference_mode():
            return torch.cat([_losses(frames, *chunk) for chunk in self.chunks]).numpy()

    def best(self, log_probs: LogProbs) -> tuple[int, float]:
        """The word of the spelling with the least loss, and that loss."""
        losses = self.losses(log_probs)
        place = int(losses.argmin())
        return int(self.words[place]), float(losses[place])

    def best_of_each(self, samples: Sequence[LogProbs], folder: Path, name: str) -> list[tuple[int, float]]:
        """`best` of each sample; kept in a folder, so that an interrupted run goes on where it was.

        Args:
            samples: Posteriors.
            folder: Where what is known is kept.
            name: Of the samples, for the progress.
        """
        folder.mkdir(parents=True, exist_ok=True)
        content = hashlib.sha256(b"".join(one.tobytes() for one in samples)).hexdigest()[:12]
        file = folder / f"torch-{torch.__version__}-{self.name}-{content}.txt"
        lines = file.read_text(encoding="ascii").splitlines(keepends=True) if file.exists() else []
        known = [line.split() for line in lines if line.endswith("\n")]  # the last may be cut off
        found = [(int(word), float(loss)) for word, loss in known]
        with file.open("w", encoding="ascii") as out:
            out.writelines(f"{word} {loss}\n" for word, loss in found)
            for sample in watched(samples[len(found) :], f"{name}: torch scores all words"):
                found.append(self.best(sample))
                out.write(f"{found[-1][0]} {found[-1][1]}\n")
                out.flush()
        return found


def loss_of(log_probs: LogProbs, ids: Sequence[int], kind: torch.dtype = torch.float32) -> float:
    """Nats of one spelling by torch's `ctc_loss`."""
    frames = torch.from_numpy(np.ascontiguousarray(log_probs)).to(kind)
    return float(_losses(frames, *_targets([ids]))[0])


def _targets(spellings: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    lengths = torch.tensor([len(ids) for ids in spellings])
    targets = torch.full((len(spellings), int(lengths.max())), BLANK)
    for row, ids in zip(targets, spellings, strict=True):
        row[: len(ids)] = torch.tensor(ids)
    return targets, lengths


def _losses(frames: Tensor, targets: Tensor, lengths: Tensor) -> Tensor:
    count = len(lengths)
    all_frames = torch.full((count,), len(frames))
    log_probs = frames[:, None].expand(-1, count, -1)  # (T, N, C), not copied
    return torch.nn.functional.ctc_loss(log_probs, targets, all_frames, lengths, blank=BLANK, reduction="none")


def pybktree_search(words: Sequence[str]) -> Callable[[str, int], list[str]] | str:
    """A search for the words within so many edits by pybktree with rapidfuzz's distance; or why there is none."""
    try:
        tree_class = importlib.import_module("pybktree").BKTree
        distance = importlib.import_module("rapidfuzz.distance").Levenshtein.distance
    except ImportError as error:
        return f"not available: {error}"
    tree = tree_class(distance, words)
    return lambda word, delta: [found for _, found in tree.find(word, delta)]


def flashlight(alphabet: Alphabet, beam_width: int) -> Callable[[LogProbs], list[Hypothesis]] | str:
    """Lexicon-free beam search by flashlight through torchaudio; or why there is none."""
    from seqrec.transcriptions.torchaudio_adapters import FlashlightBeam

    try:
        return FlashlightBeam(alphabet, beam_width=beam_width)
    except SeqrecError as error:
        return f"not available: {str(error).partition(';')[0]}"
