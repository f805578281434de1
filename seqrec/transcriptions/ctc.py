"""Connectionist temporal classification: the head, its loss and its log-probabilities."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from seqrec.alphabet import BLANK, Alphabet, frames_needed
from seqrec.decoding.decoders import Accepts
from seqrec.errors import ShapeError

if TYPE_CHECKING:
    from seqrec.onnx_graph import Graph, Value


class CTC(nn.Module):
    """A linear map to the C = K + 1 classes of an alphabet, and CTC over them.

    Args:
        in_features: D' of the frames.
        alphabet: Symbols 1..K; the blank is class 0.
        compose: Where the alphabet says what its symbols are composed of, learn the parts; see `ComposedHead`.

    Source:
        Graves et al. 2006, "Connectionist Temporal Classification". The sum over paths is torch's own (CPU, CUDA, cuDNN):
        torchaudio has no CTC loss of its own.
    """

    gives: Accepts = "posteriors"

    def __init__(self, in_features: int, alphabet: Alphabet, *, compose: bool = True) -> None:
        super().__init__()
        self.head = head_of(in_features, alphabet, compose)

    def logits(self, frames: Tensor) -> Tensor:
        """(T, N, D') → unnormalised scores (T, N, C)."""
        scores: Tensor = self.head(frames)
        return scores

    def log_probs(self, frames: Tensor) -> Tensor:
        """(T, N, D') → (T, N, C), float32."""
        return self.logits(frames).float().log_softmax(2)

    def to_onnx(self, graph: "Graph", frames: "Value") -> "Value":
        """`log_probs`, written into a graph; a composed head becomes a plain one."""
        weight, bias = self.head.weight.detach(), self.head.bias.detach()
        if isinstance(self.head, ComposedHead):
            weight, bias = self.head.mix @ weight, self.head.mix @ bias
        scores = graph.node("MatMul", frames, graph.constant(weight.T.contiguous().numpy()))
        return graph.node("LogSoftmax", graph.node("Add", scores, graph.constant(bias.numpy())), axis=2)

    def loss(self, frames: Tensor, frame_lengths: Tensor, targets: Tensor, target_lengths: Tensor) -> Tensor:
        """Nats per sample, (N,), float32; see `ctc_loss`."""
        return ctc_loss(self.logits(frames), frame_lengths, targets, target_lengths)

    def frames_needed(self, targets: Sequence[int]) -> int:
        """Fewest frames that can spell a target: one a symbol, and a blank between two that are equal."""
        return frames_needed(targets)

    def adopt(self, alphabet: Alphabet, weights: Mapping[str, Tensor], source: Alphabet) -> list[str]:
        """Copy the head's rows of another alphabet's weights by symbol, or by part where symbols are composed; the blank's too.

        Args:
            alphabet: This head's.
            weights: `head.weight` (rows, D') and `head.bias` (rows,) of the other head.
            source: The other head's alphabet.

        Returns:
            The symbols that are new, or have a new part, and keep fresh rows.

        Raises:
            ShapeError: The other head reads frames of other features.
        """
        return adopt_head(self.head, alphabet, weights, source)


def head_of(in_features: int, alphabet: Alphabet, compose: bool) -> "nn.Linear | ComposedHead":
    """A linear map to the classes of an alphabet, composed where the alphabet says of what and `compose` is wanted."""
    return ComposedHead(in_features, alphabet) if compose and alphabet.parts else nn.Linear(in_features, alphabet.classes)


def adopt_head(
    head: "nn.Linear | ComposedHead", alphabet: Alphabet, weights: Mapping[str, Tensor], source: Alphabet
) -> list[str]:
    """Copy a head's rows of another alphabet's weights; see `CTC.adopt`."""
    weight, bias = weights["head.weight"], weights["head.bias"]
    if weight.shape[1] != head.weight.shape[1]:
        raise ShapeError(f"the head reads {weight.shape[1]} features there and {head.weight.shape[1]} here")
    plain, composed = len(weight) == source.classes, isinstance(head, ComposedHead)
    rows = {name: row for row, name in enumerate(_row_names(source, composed=not plain))}
    with torch.no_grad():
        for row, name in enumerate(_row_names(alphabet, composed)):
            if name in rows:
                head.weight[row], head.bias[row] = weight[rows[name]], bias[rows[name]]
    needed = ((symbol, alphabet.parts_of(symbol) if composed else (symbol,)) for symbol in alphabet.symbols)
    return [symbol for symbol, names in needed if not all(name in rows for name in names)]


class ComposedHead(nn.Module):
    """A linear map to classes whose weights are the sums of their parts' weights.

    A note's class is then *note* + its staff step + its duration + …: what is learnt of a staff step serves the notes of all
    durations. A class of one part is as in a plain linear map. Parts are scored first and then added up, which takes less
    arithmetic than a row of weights a class where there are fewer parts than features.

    Args:
        in_features: D' of the frames.
        alphabet: Says what the symbols are composed of.
    """

    mix: Tensor

    def __init__(self, in_features: int, alphabet: Alphabet) -> None:
        super().__init__()
        names = {name: row for row, name in enumerate(_row_names(alphabet, composed=True))}
        mix = torch.zeros(alphabet.classes, len(names))
        mix[BLANK, names[""]] = 1.0
        for row, symbol in enumerate(alphabet.symbols, start=1):
            mix[row, [names[part] for part in alphabet.parts_of(symbol)]] = 1.0
        self.register_buffer("mix", mix, persistent=False)
        parts = (1 + sum(len(set(alphabet.parts_of(symbol))) for symbol in alphabet.symbols)) / alphabet.classes
        bound = (in_features * parts) ** -0.5  # a class's weights then start as those of nn.Linear do
        self.weight = nn.Parameter(torch.empty(len(names), in_features).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(len(names)).uniform_(-bound, bound))

    def forward(self, frames: Tensor) -> Tensor:
        """(…, D') → (…, C)."""
        return nn.functional.linear(nn.functional.linear(frames, self.weight, self.bias), self.mix)


def _row_names(alphabet: Alphabet, composed: bool) -> list[str]:
    """What the rows of a head stand for: the blank (`""`), then symbols, or parts in the order of their first symbols."""
    if not composed:
        return ["", *alphabet.symbols]
    return list(dict.fromkeys(["", *(part for symbol in alphabet.symbols for part in alphabet.parts_of(symbol))]))


def ctc_loss(logits: Tensor, frame_lengths: Tensor, targets: Tensor, target_lengths: Tensor) -> Tensor:
    """Negative log-likelihood of each target, summed over every path that collapses to it.

    Args:
        logits: Unnormalised scores, (T, N, C), any float type; the sum is done in float32.
        frame_lengths: Valid frames, (N,), int64, 1..T.
        targets: Symbol ids 1..K padded with 0, (N, S), int64.
        target_lengths: Valid ids, (N,), int64.

    Returns:
        (N,), nats per sample, float32; infinite where no path is long enough.

    Raises:
        ShapeError: A shape is not the one above.

    Source:
        Graves et al. 2006. The sum is torch's own (CPU, CUDA, cuDNN).
    """
    samples = logits.shape[1] if logits.ndim == 3 else -1
    if targets.ndim != 2 or {targets.shape[0], len(frame_lengths), len(target_lengths)} != {samples}:
        raise ShapeError(
            f"logits {tuple(logits.shape)}, frame lengths {tuple(frame_lengths.shape)}, targets {tuple(targets.shape)}, target "
            f"lengths {tuple(target_lengths.shape)}; expected (T, N, C), (N,), (N, S), (N,)"
        )
    losses: Tensor = _CTCLoss.apply(logits, frame_lengths, targets, target_lengths)
    return losses


class _CTCLoss(torch.autograd.Function):
    """The sum over paths of the few classes that a label has, and a gradient that touches the other classes once.

    The gradient with respect to a score is the class's probability, less the share of all paths of the label that pass through
    it. The second is 0 for classes that the label lacks: torch, which knows nothing of this, spends more time on them than on
    the sum where an alphabet has thousands of symbols.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, frame_lengths: Tensor, targets: Tensor, target_lengths: Tensor) -> Tensor:
        """As `ctc_loss`."""
        log_probs = logits.float().log_softmax(2)
        classes = torch.nn.functional.pad(targets, (1, 0), value=BLANK)  # (N, 1 + S), the label's own
        columns = classes.expand(len(logits), -1, -1)
        own = log_probs.gather(2, columns)
        first = (targets[:, :, None] == targets[:, None, :]).byte().argmax(2) + 1  # a symbol's column is where it comes first
        if not ctx.needs_input_grad[0]:
            return torch.nn.functional.ctc_loss(own, first, frame_lengths, target_lengths, BLANK, reduction="none")
        with torch.enable_grad():
            own.requires_grad_()
            losses = torch.nn.functional.ctc_loss(own, first, frame_lengths, target_lengths, BLANK, reduction="none")
            (gradient,) = torch.autograd.grad(losses.sum(), own)
        valid = torch.arange(len(logits), device=logits.device)[:, None] < frame_lengths
        ctx.save_for_backward(log_probs, own.detach().exp() - gradient, columns, valid)  # torch gives probability less share
        ctx.dtype = logits.dtype
        return losses.detach()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Of the losses → of the logits."""
        log_probs, shares, columns, valid = ctx.saved_tensors
        scale = (valid * gradients[0])[:, :, None]
        result = log_probs.exp().mul_(scale).scatter_add_(2, columns, -shares * scale)
        return result.to(ctx.dtype), None, None, None
