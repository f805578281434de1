"""The command line with an installed task: it draws, trains two steps, and reads what it drew."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from seqrec.task import Task
from seqrec.testing.learning import SMALL
from seqrec.testing.promise import needs_torch, require

_TINY = ("data.chunk=16", "data.reuse=1", "data.workers=0", "data.held_out=4", "train.batch_size=4", "train.validate_every=2")
_TIMEOUT_S = 300


def try_commands(task: Task) -> None:
    """Nothing, if `seqrec` finds an installed task, draws for it, trains it for two steps, and reads a picture.

    Raises:
        CheckError: A command fails; the message holds its last line.
        unittest.SkipTest: torch is not installed.
    """
    needs_torch()
    listed = json.loads(_run("plugins", "list", "--json"))
    installed = [offer["name"] for offer in listed["offers"] if offer["kind"] == "task"]
    require(
        task.name in installed,
        f"it is not installed (tasks that are: {', '.join(installed) or 'none'}); install its plugin: pip install -e .",
    )
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        data: list[str] = []
        if task.renderer:
            _run("render", "--task", task.name, "--count", "2", "--sheet", str(folder / "sheet.png"))
            require((folder / "sheet.png").stat().st_size > 0, "`seqrec render` draws an empty sheet")
            _run("render", "--task", task.name, "--count", "8", "-o", str(folder / "drawn"))
            pictures = folder / "drawn"
        else:
            require(task.samples is not None, "it has neither a renderer nor sample pictures to train on")
            assert task.samples is not None
            pictures = task.samples
            data = ["--data", str(pictures), "--val", str(pictures)]
        settings = [word for setting in (*SMALL, *_TINY) for word in ("--set", setting)]
        run = folder / "run"
        _run("train", "--task", task.name, "--steps", "2", "-o", str(run), "--device", "cpu", *data, *settings)
        picture = folder / "picture.png"
        picture.write_bytes(_first(pictures))
        line = _run("recognize", "--model", str(run), str(picture), "--format", "jsonl", "--device", "cpu")
        require("text" in json.loads(line), f"`seqrec recognize` gives no reading: {line}")


def _first(path: Path) -> bytes:
    from seqrec.data.readers import open_dataset

    return open_dataset(path).encoded(0)


def _run(*words: str) -> str:
    """What a command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "seqrec", *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=_TIMEOUT_S,
        check=False,
    )
    last = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
    require(done.returncode == 0, f"`seqrec {' '.join(words)}` ends with exit code {done.returncode}: {last}")
    return done.stdout
