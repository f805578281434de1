"""Words and staves a second of one core: our renderers by difficulty, beside TRDG and SynthTIGER.

    python benchmarks/rendering.py [--rounds 5] [--seconds 3] [--core 0] [--no-peers]

Needs, for its first run, a package index: each peer is installed into an environment of its own below `--environments`, with the
Pillow of its time. Every renderer is a process held to the same core, which waits while another one draws; ratios are those of
one round. Seconds are the processor's, so that other work on the machine matters little.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from decoding_measure import table
from PIL import Image
from rounds import ENVIRONMENTS, Worker, environment, preface, ratios, spread

from seqrec_scene_text.words import english

WORKER = Path(__file__).with_name("rendering_worker.py")
DIFFICULTIES = (0.0, 0.5, 1.0)
OF_THAT_TIME = [
    "pillow==9.5.0",
    "numpy==1.23.5",
    "opencv-python-headless==4.8.1.78",
    "arabic-reshaper==2.1.3",
    "python-bidi==0.4.2",
]
PACKAGES = {
    "trdg": ([*OF_THAT_TIME, "tqdm", "requests", "beautifulsoup4"], ["trdg==1.8.0", "wikipedia==1.4.0", "diffimg==0.2.3"]),
    "synthtiger": (
        [*OF_THAT_TIME, "scipy==1.11.4", "scikit-image==0.21.0", "imageio", "six", "matplotlib<3.9", "shapely<2.1", "blend-modes",
         "fonttools", "pygame", "pytweening", "pyyaml", "regex"],
        ["imgaug==0.4.0", "synthtiger==1.2.1"],
    ),
}  # fmt: skip
"""Peer → its needs, in versions that it works with, and what is installed without asking for more."""
PEERS = {
    "trdg-plain": "TRDG 1.8.0, no effects",
    "trdg-effects": "TRDG 1.8.0, with effects",
    "synthtiger": "SynthTIGER 1.2.1, letters of 40 to 80 pixels",
    "synthtiger-small": "SynthTIGER 1.2.1, letters of 36 pixels",
}
WARM_UP_S = 3.0
"""Typefaces are loaded and glyphs drawn when they are first used."""
TEXTURE_PX = 400


def material(folder: Path, theirs: Path) -> None:
    """What the peers read: our English words, TRDG's typefaces and photographs, and greys by chance.

    Args:
        folder: Where to.
        theirs: TRDG's package.
    """
    (folder / "words.txt").write_text("\n".join(english()) + "\n", encoding="utf-8")
    rng = np.random.default_rng(0)
    lines = (
        " ".join(f"{rng.uniform(0, 255):.1f} {rng.uniform(1, 20):.1f}" for _ in range(k)) for k in (2, 3) for _ in range(500)
    )
    (folder / "greys.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name in ("fonts", "textures"):
        (folder / name).mkdir()
    for file in sorted((theirs / "fonts" / "latin").glob("*.ttf")):
        (folder / "fonts" / file.name).symlink_to(file)
        (folder / "fonts" / f"{file.stem}.txt").write_text("".join(map(chr, range(33, 127))), encoding="utf-8")
    for file in sorted((theirs / "images").glob("*.jpg")):
        picture = Image.open(file).convert("RGB")
        picture.thumbnail((TEXTURE_PX, TEXTURE_PX))  # they are decoded for each word: large ones would count against it
        picture.save(folder / "textures" / file.name)


def peers(environments: Path) -> dict[str, Path]:
    """Peer → its interpreter; without those that cannot be installed here."""
    found = {}
    for name, (needs, alone) in PACKAGES.items():
        try:
            found[name] = environment(environments / name, needs, alone)
        except subprocess.CalledProcessError as error:
            print(f"{name} cannot be installed: {error}", file=sys.stderr)
    return found


def rates(workers: Sequence[Worker], rounds: int, seconds: float) -> list[list[float]]:
    """Pictures a second of each renderer in each round."""
    for worker in workers:
        worker.ask(least=20, seconds=WARM_UP_S)
    measured: list[list[float]] = [[] for _ in workers]
    for number in range(rounds):
        for worker, own in zip(workers, measured, strict=True):
            answer = worker.ask(least=3, seconds=seconds)
            own.append(answer["pictures"] / answer["processor_s"])
            if answer["failures"]:
                print(f"{worker.name}: {answer['failures']} words failed so far", file=sys.stderr)
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    return measured


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of the processor for each renderer in each round")
    parser.add_argument("--core", type=int, default=0, help="which core all of them are held to")
    parser.add_argument("--no-peers", action="store_true", help="ours alone; no package index is needed then")
    parser.add_argument("--environments", type=Path, default=ENVIRONMENTS)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)

        def started(which: str, name: str, python: Path = Path(sys.executable)) -> Worker:
            return Worker(name, [python, WORKER, which, str(chosen.core), folder], {"OMP_NUM_THREADS": "1"})

        ours = [started(f"words-{one}", f"seqrec, difficulty {one:g}") for one in DIFFICULTIES]
        interpreters = {} if chosen.no_peers else peers(chosen.environments)
        if "trdg" in interpreters:
            (theirs,) = (chosen.environments / "trdg").glob("lib/python3*/site-packages/trdg")
            material(folder, theirs)
        theirs_started = [
            started(which, name, interpreters[which.partition("-")[0]])
            for which, name in PEERS.items()
            if which.partition("-")[0] in interpreters and "trdg" in interpreters
        ]
        staves = [
            started(f"{kind}-{one}", f"seqrec, difficulty {one:g}{', straightened' if kind == 'straight' else ''}")
            for kind in ("staves", "straight")
            for one in DIFFICULTIES
        ]
        words = [*ours, *theirs_started]
        measured = rates([*words, *staves], chosen.rounds, chosen.seconds)
        for worker in [*words, *staves]:
            worker.stop()
    about = f"One core, {chosen.rounds} rounds of {chosen.seconds:g} s of the processor each; median (least–greatest)."
    print(preface(("seqrec", "pillow", "opencv-python-headless", "numpy"), about))
    of_words, of_staves = measured[: len(words)], measured[len(words) :]
    rows = [[worker.name, spread(own, 0 if min(own) > 100 else 1)] for worker, own in zip(words, of_words, strict=True)]
    print(*table(("words", "words/s"), rows), sep="\n")
    if theirs_started:
        rows = [
            [worker.name, *(ratios(own, other) for other in of_words[len(ours) :])]
            for worker, own in zip(ours, of_words, strict=False)
        ]
        print(*table(("times as many as", *(worker.name for worker in theirs_started)), rows), sep="\n")
    rows = [[worker.name, spread(own)] for worker, own in zip(staves, of_staves, strict=True)]
    print(*table(("staves", "staves/s"), rows), sep="\n")


if __name__ == "__main__":
    main()
