"""Tunes for other engravers: what of them every engraver's language needs, and pictures without the paper around."""

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from seqrec.errors import SeqrecError
from seqrec_sheet_music.staff import is_silence
from seqrec_sheet_music.tokens import Barline, Clef, Element, Key, Meter, Note, Pitch, Rest, Tie, parse

Grey = npt.NDArray[np.uint8]
Tune = tuple[Sequence[str], Mapping[int, Sequence[Pitch]]]
"""Tokens, and below the notes among them, by number, the others of their chords."""

CLEFS = {"G2": "treble", "F4": "bass", "C3": "alto", "C4": "tenor", "C1": "soprano"}
ABC_KEYS = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
SPACES_BESIDE = 3
"""Of paper around a drawing, in staff spaces of about 7 pixels."""


def bars_of(elements: Sequence[Element]) -> list[list[Element]]:
    """What stands between barlines, clef, key and meter left out."""
    bars: list[list[Element]] = [[]]
    for element in elements:
        if isinstance(element, Barline):
            bars.append([])
        elif not isinstance(element, Clef | Key | Meter):
            bars[-1].append(element)
    return bars


def full_bar(elements: Sequence[Element], bars: Sequence[Sequence[Element]]) -> Fraction:
    """Length of a bar: the meter's, or the most frequent one."""
    for element in elements:
        if isinstance(element, Meter):
            return element.length
    lengths = Counter(length(bar) for bar in bars if length(bar) and not silent(bar))
    return lengths.most_common(1)[0][0] if lengths else Fraction(1)


def length(bar: Sequence[Element]) -> Fraction:
    """Of what stands in a bar, in whole notes."""
    return sum((one.value.length for one in bar if isinstance(one, Note | Rest)), Fraction(0))


def silent(bar: Sequence[Element]) -> bool:
    """Whether a bar holds one rest that lasts as long as it does."""
    return len(bar) == 1 and is_silence(bar[0])


def below(tokens: Sequence[str], rng: np.random.Generator) -> dict[int, list[Pitch]]:
    """One or two more notes below the first and about half of all that are not tied, in the key."""
    elements = [parse(token) for token in tokens]
    key = next((one for one in elements if isinstance(one, Key)), Key(0))
    found: dict[int, list[Pitch]] = {}
    for index, element in enumerate(elements):
        tied = any(isinstance(one, Tie) for one in elements[max(0, index - 2) : index + 2])
        if isinstance(element, Note) and not tied and (not found or rng.random() < 0.5):
            steps = np.cumsum(rng.integers(2, 4, 1 + int(rng.integers(2))))
            others = [Pitch(element.pitch.diatonic - int(step)) for step in steps]
            found[index] = [Pitch(one.diatonic, key.alter(one.letter)) for one in others]
    return found


def cropped(path: Path) -> Grey:
    """What is drawn, with a little paper around."""
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise SeqrecError(f"'{path}' was not drawn")
    if picture.ndim == 3:
        opaque = picture[..., 3:] / 255 if picture.shape[2] == 4 else 1.0
        picture = (picture[..., :3] * opaque + 255 * (1 - opaque)).mean(axis=2).astype(np.uint8)
    rows, columns = np.flatnonzero((picture < 200).any(1)), np.flatnonzero((picture < 200).any(0))
    picture = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.asarray(np.pad(picture, 7 * SPACES_BESIDE, constant_values=255), np.uint8)
