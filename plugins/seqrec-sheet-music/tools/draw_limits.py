"""Draws what the shipped reader cannot do, has it read that, and prints the model card's table: `python draw_limits.py`.

The pictures are engraved by verovio, one file a kind, in `images/limits/`.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import verovio

import seqrec
from seqrec.interfaces import Picture
from seqrec.pictures import encode_png
from seqrec_sheet_music.drawing import read_svg
from seqrec_sheet_music.engraving import FIXED, engraved
from seqrec_sheet_music.ink import black_on_white

FOLDER = Path(__file__).parent.parent / "images" / "limits"
SPACE_PX = 8.0
PLAIN = ["clef-G2", "timeSignature-3/4", "note-G4_quarter", "note-B4_quarter", "note-D5_quarter", "barline", "note-C5_half."]


def staff(*layers: str) -> Picture:
    """One bar in the treble clef, 4/4: a voice for each text of MEI."""
    voices = "".join(f'<layer n="{number}">{layer}</layer>' for number, layer in enumerate(layers, start=1))
    definition = '<staffDef n="1" lines="5" clef.shape="G" clef.line="2" meter.count="4" meter.unit="4"/>'
    score = f"<scoreDef><staffGrp>{definition}</staffGrp></scoreDef>"
    bar = f'<section><measure n="1" right="end"><staff n="1">{voices}</staff></measure></section>'
    toolkit = verovio.toolkit()
    toolkit.setOptions(dict(FIXED))
    toolkit.loadData(f"<mei><music><body><mdiv><score>{score}{bar}</score></mdiv></body></music></mei>")
    return black_on_white(read_svg(toolkit.renderToSVG(1)), SPACE_PX, 3.0)[0]


def notes(*pitches: str, dur: str = "4", more: str = "") -> str:
    """Notes such as `c5`, in MEI; each has an id, so that its place is kept."""
    return "".join(
        f'<note xml:id="t-{number}" dur="{dur}" pname="{pitch[0]}" oct="{pitch[1]}" {more}/>'
        for number, pitch in enumerate(pitches)
    )


def plain() -> Picture:
    """What can be read, to be spoilt."""
    return black_on_white(engraved(PLAIN).drawing, SPACE_PX, 3.0)[0]


LIMITS: dict[str, tuple[str, Callable[[], Picture]]] = {
    "chords": ("three of C, E, G, then C", lambda: staff(f'<chord dur="4">{notes("c5", "e5", "g5")}</chord>' * 3 + notes("c5"))),
    "two voices": ("E F G A over four C", lambda: staff(notes("e5", "f5", "g5", "a5"), notes("c4", "c4", "c4", "c4"))),
    "triplets": (
        "two triplets of eighths, a half",
        lambda: staff(f'<tuplet num="3" numbase="2">{notes("c5", "d5", "e5", dur="8")}</tuplet>' * 2 + notes("f5", dur="2")),
    ),
    "another clef in the line": (
        "C, then D E F in the bass",
        lambda: staff(notes("c5") + '<clef shape="F" line="4"/>' + notes("d3", "e3", "f3")),
    ),
    "double sharps": ("two F double sharp, a G", lambda: staff(notes("f5", "f5", more='accid="x"') + notes("g5", dur="2"))),
    "sixty-fourths": (
        "sixteen of them",
        lambda: staff(f"<beam>{notes(*['c5', 'd5'] * 8, dur='64')}</beam>" + notes("c5", dur="2")),
    ),
    "two staves": ("twice " + " ".join(PLAIN), lambda: np.vstack([plain(), plain()])),
    "cut at the left": (" ".join(PLAIN[2:]), lambda: plain()[:, 74:]),
}
"""What it is called, what stands there, and what draws it."""


def main() -> None:
    """Write the pictures and print the table."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    reader = seqrec.load("sheet-music")
    print("| what | picture | it says | read as | a symbol's confidence | remark |\n| --- | --- | --- | --- | --- | --- |")
    for name, (says, draw) in LIMITS.items():
        file = FOLDER / f"{name.replace(' ', '-')}.png"
        file.write_bytes(encode_png(np.ascontiguousarray(draw())))
        reading = reader.read(file)
        certain = np.mean(reading.symbol_confidences or [0.0])
        place = f"../../images/limits/{file.name}"
        print(f"| {name} | ![{name}]({place}) | {says} | `{' '.join(reading.symbols)}` | {certain:.0%} | {reading.hint} |")


if __name__ == "__main__":
    main()
