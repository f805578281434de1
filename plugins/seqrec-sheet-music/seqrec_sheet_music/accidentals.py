"""Which accidentals are drawn: those that the key and what came before in the bar do not say already; and what sounds then."""

from collections.abc import Iterable
from dataclasses import replace

from seqrec_sheet_music.tokens import Barline, Element, Grace, Key, Note, Pitch, Tie

SIGNS = {-1: "flat", 0: "natural", 1: "sharp"}


class Bar:
    """What accidentals hold at a place in a bar: the signature's, and those drawn since the barline, each at its own octave."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self._drawn: dict[int, int] = {}

    def alter(self, diatonic: int) -> int:
        """How a note without an accidental sounds here, -1, 0 or 1."""
        return self._drawn.get(diatonic, self.key.alter(Pitch(diatonic).letter))

    def draw(self, pitch: Pitch) -> None:
        """An accidental drawn before a note holds until the barline."""
        self._drawn[pitch.diatonic] = pitch.alter


def drawn(elements: Iterable[Element]) -> list[int | None]:
    """For each element of a staff the accidental in front of it, -1, 0 (natural) or 1; None where none is drawn.

    The second of two tied notes has none, even behind a barline; a further note at its place then gets its own. Grace notes
    count as other notes do. Nothing is drawn as a courtesy.
    """
    found: list[int | None] = []
    bar, tied = Bar(Key(0)), False
    for element in elements:
        sign = None
        match element:
            case Key():
                bar = Bar(element)
            case Barline():
                bar = Bar(bar.key)
            case Tie():
                tied = True
            case Note(pitch=pitch) | Grace(pitch=pitch):
                if not tied and bar.alter(pitch.diatonic) != pitch.alter:
                    bar.draw(pitch)
                    sign = pitch.alter
                tied = False
            case _:
                tied = False
        found.append(sign)
    return found


def sounding(written: Iterable[tuple[Element, int | None]]) -> list[Element]:
    """What elements sound like: key signature, signs until the barline at their own octave, ties.

    Args:
        written: Elements of a staff, of whose notes only where they stand counts, each with the sign that is drawn before it.
    """
    found: list[Element] = []
    bar, held, tied = Bar(Key(0)), Pitch(0), False
    for element, sign in written:
        match element:
            case Key():
                bar = Bar(element)
            case Barline():
                bar = Bar(bar.key)
            case Note(pitch=place) | Grace(pitch=place):
                alter = bar.alter(place.diatonic) if sign is None else sign
                if sign is not None:
                    bar.draw(Pitch(place.diatonic, sign))
                elif tied and place.diatonic == held.diatonic:
                    alter = held.alter
                held = Pitch(place.diatonic, alter)
                element = replace(element, pitch=held)
        tied = isinstance(element, Tie) or (tied and isinstance(element, Barline))
        found.append(element)
    return found
