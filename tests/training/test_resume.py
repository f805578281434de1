"""A run that was cut goes on as if it had not been, and only with what fits it."""

from typing import Any

import pytest
import torch

from seqrec.errors import RunError
from seqrec.model_file import read_weights
from seqrec.training import Stopped
from seqrec.training.saved_state import load_saved
from tests.training.runs import run, told, validated


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
