"""The transducer: what comes next depends on the frame and on the symbols read before."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from seqrec.alphabet import BLANK, Alphabet
from seqrec.decoding.decoders import Accepts
from seqrec.decoding.steps import Joint, Steps
from seqrec.errors import ShapeError
from seqrec.transcriptions.ctc import adopt_head, head_of
from seqrec.transcriptions.torchaudio_adapters import rnnt_loss


class Transducer(nn.Module):
    """Frames and the last few symbols, added and squashed, then a linear map to the C = K + 1 classes of an alphabet.

    Args:
        in_features: D' of the frames.
        alphabet: Symbols 1..K; the blank, which goes on to the next frame, is class 0.
        joint: J, features in which frames and symbols are added.
        context: How many of the last symbols matter, 1 or more.
        compose: Where the alphabet says what its symbols are composed of, learn the parts; see `seqrec.transcriptions.ctc`.
        lattice_mb: Megabytes that the scores of a batch, (N, T, S + 1, C), may take at a time, and their gradients as many. A
            larger batch is split, and what was computed of each piece computed again on the way back.

    Source:
        Graves 2012, "Sequence transduction with recurrent neural networks"; the joint network is that of Graves et al. 2013,
        "Speech recognition with deep recurrent neural networks". In place of a recurrent prediction network the last symbols
        have a vector each, as in Ghodsi et al. 2020, "RNN-Transducer with stateless prediction network"; here these are added up.
        Different too: one more vector is added once an even number of equal symbols stands last. Without it nothing changes when
        one more symbol is read of a run as long as the context, and a frame cannot say whether it has been read already.
    """

    gives: Accepts = "steps"

    def __init__(
        self,
        in_features: int,
        alphabet: Alphabet,
        *,
        joint: int = 192,
        context: int = 2,
        compose: bool = True,
        lattice_mb: int = 512,
    ) -> None:
        super().__init__()
        if joint < 1 or context < 1 or lattice_mb < 1:
            raise ValueError(f"joint {joint}, context {context}, lattice_mb {lattice_mb}; expected at least 1 each")
        self.encode = nn.Linear(in_features, joint)
        self.histories = nn.Parameter(torch.empty(context, alphabet.classes, joint).normal_(std=0.3))
        self.repeat = nn.Parameter(torch.empty(joint).normal_(std=0.3))
        self.head = head_of(joint, alphabet, compose)
        self.classes = alphabet.classes
        with torch.no_grad():  # a start that saves some hundred steps: sums that bend the tanh, and mostly going on
            self.encode.weight.mul_(3.0)
            self.head.bias[BLANK] += 2.0
        self.lattice_floats = lattice_mb * 2**20 // 4

    def encoded(self, frames: Tensor) -> Tensor:
        """(T, N, D') → (T, N, J), float32."""
        values: Tensor = self.encode(frames)
        return values.float()

    def log_probs(self, frames: Tensor) -> Tensor:
        """(T, N, D') → (T, N, C), float32: of each class at each frame where no symbol has been read yet."""
        scores: Tensor = self.head(torch.tanh(self.encode(frames) + self.histories[:, BLANK].sum(0)))
        return scores.float().log_softmax(2)

    def log_probs_at(self, frames: Tensor, places: Tensor, targets: Tensor) -> Tensor:
        """Log-probability of each symbol at a frame of its own, after the symbols before it, (N, S), float32.

        Args:
            frames: (T, N, D').
            places: A frame for each symbol, (N, S), int64.
            targets: Ids 1..K padded with 0, (N, S), int64.
        """
        samples = torch.arange(len(targets), device=targets.device)[:, None]
        scores = self.head(torch.tanh(self.encode(frames)[places, samples] + self._read(targets)[:, :-1]))  # (N, S, C)
        result: Tensor = scores.float().log_softmax(2).gather(2, targets[:, :, None])[:, :, 0]
        return result

    def loss(self, frames: Tensor, frame_lengths: Tensor, targets: Tensor, target_lengths: Tensor) -> Tensor:
        """Nats per sample, (N,), float32; see `seqrec.transcriptions.torchaudio_adapters.rnnt_loss`.

        Raises:
            MissingExtraError: torchaudio is absent or does not import.
        """
        encoded, read = self.encode(frames), self._read(targets)
        room = max(self.lattice_floats // (len(frames) * read.shape[1] * self.classes), 1)  # samples
        if room >= len(targets):
            return self._loss(encoded, read, frame_lengths, targets, target_lengths)
        pieces = []
        for start in range(0, len(targets), room):
            some = slice(start, start + room)
            piece = encoded[:, some], read[some], frame_lengths[some], targets[some], target_lengths[some]
            pieces.append(checkpoint(self._loss, *piece, use_reentrant=False, preserve_rng_state=False))
        return torch.cat(pieces)

    def _read(self, targets: Tensor) -> Tensor:
        """What the symbols before each place add, (N, S + 1, J), of targets (N, S)."""
        context, places = len(self.histories), targets.shape[1] + 1
        before = nn.functional.pad(targets, (context, 0), value=BLANK)  # (N, context + S)
        vectors = [
            nn.functional.embedding(before[:, context - 1 - back : context - 1 - back + places], table)
            for back, table in enumerate(self.histories)
        ]
        return sum(vectors, _even_run(targets)[:, :, None] * self.repeat)

    def _loss(self, encoded: Tensor, read: Tensor, frame_lengths: Tensor, targets: Tensor, target_lengths: Tensor) -> Tensor:
        """Of encoded (T, N, J) and read (N, S + 1, J), cut to what is valid of any sample."""
        frames, symbols = int(frame_lengths.max()), int(target_lengths.max())
        encoded, read = encoded[:frames].transpose(0, 1), read[:, : symbols + 1].to(encoded.dtype)
        scores = self.head(torch.tanh(encoded[:, :, None] + read[:, None]))  # (N, T, S + 1, C)
        return rnnt_loss(scores, frame_lengths, targets[:, :symbols], target_lengths)

    def stepper(self) -> Callable[[npt.NDArray[np.float32]], Steps]:
        """What makes the steps of one sample of its valid frames (T, J), with the weights as they are now; free of torch."""
        with torch.no_grad():
            bias = self.head(self.encode.weight.new_zeros(self.encode.out_features))
            weight = self.head(torch.eye(self.encode.out_features, device=bias.device)) - bias  # (J, C), of a composed head too
        arrays = (values.detach().float().cpu().numpy() for values in (self.histories, self.repeat, weight.T, bias))
        return Joint(*(np.ascontiguousarray(values) for values in arrays)).steps

    def frames_needed(self, targets: Sequence[int]) -> int:
        """One: any number of symbols can stand at a frame."""
        return 1

    def adopt(self, alphabet: Alphabet, weights: Mapping[str, Tensor], source: Alphabet) -> list[str]:
        """Copy what a transducer of another alphabet has learnt of each symbol, and of the blank.

        Args:
            alphabet: This one's.
            weights: The other one's.
            source: The other one's alphabet.

        Returns:
            The symbols that are new, or have a new part, and keep fresh weights.

        Raises:
            ShapeError: Its features or its context are others.
        """
        encode, histories = weights["encode.weight"], weights["histories"]
        if encode.shape != self.encode.weight.shape or len(histories) != len(self.histories):
            raise ShapeError(
                f"the transducer joins {tuple(encode.shape)[::-1]} features with {len(histories)} symbols there, "
                f"{tuple(self.encode.weight.shape)[::-1]} with {len(self.histories)} here"
            )
        with torch.no_grad():
            self.encode.weight.copy_(encode)
            self.encode.bias.copy_(weights["encode.bias"])
            self.repeat.copy_(weights["repeat"])
            self.histories[:, BLANK] = histories[:, BLANK]
            for row, symbol in enumerate(alphabet.symbols, start=1):
                known = source.id_of(symbol)
                if known is not None:
                    self.histories[:, row] = histories[:, known]
        fresh = set(adopt_head(self.head, alphabet, weights, source))
        return [symbol for symbol in alphabet.symbols if symbol in fresh or source.id_of(symbol) is None]


def _even_run(targets: Tensor) -> Tensor:
    """Where the equal symbols that stand last are even in number: (N, S + 1), bool, after 0, 1, … S symbols of targets (N, S)."""
    places = torch.arange(targets.shape[1], device=targets.device).expand_as(targets)
    begins = nn.functional.pad(targets[:, 1:] != targets[:, :-1], (1, 0), value=True)[:, : targets.shape[1]]
    first = (places * begins).cummax(1).values if targets.shape[1] else places
    return nn.functional.pad((places - first) % 2 == 1, (1, 0), value=False)
