"""The state of a run, and one step of it."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor

from seqrec.alphabet import BLANK, Alphabet
from seqrec.batch import Batch
from seqrec.calibration import temperature_of
from seqrec.data.stream import Example, Place, Stream
from seqrec.engines.torch_engine import TorchEngine
from seqrec.errors import RunError
from seqrec.metrics import one_minus_ned, sequence_accuracy, symbol_error_rate
from seqrec.model_file import ModelCard, save_model
from seqrec.network import Network
from seqrec.recipe import Recipe
from seqrec.recognizer import Recognizer
from seqrec.rows import Row, judge
from seqrec.training.average import Average
from seqrec.training.run_folder import RunFolder
from seqrec.training.schedule import learning_rate

_MOST_LOSSES = 10_000  # that a saved state may hold; progress is reported far sooner


@dataclass
class Training:
    """Everything that changes while a network is fitted; `seqrec.training.begin` assembles it.

    Attributes:
        network: As set up by Fabric; `bare` is the same without its wrapper.
        average: What is validated and saved.
        validation: Examples that are read for validation.
        place: In the stream, after the last batch.
        seconds: Spent so far, in this and earlier sessions.
        best: Highest sequence accuracy so far, and the symbol error rate that went with it.
        best_distances: Edit distance of each validation picture's reading then.
        stale: Validations since then.
        adopted: Whether it began with another model's weights.
        losses: Of the steps since progress was reported last.
        messages: What to tell the user before the first step.
    """

    recipe: Recipe
    alphabet: Alphabet
    card: ModelCard
    run: RunFolder
    fabric: Fabric
    network: Any
    bare: Network
    optimizer: Any
    average: Average | None
    stream: Stream
    validation: Sequence[Example]
    place: Place = field(default_factory=Place)
    step: int = 0
    pictures: int = 0
    seconds: float = 0.0
    best: tuple[float, float] = (-1.0, -math.inf)
    best_distances: Sequence[int] = ()
    stale: int = 0
    adopted: bool = False
    losses: list[Tensor] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    _since: float = field(default_factory=time.perf_counter)

    def count_time(self) -> None:
        """Add the time since the last call to the run's."""
        now = time.perf_counter()
        self.seconds += now - self._since
        self._since = now

    @property
    def progress(self) -> float:
        """Share of the run that is over, 0..1; of its steps or of its minutes, whichever it is given by."""
        if self.recipe.train.steps:
            return self.step / self.recipe.train.steps
        return self.seconds / (60 * self.recipe.train.minutes)

    def learn(self, batch: Batch) -> Tensor:
        """One step of the optimiser; the loss, nats a symbol, as a tensor so that a GPU need not be waited for."""
        rate = learning_rate(self.recipe.train, self.step, self.progress)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.network.train()
        tensors = [torch.from_numpy(array) for array in (batch.images, batch.widths, batch.targets, batch.target_lengths)]
        images, widths, targets, lengths = self.fabric.to_device(tensors)
        guide_steps = self.recipe.train.guide_steps
        guide = 1.0 - self.step / guide_steps if guide_steps else 0.0
        centres = self.fabric.to_device(torch.from_numpy(batch.centres)) if guide > 0 else None
        loss, guidance = self.network(images, widths, targets, lengths, batch.padded, centres)
        self.fabric.backward(loss + max(guide, 0.0) * guidance)
        if self.recipe.train.clip_norm:
            self.fabric.clip_gradients(
                self.network, self.optimizer, max_norm=self.recipe.train.clip_norm, error_if_nonfinite=False
            )
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        self.pictures += len(batch.keys) * self.fabric.world_size
        if self.average:
            self.average.update(self.bare, self.step)
        detached: Tensor = loss.detach()
        return detached

    def blank_share(self, batch: Batch) -> float:
        """Share of frames in which the blank is the most probable class, 0..1."""
        self.network.eval()
        with torch.inference_mode(), self.fabric.autocast():
            images, widths = self.fabric.to_device([torch.from_numpy(batch.images), torch.from_numpy(batch.widths)])
            log_probs, lengths = self.bare.log_probs(images, widths, batch.padded)
            valid = torch.arange(log_probs.shape[0], device=lengths.device)[:, None] < lengths[None, :]
            return float(((log_probs.argmax(2) == BLANK) & valid).sum() / valid.sum())

    def validate(self) -> tuple[dict[str, float], list[Row]]:
        """Rates over the validation examples, and their readings."""
        network = self.average.network if self.average else self.bare
        training = network.training
        engine = TorchEngine(network, self.alphabet, str(self.fabric.device))
        reader = Recognizer(engine, self.recipe.picture, self.alphabet)
        rows: list[Row] = []
        readings: list[Sequence[str]] = []
        labels: list[Sequence[str]] = []
        for (_, reading, picture), example in zip(
            reader.read_many((example.key, example.image) for example in self.validation), self.validation, strict=True
        ):
            if isinstance(reading, Exception):
                raise reading
            label = self.alphabet.decode(example.target)
            rows.append(judge(example.key, self.alphabet.text(label), reading, self.alphabet, picture))
            readings.append(reading.symbols)
            labels.append(tuple(label))
        network.train(training)
        rates = {
            "sequence_accuracy": sequence_accuracy(readings, labels),
            "symbol_error_rate": symbol_error_rate(readings, labels),
            "one_minus_ned": one_minus_ned(readings, labels),
        }
        return rates, rows

    def keep_unless_worse(self, rates: dict[str, float], rows: Sequence[Row]) -> bool:
        """Write the model file unless an earlier validation was better beyond chance; whether it was written.

        The best of many validations is partly the luckiest, and later weights have seen more. What is no better counts as stale.
        The temperature of confidences is fitted to the validation's rows.
        """
        score, distances = (rates["sequence_accuracy"], -rates["symbol_error_rate"]), [row.distance for row in rows]
        self.stale = 0 if score > self.best else self.stale + 1
        if score > self.best:
            self.best, self.best_distances = score, distances
        elif self.run.model_file.exists() and worse(distances, self.best_distances):
            return False
        self.write_model(rates, temperature_of(rows))
        return True

    def write_model(self, rates: dict[str, float], temperature: float) -> None:
        """Write the averaged weights as the run's model file."""
        import dataclasses

        trained = {"steps": self.step, "pictures": self.pictures, "minutes": round(self.seconds / 60, 2), **rates}
        weights = (self.average.network if self.average else self.bare).state_dict()
        save_model(self.run.model_file, weights, dataclasses.replace(self.card, trained=trained, temperature=temperature))

    def save(self) -> None:
        """Write what a resumed run needs; called by all processes, written by the first."""
        places = self._gathered(torch.tensor([self.place.turn, self.place.batch]))
        random = self._gathered(torch.get_rng_state())
        if not self.fabric.is_global_zero:
            return
        self.run.save_state(
            {
                "network": self.bare.state_dict(),
                "average": self.average.network.state_dict() if self.average else {},
                "optimizer": self.optimizer.state_dict(),
                "step": self.step,
                "pictures": self.pictures,
                "seconds": self.seconds,
                "best": list(self.best),
                "best_distances": torch.tensor(self.best_distances, dtype=torch.int64),
                "stale": self.stale,
                "losses": torch.tensor([float(loss) for loss in self.losses]),
                "places": places,
                "random": random,
            }
        )

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a saved state.

        Raises:
            RunError: It was saved by another number of processes, or its weights are those of another network.
        """
        processes = self.fabric.world_size
        try:
            saved = len(state["places"])
            if saved != processes:
                raise RunError(
                    f"'{self.run.path}' was saved by {saved} processes and {processes} would go on; start as many as before"
                )
            self.bare.load_state_dict(state["network"])
            if self.average:
                self.average.network.load_state_dict(state["average"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.pictures, self.seconds = int(state["step"]), int(state["pictures"]), float(state["seconds"])
            self.best, self.stale = (float(state["best"][0]), float(state["best"][1])), int(state["stale"])
            self.best_distances = state["best_distances"].tolist() if "best_distances" in state else ()
            self.losses = list(state["losses"][:_MOST_LOSSES])
            turn, batch = state["places"][self.fabric.global_rank].tolist()
            self.place = Place(int(turn), int(batch))
            torch.set_rng_state(state["random"][self.fabric.global_rank])
        except (RuntimeError, ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
            reason = " ".join(str(error).split())[:200]
            raise RunError(
                f"'{self.run.state_file}' does not fit this recipe: {reason}; resume with the network, optimizer and ema_decay "
                "that the run began with"
            ) from error

    def agreed(self, *wishes: bool) -> list[bool]:
        """For each wish whether any process has it; all processes also agree on the time spent, which the schedule may follow."""
        if self.fabric.world_size == 1:
            return list(wishes)
        told = self.fabric.all_reduce(torch.tensor([self.seconds, *map(float, wishes)], dtype=torch.float64), reduce_op="max")
        assert isinstance(told, Tensor)
        self.seconds = float(told[0])
        return [bool(wish) for wish in told[1:]]

    def part(self) -> None:
        """Let the processes end together, when the first one has written everything: one that leaves early may crash."""
        if self.fabric.world_size > 1:
            self.fabric.barrier()
            torch.distributed.destroy_process_group()

    def _gathered(self, value: Tensor) -> list[Tensor]:
        """The value of every process, in the order of their ranks."""
        if self.fabric.world_size == 1:
            return [value]
        value = value.to(self.fabric.device)  # NCCL gathers nothing that lies on the CPU
        gathered = [torch.empty_like(value) for _ in range(self.fabric.world_size)]
        torch.distributed.all_gather(gathered, value)
        return [row.cpu() for row in gathered]


def worse(distances: Sequence[int], before: Sequence[int]) -> bool:
    """Whether pictures are read worse than before, by more than the standard deviation of chance: fewer of them, or more symbols.

    If two readers are equally good, each picture that they read differently is as likely the one's as the other's; a sum of
    differences then varies by the root of the sum of their squares.

    Args:
        distances: Edit distance of each picture's reading and label.
        before: Of the same pictures. Where there are none nothing is known, and it counts as worse.

    Source:
        McNemar 1947, "Note on the sampling error of the difference between correlated proportions".
    """
    if len(distances) != len(before):
        return True
    now, then = np.asarray(distances, np.int64), np.asarray(before, np.int64)
    return any(lost.sum() > np.sqrt((lost**2).sum()) for lost in (now - then, (now > 0).astype(np.int64) - (then > 0)))
