"""A run to begin with."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from seqrec.plugins import Registry
from seqrec.recipe import Recipe
from seqrec.training import begin
from seqrec.training.training import Training


@pytest.fixture
def start(tmp_path: Path, plugins: Registry, tiny_recipe: Recipe) -> Any:
    """Begin a run of the tiny recipe with some settings changed."""

    def starting(name: str = "run", settings: Sequence[str] = (), **options: Any) -> Training:
        return begin(tiny_recipe.with_settings(settings), tmp_path / name, plugins, device="cpu", **options)

    return starting
