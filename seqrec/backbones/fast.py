"""Convolutional layers that learn fast on CPUs."""

from collections.abc import Sequence

from seqrec.backbones.stage import Stage, StagedBackbone
from seqrec.errors import RecipeError


class FastBackbone(StagedBackbone):
    """Seven narrow convolutions with batch norm, the first with stride 2; 100 pixels give 25 frames.

    The paper's network spends most of its time where pictures are large and where channels are many; here the picture is halved
    by the first convolution, and channels stay below 256 until one row is left.

    Args:
        height_px: Of the pictures.
        channels: Of the seven convolutions.

    Raises:
        RecipeError: Not seven channel counts above 0.
    """

    def __init__(self, height_px: int, *, channels: Sequence[int] = (32, 64, 96, 128, 192, 192, 256)) -> None:
        if len(channels) != 7 or min(channels) < 1:
            raise RecipeError(f"'backbone.channels' is {list(channels)}; expected seven numbers above 0")
        c1, c2, c3, c4, c5, c6, c7 = channels
        stages = [
            Stage(1, c1, kernel=4, stride=2, norm=True),
            Stage(c1, c2, norm=True, pool=(2, 2)),
            Stage(c2, c3, norm=True),
            Stage(c3, c4, norm=True, pool=(2, 1)),
            Stage(c4, c5, norm=True),
            Stage(c5, c6, norm=True, pool=(2, 1)),
            Stage(c6, c7, kernel=(2, 3), padding=(0, 1), norm=True),
        ]
        super().__init__(stages, height_px, frame_stride_px=4.0, frame_offset_px=2.0)
