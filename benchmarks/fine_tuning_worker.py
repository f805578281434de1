"""Draws words with TRDG, in an environment of its own: `python fine_tuning_worker.py '{"words": …, "fonts": …, "count": …}'`."""

import json
import random
import sys
import warnings
from pathlib import Path


def main() -> None:
    """Pictures with effects, each beside its text."""
    warnings.simplefilter("ignore")  # Pillow's, about names that go away
    from trdg.generators import GeneratorFromStrings

    asked = json.loads(sys.argv[1])
    lines = Path(asked["words"]).read_text(encoding="utf-8").split()
    random.seed(0)
    words = random.sample([word for word in lines if 2 < len(word) < 16], asked["count"])
    folder = Path(asked["folder"])
    folder.mkdir(parents=True)
    looks = {"skewing_angle": 5, "random_skew": True, "blur": 1, "random_blur": True, "text_color": "#000000,#AAAAAA", "size": 40}
    kinds = [
        GeneratorFromStrings(words, fonts=asked["fonts"], background_type=background, distorsion_type=distortion, **looks)
        for background in (0, 1)
        for distortion in range(3)
    ]
    for number, word in enumerate(words):
        kind = kinds[number % len(kinds)]
        kind.generated_count = number  # the word that it draws next
        picture, text = next(kind)
        assert text == word
        picture.convert("RGB").save(folder / f"{number:04}.png")
        (folder / f"{number:04}.gt.txt").write_text(word, encoding="utf-8")


if __name__ == "__main__":
    main()
