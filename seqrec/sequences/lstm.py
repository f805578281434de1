"""Long short-term memory, in one direction and in both, exact under padding."""

from torch import Tensor, nn


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
