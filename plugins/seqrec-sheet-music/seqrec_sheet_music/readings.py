"""What a reading says in tokens, whatever alphabet it was read with, and what is odd about it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqrec import Prepared, Reading
from seqrec.interfaces import Picture
from seqrec_sheet_music.deduction import shape, to_semantic
from seqrec_sheet_music.errors import MusicError
from seqrec_sheet_music.report import Report, report
from seqrec_sheet_music.staff import staff_of, tokens_of
from seqrec_sheet_music.straightening import straightened
from seqrec_sheet_music.tokens import Clef, Note, parse

_PITCH = re.compile(r"[A-G][#b]?\d")
DOUBTFUL = 0.5
"""Mean confidence of a reading's symbols below which the picture may show something else than was expected."""
UPRIGHT = 0.5
"""p(reading | picture) above which the staff hardly stands on its head: of 400 that did, 1 in 80 was read so surely."""
ON_ITS_HEAD, WITH_A_CLEF = 0.3, 0.03
"""Prior of the picture turned, and where the first reading began with a clef; few staves on their heads seem to."""


@dataclass(frozen=True)
class Music:
    """The tokens that a reading stands for.

    Attributes:
        tokens: Semantic ones.
        places: For each token the number of the symbol that it comes from; empty where they do not go together.
        remarks: What is not as it should be about the reading as a whole, a sentence each.
        pitches_only: Whether every note is a quarter because nothing else was read; bars then say nothing.
    """

    tokens: tuple[str, ...]
    places: tuple[int, ...]
    remarks: tuple[str, ...] = ()
    pitches_only: bool = False


def music_of(symbols: Sequence[str]) -> Music:
    """The music in the symbols of any of this plugin's alphabets.

    Agnostic symbols are understood by the rules of notation. Pitches alone become quarter notes under a likely clef.

    Example:
        >>> music_of(["C4", "E4"]).tokens
        ('clef-G2', 'note-C4_quarter', 'note-E4_quarter')
    """
    if symbols and all(_PITCH.fullmatch(symbol) for symbol in symbols):
        staff, _ = staff_of([f"note-{symbol}_quarter" for symbol in symbols])
        places = (-1, *range(len(symbols)))
        remark = "only pitches were read; every note is written as a quarter"
        return Music(tuple(tokens_of(staff)), places, (remark,), pitches_only=True)
    if symbols and all(map(shape, symbols)):
        tokens, problems = to_semantic(symbols)
        return Music(tuple(tokens), (), tuple(f"symbol {one.place + 1}: {one.text}" for one in problems))
    return Music(tuple(symbols), tuple(range(len(symbols))))


def second_looks(picture: Picture, reading: Reading) -> list[Prepared]:
    """The picture turned by 180°, where so little is certain that the staff may stand on its head."""
    if reading.confidence >= UPRIGHT:
        return []
    prior = WITH_A_CLEF if reading.symbols and reading.symbols[0].startswith("clef") else ON_ITS_HEAD
    return [replace(straightened(np.ascontiguousarray(np.rot90(picture, 2))), turned=180, prior=prior)]


def oddities(reading: Reading, music: Music) -> list[str]:
    """What speaks against a reading, or against its picture as that of one upright staff of one voice; a sentence each."""
    found = [*music.remarks, *[reading.remark] * bool(reading.remark)]
    found += ["the picture was upside down; it was turned by 180°"] * (reading.turned == 180)
    if chords := reading.drawn.count("chord"):
        below = "1 note has others below it" if chords == 1 else f"{chords} notes have others below them"
        found.append(f"chords or a second voice: {below}; only the highest notes are read")
    if not reading.symbols:
        return [*found, "nothing was read; expected a picture of one staff of music, upright, with little beside it"]
    elements = [element for token in music.tokens if (element := _element(token)) is not None]
    if not any(isinstance(element, Note) for element in elements):
        found.append("no note was read; is there a staff with music on the picture?")
    elif not isinstance(elements[0], Clef):
        found.append("no clef was read at the beginning; is the picture upside down, or cut at the left?")
    certain = sum(reading.symbol_confidences) / max(len(reading.symbol_confidences), 1)
    if reading.symbol_confidences and certain < DOUBTFUL:
        found.append(
            f"read with little confidence ({certain:.0%} a symbol); expected one staff of one voice, upright: no chords, no "
            "second voice, not upside down, no whole page"
        )
    return found


def finished(reading: Reading, meter: str = "") -> Mapping[str, object]:
    """What `seqrec recognize --format jsonl` adds to a reading of music: what can be checked of it, and what is odd.

    Args:
        reading: Of any of this plugin's alphabets.
        meter: Where none is drawn, as in `3/4`; empty for the one that fits most bars.
    """
    music = music_of(reading.symbols)
    if music.pitches_only:  # as was asked for, and there are no bars to check
        return {"remarks": [one for one in oddities(reading, music) if one not in music.remarks]}
    checked = report(music.tokens, meter)
    told = {
        key: value
        for key, value in checked.to_dict().items()
        if key in ("fine", "meter", "bars", "full_bars", "problems", "doubts")
    }
    return {**told, "remarks": [*oddities(reading, music), *_in_words(checked)]}


def hint(width_px: int, height_px: int, reading: Reading) -> str:
    """What is odd about a picture as that of one staff, or about its reading as music, or nothing."""
    remarks = reading.extra.get("remarks", ())
    told = [str(one) for one in remarks] if isinstance(remarks, list | tuple) else []
    if height_px > width_px:
        told.insert(0, "taller than wide; crop the picture to one staff")
    return "; ".join(told[:3]) + ("; …" if len(told) > 3 else "")


def _in_words(checked: Report) -> list[str]:
    """What is wrong with tokens as music, in one clause each."""
    found = [f"{len(checked.problems)} of {len(checked.tokens)} tokens are no music where they stand and are left out"]
    doubtful = ", ".join(str(bar.number) for bar in checked.doubtful_bars)
    bars = f"bar {doubtful} does" if len(checked.doubtful_bars) == 1 else f"bars {doubtful} do"
    return found * bool(checked.problems) + [f"{bars} not fill {checked.meter.sign}"] * bool(doubtful)


def _element(token: str) -> object:
    try:
        return parse(token)
    except MusicError:
        return None
