"""The running average of weights that is validated and saved."""

import copy

import torch

from seqrec.network import Network


class Average:
    """An exponential moving average of a network's weights, and of its batch statistics.

    Args:
        network: Whose weights it starts from.
        decay: Share of the old average that a step keeps, 0..1; the first steps keep less, so that fresh weights are
            forgotten soon.

    Source:
        Polyak averaging; the ramp (1 + n) / (10 + n) as in TensorFlow's ExponentialMovingAverage.
    """

    def __init__(self, network: Network, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, network: Network, steps: int) -> None:
        """Take in the weights after `steps` steps."""
        keep = min(self.decay, (1 + steps) / (10 + steps))
        mine, theirs = self.network.state_dict(), network.state_dict()
        floats = [name for name, value in theirs.items() if value.is_floating_point()]
        torch._foreach_lerp_([mine[name] for name in floats], [theirs[name] for name in floats], 1.0 - keep)
        for name in theirs.keys() - set(floats):
            mine[name].copy_(theirs[name])
