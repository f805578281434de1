"""One renderer of `benchmarks/rendering.py`, in a process of its own on one core: draws what it is told to and says how long.

    python benchmarks/rendering_worker.py RENDERER CORE FOLDER

RENDERER is one of `RENDERERS`; the folder has `words.txt` and, for SynthTIGER, what its components read. It answers requests,
one JSON object a line on standard input, with one on standard output. For the peers it imports nothing of seqrec, since it runs
in an environment of theirs.
"""

import contextlib
import json
import os
import random
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

Draw = Callable[[], object]

TRDG_BACKGROUNDS = (0, 1, 3)
"""Noise, white, parts of photographs. Its fourth kind, quasicrystals, takes a hundred times as long and is left out."""


def seqrec_words(folder: Path, difficulty: float) -> Draw:
    """Ours, as the scene-text plugin draws for training."""
    from seqrec_scene_text.alphabets import ascii95
    from seqrec_scene_text.renderer import SceneTextRenderer

    renderer, rng = SceneTextRenderer().configured(ascii95, {"difficulty": difficulty}), np.random.default_rng(0)
    return lambda: renderer.render(rng)


def seqrec_staves(folder: Path, difficulty: float, straighten: bool) -> Draw:
    """Ours, as the sheet-music plugin draws for training; staves are straightened for training too."""
    from seqrec_sheet_music.alphabets import semantic
    from seqrec_sheet_music.renderer import SheetMusicRenderer
    from seqrec_sheet_music.straightening import straightened

    renderer, rng = SheetMusicRenderer().configured(semantic, {"difficulty": difficulty}), np.random.default_rng(0)

    def draw() -> object:
        picture = renderer.render(rng).image
        return straightened(picture) if straighten else picture

    return draw


def trdg(folder: Path, effects: bool) -> Draw:
    """TRDG, 32 pixels high, in its own 100 Latin typefaces: plain, or with what effects it has."""
    warnings.simplefilter("ignore")  # Pillow's, about names that go away
    from trdg.generators import GeneratorFromStrings

    words = (folder / "words.txt").read_text(encoding="utf-8").split()
    random.Random(0).shuffle(words)
    if not effects:
        return partial(next, GeneratorFromStrings(words, size=32))

    def of_kind(background: int, distortion: int) -> Iterator[object]:
        return GeneratorFromStrings(
            words,
            size=32,
            skewing_angle=5,
            random_skew=True,
            blur=1,
            random_blur=True,
            background_type=background,
            distorsion_type=distortion,
            text_color="#000000,#AAAAAA",
            stroke_width=1,
            image_dir=str(folder / "textures"),
        )

    kinds = [of_kind(background, distortion) for background in TRDG_BACKGROUNDS for distortion in range(4)]
    return lambda: next(random.choice(kinds))


