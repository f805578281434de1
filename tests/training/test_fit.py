"""Training in this process: it learns, it can be stopped and picked up, it says what it leaves out."""

import dataclasses
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqrec.errors import DataError, ModelFileError, RecipeError, RunError
from seqrec.model_file import read_card, read_weights
from seqrec.pictures import encode_png
from seqrec.plugins import Registry
from seqrec.recipe import Recipe
from seqrec.recognizer import load
from seqrec.rows import Row
from seqrec.testing.bars import BARS, LOW_BARS, BarRenderer
from seqrec.training import Progress, Stopped, Validation, begin, fit
from seqrec.training.fit import Event, stop_signals
from seqrec.training.saved_state import load_saved
from seqrec.training.training import Training, worse

CLOCK = {"minutes", "images_per_s", "data_share"}  # what a clock says is never the same twice


@pytest.fixture
def start(tmp_path: Path, plugins: Registry, tiny_recipe: Recipe) -> Any:
    """Begin a run of the tiny recipe with some settings changed."""

    def starting(name: str = "run", settings: Sequence[str] = (), **options: Any) -> Training:
        return begin(tiny_recipe.with_settings(settings), tmp_path / name, plugins, device="cpu", **options)

    return starting


def run(training: Training, interrupt_at: int = -1) -> list[Event]:
    """All events; Ctrl-C comes while the event of a step is looked at."""
    events = []
    with training.stream:
        for event in fit(training):
            events.append(event)
            if event.step == interrupt_at and not isinstance(event, Stopped):
                signal.raise_signal(signal.SIGINT)
    return events


def bars(folder: Path, count: int, broken: Sequence[tuple[str, str]] = ()) -> Path:
    """A data set of bars, with further lines of `gt.txt`."""
    folder.mkdir()
    renderer, lines = BarRenderer(), []
    for number in range(count):
        sample = renderer.render(np.random.default_rng(number))
        (folder / f"{number}.png").write_bytes(encode_png(sample.image))
        lines.append(f"{number}.png\t{sample.label}")
    lines += [f"{name}\t{label}" for name, label in broken]
    (folder / "gt.txt").write_text("\n".join(lines) + "\n")
    return folder


def told(training: Training) -> list[dict[str, Any]]:
    """The metrics, without what a clock says."""
    return [{key: value for key, value in record.items() if key not in CLOCK} for record in training.run.metrics()]


WAITS_FOR_SIGNALS = """
import sys
import seqrec.training.fit
fit = sys.modules["seqrec.training.fit"]
fit._TOGETHER_S = 60.0
with fit.stop_signals() as wish:
    print("ready", flush=True)
    sys.stdin.read()
    print(wish.asked, flush=True)
"""


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt, also where what started the tests had it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_signals_that_come_together_are_one_wish_and_a_later_one_stops_at_once() -> None:
    with stop_signals() as wish:
        assert not wish.asked
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM, signal.SIGINT):
            signal.raise_signal(number)
        assert wish.asked
        time.sleep(0.6)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_storm_of_signals_from_outside_is_survived() -> None:
    """Handlers of signals may interrupt one another: what they do must not wait for anything."""
    command = [sys.executable, "-c", WAITS_FOR_SIGNALS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        for _ in range(2000):
            process.send_signal(signal.SIGTERM)
        assert process.communicate("", timeout=60)[0] == "True\n"
        assert process.returncode == 0


@pytest.mark.parametrize("workers", [0, 1])
def test_interrupted_and_resumed_run_is_the_straight_one_bit_for_bit(start: Any, workers: int) -> None:
    settings = [f"data.workers={workers}", "train.validate_every=9"]
    straight = start("straight", settings)
    run(straight)
    cut = start("cut", settings)
    assert run(cut, interrupt_at=9)[-1] == Stopped("interrupted", 10, pytest.approx(cut.seconds / 60))
    resumed = start("cut", settings, resume=True)
    assert (resumed.step, resumed.place) == (10, cut.place)
    assert run(resumed)[-1].step == 20
    assert resumed.place == straight.place
    assert straight.average is not None
    assert resumed.average is not None
    for mine, theirs in ((resumed.bare, straight.bare), (resumed.average.network, straight.average.network)):
        for (name, value), other in zip(mine.state_dict().items(), theirs.state_dict().values(), strict=True):
            assert torch.equal(value, other), name
    assert told(resumed) == told(straight)
    assert [record["event"] for record in told(resumed)] == ["validation", "validation", "train", "validation"]
    one, other = (training.run.load_state() for training in (resumed, straight))
    assert_equal_trees(one["optimizer"], other["optimizer"])
    for name, value in read_weights(resumed.run.model_file).items():
        assert torch.equal(value, read_weights(straight.run.model_file)[name])


def assert_equal_trees(one: Any, other: Any) -> None:
    """The same numbers in the same places of nested dicts and lists."""
    assert type(one) is type(other)
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    elif isinstance(one, (dict, list)):
        keys = one if isinstance(one, dict) else range(len(one))
        assert len(one) == len(other)
        for key in keys:
            assert_equal_trees(one[key], other[key])
    else:
        assert one == other


def test_two_runs_of_one_seed_are_the_same_and_of_two_seeds_are_not(start: Any) -> None:
    runs = [start(name, [f"train.seed={seed}", "train.steps=4"]) for name, seed in (("a", 1), ("b", 1), ("c", 2))]
    for training in runs:
        run(training)
    heads = [training.bare.state_dict()["transcription.head.weight"] for training in runs]
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])


