"""One stage of a convolutional backbone, exact under padding."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from seqrec.onnx_graph import Graph, Value


def column_mask(widths: Tensor, width: int) -> Tensor:
    """True where a column is within its sample's width: (N, 1, 1, W), bool."""
    columns = torch.arange(width, device=widths.device)
    return (columns[None, :] < widths[:, None])[:, None, None, :]


class Stage(nn.Module):
    """Convolution, batch norm if wanted, ReLU, max-pool if wanted.

    Columns beyond a sample's width are set to zero after the ReLU, so that the next convolution sees there what it sees beyond
    the edge of a picture that stands alone: its own zero padding. Pools never straddle that edge as long as widths are
    multiples of what they divide by.

    Args:
        in_channels, channels: Of the convolution.
        kernel, stride, padding: Of the convolution, (height, width) or one number for both.
        norm: Whether batch norm stands between convolution and ReLU; the convolution has no bias then.
        pool: (height, width) of the max-pool's window and stride, or None.
        overlapping: The pool moves by one column, and sees one column beyond each side: one more comes out than goes in. Its
            window is two columns wide then.
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        *,
        kernel: int | tuple[int, int] = 3,
        stride: int = 1,
        padding: int | tuple[int, int] = 1,
        norm: bool = False,
        pool: tuple[int, int] | None = None,
        overlapping: bool = False,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, kernel, stride, padding, bias=not norm)
        self.norm = nn.BatchNorm2d(channels) if norm else nn.Identity()
        self.pool_size = pool or (1, 1)
        self.pool_stride = (self.pool_size[0], 1) if overlapping else self.pool_size
        self.pool_beside = int(overlapping)
        self.pool = nn.MaxPool2d(pool, self.pool_stride, (0, self.pool_beside)) if pool else nn.Identity()
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")

    def forward(self, images: Tensor, widths: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """(N, Ch, H, W) and valid widths (N,) → the same of the stage's output; None where all of W is valid."""
        images = torch.relu_(self.norm(self.conv(images)))
        if widths is not None:
            widths = self._after_conv(widths)
            images = images * column_mask(widths, images.shape[3])
        return self.pool(images), None if widths is None else self._after_pool(widths)

    def _after_conv(self, widths: Tensor) -> Tensor:
        kernel, stride, padding = self.conv.kernel_size[1], self.conv.stride[1], int(self.conv.padding[1])
        return (widths + 2 * padding - kernel) // stride + 1

    def _after_pool(self, widths: Tensor) -> Tensor:
        return (widths + self._pool_reach) // self.pool_stride[1]

    @property
    def _pool_reach(self) -> int:
        """Columns added to a width so that the pool's stride divides it; 0 or more: ONNX rounds what is negative otherwise."""
        return 2 * self.pool_beside - self.pool_size[1] + self.pool_stride[1]

    def widths_after(self, widths: Tensor) -> Tensor:
        """Valid widths of the output, for valid widths (N,) of the input."""
        return self._after_pool(self._after_conv(widths))

    def height_after(self, height: int) -> int:
        """Height of the output for a height of the input; 0 or less where the input is too low."""
        kernel, stride, padding = self.conv.kernel_size[0], self.conv.stride[0], int(self.conv.padding[0])
        height = (height + 2 * padding - kernel) // stride + 1
        return height // self.pool_size[0]

    def to_onnx(self, graph: "Graph", images: "Value", widths: "Value | None") -> "tuple[Value, Value | None]":
        """`forward` in evaluation, written into a graph; the batch norm becomes part of the convolution."""
        weight, bias = self._without_norm()
        top, left = (int(one) for one in self.conv.padding)
        images = graph.convolution(
            images,
            weight.numpy(),
            bias.numpy(),
            strides=list(self.conv.stride),
            dilations=list(self.conv.dilation),
            group=self.conv.groups,
            pads=[top, left, top, left],
        )
        if self.pool_beside and widths is not None:  # it straddles the edge
            images = graph.masked(images, self._after_conv_to_onnx(graph, widths))
        if self.pool_size != (1, 1):
            images = graph.max_pool(images, self.pool_size, self.pool_stride, self.pool_beside)
        if widths is not None:  # masked behind the pool, where less is left: pools do not straddle the edge
            widths = self.widths_after_to_onnx(graph, widths)
            images = graph.masked(images, widths)
        return images, widths

    def _without_norm(self) -> tuple[Tensor, Tensor]:
        """Weight and bias of a convolution that does what convolution and batch norm in evaluation do."""
        weight = self.conv.weight.detach().double()
        bias = torch.zeros(len(weight)) if self.conv.bias is None else self.conv.bias.detach()
        if isinstance(self.norm, nn.BatchNorm2d) and self.norm.running_mean is not None and self.norm.running_var is not None:
            scale = self.norm.weight.detach() / (self.norm.running_var.double() + self.norm.eps).sqrt()
            weight = weight * scale[:, None, None, None]
            bias = (bias - self.norm.running_mean) * scale + self.norm.bias.detach()
        return weight.float(), bias.float()

    def widths_after_to_onnx(self, graph: "Graph", widths: "Value") -> "Value":
        """`widths_after`, written into a graph."""
        widths = graph.plus(self._after_conv_to_onnx(graph, widths), self._pool_reach)
        return graph.quotient(widths, self.pool_stride[1])

    def _after_conv_to_onnx(self, graph: "Graph", widths: "Value") -> "Value":
        kernel, stride, padding = self.conv.kernel_size[1], self.conv.stride[1], int(self.conv.padding[1])
        return graph.plus(graph.quotient(graph.plus(widths, 2 * padding - kernel), stride), 1)


