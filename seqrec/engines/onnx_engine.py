"""The ONNX engine: an exported reader, run by onnxruntime. Free of torch."""

import json
import math
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from seqrec.decoding.decoders import Accepts
from seqrec.errors import MissingExtraError, ModelFileError, RecipeError
from seqrec.model_file import ModelCard, card_from_metadata
from seqrec.onnx_contents import check_contents
from seqrec.onnx_metadata import onnx_metadata

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

FRAMES_KEY, PREPROCESSING_KEY = "seqrec.frames", "seqrec.preprocessing"
"""Where the metadata say how frames lie on pictures, and what has to be done to pictures first."""

_VALUES = {
    "images": "tensor(uint8)",
    "widths": "tensor(int64)",
    "log_probs": "tensor(float)",
    "frame_lengths": "tensor(int64)",
}
"""What a reader's graph takes and gives, and of which type."""
_WIDEST_STEP_PX = 64

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
        runtime = _runtime(path)
        self._path = path
        metadata = onnx_metadata(path)
        self.card: ModelCard = card_from_metadata(metadata, path)
        try:
            frames = json.loads(metadata[FRAMES_KEY])
            self.width_step_px = int(frames["width_step_px"])
            self.frame_stride_px = float(frames["frame_stride_px"])
            self.frame_offset_px = float(frames["frame_offset_px"])
            places = self.frame_stride_px, self.frame_offset_px
            if not (1 <= self.width_step_px <= _WIDEST_STEP_PX and self.frame_stride_px > 0 and all(map(math.isfinite, places))):
                raise ValueError(f"{self.width_step_px}, {self.frame_stride_px}, {self.frame_offset_px} pixels")
            if frames["gives"] != "posteriors":
                raise ValueError(f"it gives {str(frames['gives'])[:40]!r}")
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise ModelFileError(f"'{path}' does not say how its frames lie ({error}); export it again") from error
        check_contents(path)
        self._session = _session(runtime, path, device)
        self.at_once = threads or os.cpu_count() or 1
        self.alphabet = self.card.alphabet
        self.gives: Accepts = "posteriors"

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
        log_probs, lengths = self._run(["log_probs", "frame_lengths"], {"images": images, "widths": widths})
        expected = (len(images), self.alphabet.classes)
        if log_probs.ndim != 3 or log_probs.shape[1:] != expected or lengths.shape != expected[:1]:
            raise self._broken(
                f"log_probs {log_probs.shape} and frame_lengths {lengths.shape}, expected (T, {expected[0]}, {expected[1]})"
            )
        if len(lengths) and not (int(lengths.min()) >= 0 and int(lengths.max()) <= len(log_probs)):
            raise self._broken(f"frame_lengths from {lengths.min()} to {lengths.max()} of {len(log_probs)} frames")
        return log_probs, lengths

    def frames(self, images: npt.NDArray[np.uint8], levels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The backbone's frames (T, N, D) of images (N, 1, H, W), measured by their levels (N, 2)."""
        widths = np.full(len(images), images.shape[3], np.int64)
        told = {"images": images, "widths": widths, LEVELS: levels, ONLY_FRAMES: np.array(True)}
        (found,) = self._run(["log_probs"], told)
        return found

    def log_probs(self, frames: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Log-probabilities (T, 1, C) of the backbone's frames (T, 1, D)."""
        nothing = np.zeros((1, 1, self.card.recipe.picture.height_px, self.width_step_px), np.uint8)
        told = {"images": nothing, "widths": np.array([self.width_step_px]), GIVEN_FRAMES: frames}
        (found,) = self._run(["log_probs"], told)
        if found.ndim != 3 or found.shape[1:] != (1, self.alphabet.classes):
            raise self._broken(f"log_probs {found.shape}, expected (T, 1, {self.alphabet.classes})")
        return found

    def _run(self, outputs: list[str], given: Mapping[str, object]) -> "list[npt.NDArray[Any]]":
        try:
            return self._session.run(outputs, given)  # type: ignore[no-any-return]
        except Exception as error:  # as for a file that cannot be loaded
            raise self._broken(" ".join(str(error).split())[:300]) from error

    def _broken(self, found: str) -> ModelFileError:
        return ModelFileError(f"'{self._path}' does not do what a reader must: {found}; export it again")


def _runtime(path: Path) -> Any:
    """onnxruntime, and a file for it.

    Raises:
        MissingExtraError, ModelFileError: As `OnnxEngine`.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError(f"'{path}' needs onnxruntime ({error}); install it with: pip install 'seqrec[onnx]'") from error
    if not path.is_file():
        raise ModelFileError(f"'{path}' is no file; expected an ONNX file that seqrec export has written")
    return onnxruntime


@cache
def _bounded(onnxruntime: Any) -> bool:
    """Whether graphs of this process may take half of the machine's memory at most: a graph may ask for any amount."""
    try:
        most = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
        kind, memory = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, onnxruntime.OrtMemType.DEFAULT
        # -1 leaves a setting as onnxruntime has it
        settings = dict.fromkeys(("arena_extend_strategy", "initial_chunk_size_bytes", "max_dead_bytes_per_chunk"), -1)
        arena = onnxruntime.OrtArenaCfg({"max_mem": most, **settings})
        onnxruntime.create_and_register_allocator(onnxruntime.OrtMemoryInfo("Cpu", kind, 0, memory), arena)
    except Exception:  # a system that does not tell its memory, an older onnxruntime, or a program that has registered its own
        return False
    return True


def _session(onnxruntime: Any, path: Path, device: str) -> "InferenceSession":
    """A session of a file.

    Raises:
        ModelFileError, RecipeError: As `OnnxEngine`.
    """
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.load_model_format", "ONNX")  # and not what its first bytes say
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors; they are raised besides
    if _bounded(onnxruntime):
        options.add_session_config_entry("session.use_env_allocators", "1")
    kind, _, number = device.partition(":")
    providers: list[object] = ["CPUExecutionProvider"]
    if kind == "cuda" and "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        providers.insert(0, ("CUDAExecutionProvider", {"device_id": number or "0"}))
    elif device not in ("auto", "cpu"):
        offered = ", ".join(one.removesuffix("ExecutionProvider").lower() for one in onnxruntime.get_available_providers())
        raise RecipeError(f"device '{device}' cannot be used: this onnxruntime offers {offered}; say cpu, or leave it at auto")
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # onnxruntime has a class of its own for each way in which a file can be wrong
        reason = " ".join(str(error).split())[:300]
        raise ModelFileError(f"'{path}' is no ONNX file that can be used: {reason}; export it again") from error
    there = {one.name: one.type for one in [*session.get_inputs(), *session.get_outputs()]}
    for name, kind in _VALUES.items():
        if there.get(name) != kind:
            raise ModelFileError(f"'{path}' has {there.get(name, 'nothing')} as '{name}'; a reader has {kind}: export it again")
    return session