def synthtiger(folder: Path, letters_px: tuple[int, int]) -> Draw:
    """SynthTIGER's components with the probabilities and ranges of its published `config_horizontal.yaml`.

    Left out, all in its favour: text behind the text, the search for a way of blending that leaves text visible, places of
    characters, JPEG.
    """
    from synthtiger import components, layers, utils

    maps = {"paths": [str(folder / "greys.txt")], "weights": [1], "alpha": [1, 1], "colorize": 1}
    corpus = components.LengthAugmentableCorpus(
        paths=[str(folder / "words.txt")], weights=[1], min_length=1, max_length=25,
        textcase=["lower", "upper", "capitalize"], augmentation=0.1, augmentation_length=[1, 25],
    )  # fmt: skip
    font = components.BaseFont(paths=[str(folder / "fonts")], weights=[1], size=letters_px, bold=0.5)
    texture = components.Switch(
        components.BaseTexture(), prob=0.5,
        args={"paths": [str(folder / "textures")], "weights": [1], "alpha": [0, 1], "grayscale": 0, "crop": 1},
    )  # fmt: skip
    two_greys, three_greys = components.GrayMap(k=2, **maps), components.GrayMap(k=3, **maps)
    color = components.Gray(gray=[0, 255], alpha=[1, 1], colorize=1)
    shape = components.Selector(
        [components.ElasticDistortion(), components.ElasticDistortion()], weights=[1, 1],
        args=[{"alpha": [15, 30], "sigma": [4, 12]}, {"alpha": [0, 2], "sigma": [0, 0.6]}],
    )  # fmt: skip
    layout = components.Selector(
        [components.FlowLayout(), components.CurveLayout()], weights=[4, 1],
        args=[{"space": [-2, 5], "line_align": ["middle"]},
              {"curve": [20, 40], "space": [-2, 5], "convex": 0.5, "upward": 0.5}],
    )  # fmt: skip
    style = components.Switch(components.Selector(
        [components.TextBorder(), components.TextShadow(), components.TextExtrusion()], weights=[1, 2, 2],
        args=[{"size": [1, 12], "alpha": [1, 1], "grayscale": 0},
              {"distance": [1, 6], "angle": [0, 360], "alpha": [0.3, 0.7], "grayscale": 0},
              {"length": [1, 12], "angle": [0, 360], "alpha": [1, 1], "grayscale": 0}],
    ), prob=0.25)  # fmt: skip
    transform = components.Selector(
        [components.Perspective(), components.Perspective(), components.Trapezoidate(), components.Trapezoidate(),
         components.Skew(), components.Skew(), components.Rotate()], weights=[1, 1, 1, 1, 1, 1, 2],
        args=[{"percents": [[0.5, 1], [1, 1]], "aligns": [[0, 0], [0, 0]]},
              {"percents": [[1, 1], [0.5, 1]], "aligns": [[0, 0], [0, 0]]},
              {"weights": [1, 0, 1, 0], "percent": [0.75, 1], "align": [-1, 1]},
              {"weights": [0, 1, 0, 1], "percent": [0.5, 1], "align": [-1, 1]},
              {"weights": [1, 0], "angle": [0, 30], "ccw": 0.5}, {"weights": [0, 1], "angle": [0, 10], "ccw": 0.5},
              {"angle": [0, 10], "ccw": 0.5}],
    )  # fmt: skip
    fit, pad = components.Fit(), components.Pad(pxs=[[0, 10]] * 4)
    postprocess = components.Iterator(
        [components.Switch(components.AdditiveGaussianNoise()), components.Switch(components.GaussianBlur()),
         components.Switch(components.Resample()), components.Switch(components.MedianBlur())],
        args=[{"prob": 1, "args": {"scale": [4, 8], "per_channel": 0}}, {"prob": 0.9, "args": {"sigma": [0, 2]}},
              {"prob": 0.1, "args": {"size": [0.4, 0.4]}}, {"prob": 1, "args": {"k": [1, 1]}}],
    )  # fmt: skip
    modes = ["normal", "multiply", "screen", "overlay", "hard_light", "soft_light", "dodge", "divide", "addition", "difference",
             "darken_only", "lighten_only"]  # fmt: skip
    np.random.seed(0)  # noqa: NPY002

    def draw() -> object:
        drawn_style = style.sample()
        if drawn_style["state"]:
            ink, ground, edge = three_greys.sample()
            drawn_style["meta"]["meta"]["rgb"] = edge["rgb"]
        else:
            ink, ground = two_greys.sample()
        text = "".join(utils.split_text(corpus.data(corpus.sample()), reorder=True))
        chosen: dict[str, Any] = font.sample({"text": text, "vertical": False})
        letters = [layers.TextLayer(letter, **chosen) for letter in text]
        shape.apply(letters)
        layout.apply(letters, {"meta": {"vertical": False}})
        word = layers.Group(letters).merge()
        color.apply([word], ink)
        texture.apply([word])
        style.apply([word], drawn_style)
        transform.apply([word])
        fit.apply([word])
        pad.apply([word])
        above = word.output()
        below = layers.RectLayer(above.shape[1::-1])
        color.apply([below], ground)
        texture.apply([below])
        together = layers.Layer(utils.blend_image(above, below.output(), mode=random.choice(modes)))
        postprocess.apply([together])
        return together.output()

    return draw


RENDERERS: dict[str, Callable[[Path], Draw]] = {
    **{f"words-{one}": partial(seqrec_words, difficulty=one) for one in (0.0, 0.5, 1.0)},
    **{f"staves-{one}": partial(seqrec_staves, difficulty=one, straighten=False) for one in (0.0, 0.5, 1.0)},
    **{f"straight-{one}": partial(seqrec_staves, difficulty=one, straighten=True) for one in (0.0, 0.5, 1.0)},
    "trdg-plain": partial(trdg, effects=False),
    "trdg-effects": partial(trdg, effects=True),
    "synthtiger": partial(synthtiger, letters_px=(40, 80)),
    "synthtiger-small": partial(synthtiger, letters_px=(36, 36)),
}


def main() -> None:
    """Answer until the input ends: pictures, and seconds of the processor."""
    which, core, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    os.sched_setaffinity(0, {core})  # as `taskset` does
    with contextlib.redirect_stdout(sys.stderr):  # what the peers print is no answer
        draw, failures = RENDERERS[which](folder), 0
    print(json.dumps({"ready": which}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        pictures, processor = 0, time.process_time()
        while pictures < asked["least"] or time.process_time() - processor < asked["seconds"]:
            try:
                draw()
            except Exception:  # the peers cannot draw some words
                failures += 1
                if failures > 100 and failures > pictures:
                    raise
                continue
            pictures += 1
        answer = {"pictures": pictures, "processor_s": time.process_time() - processor, "failures": failures}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