def test_eight_samples_are_learnt_by_heart(start: Any, tmp_path: Path, plugins: Registry) -> None:
    data = bars(tmp_path / "eight", 8)
    training = start(
        "run",
        ["data.render_weight=0", "data.augment=0", "data.chunk=8", "data.reuse=1", "train.ema_decay=0.0", "train.patience=0",
         "train.learning_rate=0.01", "train.steps=400", "train.validate_every=200", "sequence.hidden=32",
         "train.weight_decay=0.0"],
        data=[(data, 1.0)],
        validation=[data],
    )  # fmt: skip
    last = run(training)[-2]
    assert isinstance(last, Validation)
    assert (last.sequence_accuracy, last.symbol_error_rate) == (1.0, 0.0)
    reader = load(tmp_path / "run", plugins=plugins)
    for line in (data / "gt.txt").read_text().splitlines():
        name, label = line.split("\t")
        assert reader.read(data / name).text == label


def test_events_and_metrics_tell_the_same(start: Any) -> None:
    training = start()
    events = run(training)
    assert [type(event) for event in events] == [Validation, Progress, Validation, Stopped]
    progress = events[1]
    assert isinstance(progress, Progress)
    assert (progress.step, progress.pictures, progress.done) == (20, training.pictures, 1.0)
    assert progress.images_per_s > 0
    assert 0 <= progress.data_share <= 1
    assert 0 <= progress.blank_share <= 1
    records = list(training.run.metrics())
    assert [(record["event"], record["step"]) for record in records] == [("validation", 10), ("train", 20), ("validation", 20)]
    assert records[1] == {"event": "train", **dataclasses.asdict(progress)}


