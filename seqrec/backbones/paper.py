"""The paper's convolutional layers: table 1, and what others have made of it."""

from collections.abc import Sequence
from typing import Any

from seqrec.backbones.stage import Stage, StagedBackbone
from seqrec.errors import RecipeError


class PaperBackbone(StagedBackbone):
    """Seven convolutions, 64 to 512 channels; 100 pixels give 24 frames.

    Args:
        height_px: Of the pictures; at the paper's 32 one row is left, more rows are folded into the features.
        drop_conv4, drop_conv6: Leave these layers out (their pools stay), as the paper's music network does.
        norms: Which of the seven convolutions, counted from 1, have batch norm.
        overlapping_pools: The pools after conv4 and conv6 see two columns and move by one, as in the authors' code and in
            crnn.pytorch; 100 pixels give 26 frames then.

    Raises:
        RecipeError: `norms` names no convolution.

    Source:
        Shi, Bai, Yao 2015, "An End-to-End Trainable Neural Network for Image-based Sequence Recognition", table 1. The pools
        after conv4 and conv6 halve the height only, so that narrow letters keep their frames. The authors' published code
        pads these pools and gets two frames more; the table does not.
    """

    def __init__(
        self,
        height_px: int,
        *,
        drop_conv4: bool = False,
        drop_conv6: bool = False,
        norms: Sequence[int] = (5, 6),
        overlapping_pools: bool = False,
    ) -> None:
        if not {*norms} <= {*range(1, 8)}:
            raise RecipeError(f"'backbone.norms' is {list(norms)}; expected numbers of convolutions, 1 to 7")
        flat = {"pool": (2, 2) if overlapping_pools else (2, 1), "overlapping": overlapping_pools}
        layers: list[tuple[int, int, int, dict[str, Any]]] = [  # number, channels in and out, and what follows
            (1, 1, 64, {"pool": (2, 2)}),
            (2, 64, 128, {"pool": (2, 2)}),
            (3, 128, 256, flat if drop_conv4 else {}),
            *([] if drop_conv4 else [(4, 256, 256, flat)]),
            (5, 256, 512, flat if drop_conv6 else {}),
            *([] if drop_conv6 else [(6, 512, 512, flat)]),
            (7, 512, 512, {"kernel": 2, "padding": 0}),
        ]
        stages = [Stage(given, channels, norm=number in norms, **rest) for number, given, channels, rest in layers]
        super().__init__(stages, height_px, frame_stride_px=4.0, frame_offset_px=0.0 if overlapping_pools else 4.0)
