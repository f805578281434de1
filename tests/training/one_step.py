"""One step of training as `torchrun` starts it: each process writes down its batch, its gradient and what it started from.

python -m torch.distributed.run --nproc-per-node 2 tests/training/one_step.py RECIPE FOLDER
"""

import sys
from pathlib import Path

import torch

from seqrec import builtin
from seqrec.plugins import build_registry
from seqrec.recipe import load_recipe
from seqrec.testing import bars
from seqrec.training import begin


def main() -> None:
    recipe, folder = load_recipe(Path(sys.argv[1])), Path(sys.argv[2])
    plugins = build_registry([("seqrec", "", lambda: builtin), ("seqrec-bars", "1.0", lambda: bars)])
    training = begin(recipe, folder / "run", plugins, device="cpu")
    weights = {name: value.clone() for name, value in training.bare.state_dict().items()}
    gradients: dict[str, torch.Tensor] = {}

    def keep(*_: object) -> None:
        found = {name: weight.grad for name, weight in training.bare.named_parameters()}
        gradients.update({name: gradient.clone() for name, gradient in found.items() if gradient is not None})

    training.optimizer.optimizer.register_step_pre_hook(keep)
    with training.stream:
        batch, _ = next(training.stream.batches())
    training.learn(batch)
    arrays = {"images": batch.images, "widths": batch.widths, "targets": batch.targets}
    arrays |= {"target_lengths": batch.target_lengths, "centres": batch.centres}
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    seen = {"weights": weights, "gradients": gradients, "batch": tensors, "padded": batch.padded}
    torch.save(seen, folder / f"{training.fabric.global_rank}.pt")
    training.part()


if __name__ == "__main__":
    main()