class StagedBackbone(nn.Module):
    """A backbone that is a row of stages; what height is left is folded into the features.

    A subclass gives its stages and the geometry of its frames.

    Args:
        stages: In order.
        height_px: Of the pictures.
        frame_stride_px, frame_offset_px: As in `seqrec.interfaces.Backbone`.

    Raises:
        RecipeError: The pictures are too low for the stages.
    """

    width_step_px = 4

    def __init__(self, stages: list[Stage], height_px: int, frame_stride_px: float, frame_offset_px: float) -> None:
        from seqrec.errors import RecipeError

        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.frame_stride_px = frame_stride_px
        self.frame_offset_px = frame_offset_px
        height = height_px
        for stage in stages:
            height = stage.height_after(height)
        if height < 1:
            raise RecipeError(f"picture.height_px is {height_px}: too low for this backbone; 32 is the usual height")
        self.features = height * stages[-1].conv.out_channels

    def forward(self, images: Tensor, widths: Tensor | None) -> Tensor:
        """(N, Ch, H, W), (N,) → (T, N, D)."""
        for stage in self.stages:
            images, widths = stage(images, widths)
        return images.flatten(1, 2).permute(2, 0, 1)  # (N, D, T) → (T, N, D)

    def frame_lengths(self, widths: Tensor) -> Tensor:
        """(N,), int64: valid frames of valid widths."""
        for stage in self.stages:
            assert isinstance(stage, Stage)
            widths = stage.widths_after(widths)
        return widths

    def to_onnx(self, graph: "Graph", images: "Value", widths: "Value | None") -> "Value":
        """`forward` in evaluation, written into a graph."""
        for stage in self.stages:
            assert isinstance(stage, Stage)
            images, widths = stage.to_onnx(graph, images, widths)
        features = graph.node("Reshape", images, graph.constant([0, self.features, -1], np.int64))
        return graph.node("Transpose", features, perm=[2, 0, 1])

    def frame_lengths_to_onnx(self, graph: "Graph", widths: "Value") -> "Value":
        """`frame_lengths`, written into a graph."""
        for stage in self.stages:
            assert isinstance(stage, Stage)
            widths = stage.widths_after_to_onnx(graph, widths)
        return widths
