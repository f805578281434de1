"""The torch engine: a network that turns batches of pictures into log-probabilities."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import torch

from seqrec.alphabet import Alphabet
from seqrec.decoding.steps import Steps
from seqrec.engines.fitting import network_for
from seqrec.errors import ModelFileError, RecipeError
from seqrec.interfaces import StepsTranscription
from seqrec.model_file import ModelCard, read_weights, weight_shapes
from seqrec.network import Network, measured
from seqrec.plugins import Registry


class TorchEngine:
    """Runs a network in evaluation mode, float32.

    Args:
        network: Is put into evaluation mode and moved.
        alphabet: Of its head.
        device: `auto` is CUDA where there is one.

    Raises:
        RecipeError: A device that is not there.
    """

    at_once = 1  # its own threads share each batch

    def __init__(self, network: Network, alphabet: Alphabet, device: str = "auto") -> None:
        self.device = chosen_device(device)
        self.network = network.to(self.device).to(memory_format=torch.channels_last).eval()
        self.alphabet = alphabet
        self.gives = network.transcription.gives
        self.width_step_px = network.backbone.width_step_px
        self.frame_stride_px = network.backbone.frame_stride_px
        self.frame_offset_px = network.backbone.frame_offset_px

    def run(
        self, images: npt.NDArray[np.uint8], widths: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Log-probabilities and frame lengths.

        Args:
            images: (N, 1, H, W).
            widths: Valid columns, (N,).

        Returns:
            (T, N, C) and (N,); where the network gives steps (T, N, J), of which `steps` makes them.
        """
        padded = bool((widths != images.shape[3]).any())
        with torch.inference_mode():
            log_probs, lengths = self.network.outputs(
                torch.from_numpy(images).to(self.device), torch.from_numpy(widths).to(self.device), padded
            )
        return log_probs.cpu().numpy(), lengths.cpu().numpy()

    def frames(self, images: npt.NDArray[np.uint8], levels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The backbone's frames (T, N, D) of images (N, 1, H, W), measured by their levels (N, 2)."""
        with torch.inference_mode():
            given = measured(torch.from_numpy(images).to(self.device), torch.from_numpy(levels).to(self.device))
            return np.asarray(self.network.backbone(given, None).cpu().numpy())

    def log_probs(self, frames: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Log-probabilities (T, 1, C) of the backbone's frames (T, 1, D); where the network gives steps (T, 1, J)."""
        with torch.inference_mode():
            in_context = self.network.sequence(torch.from_numpy(frames).to(self.device), None)
            return np.asarray(self.network.read(in_context).cpu().numpy())

    @cached_property
    def steps(self) -> Callable[[npt.NDArray[np.float32]], Steps]:
        """What makes a transducer's steps of one sample's valid frames (T, J)."""
        return cast(StepsTranscription, self.network.transcription).stepper()


def chosen_device(name: str) -> torch.device:
    """The device of a name; `auto` is CUDA where there is one.

    Raises:
        RecipeError: No such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
        return device
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise RecipeError(f"device '{name}' cannot be used: {reason}; say cpu, cuda or cuda:N, or leave it at auto") from error


def load_engine(file: Path, card: ModelCard, registry: Registry, device: str = "auto", threads: int = 0) -> TorchEngine:
    """The engine of a model file; a number of threads holds for torch as a whole.

    Raises:
        ModelFileError: The weights do not fit the network of the file's recipe.
        PluginError: A part that no plugin offers here.
    """
    if threads:
        torch.set_num_threads(threads)
    network = network_for(card, weight_shapes(file), registry, file)
    try:
        network.load_state_dict(read_weights(file))
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelFileError(f"'{file}': its weights do not fit its recipe: {reason}") from error
    return TorchEngine(network, card.alphabet, device)
