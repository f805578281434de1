"""`seqrec train` in processes of its own: Ctrl-C, resuming, two processes, and one line for what is wrong."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from seqrec.cli.train import CORE_RECIPES, _init_path
from seqrec.model_file import read_card
from seqrec.plugins import Registry
from seqrec.recipe import Recipe, load_recipe

SEQREC = [sys.executable, "-m", "seqrec"]


@pytest.fixture
def recipe_file(tmp_path: Path, tiny_recipe: Recipe) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(tiny_recipe.to_toml())
    return path


def train(environment: Mapping[str, str], *options: str | Path) -> subprocess.CompletedProcess[str]:
    command = [*SEQREC, "train", *map(str, options)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def waited_for(path: Path, process: "subprocess.Popen[str]") -> None:
    """Until a file has something in it."""
    for _ in range(600):
        if path.is_file() and path.stat().st_size:
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    raise AssertionError(f"{path} stayed empty")


def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path: Path, recipe_file: Path, bars_environment: Mapping[str, str]) -> None:
    run = tmp_path / "run"
    command = [*SEQREC, "train", "--task", "bars", "--recipe", str(recipe_file), "--steps", "100000", "-o", str(run)]
    with subprocess.Popen(
        [*command, "--set", "data.workers=1"], env=bars_environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            waited_for(run / "metrics.jsonl", process)
            process.send_signal(signal.SIGINT)
            out, told = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in told
    assert told.splitlines()[-1] == f"stopped and saved; go on with: seqrec train --task bars -o {run} --resume"
    saved = torch.load(run / "state.pt", weights_only=True)["step"]
    assert saved > 0

    done = train(bars_environment, "--task", "bars", "-o", run, "--resume", "--steps", str(saved + 20))
    assert done.returncode == 0, done.stderr
    assert f"finished after {saved + 20:,} steps" in done.stderr
    steps = [json.loads(line)["step"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert steps == sorted(steps)
    assert steps[-1] == saved + 20
    for name in ("recipe.toml", "model.safetensors", "state.pt", "report.html"):
        assert (run / name).is_file(), name


def test_run_folder_in_use_is_one_line(tmp_path: Path, recipe_file: Path, seqrec: Callable[..., Any]) -> None:
    (tmp_path / "state.pt").write_bytes(b"of an earlier run")
    found = seqrec("train", "--task", "bars", "--recipe", recipe_file, "-o", tmp_path)
    expected = f"'{tmp_path}' holds a run already; add --resume to go on with it, or choose another folder with -o"
    assert (found.code, found.out) == (2, "")
    assert found.err.splitlines()[-1] == f"error: {expected}"


def test_state_of_another_version_is_one_line(tmp_path: Path, recipe_file: Path, seqrec: Callable[..., Any]) -> None:
    (tmp_path / "recipe.toml").write_text(recipe_file.read_text())
    torch.save({"version": 99}, tmp_path / "state.pt")
    found = seqrec("train", "-o", tmp_path, "--resume")
    assert found.code == 2
    assert found.err.splitlines()[-1] == (
        f"error: '{tmp_path / 'state.pt'}' is of version 99, this seqrec reads version 1; start the run anew"
    )
    assert "Traceback" not in found.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "say what to train: --task T, as `seqrec plugins list` names it"),
        (["--task", "barz"], "no task 'barz'; did you mean 'bars'?"),
        (["--task", "bars", "--recipe", "quik"], "task 'bars' has no recipe 'quik'; known: fast, paper; or give a TOML file"),
        (["--task", "bars", "--recipe", "no.toml"], "no.toml: no recipe can be read there: "),
        (["--task", "bars", "--steps", "5", "--minutes", "1"], "a run has one length: give --steps or --minutes, not both"),
        (["--task", "bars", "--set", "train.learning_rte=1"],
         "unknown key 'train.learning_rte'; did you mean 'train.learning_rate'?"),
        (["--task", "bars", "--set", "renderer.noize=1"], "unknown key 'renderer.noize'; did you mean 'noise'?"),
        (["--task", "bars", "--set", "alphabet=bars5"], "task 'bars' has no alphabet 'bars5'; did you mean"),
        (["--task", "bars", "--device", "tpu"], "device 'tpu'"),
        (["--task", "bars", "--data", "nowhere"], "'nowhere': no such file or folder; check the path of the data set"),
        (["--task", "bars", "--data", "words=many"], "data set 'words=many': 'many' is no number; write PATH or PATH=WEIGHT"),
        (["--task", "bars", "--data", "words=0"], "data set 'words=0': a weight is above 0; leave the data set out instead"),
        (["--task", "bars", "--val", "nowhere"], "'nowhere': no such file or folder; check the path of the data set"),
        (["--task", "bars", "--init", "pretrained"], "--init pretrained: task 'bars' ships no reader"),
        (["--task", "bars", "--init", "bars"], "--init bars: task 'bars' ships no reader; give a model file or run folder"),
        (["--task", "bars", "--init", "nowhere"], "'nowhere' holds no model; expected a model.safetensors or a run folder"),
        (["--resume"], "--resume needs the run folder: -o RUN"),
        (["--resume", "-o", "nowhere"], "'nowhere' holds no run to resume; start one without --resume"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line_and_exit_code_2(
    options: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seqrec: Callable[..., Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    found = seqrec("train", *options)
    assert (found.code, found.out) == (2, "")
    (line,) = found.err.splitlines()
    assert line.startswith("error: ")
    assert message in line


def test_resumed_run_of_another_task_is_refused(tmp_path: Path, recipe_file: Path, seqrec: Callable[..., Any]) -> None:
    (tmp_path / "recipe.toml").write_text(recipe_file.read_text())
    found = seqrec("train", "--task", "words", "-o", tmp_path, "--resume")
    assert (found.code, found.err) == (2, f"error: the run in '{tmp_path}' is of task 'bars', not 'words'\n")


@pytest.mark.slow
def test_two_processes_make_one_run(tmp_path: Path, recipe_file: Path, bars_environment: Mapping[str, str]) -> None:
    run = tmp_path / "run"
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "seqrec"]
    options = ["train", "--task", "bars", "--recipe", str(recipe_file), "--device", "cpu", "-o", str(run)]
    environment = {**bars_environment, "GLOO_SOCKET_IFNAME": "lo"}
    done = subprocess.run([*launcher, *options], env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    assert "cpu × 2" in done.stderr
    assert done.stderr.count("finished after 20 steps, 320 pictures") == 1
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [(record["event"], record["step"]) for record in records] == [("validation", 10), ("train", 20), ("validation", 20)]
    state = torch.load(run / "state.pt", weights_only=True)
    assert len(state["places"]) == len(state["random"]) == 2
    assert read_card(run / "model.safetensors").trained["pictures"] in (160, 320)
    assert sorted(os.listdir(tmp_path)) == ["run", "tiny.toml"]

    resumed = subprocess.run(
        [*launcher, "train", "-o", str(run), "--resume", "--steps", "24", "--device", "cpu"],
        env=environment, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert resumed.returncode == 0, resumed.stderr
    assert "finished after 24 steps, 384 pictures" in resumed.stderr
    alone = train(bars_environment, "-o", run, "--resume", "--steps", "30")
    assert alone.returncode == 2
    assert "was saved by 2 processes and 1 would go on; start as many as before" in alone.stderr


def test_init_may_name_another_task_that_ships_a_reader_unless_a_path_is_called_so(
    plugins: Registry, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipping = dataclasses.replace(plugins.task("bars"), weights=tiny_model)
    monkeypatch.setitem(plugins.tasks._offers["bars"], "seqrec-bars", shipping)
    monkeypatch.chdir(tmp_path)
    assert _init_path("bars", plugins, "dots") == tiny_model
    assert _init_path("pretrained", plugins, "bars") == tiny_model
    assert _init_path("runs/first", plugins, "bars") == Path("runs/first")
    assert _init_path("", plugins, "bars") is None
    (tmp_path / "bars").mkdir()
    assert _init_path("bars", plugins, "dots") == Path("bars")


def test_init_without_a_recipe_builds_the_network_of_the_model(
    tmp_path: Path, tiny_model: Path, seqrec: Callable[..., Any]
) -> None:
    small = ["--set", "data.chunk=32", "--set", "data.held_out=8", "--set", "data.workers=0", "--set", "train.batch_size=8"]
    run = tmp_path / "run"
    found = seqrec("train", "--task", "bars", "--init", tiny_model, "--steps", "1", "-o", run, *small)
    assert found.code == 0, found.err
    assert f"starting from {tiny_model}" in found.err
    model, made = read_card(tiny_model).recipe, load_recipe(run / "recipe.toml")
    assert (made.picture, made.backbone, made.sequence) == (model.picture, model.backbone, model.sequence)
    assert made.train.learning_rate == load_recipe(CORE_RECIPES / "fast.toml").train.learning_rate

    other = seqrec(
        "train", "--task", "bars", "--init", tiny_model, "--recipe", "fast", "--steps", "1", "-o", tmp_path / "x", *small
    )
    assert other.code == 2
    assert "its weights do not fit this recipe" in other.err
