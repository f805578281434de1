"""Humdrum kern → tokens, for files of one voice.

Source:
    Huron 1999, "Music research using Humdrum: a user's guide", and the definition of the `**kern` representation.
"""

import re
from fractions import Fraction

from seqrec_sheet_music.alphabets import DURATIONS
from seqrec_sheet_music.errors import MusicError
from seqrec_sheet_music.tokens import LETTERS, Barline, Clef, Element, Grace, Key, Meter, Note, Pitch, Rest, Tie, Value, spelt

_LENGTHS = {value.length: value for value in DURATIONS}


def read_kern(text: str) -> list[str]:
    """Tokens of the first spine of notes.

    Beams, slurs, stems, articulation, words and the kinds of barlines have no tokens and are passed over.

    Raises:
        MusicError: No kern, or music that the tokens cannot say: chords, tuplets, splits of the spine, changes of clef, key or
            meter within the staff. The message names the line.

    Example:
        >>> read_kern("**kern\\n*clefF4\\n*k[b-]\\n*M3/4\\n=1-\\n2.B-\\n==\\n*-")
        ['clef-F4', 'keySignature-FM', 'timeSignature-3/4', 'note-Bb3_half.', 'barline']
    """
    reader = _Reader()
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("!"):
            continue
        try:
            reader.take(line.split("\t"))
        except MusicError as error:
            raise MusicError(f"line {number}: {error}") from error
    return reader.tokens()


class _Reader:
    """Lines read so far."""

    def __init__(self) -> None:
        self.spine = -1
        self.head: dict[type, Element] = {}
        self.body: list[Element] = []

    def take(self, fields: list[str]) -> None:
        """One line that is no comment."""
        if self.spine < 0:
            if "**kern" not in fields:
                raise MusicError(f"{fields[0][:40]!r} where a line with **kern should stand")
            self.spine = fields.index("**kern")
            return
        if len(fields) <= self.spine:
            raise MusicError(f"{len(fields)} columns; the notes are in column {self.spine + 1}")
        field = fields[self.spine].strip()
        if field.startswith("*"):
            self._interpretation(field)
        elif field.startswith("="):
            if self.body and not isinstance(self.body[-1], Barline) and "-" not in field:
                self.body.append(Barline())
        elif field not in (".", ""):
            self._sound(field)

    def tokens(self) -> list[str]:
        """All tokens."""
        if self.spine < 0:
            raise MusicError("a file without a **kern spine")
        if Clef not in self.head:
            raise MusicError("no clef; expected an interpretation as *clefG2")
        if not any(isinstance(element, Note | Rest) for element in self.body):
            raise MusicError("no notes and rests")
        head = [self.head[kind] for kind in (Clef, Key, Meter) if kind in self.head]
        return [spelt(one) for one in [*head, *self.body] if not (isinstance(one, Key) and one.fifths == 0)]

    def _interpretation(self, field: str) -> None:
        if found := re.fullmatch(r"\*clef([GFC])(v*|\^*)([1-5])", field):
            if found[2]:
                raise MusicError(f"clef {field[5:]} with a change of octave; tokens have none")
            self._set(Clef(found[1], int(found[3])))
        elif found := re.fullmatch(r"\*k\[((?:[a-g][#-])*)\]", field):
            signs = found[1][1::2]
            self._set(Key(len(signs) if "-" not in signs else -len(signs)))
        elif found := re.fullmatch(r"\*M(\d+)/(\d+)", field):
            sign = self.head.get(Meter)
            shown = isinstance(sign, Meter) and sign.sign in ("C", "C/") and sign.fraction == (int(found[1]), int(found[2]))
            if not shown:
                self._set(Meter(f"{found[1]}/{found[2]}"))
        elif field in ("*met(c)", "*met(C)", "*met(c|)", "*met(C|)"):
            self.head[Meter] = Meter("C/" if "|" in field else "C")
        elif field in ("*^", "*v", "*+", "*x"):
            raise MusicError(f"{field} splits or joins voices; tokens have one")

    def _set(self, element: Element) -> None:
        before = self.head.get(type(element))
        if self.body and before != element:
            raise MusicError("a change of clef, key or meter inside a staff; tokens have them at its beginning")
        self.head[type(element)] = element

    def _sound(self, field: str) -> None:
        """One note or rest."""
        if " " in field:
            raise MusicError(f"chord {field!r}; tokens have none")
        grace = "q" in field.lower()
        fermata = ";" in field
        if "r" in field:
            self.body.append(Rest(self._value(field), fermata))
            return
        pitch = self._pitch(field)
        if grace:
            self.body.append(Grace(pitch, self._value(field) if re.search(r"\d", field) else Value("eighth")))
            return
        self.body.append(Note(pitch, self._value(field), fermata))
        if "[" in field or "_" in field:
            self.body.append(Tie())

    def _value(self, field: str) -> Value:
        found = re.search(r"(\d+)(%\d+)?(\.*)", field)
        if found is None:
            raise MusicError(f"{field!r} has no duration")
        number = found[1]
        whole = Fraction(2 ** len(number)) if set(number) == {"0"} else Fraction(1, int(number))
        length = whole * (2 - Fraction(1, 2 ** len(found[3])))
        if found[2] or length not in _LENGTHS:
            raise MusicError(f"{field!r} lasts {length} of a whole note, as in a tuplet; tokens have none")
        return _LENGTHS[length]

    def _pitch(self, field: str) -> Pitch:
        found = re.search(r"([a-gA-G])(\1*)(##?|--?|n)?", field)
        if found is None:
            raise MusicError(f"{field!r} has no pitch")
        sign = found[3] or ""
        if len(sign) == 2:
            raise MusicError(f"{field!r} has a double accidental; tokens have sharps and flats")
        repeats = len(found[2])
        octave = 4 + repeats if found[1].islower() else 3 - repeats
        return Pitch(7 * octave + LETTERS.index(found[1].upper()), {"#": 1, "-": -1}.get(sign, 0))
