"""A small conformer: attention over all frames and convolution over near ones, exact under padding."""

import torch
from torch import Tensor, nn

from seqrec.sequences.convolution import GatedConvolution, frame_mask


class Conformer(nn.Module):
    """Layers of half a feed-forward step, attention, convolution, and half a feed-forward step.

    Args:
        in_features: D of the frames.
        hidden: Features inside and of what comes out; a multiple of `2 * heads`.
        layers: How many layers.
        heads: Of the attention.
        kernel: Frames that a convolution spans, odd.
        expansion: Units inside a feed-forward step, as a multiple of `hidden`.
        dropout: 0..1.

    Source:
        Gulati et al. 2020, "Conformer: Convolution-augmented Transformer for Speech Recognition". Different here: layer norm
        inside the convolution, and positions by rotation (Su et al. 2021, "RoFormer"), which know distances only and so mean the
        same at any length.
    """

    def __init__(
        self,
        in_features: int,
        *,
        hidden: int = 192,
        layers: int = 2,
        heads: int = 4,
        kernel: int = 5,
        expansion: int = 2,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if hidden % (2 * heads):
            raise ValueError(
                f"{hidden} features cannot be shared by {heads} heads in pairs; make hidden a multiple of {2 * heads}"
            )
        self.features = hidden
        self.into = nn.Linear(in_features, hidden)
        self.layers = nn.ModuleList(_Layer(hidden, heads, kernel, expansion, dropout) for _ in range(layers))

    def forward(self, frames: Tensor, frame_lengths: Tensor | None) -> Tensor:
        """(T, N, D) → (T, N, hidden)."""
        mask = None if frame_lengths is None else frame_mask(frame_lengths, frames.shape[0])
        frames = self.into(frames)
        for layer in self.layers:
            frames = layer(frames, mask)
        return frames


class _Layer(nn.Module):
    def __init__(self, features: int, heads: int, kernel: int, expansion: int, dropout: float) -> None:
        super().__init__()
        self.first = _FeedForward(features, expansion, dropout)
        self.attention = _Attention(features, heads, dropout)
        self.convolution = GatedConvolution(features, kernel, dropout=dropout)
        self.second = _FeedForward(features, expansion, dropout)
        self.norm = nn.LayerNorm(features)

    def forward(self, frames: Tensor, mask: Tensor | None) -> Tensor:
        frames = frames + 0.5 * self.first(frames)
        frames = frames + self.attention(frames, mask)
        frames = self.convolution(frames, mask)
        result: Tensor = self.norm(frames + 0.5 * self.second(frames))
        return result


class _FeedForward(nn.Sequential):
    def __init__(self, features: int, expansion: int, dropout: float) -> None:
        inside = expansion * features
        super().__init__(
            nn.LayerNorm(features), nn.Linear(features, inside), nn.SiLU(), nn.Linear(inside, features), nn.Dropout(dropout)
        )


class _Attention(nn.Module):
    """Every frame looks at every valid frame of its sample."""

    def __init__(self, features: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(features)
        self.ask = nn.Linear(features, 3 * features)
        self.out = nn.Linear(features, features)
        self.dropout = nn.Dropout(dropout)

    def forward(self, frames: Tensor, mask: Tensor | None) -> Tensor:
        asked = self.ask(self.norm(frames)).unflatten(2, (3, self.heads, -1))  # (T, N, 3, heads, D / heads)
        queries, keys, values = asked.permute(2, 1, 3, 0, 4)  # each (N, heads, T, D / heads)
        seen = None if mask is None else mask.permute(1, 2, 0)[:, None]  # (N, 1, 1, T)
        mixed = nn.functional.scaled_dot_product_attention(rotated(queries), rotated(keys), values, seen)
        result: Tensor = self.dropout(self.out(mixed.permute(2, 0, 1, 3).flatten(2)))
        return result


def rotated(values: Tensor) -> Tensor:
    """Vectors (…, T, D) turned by angles that grow with their place: products of two then depend on their distance alone.

    Source:
        Su et al. 2021, "RoFormer: Enhanced Transformer with Rotary Position Embedding"; the base 10,000 is theirs. Features i and
        i + D / 2 form a pair.
    """
    frames, half = values.shape[-2], values.shape[-1] // 2
    speeds = 10_000.0 ** (-torch.arange(half, device=values.device) / half)
    angles = torch.arange(frames, device=values.device)[:, None] * speeds  # (T, D / 2), float32
    cosine, sine = angles.cos().to(values.dtype), angles.sin().to(values.dtype)
    left, right = values[..., :half], values[..., half:]
    return torch.cat([left * cosine - right * sine, left * sine + right * cosine], -1)
