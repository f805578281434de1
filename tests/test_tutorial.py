"""The tutorial "Your own symbols", done as it stands, with a short training."""

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
TUTORIAL = (ROOT / "docs" / "tutorial" / "your-own-symbols.md").read_text(encoding="utf-8")
SHORT = "--steps 30 --set data.chunk=64 --set data.workers=0 --set data.held_out=16 --set backbone.channels=[8,12,16,16,24,24,32]"


def in_environment(python: Path, command: str, folder: Path) -> str:
    """What a command prints in a virtual environment; its programs are found as after activation."""
    words = shlex.split(command)
    module = {"seqrec": "seqrec", "pip": "pip", "pytest": "pytest"}[words[0]]
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    environment.pop("SEQREC_PLUGINS", None)
    done = subprocess.run(
        [str(python), "-m", module, *words[1:]],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


@pytest.mark.slow
def test_tutorial_does_what_it_says(tmp_path: Path, new_environment: Any) -> None:
    python = new_environment(tmp_path / "environment")
    commands = re.findall(r"^\$ (.*)$", TUTORIAL, flags=re.MULTILINE)
    assert len(commands) == 9
    told: dict[str, str] = {}
    for command in commands:
        if command.startswith("seqrec recognize"):
            write_a_picture(python, tmp_path)
        command = re.sub(r"--minutes \d+", SHORT, command)
        command = command.replace("pip install", "pip install --no-deps --no-build-isolation --no-index")
        told[command.split(" ")[1]] = in_environment(python, command, tmp_path)
    assert "my-digits" in told["plugins"]
    assert (tmp_path / "sheet.png").is_file()
    assert "500" in told["evaluate"]
    assert told["recognize"].startswith("picture.png\t")
    written = (tmp_path / "my-digits" / "seqrec_my_digits" / "__init__.py").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```python\n(.*?)```", TUTORIAL, flags=re.DOTALL)
    assert shown.strip() in written
    tree = re.findall(r"([\w.-]+\.\w+)(?: {2,}|\n)", TUTORIAL.partition("```text")[2].partition("```")[0])
    names = {path.name for path in (tmp_path / "my-digits").rglob("*")}
    assert {name.rpartition("/")[2] for name in tree} <= names


def write_a_picture(python: Path, folder: Path) -> None:
    """A line of digits that the plugin draws."""
    code = (
        "import numpy as np; from seqrec.pictures import encode_png; from seqrec_my_digits import seqrec_tasks; "
        "open('picture.png', 'wb').write(encode_png(seqrec_tasks()[0].renderer.render(np.random.default_rng(5)).image))"
    )
    subprocess.run([str(python), "-c", code], cwd=folder, check=True, timeout=120)