def test_guidance_ends_with_its_steps(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    training = start("run", ["train.guide_steps=3", "train.steps=5"])
    given = []
    forward = training.bare.forward
    monkeypatch.setattr(training.bare, "forward", lambda *told: given.append(told[5] is not None) or forward(*told))
    run(training)
    assert given == [True, True, True, False, False]


def test_run_of_minutes_ends_by_the_clock(start: Any) -> None:
    training = start("run", ["train.steps=0", "train.minutes=0.02"])
    (*_, stopped) = run(training)
    assert stopped.reason == "finished"
    assert 0.02 <= stopped.minutes < 0.1


def test_finished_run_goes_on_when_it_is_given_more_steps(start: Any) -> None:
    run(start())
    longer = start("run", ["train.steps=30"], resume=True)
    assert run(longer)[-1].step == 30
    assert [record["step"] for record in longer.run.metrics() if record["event"] == "validation"] == [10, 20, 30]
    assert "steps = 30" in longer.run.recipe_file.read_text()


def test_resuming_drops_the_records_of_steps_that_are_done_again(start: Any) -> None:
    training = start("run", ["train.validate_every=4"])
    run(training, interrupt_at=4)
    assert training.step == 5
    training.run.log({"event": "train", "step": 11})
    training.run.metrics_file.write_text(training.run.metrics_file.read_text() + '{"event": "tra')
    resumed = start("run", ["train.validate_every=4"], resume=True)
    assert [record["step"] for record in resumed.run.metrics()] == [4]


def validated(*distances: int) -> tuple[dict[str, float], list[Row]]:
    """Rates and rows of a validation on labels of ten symbols."""
    rows = [Row(str(place), "l" * 10, "t", 0.5, distance, distance == 0) for place, distance in enumerate(distances)]
    right = sum(row.right for row in rows) / len(rows)
    return {"sequence_accuracy": right, "symbol_error_rate": sum(distances) / 10 / len(rows), "one_minus_ned": 0.0}, rows


def test_later_weights_are_kept_unless_earlier_ones_were_better_beyond_chance(start: Any) -> None:
    training = start()
    kept = []
    for number, distances in enumerate(
        [
            (9, 9, 9, 9, 9, 9, 9, 9),
            (0, 0, 0, 0, 1, 2, 9, 9),  # better
            (0, 0, 0, 1, 0, 3, 9, 9),  # one more wrong and another one right, one symbol more: chance
            (0, 0, 1, 1, 1, 2, 9, 9),  # two more wrong, none right
            (0, 0, 0, 0, 5, 5, 9, 9),  # as many right, but symbols are lost
            (0, 0, 0, 0, 1, 1, 9, 9),  # better
            (0, 0, 0, 0, 1, 1, 9, 9),
        ]
    ):
        training.step = number
        saved = training.keep_unless_worse(*validated(*distances))
        kept.append((saved, read_card(training.run.model_file).trained["steps"], training.stale))
    assert kept == [(True, 0, 0), (True, 1, 0), (True, 2, 1), (False, 2, 2), (False, 2, 3), (True, 5, 0), (True, 6, 1)]
    assert training.best == (0.5, -0.25)


def test_what_was_best_is_remembered_by_a_resumed_run(start: Any) -> None:
    training = start("run")
    training.keep_unless_worse(*validated(0, 0, 0, 0, 1))
    training.save()
    resumed = start("run", resume=True)
    assert not resumed.keep_unless_worse(*validated(0, 0, 1, 1, 1))
    assert resumed.keep_unless_worse(*validated(0, 0, 0, 1, 0))
    state = load_saved(training.run.state_file)
    del state["best_distances"]  # of a run that an older version has saved
    older = start("other")
    older.restore(state)
    older.write_model({}, 1.0)
    assert not older.keep_unless_worse(*validated(0, 0, 0, 1, 1))
    assert older.keep_unless_worse(*validated(0, 0, 0, 0, 0))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.integers(0, 29), st.integers(1, 5))
def test_worse_means_beyond_the_chance_of_which_pictures_fall_to_either_side(before: list[int], place: int, more: int) -> None:
    assert not worse(before, before)
    assert not worse([0] * len(before), before)
    lost = [*before]
    lost[place % len(before)] += more
    assert not worse(lost, before)  # one picture may be chance
    assert worse([one + more for one in [*before, 0]], [*before, 0])
    assert worse(before, ())


def test_what_is_saved_is_the_average_of_the_weights(start: Any) -> None:
    training = start("run", ["train.steps=10"])
    run(training)
    assert training.average is not None
    saved = read_weights(training.run.model_file)
    for name, value in training.average.network.state_dict().items():
        assert torch.equal(saved[name], value)
    assert not torch.equal(saved["transcription.head.weight"], training.bare.state_dict()["transcription.head.weight"])


