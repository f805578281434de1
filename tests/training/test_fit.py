"""Training in this process: it learns, it says what it does, and it keeps the right weights."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqrec.model_file import read_card, read_weights
from seqrec.plugins import Registry
from seqrec.recognizer import load
from seqrec.testing.bars import BARS
from seqrec.training import Progress, Stopped, Validation
from seqrec.training.training import worse
from tests.training.runs import bars, run, validated


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
