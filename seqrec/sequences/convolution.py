"""Gated depthwise-separable convolutions along the frames, exact under padding."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from seqrec.onnx_graph import Graph, Value


def frame_mask(frame_lengths: Tensor, frames: int) -> Tensor:
    """True where a frame is within its sample's length: (T, N, 1), bool."""
    return (torch.arange(frames, device=frame_lengths.device)[:, None] < frame_lengths[None, :])[:, :, None]


class GatedConvolution(nn.Module):
    """A residual block: norm, gated map, convolution of each feature by itself along the frames, norm, map.

    Frames beyond a sample's end are set to zero before the convolution, so that it sees there what it sees beyond the end of a
    sample that stands alone.

    Args:
        features: D, of what comes in and of what comes out.
        kernel: Frames that the convolution spans, odd.
        dilation: Frames from tap to tap.
        dropout: On what is added to the input, 0..1.

    Source:
        The convolution module of Gulati et al. 2020, "Conformer: Convolution-augmented Transformer for Speech Recognition"; its
        gate is that of Dauphin et al. 2017, "Language Modeling with Gated Convolutional Networks". Different here: layer norm in
        place of batch norm, which padding would reach, and a dilation.
    """

    def __init__(self, features: int, kernel: int, dilation: int = 1, dropout: float = 0.0) -> None:
        super().__init__()
        if kernel % 2 == 0:
            raise ValueError(f"a kernel of {kernel} frames has no middle; expected an odd number")
        self.before = nn.LayerNorm(features)
        self.gate = nn.Linear(features, 2 * features)
        self.dilation = dilation
        self.taps = nn.Parameter(torch.empty(kernel, features).uniform_(-(kernel**-0.5), kernel**-0.5))
        self.after = nn.LayerNorm(features)
        self.out = nn.Linear(features, features)
        self.dropout = nn.Dropout(dropout)

    def forward(self, frames: Tensor, mask: Tensor | None) -> Tensor:
        """(T, N, D) → (T, N, D); the mask is that of `frame_mask`, None where all frames are valid."""
        values = nn.functional.glu(self.gate(self.before(frames)))
        if mask is not None:
            values = values * mask
        added: Tensor = self.dropout(self.out(nn.functional.silu(self.after(self._along(values)))))
        return frames + added

    def to_onnx(self, graph: "Graph", frames: "Value", mask: "Value") -> "Value":
        """`forward` in evaluation, written into a graph."""
        normed = _norm_to_onnx(self.before, graph, frames)
        both = _linear_to_onnx(self.gate, graph, normed)
        value, gate = (graph.part(both, 2, half, len(self.taps[0])) for half in range(2))
        values = graph.node("Mul", graph.node("Mul", value, graph.node("Sigmoid", gate)), mask)
        reach = len(self.taps) // 2 * self.dilation
        along = graph.node("Transpose", values, perm=[1, 2, 0])  # (N, D, T)
        along = graph.node(
            "Conv",
            along,
            graph.constant(self.taps.detach().T[:, None].contiguous().numpy()),
            pads=[reach, reach],
            dilations=[self.dilation],
            group=self.taps.shape[1],
        )
        normed = _norm_to_onnx(self.after, graph, graph.node("Transpose", along, perm=[2, 0, 1]))
        active = graph.node("Mul", normed, graph.node("Sigmoid", normed))
        return graph.node("Add", frames, _linear_to_onnx(self.out, graph, active))

    def _along(self, values: Tensor) -> Tensor:
        """The convolution, (T, N, D), float32: sums of shifted frames, which take a CPU a fifth of the time of torch's own."""
        kernel, frames = len(self.taps), len(values)
        reach = kernel // 2 * self.dilation
        padded = nn.functional.pad(values.float(), (0, 0, 0, 0, reach, reach))
        total = torch.zeros_like(values, dtype=torch.float32)
        for place, tap in enumerate(self.taps):
            start = place * self.dilation
            total = torch.addcmul(total, padded[start : start + frames], tap)
        return total


class Convolutional(nn.Module):
    """Blocks of gated convolutions whose dilations double: every frame knows its neighbourhood, whatever the length of the line.

    Args:
        in_features: D of the frames.
        hidden: Features inside and of what comes out.
        kernel: Frames that a convolution spans, odd.
        dilations: Frames from tap to tap, for each block.
        dropout: 0..1.
    """

    def __init__(
        self,
        in_features: int,
        *,
        hidden: int = 192,
        kernel: int = 5,
        dilations: tuple[int, ...] = (1, 2, 4, 1, 2, 4),
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.features = hidden
        self.into = nn.Linear(in_features, hidden)
        self.blocks = nn.ModuleList(GatedConvolution(hidden, kernel, dilation, dropout) for dilation in dilations)
        self.norm = nn.LayerNorm(hidden)

    def forward(self, frames: Tensor, frame_lengths: Tensor | None) -> Tensor:
        """(T, N, D) → (T, N, hidden)."""
        mask = None if frame_lengths is None else frame_mask(frame_lengths, frames.shape[0])
        frames = self.into(frames)
        for block in self.blocks:
            frames = block(frames, mask)
        result: Tensor = self.norm(frames)
        return result

    def to_onnx(self, graph: "Graph", frames: "Value", frame_lengths: "Value") -> "Value":
        """`forward` in evaluation, written into a graph."""
        count = graph.node("Squeeze", graph.size(frames, 0))
        numbers = graph.node("Range", graph.constant(0, np.int64), count, graph.constant(1, np.int64))
        within = graph.node("Less", graph.node("Unsqueeze", numbers, graph.constant([1], np.int64)), frame_lengths)  # (T, N)
        mask = graph.node("Unsqueeze", graph.cast(within, np.float32), graph.constant([2], np.int64))
        frames = _linear_to_onnx(self.into, graph, frames)
        for block in self.blocks:
            assert isinstance(block, GatedConvolution)
            frames = block.to_onnx(graph, frames, mask)
        return _norm_to_onnx(self.norm, graph, frames)


def _linear_to_onnx(linear: nn.Linear, graph: "Graph", values: "Value") -> "Value":
    weight, bias = linear.weight.detach(), linear.bias.detach()
    return graph.node(
        "Add", graph.node("MatMul", values, graph.constant(weight.T.contiguous().numpy())), graph.constant(bias.numpy())
    )


def _norm_to_onnx(norm: nn.LayerNorm, graph: "Graph", values: "Value") -> "Value":
    weight, bias = graph.constant(norm.weight.detach().numpy()), graph.constant(norm.bias.detach().numpy())
    return graph.node("LayerNormalization", values, weight, bias, epsilon=norm.eps)
