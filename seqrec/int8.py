"""What int8 convolutions need to know: how high the values of each layer reach, found on pictures."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from seqrec.errors import MissingExtraError
from seqrec.interfaces import Picture

if TYPE_CHECKING:
    import onnx

_PERCENTILE = 99.99
"""Of a picture's values must fit, the few higher ones are cut off: they would coarsen the steps of all others."""


def calibrated(model: "onnx.ModelProto", pictures: Iterable[Picture]) -> list[float]:
    """The highest value that is kept of each output of a model, over pictures.

    Args:
        model: Takes `images (1, 1, H, W)` and gives what is to be kept.
        pictures: (H, W), uint8, of the model's height and widths that it takes.

    Raises:
        MissingExtraError: onnxruntime is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError(f"int8 needs onnxruntime ({error}); install it with: pip install 'seqrec[onnx]'") from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    highest = [0.0 for _ in session.get_outputs()]
    for picture in pictures:
        found = session.run(None, {"images": picture[None, None]})
        highest = [max(high, float(np.percentile(one, _PERCENTILE))) for high, one in zip(highest, found, strict=True)]
    return highest
