"""The ONNX engine: an exported reader, run by onnxruntime. Free of torch."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from seqrec.errors import MissingExtraError, ModelFileError, RecipeError
from seqrec.model_file import ModelCard, card_from_metadata
from seqrec.onnx_metadata import onnx_metadata

if TYPE_CHECKING:
    import onnxruntime

FRAMES_KEY, PREPROCESSING_KEY = "seqrec.frames", "seqrec.preprocessing"
"""Where the metadata say how frames lie on pictures, and what has to be done to pictures first."""

LEVELS, ONLY_FRAMES, GIVEN_FRAMES = "levels", "only_frames", "frames"
"""Inputs that may be left out, see `seqrec.export.model_of`."""


class OnnxEngine:
    """Runs an exported reader.

    Args:
        path: A file that `seqrec export` has written.
        device: `auto` and `cpu` are the CPU, `cuda` and `cuda:N` need onnxruntime-gpu.
        threads: On the CPU; 0 for all cores. Each has a batch of its own: many threads on one batch wait for each other.

    Attributes:
        at_once: Batches to give it at a time.
        card: What the file says of itself.

    Raises:
        MissingExtraError: onnxruntime is not installed.
        ModelFileError: No such file, or one of another origin or of a later version.
        RecipeError: A device that is not there.
    """

    def __init__(self, path: Path, device: str = "auto", threads: int = 0) -> None:
        self._session = _session(path, device)
        self.at_once = threads or os.cpu_count() or 1
        metadata = onnx_metadata(path)
        self.card: ModelCard = card_from_metadata(metadata, path)
        try:
            frames = json.loads(metadata[FRAMES_KEY])
            self.width_step_px = int(frames["width_step_px"])
            self.frame_stride_px = float(frames["frame_stride_px"])
            self.frame_offset_px = float(frames["frame_offset_px"])
            self.gives = frames["gives"]
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError(f"'{path}' does not say how its frames lie ({error}); export it again") from error
        self.alphabet = self.card.alphabet

    def run(
        self, images: npt.NDArray[np.uint8], widths: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Log-probabilities and frame lengths.

        Args:
            images: (N, 1, H, W).
            widths: Valid columns, (N,).

        Returns:
            (T, N, C) and (N,).
        """
        log_probs, lengths = self._session.run(["log_probs", "frame_lengths"], {"images": images, "widths": widths})
        return log_probs, lengths

    def frames(self, images: npt.NDArray[np.uint8], levels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The backbone's frames (T, N, D) of images (N, 1, H, W), measured by their levels (N, 2)."""
        widths = np.full(len(images), images.shape[3], np.int64)
        told = {"images": images, "widths": widths, LEVELS: levels, ONLY_FRAMES: np.array(True)}
        found: npt.NDArray[np.float32] = self._session.run(["log_probs"], told)[0]
        return found

    def log_probs(self, frames: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Log-probabilities (T, 1, C) of the backbone's frames (T, 1, D)."""
        nothing = np.zeros((1, 1, self.card.recipe.picture.height_px, self.width_step_px), np.uint8)
        told = {"images": nothing, "widths": np.array([self.width_step_px]), GIVEN_FRAMES: frames}
        found: npt.NDArray[np.float32] = self._session.run(["log_probs"], told)[0]
        return found


def _session(path: Path, device: str) -> "onnxruntime.InferenceSession":
    """A session of a file.

    Raises:
        MissingExtraError, ModelFileError, RecipeError: As `OnnxEngine`.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError(f"'{path}' needs onnxruntime ({error}); install it with: pip install 'seqrec[onnx]'") from error
    if not path.is_file():
        raise ModelFileError(f"'{path}' is no file; expected an ONNX file that seqrec export has written")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors; they are raised besides
    kind, _, number = device.partition(":")
    providers: list[object] = ["CPUExecutionProvider"]
    if kind == "cuda" and "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        providers.insert(0, ("CUDAExecutionProvider", {"device_id": number or "0"}))
    elif device not in ("auto", "cpu"):
        offered = ", ".join(one.removesuffix("ExecutionProvider").lower() for one in onnxruntime.get_available_providers())
        raise RecipeError(f"device '{device}' cannot be used: this onnxruntime offers {offered}; say cpu, or leave it at auto")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # onnxruntime has a class of its own for each way in which a file can be wrong
        reason = " ".join(str(error).split())[:300]
        raise ModelFileError(f"'{path}' is no ONNX file that can be used: {reason}; export it again") from error
