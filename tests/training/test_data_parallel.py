"""Several processes that train together: their gradient is that of one over all their batches, and they share the cores."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from seqrec.network import build_network
from seqrec.plugins import Registry
from seqrec.recipe import Recipe
from seqrec.testing.bars import BARS
from seqrec.training.setup import drawing_workers


@pytest.mark.slow
def test_gradient_of_two_processes_is_that_of_one_over_both_their_batches(
    tmp_path: Path, tiny_recipe: Recipe, plugins: Registry, bars_environment: Mapping[str, str]
) -> None:
    recipe = tiny_recipe.with_settings(["train.guide_steps=10", "train.clip_norm=0.0"])
    (tmp_path / "recipe.toml").write_text(recipe.to_toml())
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    step = [str(Path(__file__).with_name("one_step.py")), str(tmp_path / "recipe.toml"), str(tmp_path)]
    environment = {**bars_environment, "GLOO_SOCKET_IFNAME": "lo"}
    done = subprocess.run([*launcher, *step], env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr

    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    assert not torch.equal(first["batch"]["targets"], second["batch"]["targets"])  # each has pictures of its own
    network = build_network(recipe, BARS, plugins)
    for process in (first, second):
        network.load_state_dict(first["weights"])  # batch norm's running statistics too: they are each process's own
        loss, guidance = network(**process["batch"], padded=process["padded"])
        ((loss + guidance) / 2).backward()  # accumulates
    gradients = {name: weight.grad for name, weight in network.named_parameters()}
    assert first["gradients"].keys() == gradients.keys()
    for name, gradient in gradients.items():
        assert gradient is not None
        assert gradient.abs().max() > 1e-4, name
        assert torch.equal(first["gradients"][name], second["gradients"][name]), name
        torch.testing.assert_close(first["gradients"][name], gradient, rtol=0, atol=1e-5, msg=name)


def test_processes_of_a_machine_share_its_cores_for_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    assert [drawing_workers(-1, processes) for processes in (1, 8, 16, 64)] == [16, 2, 1, 1]
    assert [drawing_workers(asked, 8) for asked in (0, 5)] == [0, 5]
