"""Music as shapes: what is drawn on a staff from left to right, each with its place where that tells something.

How a note sounds depends on the clef, on the key signature and on signs earlier in its bar, which may stand far to its left; and
what is one token may be several pieces of ink. A network need not learn these rules: it reads shapes, and the rules are applied
to what it reads.

    semantic   clef-G2  keySignature-GM  timeSignature-3/4  note-F4_half.                barline  multirest-12
    shapes     clef.G-L2  key.sharp-L5   meter.3/4          natural note.half-S1 dot     barline  multirest digit.1 digit.2

This is the agnostic encoding but for what makes it ambiguous or long: signs of a key signature are not those of a note; a meter
is one shape; signs before notes, dots and digits have no place, for what stands beside them has one; a tie is one shape. And
where several notes sound at once, there is the shape of the highest one, and `chord` before it, which means nothing but can be
told.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from seqrec import Alphabet, Meaning
from seqrec.metrics import edit_distance
from seqrec_sheet_music.accidentals import SIGNS, drawn, sounding
from seqrec_sheet_music.agnostic import signature
from seqrec_sheet_music.alphabets import CLEFS, DOTS, GRACES, HELD, METERS, PRIMUS, position
from seqrec_sheet_music.errors import MusicError
from seqrec_sheet_music.tokens import (
    HIGHEST_STEP,
    LOWEST_STEP,
    Barline,
    Clef,
    Element,
    Grace,
    Key,
    Meter,
    Multirest,
    Note,
    Pitch,
    Rest,
    Tie,
    Value,
    parse,
    spell,
)

TREBLE = Clef("G", 2)
"""The clef of shapes before which none stands."""
_KEYS = tuple(Key(fifths) for fifths in range(-7, 8) if fifths)


class Shape(NamedTuple):
    """One symbol.

    Attributes:
        kind: As in `note`, `sign`, `digit`.
        what: Which of its kind, as in `quarter`, `sharp`, `3`; empty for kinds of one shape.
        step: Staff step, 0 for the lowest line; None where it tells nothing.
    """

    kind: str
    what: str = ""
    step: int | None = None

    def __str__(self) -> str:
        """The symbol: `note.quarter-S1`, `sharp`, `dot`."""
        name = self.what if self.kind == "sign" else f"{self.kind}.{self.what}" if self.what else self.kind
        return name if self.step is None else f"{name}-{position(self.step)}"

    @property
    def parts(self) -> tuple[str, ...]:
        """What a composed head adds up: no two shapes have the same."""
        if self.kind == "meter" and "/" in self.what[1:]:
            top, _, bottom = self.what.partition("/")
            return "meter", f"top:{top}", f"bottom:{bottom}"
        step = () if self.step is None else (f"step:{self.step}",)
        return (self.kind, *([self.what] if self.what else []), *step)


def _shapes() -> list[Shape]:
    """All of them, in the order of their ids."""
    steps = range(LOWEST_STEP, HIGHEST_STEP + 1)
    found = [Shape("barline"), Shape("tie"), Shape("dot"), Shape("fermata"), Shape("multirest"), Shape("chord")]
    found += [Shape("digit", str(digit)) for digit in range(10)]
    found += [Shape("sign", name) for name in SIGNS.values()]
    found += [Shape("clef", clef.sign, 2 * (clef.line - 1)) for clef in CLEFS]
    for alter in (1, -1):
        places = {step for clef in CLEFS for step, _ in signature(clef, Key(7 * alter))}
        found += [Shape("key", SIGNS[alter], step) for step in sorted(places)]
    found += [Shape("meter", sign) for sign in METERS]
    found += [Shape("rest", name) for name in DOTS]
    found += [Shape("note", name, step) for name in DOTS for step in steps]
    found += [Shape("gracenote", value.name, step) for value in GRACES for step in steps]
    return found


SHAPES = {str(shape): shape for shape in _shapes()}
_ALTERS = {name: alter for alter, name in SIGNS.items()}

shapes = Alphabet(
    "sheet-music-shapes",
    list(SHAPES),
    separator="\t",
    source=f"{PRIMUS}: the agnostic encoding, made unambiguous and shorter; SCOPE.md says how",
    parts={symbol: shape.parts for symbol, shape in SHAPES.items()},
)
"""The alphabet that networks read sheet music in."""


def shapes_of(element: Element, sign: int | None, clef: Clef, chord: bool = False) -> list[str]:
    """What is drawn for an element, from left to right.

    Args:
        element: Of a staff.
        sign: Drawn before a note: -1 flat, 0 natural, 1 sharp, None for none.
        clef: Of the staff.
        chord: Whether there are other notes below a note.

    Example:
        >>> shapes_of(parse("note-F#4_half._fermata"), 1, Clef("G", 2))
        ['sharp', 'fermata', 'note.half-S1', 'dot']
    """
    match element:
        case Clef():
            found = [Shape("clef", element.sign, 2 * (element.line - 1))]
        case Key():
            found = [Shape("key", SIGNS[alter], step) for step, alter in signature(clef, element)]
        case Meter():
            found = [Shape("meter", element.sign)]
        case Multirest():
            found = [Shape("multirest"), *(Shape("digit", digit) for digit in str(element.bars))]
        case Barline() | Tie():
            found = [Shape(type(element).__name__.lower())]
        case Rest(value=value, fermata=fermata):
            found = [Shape("fermata")] * fermata + [Shape("rest", value.name)] + [Shape("dot")] * value.dots
        case Note(pitch=pitch, value=value) | Grace(pitch=pitch, value=value):
            found = [] if sign is None else [Shape("sign", SIGNS[sign])]
            found += [Shape("fermata")] * (isinstance(element, Note) and element.fermata)
            found += [Shape("chord")] * chord
            found += [Shape("note" if isinstance(element, Note) else "gracenote", value.name, clef.step(pitch))]
            found += [Shape("dot")] * value.dots
    return [str(shape) for shape in found]


def to_shapes(tokens: Sequence[str]) -> list[str]:
    """Semantic tokens as shapes; no sign is drawn that says nothing new.

    Raises:
        MusicError: A token that is none, or no clef at the beginning.
    """
    elements = [parse(token) for token in tokens]
    clef = elements[0] if elements else None
    if not isinstance(clef, Clef):
        raise MusicError(f"a staff begins with {tokens[0] if tokens else 'nothing'!r}; places need a clef before everything else")
    pairs = zip(elements, drawn(elements), strict=True)
    return [symbol for element, sign in pairs for symbol in shapes_of(element, sign, clef)]


def to_semantic(symbols: Sequence[str]) -> list[Meaning]:
    """The tokens that shapes mean, each with the shapes it is read from; what belongs to nothing is left out.

    Raises:
        MusicError: A symbol is none of this encoding.

    Example:
        >>> [meaning.symbol for meaning in to_semantic(["clef.G-L2", "key.sharp-L5", "note.half-S1", "dot"])]
        ['clef-G2', 'keySignature-GM', 'note-F#4_half.']
    """
    return [Meaning(spell(element), first, stop) for element, first, stop in _sounding(symbols)]


def to_pitches(symbols: Sequence[str]) -> list[Meaning]:
    """The sounding pitches of the notes among shapes; grace notes are left out."""
    found = _sounding(symbols)
    return [Meaning(str(element.pitch), first, stop) for element, first, stop in found if isinstance(element, Note)]


def _sounding(symbols: Sequence[str]) -> list[tuple[Element, int, int]]:
    """Elements as they sound, and the first shape and the one behind the last of each."""
    groups: list[list[Shape]] = []
    for symbol in symbols:
        shape = shape_of(symbol)
        if groups and goes_on(groups[-1][-1], shape):
            groups[-1].append(shape)
        else:
            groups.append([shape])
    clef, first = TREBLE, 0
    written: list[tuple[Element, int | None]] = []
    places: list[tuple[int, int]] = []
    for group in groups:
        found = written_by(tuple(group), clef)
        if found is not None:
            clef = found[0] if isinstance(found[0], Clef) else clef
            written.append(found)
            places.append((first, first + len(group)))
        first += len(group)
    elements = sounding(written)
    return [(element, *place) for element, place in zip(elements, places, strict=True)]


def shape_of(symbol: str) -> Shape:
    """The shape of a symbol.

    Raises:
        MusicError: It is none of this encoding.
    """
    if symbol not in SHAPES:
        raise MusicError(f"{symbol!r} is no shape of sheet music; expected one as clef.G-L2 or note.quarter-S1")
    return SHAPES[symbol]


_BEFORE = {
    "dot": ("note", "gracenote", "rest", "dot"),
    "digit": ("multirest", "digit"),
    "key": ("key",),
    "note": ("sign", "fermata", "chord"),
    "chord": ("sign", "fermata"),
    "gracenote": ("sign",),
    "rest": ("fermata",),
    "fermata": ("sign",),
    "sign": ("fermata",),
}
"""For each kind of shape those behind which it belongs to the same element."""
_BESIDE = ("sign", "fermata", "dot", "chord")
"""What is no element without another shape."""


def goes_on(last: Shape, shape: Shape) -> bool:
    """Whether a shape belongs to the element that the one before it belongs to."""
    return last.kind in _BEFORE.get(shape.kind, ())


@lru_cache(maxsize=1 << 14)
def written_by(group: tuple[Shape, ...], clef: Clef) -> tuple[Element, int | None] | None:
    """The element that shapes draw together and the sign before it, as if it stood alone in C major; None for none.

    Dots and fermatas that are in no alphabet are left out.
    """
    own = [shape for shape in group if shape.kind not in _BESIDE]
    if not own:
        return None
    head, step = own[0], own[0].step or 0
    signs = [_ALTERS[shape.what] for shape in group if shape.kind == "sign"]
    sign = signs[-1] if signs else None
    match head.kind:
        case "note" | "rest":
            value = Value(head.what, min(sum(shape.kind == "dot" for shape in group), DOTS[head.what]))
            held = value in HELD and any(shape.kind == "fermata" for shape in group)
            return (Note(Pitch(clef.bottom + step), value, held), sign) if head.kind == "note" else (Rest(value, held), None)
        case "gracenote":
            return Grace(Pitch(clef.bottom + step), Value(head.what)), sign
        case "clef":
            return Clef(head.what, step // 2 + 1), None
        case "key":
            return _key([str(shape) for shape in own], clef), None
        case "meter":
            return Meter(head.what), None
        case "multirest":
            bars = int("".join(shape.what for shape in own[1:4]) or "0")
            return (Multirest(bars), None) if bars else None
        case "barline":
            return Barline(), None
        case "tie":
            return Tie(), None
    return None


def _key(signs: Sequence[str], clef: Clef) -> Key:
    """The key whose signature is likest to what was read."""
    return min(_KEYS, key=lambda key: (edit_distance(shapes_of(key, None, clef), signs), abs(abs(key.fifths) - len(signs))))
