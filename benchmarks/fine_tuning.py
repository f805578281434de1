"""Fine-tuning as the how-to says it: from a few hundred pictures of words that no renderer of ours drew.

    python benchmarks/fine_tuning.py -o measured/fine-tuning [--count 1000] [--minutes 5]

TRDG draws them, English words for the same symbols, German ones for another language's letters; it is installed into an
environment of its own, as `benchmarks/rendering.py` does. Four in ten pictures are trained on, one in ten is for validation, the
rest is read before and after.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from decoding_measure import table
from fontTools.ttLib import TTFont
from rendering import PACKAGES
from rounds import ENVIRONMENTS, environment, preface

HERE = Path(__file__).parent
PARTS = "train=0.4,val=0.1,test=0.5"
WORDS = {"english": "en.txt", "german": "de.txt"}
"""What a set is called, and TRDG's list of its words."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÜabcdefghijklmnopqrstuvwxyzäöüß'-."
"""A typeface is taken that has them all."""
TUNED = ("--set", "train.learning_rate=0.0005", "--set", "train.guide_steps=0")


class Trial:
    """Commands of seqrec in one folder.

    Args:
        folder: For all that is made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.packages = folder / "packages"  # a plugin installed there is found without being in this environment

    def run(self, *command: str) -> None:
        """One command, as a user types it."""
        print("$ seqrec", *command, file=sys.stderr, flush=True)
        path = os.pathsep.join([str(self.packages), os.environ.get("PYTHONPATH", "")])
        variables: Mapping[str, str] = {**os.environ, "PYTHONPATH": path}
        subprocess.run([sys.executable, "-m", "seqrec", *command], check=True, env=variables, cwd=self.folder, stdout=sys.stderr)

    def right(self, name: str, *reader: str) -> list[str]:
        """Words read right of a set's test part, and symbol errors, in percent."""
        self.run("evaluate", *reader, "--data", f"{name}/parts/test", "--report", f"{name}/report")
        (found,) = json.loads((self.folder / name / "report" / "evaluation.json").read_text(encoding="utf-8"))["evaluations"]
        return [f"{100 * found[rate]:.1f}" for rate in ("sequence_accuracy", "symbol_error_rate")]

    def plugin(self, name: str) -> str:
        """A task whose symbols are those of a set's labels."""
        self.run("plugins", "new", f"{name}-words", "--data", f"{name}/parts/train")
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", self.packages]
        subprocess.run([*pip, self.folder / f"{name}-words"], check=True)
        return f"{name}-words"

    def tune(self, name: str, task: str, init: str, minutes: float) -> str:
        """The folder of a run on a set's part for training."""
        data = ("--data", f"{name}/parts/train", "--val", f"{name}/parts/val")
        self.run("train", "--task", task, "--init", init, *data, *TUNED, "--minutes", str(minutes), "-o", f"runs/{name}")
        return f"runs/{name}"


def drawn(folder: Path, name: str, count: int) -> None:
    """A set of pictures by TRDG, split."""
    needs, alone = PACKAGES["trdg"]
    python = environment(ENVIRONMENTS / "trdg", needs, alone)
    (package,) = (ENVIRONMENTS / "trdg").glob("lib/python3*/site-packages/trdg")
    fonts = [str(file) for file in sorted((package / "fonts" / "latin").glob("*.ttf")) if _has_all(file)]
    words = str(package / "dicts" / WORDS[name])
    request = json.dumps({"words": words, "fonts": fonts, "count": count, "folder": str(folder / name / "drawn")})
    subprocess.run([python, HERE / "fine_tuning_worker.py", request], check=True)


def _has_all(file: Path) -> bool:
    """Whether a typeface has all letters."""
    known = TTFont(file).getBestCmap()
    return all(ord(letter) in known for letter in LETTERS)


def main() -> None:
    """Draw, tune, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for everything; a new one")
    parser.add_argument("--count", type=int, default=1000, help="pictures of each language")
    parser.add_argument("--minutes", type=float, default=5.0, help="of each training")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True)
    trial = Trial(chosen.out.resolve())
    rows = []
    for name in WORDS:
        drawn(trial.folder, name, chosen.count)
        trial.run("data", "split", f"{name}/drawn", "-o", f"{name}/parts", "--parts", PARTS)
        before = trial.right(name, "--task", "scene-text")
        task, init = ("scene-text", "pretrained") if name == "english" else (trial.plugin(name), "scene-text")
        after = trial.right(name, "--model", trial.tune(name, task, init, chosen.minutes))
        rows.append([name, f"{round(0.4 * chosen.count):,}", *before, *after])
    print(
        preface(("seqrec", "torch"), f"{chosen.minutes:g} minutes each; test part of {round(0.5 * chosen.count):,} pictures.\n")
    )
    header = ("words", "trained on", "right before, %", "symbol errors, %", "right after, %", "symbol errors, %")
    print(*table(header, rows), sep="\n")


if __name__ == "__main__":
    main()
