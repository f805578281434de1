"""A run folder: recipe, weights, state, metrics and report of one training run."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from seqrec.errors import RunError
from seqrec.model_file import write_atomically
from seqrec.recipe import Recipe, load_recipe
from seqrec.training.saved_state import load_saved

STATE_VERSION = 1


class RunFolder:
    """The files of one run.

        recipe.toml         the resolved recipe
        model.safetensors   the weights that are kept so far, with everything needed to read with them
        state.pt            optimiser, place in the stream, random state: what `--resume` needs
        metrics.jsonl       one JSON object a line: progress and validations
        report.html         curves and readings

    Args:
        path: The folder; made by `begin`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.recipe_file = path / "recipe.toml"
        self.model_file = path / "model.safetensors"
        self.state_file = path / "state.pt"
        self.metrics_file = path / "metrics.jsonl"

    def refuse_if_used(self) -> None:
        """Nothing, where no run lies here yet.

        Raises:
            RunError: A run lies here already.
        """
        if self.state_file.exists() or self.model_file.exists():
            raise RunError(f"'{self.path}' holds a run already; add --resume to go on with it, or choose another folder with -o")

    def begin(self, recipe: Recipe) -> None:
        """Make the folder and write the recipe.

        Raises:
            RunError: The folder cannot be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.recipe_file.write_text(recipe.to_toml(), encoding="utf-8")
            self.metrics_file.write_text("", encoding="utf-8")
        except OSError as error:
            raise RunError(f"'{self.path}' cannot be written: {error}; choose another folder with -o") from error

    def recipe(self) -> Recipe:
        """The recipe of the run that lies here.

        Raises:
            RunError: No run lies here, or a file of it is a link to one that lies elsewhere and would be written to.
        """
        for file in (self.recipe_file, self.model_file, self.state_file, self.metrics_file, self.path / "report.html"):
            if file.is_symlink() and not file.resolve().is_relative_to(self.path.resolve()):
                raise RunError(f"'{file}' is a link to '{file.resolve()}', outside of the run; put the file itself there")
        if not self.recipe_file.is_file():
            raise RunError(f"'{self.path}' holds no run to resume; start one without --resume")
        return load_recipe(self.recipe_file)

    def save_state(self, state: Mapping[str, Any]) -> None:
        """Write the state; an older one is replaced only when the new one is complete."""
        import io

        buffer = io.BytesIO()
        torch.save({"version": STATE_VERSION, **state}, buffer)
        write_atomically(self.state_file, buffer.getvalue())

    def load_state(self) -> dict[str, Any]:
        """The state that was saved last.

        Raises:
            RunError: None was saved, it is broken, or another version of seqrec wrote it.
        """
        if not self.state_file.is_file():
            raise RunError(f"'{self.path}' has no saved state (state.pt); start the run anew in another folder")
        try:
            state = load_saved(self.state_file)
            version = state["version"]
        except Exception as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise RunError(f"'{self.state_file}' is no state of a run: {reason}; start the run anew in another folder") from error
        if version != STATE_VERSION:
            raise RunError(
                f"'{self.state_file}' is of version {version}, this seqrec reads version {STATE_VERSION}; start the run anew"
            )
        return state

    def log(self, record: Mapping[str, object]) -> None:
        """Append one record to the metrics."""
        with self.metrics_file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def metrics(self) -> Iterator[dict[str, Any]]:
        """The records so far; a last line that was cut off is left out."""
        if not self.metrics_file.is_file():
            return
        for line in self.metrics_file.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue

    def forget_after(self, step: int) -> None:
        """Drop the records of steps that a resumed run will do again."""
        kept = [record for record in self.metrics() if int(record.get("step", 0)) <= step]
        self.metrics_file.write_text("".join(json.dumps(record) + "\n" for record in kept), encoding="utf-8")
