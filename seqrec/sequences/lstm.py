"""Long short-term memory, in one direction and in both, exact under padding."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from seqrec.onnx_graph import Graph, Value


class LSTM(nn.Module):
    """Layers of LSTM from left to right; as in the paper's music network.

    Args:
        in_features: D of the frames.
        hidden: Units a layer.
        layers: How many layers.
        dropout: Between layers, 0..1.
    """

    def __init__(self, in_features: int, *, hidden: int = 256, layers: int = 2, dropout: float = 0.0) -> None:
        super().__init__()
        self.features = hidden
        self.lstm = nn.LSTM(in_features, hidden, layers, dropout=dropout)

    def forward(self, frames: Tensor, frame_lengths: Tensor | None) -> Tensor:
        """(T, N, D) → (T, N, hidden); what follows a sample's end does not reach what precedes it."""
        result: Tensor = self.lstm(frames)[0]
        return result

    def to_onnx(self, graph: "Graph", frames: "Value", frame_lengths: "Value") -> "Value":
        """`forward` in evaluation, written into a graph."""
        return _to_onnx(self.lstm, graph, frames, frame_lengths)


class BiLSTM(nn.Module):
    """Layers of bidirectional LSTM; each layer sees both directions of the one below.

    Args:
        in_features: D of the frames.
        hidden: Units a layer and direction.
        layers: How many layers.
        dropout: Between layers, 0..1.

    Source:
        The paper's recurrent layers, two of 256 units a direction.
    """

    def __init__(self, in_features: int, *, hidden: int = 256, layers: int = 2, dropout: float = 0.0) -> None:
        super().__init__()
        self.features = 2 * hidden
        self.lstm = nn.LSTM(in_features, hidden, layers, dropout=dropout, bidirectional=True)

    def forward(self, frames: Tensor, frame_lengths: Tensor | None) -> Tensor:
        """(T, N, D) → (T, N, 2 · hidden).

        Where samples end at different frames they are packed, so that the backward direction starts at each sample's own end.
        """
        if frame_lengths is None:
            result: Tensor = self.lstm(frames)[0]
            return result
        packed = nn.utils.rnn.pack_padded_sequence(frames, frame_lengths.cpu(), enforce_sorted=False)
        return nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], total_length=frames.shape[0])[0]

    def to_onnx(self, graph: "Graph", frames: "Value", frame_lengths: "Value") -> "Value":
        """`forward` in evaluation, written into a graph."""
        return _to_onnx(self.lstm, graph, frames, frame_lengths)


def _to_onnx(lstm: nn.LSTM, graph: "Graph", frames: "Value", frame_lengths: "Value") -> "Value":
    """Layers of LSTM as ONNX has them: an operator a layer, which knows by itself where each sample ends.

    Source:
        ONNX operators, LSTM (version 14): gates stand in the order input, output, forget, cell (in torch: input, forget, cell,
        output), and what comes out has an axis for directions: (T, directions, N, hidden).
    """
    lengths = graph.cast(frame_lengths, np.int32)
    directions = ("", "_reverse") if lstm.bidirectional else ("",)

    def gates(name: str, layer: int) -> npt.NDArray[np.float32]:
        """One kind of weights of a layer: (directions, 4 · hidden, …)."""
        of_each = [getattr(lstm, f"{name}_l{layer}{direction}").detach().chunk(4) for direction in directions]
        return torch.stack([torch.cat([i, o, f, g]) for i, f, g, o in of_each]).numpy()

    for layer in range(lstm.num_layers):
        biases = np.concatenate([gates("bias_ih", layer), gates("bias_hh", layer)], 1)
        weights = [graph.constant(one) for one in (gates("weight_ih", layer), gates("weight_hh", layer), biases)]
        both = graph.node(
            "LSTM",
            frames,
            *weights,
            lengths,
            hidden_size=lstm.hidden_size,
            direction="bidirectional" if lstm.bidirectional else "forward",
        )
        beside = graph.node("Transpose", both, perm=[0, 2, 1, 3])  # (T, N, directions, hidden)
        frames = graph.node("Reshape", beside, graph.constant([0, 0, len(directions) * lstm.hidden_size], np.int64))
    return frames
