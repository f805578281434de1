"""The running average of weights."""

import pytest
import torch

from seqrec.network import build_network
from seqrec.plugins import Registry
from seqrec.recipe import Recipe
from seqrec.testing.bars import BARS
from seqrec.training.average import Average


def test_average_is_the_one_computed_by_hand(plugins: Registry, tiny_recipe: Recipe) -> None:
    torch.manual_seed(1)
    network = build_network(tiny_recipe, BARS, plugins)
    average = Average(network, decay=0.5)
    name = "transcription.head.weight"
    expected = network.state_dict()[name].clone()
    for steps in range(1, 20):
        for parameter in network.parameters():
            parameter.data.add_(torch.randn_like(parameter))
        average.update(network, steps)
        keep = min(0.5, (1 + steps) / (10 + steps))
        expected = keep * expected + (1 - keep) * network.state_dict()[name]
    torch.testing.assert_close(average.network.state_dict()[name], expected)


def test_average_takes_batch_statistics_and_counters_along(plugins: Registry, tiny_recipe: Recipe) -> None:
    network = build_network(tiny_recipe, BARS, plugins)
    average = Average(network, decay=0.9)
    counters = [name for name in network.state_dict() if name.endswith("num_batches_tracked")]
    assert counters
    for value in network.state_dict().values():
        value.fill_(10)
    average.update(network, 1)
    found = average.network.state_dict()
    assert all(found[name] == 10 for name in counters)
    assert found["backbone.stages.0.norm.running_mean"][0].item() == pytest.approx(10 * (1 - 2 / 11))


def test_average_is_not_trained(plugins: Registry, tiny_recipe: Recipe) -> None:
    average = Average(build_network(tiny_recipe, BARS, plugins), decay=0.9)
    assert not average.network.training
    assert not any(parameter.requires_grad for parameter in average.network.parameters())
