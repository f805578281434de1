"""Draws the sample pictures of the plugin: words and typefaces that training never draws."""

from pathlib import Path

from seqrec.data.sources import RenderedSource
from seqrec.pictures import encode_png
from seqrec_scene_text.alphabets import ascii95
from seqrec_scene_text.renderer import SceneTextRenderer

FOLDER = Path(__file__).parent.parent / "seqrec_scene_text" / "samples"
SEED = 20_000_003
OPTIONS = {"difficulty": 0.25, "words": 12_000, "min_length": 3, "max_length": 8, "letters_only": True}
COUNT = 24


def main() -> None:
    """Write `sample-NN.png` and `gt.txt`."""
    FOLDER.mkdir(exist_ok=True)
    source = RenderedSource(SceneTextRenderer().configured(ascii95, OPTIONS).held_out(), SEED)
    lines = []
    for number in range(COUNT):
        drawn = source.sample(number)
        name = f"sample-{number + 1:02d}.png"
        (FOLDER / name).write_bytes(encode_png(drawn.image))
        lines.append(f"{name}\t{drawn.label}\n")
    (FOLDER / "gt.txt").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