def test_validation_that_gets_no_better_stops_the_run_early(start: Any) -> None:
    training = start("run", ["train.learning_rate=0.0", "train.patience=2", "train.validate_every=2", "train.ema_decay=0.0"])
    training.bare.eval()
    with torch.no_grad():
        training.bare.transcription.head.bias[0] = 1e4  # reads nothing but blanks, whatever batch statistics say
    events = run(training)
    assert events[-1] == Stopped("no better", 6, events[-1].minutes)


def test_data_set_with_broken_samples_is_trained_on_and_they_are_named(start: Any, tmp_path: Path) -> None:
    data = bars(
        tmp_path / "words", 20, broken=[("0.png", "aé"), ("1.png", ""), ("2.png", "a" * 40), ("lost.png", "a"), ("torn.png", "b")]
    )
    (data / "torn.png").write_bytes(encode_png(np.zeros((32, 100), np.uint8))[:60])  # its header is whole
    training = start("run", ["data.render_weight=0", "train.steps=8"], data=[(data, 1.0)], validation=[data])
    messages = "\n".join(training.messages)
    assert "1 of 25 samples skipped: symbol outside the alphabet: 'é' (sample '0.png')" in messages
    assert "1 of 25 samples skipped: empty label: sample '1.png'" in messages
    assert "40 symbols with 39 repeats need 79 frames, the picture gives 25" in messages
    assert "1 of 25 samples skipped: unreadable: sample 'lost.png'" in messages
    assert "of 25 validation samples skipped" in messages
    assert run(training)[-1].step == 8
    assert list(training.stream.skips) == ["torn.png"]
    assert len(training.validation) == 20


def test_renderings_and_data_sets_are_mixed_by_weight(start: Any, tmp_path: Path) -> None:
    training = start("run", ["data.render_weight=3"], data=[(bars(tmp_path / "words", 5), 1.0)])
    source = training.stream.preparation.source
    keys = [source.name(index) for index in range(1000)]
    assert sum(key.startswith("rendered-") for key in keys) == 750


def test_data_set_of_one_sample_is_enough(start: Any, tmp_path: Path) -> None:
    data = bars(tmp_path / "one", 1)
    training = start("run", ["data.render_weight=0", "train.steps=3"], data=[(data, 1.0)], validation=[data])
    assert run(training)[-1].step == 3


def test_data_set_of_which_nothing_can_be_used_is_refused_with_the_reason(start: Any, tmp_path: Path) -> None:
    data = bars(tmp_path / "none", 0, broken=[("a.png", "é"), ("b.png", "é")])
    with pytest.raises(DataError, match=r"none of its 2 samples can be used: .*symbol outside the alphabet: 'é'"):
        start("run", [], data=[(data, 1.0)])


def test_init_from_another_alphabet_copies_head_rows_and_names_new_symbols(start: Any) -> None:
    small = start("small", ["alphabet=bars4", "train.steps=2"])
    run(small)
    assert small.card.alphabet == LOW_BARS
    large = start("large", [], init=small.run.path)
    assert large.messages == [f"starting from {small.run.path}: 4 of 8 symbols keep their head rows; new: A B C D"]
    saved, found = read_weights(small.run.model_file), large.bare.state_dict()
    for name, value in saved.items():
        taken = found[name][:5] if name.startswith("transcription.head") else found[name]
        assert torch.equal(taken, value), name
    assert BARS.symbols[:4] == LOW_BARS.symbols


def test_init_from_the_same_alphabet_takes_all(start: Any, tiny_model: Path) -> None:
    training = start("run", [], init=tiny_model)
    assert training.messages == [f"starting from {tiny_model}"]
    for name, value in read_weights(tiny_model).items():
        assert torch.equal(training.bare.state_dict()[name], value), name


def test_a_run_from_trained_weights_has_no_curriculum(start: Any, tiny_model: Path) -> None:
    assert start("fresh", ["data.curriculum=50"]).recipe.data.curriculum == 50
    training = start("run", ["data.curriculum=50"], init=tiny_model)
    assert training.recipe.data.curriculum == training.run.recipe().data.curriculum == 0


