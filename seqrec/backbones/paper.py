"""The paper's convolutional layers, exactly table 1."""

from seqrec.backbones.stage import Stage, StagedBackbone


class PaperBackbone(StagedBackbone):
    """Seven convolutions, 64 to 512 channels; 100 pixels give 24 frames.

    Args:
        height_px: Of the pictures; at the paper's 32 one row is left, more rows are folded into the features.
        drop_conv4, drop_conv6: Leave these layers out (their pools stay), as the paper's music network does.

    Source:
        Shi, Bai, Yao 2015, "An End-to-End Trainable Neural Network for Image-based Sequence Recognition", table 1. The pools
        after conv4 and conv6 halve the height only, so that narrow letters keep their frames. The authors' published code
        pads these pools and gets two frames more; the table does not.
    """

    def __init__(self, height_px: int, *, drop_conv4: bool = False, drop_conv6: bool = False) -> None:
        half_height = (2, 1)
        stages = [
            Stage(1, 64, pool=(2, 2)),
            Stage(64, 128, pool=(2, 2)),
            Stage(128, 256, pool=half_height if drop_conv4 else None),
            *([] if drop_conv4 else [Stage(256, 256, pool=half_height)]),
            Stage(256, 512, norm=True, pool=half_height if drop_conv6 else None),
            *([] if drop_conv6 else [Stage(512, 512, norm=True, pool=half_height)]),
            Stage(512, 512, kernel=2, padding=0),
        ]
        super().__init__(stages, height_px, frame_stride_px=4.0, frame_offset_px=4.0)
