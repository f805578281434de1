"""The training loop, to be followed with a finger."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from types import FrameType

from seqrec.rows import Row
from seqrec.training.training import Training

_LOG_EVERY = 20  # steps between records of progress
_TOGETHER_S = 0.5  # signals that come within this time of the first are the same wish
_BLANKS_AFTER = 1500  # steps after which a share of blanks near 1 deserves a hint


@dataclass(frozen=True)
class Progress:
    """How the last steps went.

    Attributes:
        loss: Nats a symbol, mean over these steps.
        images_per_s: Of this process's group, over these steps.
        blank_share: Frames read as blank, 0..1.
        data_share: Share of the time in which training waited for pictures, 0..1.
        done: Share of the run that is over, 0..1.
    """

    step: int
    minutes: float
    pictures: int
    loss: float
    learning_rate: float
    images_per_s: float
    blank_share: float
    data_share: float
    done: float
    hint: str = ""


@dataclass(frozen=True)
class Validation:
    """What validation said, and whether its weights went into the run's model file: no earlier ones were better beyond chance."""

    step: int
    minutes: float
    sequence_accuracy: float
    symbol_error_rate: float
    one_minus_ned: float
    kept: bool
    rows: list[Row] = field(repr=False, default_factory=list)


@dataclass(frozen=True)
class Stopped:
    """The end of a session: `finished`, `interrupted`, or `no better` for early stopping."""

    reason: str
    step: int
    minutes: float


Event = Progress | Validation | Stopped


def fit(training: Training) -> Iterator[Event]:
    """Train until the recipe's steps or minutes are over, and say what happens.

    The state is saved regularly and at the end, also when Ctrl-C or a termination signal asks to stop; a second Ctrl-C stops
    at once.

    Args:
        training: From `seqrec.training.begin`; it is changed.

    Yields:
        `Progress` every 20 steps, `Validation` as the recipe says and at the end, and one `Stopped`. Where a run begins with
        another model's weights these are validated first, so that it is seen, and undone, if they get worse.
    """
    recipe = training.recipe.train
    saved = time.perf_counter()
    validated = training.step
    reason = "finished"
    counted_from, waited, began = training.pictures, 0.0, time.perf_counter()
    training.count_time()
    with stop_signals() as stop:
        batches = training.stream.batches(training.place)
        training.agreed()
        if training.adopted and not training.step:
            yield _validate(training)
        while training.progress < 1 and reason == "finished":
            asked = time.perf_counter()
            batch, training.place = next(batches)
            waited += time.perf_counter() - asked
            try:
                training.losses.append(training.learn(batch))
            except Exception as error:
                error.add_note(f"in step {training.step + 1}, samples {', '.join(batch.keys[:8])} …")
                raise
            training.count_time()
            save_due, interrupted = training.agreed(time.perf_counter() - saved > recipe.save_every_s, stop.asked)

            if training.step % _LOG_EVERY == 0:
                seconds = time.perf_counter() - began
                progress = Progress(
                    step=training.step,
                    minutes=training.seconds / 60,
                    pictures=training.pictures,
                    loss=float(sum(training.losses) / len(training.losses)),
                    learning_rate=training.optimizer.param_groups[0]["lr"],
                    images_per_s=(training.pictures - counted_from) / seconds,
                    blank_share=training.blank_share(batch),
                    data_share=waited / seconds,
                    done=min(training.progress, 1.0),
                )
                yield _log(training, progress)
                training.losses.clear()
                counted_from, waited, began = training.pictures, 0.0, time.perf_counter()
            paused = time.perf_counter()
            if training.step % recipe.validate_every == 0:
                yield _validate(training)
                validated = training.step
                if recipe.patience and training.stale >= recipe.patience:
                    reason = "no better"
            if save_due:
                training.save()
                saved = time.perf_counter()
            began += time.perf_counter() - paused
            if interrupted:
                reason = "interrupted"
        training.count_time()
        training.save()
        if validated != training.step and reason == "finished":
            yield _validate(training)
            training.save()  # once more, with what validation said
    yield Stopped(reason, training.step, training.seconds / 60)


def _validate(training: Training) -> Validation:
    """Validate in the first process while the others wait."""
    rates: dict[str, float] = {"sequence_accuracy": 0.0, "symbol_error_rate": 0.0, "one_minus_ned": 0.0}
    rows: list[Row] = []
    kept = False
    if training.fabric.is_global_zero:
        rates, rows = training.validate()
        kept = training.keep_unless_worse(rates, rows)
    training.stale = int(training.fabric.broadcast(training.stale))
    validation = Validation(training.step, training.seconds / 60, kept=kept, rows=rows, **rates)
    if training.fabric.is_global_zero:
        told = {key: value for key, value in asdict(validation).items() if key != "rows"}
        training.run.log({"event": "validation", **told})
    return validation


def _log(training: Training, progress: Progress) -> Progress:
    if progress.blank_share > 0.995 and progress.step >= _BLANKS_AFTER:
        import dataclasses

        progress = dataclasses.replace(
            progress,
            hint=f"{progress.blank_share:.0%} of all frames are still read as blank after {progress.step} steps; if it stays so, "
            "try a smaller train.learning_rate, a smaller train.batch_size, or shorter and easier pictures first",
        )
    if training.fabric.is_global_zero:
        training.run.log({"event": "train", **asdict(progress)})
    return progress


@dataclass
class StopWish:
    """Whether a signal has asked to stop; an `Event` that one signal's handler sets while another's does so would hang."""

    asked: bool = False


@contextmanager
def stop_signals() -> Iterator[StopWish]:
    """What the first SIGINT or SIGTERM asks for; one that comes later acts as before. Outside the main thread none is heeded.

    Supervisors tell a process and its group, so signals that come together count as one.
    """
    wish = StopWish()
    if threading.current_thread() is not threading.main_thread():
        yield wish
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    first = 0.0

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal first
        now = time.monotonic()
        if wish.asked and now - first > _TOGETHER_S:
            signal.signal(number, before[signal.Signals(number)])
            signal.raise_signal(number)
        elif not wish.asked:
            wish.asked, first = True, now

    for number in before:
        signal.signal(number, ask)
    try:
        yield wish
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