def test_weights_that_a_run_begins_with_are_validated_first_and_kept_where_it_makes_them_worse(
    start: Any, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = iter([validated(0, 0, 1), validated(2, 3, 4)])
    monkeypatch.setattr(Training, "validate", lambda _: next(found))
    training = start("run", ["train.steps=4"], init=tiny_model)
    first, last, _ = run(training)
    assert isinstance(first, Validation)
    assert isinstance(last, Validation)
    assert [(one.step, one.kept) for one in (first, last)] == [(0, True), (4, False)]
    kept = read_weights(training.run.model_file)
    for name, value in read_weights(tiny_model).items():
        assert torch.equal(value, kept[name])


def test_init_from_another_network_is_refused(start: Any, tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="its weights do not fit this recipe: .*; use the recipe it was trained with"):
        start("run", ["backbone.channels=[4, 6, 8, 8, 12, 12, 24]"], init=tiny_model)
    with pytest.raises(ModelFileError, match="holds no model"):
        start("other", [], init=tmp_path)


def test_run_folder_with_a_run_in_it_is_not_overwritten(start: Any) -> None:
    training = start("run", ["train.steps=2"])
    run(training)
    before = training.run.model_file.read_bytes()
    with pytest.raises(RunError, match="holds a run already; add --resume to go on with it, or choose another folder with -o"):
        start("run")
    assert training.run.model_file.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no state of a run"),
        (b"garbage" * 99, "is no state of a run"),
        ({"version": 99}, "is of version 99, this seqrec reads version 1; start the run anew"),
        ({"step": 3}, "is no state of a run"),
        (None, r"has no saved state \(state.pt\)"),
    ],
)
def test_state_that_cannot_be_used_is_one_line(start: Any, content: Any, message: str) -> None:
    training = start("run", ["train.steps=2"])
    run(training)
    state = training.run.state_file
    if content is None:
        state.unlink()
    elif isinstance(content, bytes):
        state.write_bytes(content)
    else:
        torch.save(content, state)
    with pytest.raises(RunError, match=message) as caught:
        start("run", resume=True)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "setting", ["sequence.hidden=8", "train.optimizer=adadelta", "backbone.channels=[4, 6, 8, 8, 12, 12, 20]"]
)
def test_resuming_with_another_network_or_optimizer_is_refused(start: Any, setting: str) -> None:
    run(start("run", ["train.steps=2"]))
    with pytest.raises(RunError, match="does not fit this recipe"):
        start("run", ["train.steps=4", setting], resume=True)


def test_resuming_with_an_average_that_was_not_kept_is_refused(start: Any) -> None:
    run(start("run", ["train.steps=2", "train.ema_decay=0.0"]))
    with pytest.raises(RunError, match="does not fit this recipe"):
        start("run", ["train.steps=4"], resume=True)


def test_model_file_says_how_it_was_trained(start: Any) -> None:
    training = start()
    run(training)
    card = read_card(training.run.model_file)
    assert (card.task, card.plugin, card.alphabet) == ("bars", "seqrec-bars unknown", BARS)
    assert card.recipe == training.recipe
    assert set(card.trained) == {
        "steps", "pictures", "minutes", "sequence_accuracy", "symbol_error_rate", "one_minus_ned"
    }  # fmt: skip
    assert set(card.versions) == {"torch", "seqrec", "seqrec-bars"}


def test_adadelta_trains_as_the_paper_did(start: Any) -> None:
    settings = ["train.optimizer=adadelta", "train.learning_rate=1.0", "train.schedule=constant", "train.warmup_steps=0"]
    training = start("run", [*settings, "train.steps=3"])
    before = training.bare.state_dict()["transcription.head.weight"].clone()
    assert run(training)[-1].step == 3
    assert not torch.equal(training.bare.state_dict()["transcription.head.weight"], before)
    assert training.optimizer.param_groups[0]["rho"] == 0.9


def test_metrics_are_one_object_a_line(start: Any) -> None:
    training = start()
    run(training)
    for line in training.run.metrics_file.read_text().splitlines():
        assert isinstance(json.loads(line), dict)
