"""Draws what the shipped reader cannot do, has it read that, and prints the model card's table: `python draw_limits.py`.

The pictures are of seqrec's own renderer, one file a kind, in `images/limits/`. For braille it needs
seqrec-braille beside this plugin.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

import seqrec
from seqrec.interfaces import Picture
from seqrec.pictures import encode_png
from seqrec.rendering import Bend, Font, Warp, camera, degrade, lay_out, scale_and_shift
from seqrec.rendering.dice import Dice

PLUGIN = Path(__file__).parent.parent
FOLDER = PLUGIN / "images" / "limits"
FONTS = PLUGIN / "seqrec_scene_text" / "fonts"
BRAILLE = PLUGIN.parent / "seqrec-braille" / "seqrec_braille" / "noto-sans-symbols-2-braille.woff2"
LETTER_PX = 36
INK, GROUND = 60, 205
SEED = 40_000_003


def line(text: str, font: Path = FONTS / "work-sans-700-normal.woff2", letter_px: int = LETTER_PX) -> Picture:
    """Dark text on bright ground, with a little room around it."""
    mask = lay_out(Font(font), [*text], letter_px).mask.astype(np.float32) / 255
    return np.pad((GROUND + (INK - GROUND) * mask).round().astype(np.uint8), letter_px // 4, constant_values=GROUND)


def stacked(rows: list[Picture]) -> Picture:
    """Pictures one below the other, each in the middle."""
    widest = max(row.shape[1] for row in rows)
    sides = [((widest - row.shape[1]) // 2, -(-(widest - row.shape[1]) // 2)) for row in rows]
    return np.vstack([np.pad(row, ((0, 0), side), constant_values=GROUND) for row, side in zip(rows, sides, strict=True)])


def on_an_arc(text: str, degrees: float) -> Picture:
    """Text along a part of a circle, as on a round label."""
    flat = line(text)
    height, width = flat.shape
    angle = np.deg2rad(degrees)
    radius = width / angle
    outer = radius + height / 2
    columns = round(2 * outer * np.sin(min(angle, np.pi) / 2)) + 16
    rows = round(outer - (radius - height / 2) * np.cos(angle / 2)) + 16
    room = np.pad(flat, height, constant_values=GROUND)
    view = scale_and_shift(1, 1, columns / 2, 8 + height / 2)
    return Warp((width / 2 + height, height * 1.5), Bend(1 / radius), view).picture(room, rows, columns)


LIMITS: dict[str, tuple[str, Callable[[], Picture]]] = {
    "stacked letters": ("HOTEL", lambda: stacked([line(letter) for letter in "HOTEL"])),
    "two lines": ("SLOW / DOWN", lambda: stacked([line("SLOW"), line("DOWN")])),
    "half a circle": ("FRESH COFFEE", lambda: on_an_arc("FRESH COFFEE", 180)),
    "upside down": ("OPEN", lambda: np.rot90(line("OPEN"), 2)),
    "mirrored": ("AMBULANCE", lambda: line("AMBULANCE")[:, ::-1]),
    "accents": ("Señor Müller", lambda: line("Señor Müller")),
    "another script": ("⠃⠗⠁⠊⠇⠇⠑", lambda: line("⠃⠗⠁⠊⠇⠇⠑", BRAILLE)),
    "powers": ("E=mc²", lambda: line("E=mc²")),
    "six pixels high": ("Reading", lambda: degrade.resized(line("Reading"), 6, 22)),
}
"""What it is called, what stands there, and what draws it."""


def main() -> None:
    """Write the pictures and print the table."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    reader = seqrec.load("scene-text")
    print("| what | picture | it says | read as | confidence |\n| --- | --- | --- | --- | --- |")
    for number, (name, (says, draw)) in enumerate(LIMITS.items()):
        dice = Dice(np.random.default_rng(SEED + number), 0.1)
        picture = np.ascontiguousarray(camera.lit(np.ascontiguousarray(draw()), dice))
        file = FOLDER / f"{name.replace(' ', '-')}.png"
        file.write_bytes(encode_png(picture))
        reading = reader.read(file)
        place = f"../../images/limits/{file.name}"
        print(f"| {name} | ![{name}]({place}) | {says} | `{reading.text}` | {reading.confidence:.2g} |")


if __name__ == "__main__":
    main()
