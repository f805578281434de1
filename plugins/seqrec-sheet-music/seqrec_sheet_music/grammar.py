"""The canonical token sequences of a staff as a grammar that holds a search: clef, key, meter, then bars.

    staff   = clef, [key], [meter], bar, {"barline", bar}, ["barline"]
    bar     = multirest | item, {item}
    item    = rest | {gracenote}, note, ["tie"]

Behind a tie stands a note of the same pitch without grace notes, perhaps after a barline, or nothing more. Notes and grace notes
lie within four ledger lines of the staff.
"""

from collections.abc import Hashable
from math import inf
from typing import NamedTuple

from seqrec import Alphabet
from seqrec_sheet_music.element_grammar import ElementGrammar
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
    Rest,
    Tie,
)


class Place(NamedTuple):
    """Where in a staff a sequence has come to.

    Attributes:
        phase: What was read last: `start` for nothing, `clef`, `key`, `meter`, `barline`, `rest`, `note`, `grace`, `tie`,
            `multirest`, or `held` for a barline under a tie.
        bottom: Diatonic number of the staff's lowest line; None before a clef.
        pitch: Of the note just read or tied, its `diatonic` and `alter`; None elsewhere.
    """

    phase: str
    bottom: int | None = None
    pitch: tuple[int, int] | None = None


_ENDS = ("barline", "rest", "note", "tie", "held", "multirest")
_BAR_BEGINS = ("clef", "key", "meter", "barline")
_MAY_FOLLOW = {
    "Clef": ("start",),
    "Key": ("clef",),
    "Meter": ("clef", "key"),
    "Multirest": _BAR_BEGINS,
    "Rest": (*_BAR_BEGINS, "rest", "note"),
    "Grace": (*_BAR_BEGINS, "rest", "note", "grace"),
    "Note": (*_BAR_BEGINS, "rest", "note", "grace", "tie", "held"),
    "Tie": ("note",),
    "Barline": ("rest", "note", "tie", "multirest"),
}
"""For each element the phases that it may follow."""


def after(place: Place, element: Element) -> tuple[Place, bool]:
    """The place behind an element, and whether the element may stand there."""
    phase, bottom, pitch = place
    fits = phase in _MAY_FOLLOW[type(element).__name__]
    match element:
        case Clef():
            return Place("clef" if bottom is None else phase, element.bottom, pitch), fits
        case Key() | Meter():
            return Place(type(element).__name__.lower() if fits else phase, bottom, pitch), fits
        case Note(pitch=high) | Grace(pitch=high):
            fits = fits and (bottom is None or LOWEST_STEP <= high.diatonic - bottom <= HIGHEST_STEP)
            sounding = high.diatonic, high.alter
            fits = fits and (phase not in ("tie", "held") or sounding == pitch)
            return Place("note", bottom, sounding) if isinstance(element, Note) else Place("grace", bottom), fits
        case Tie():
            return Place("tie", bottom, pitch) if fits else place, fits
        case Barline():
            return Place("held", bottom, pitch) if phase == "tie" else Place("barline", bottom), fits
        case Rest():
            return Place("rest", bottom), fits
        case Multirest():
            return Place("multirest", bottom), fits


class StaffGrammar(ElementGrammar):
    """Accepts canonical sequences and nothing else, or makes what is not canonical improbable.

    A `seqrec.decoding.grammar.Grammar`: give it to a search with a `SoftMeter` or alone.

    Args:
        alphabet: As `ElementGrammar` takes it. Of tied notes over shapes only the places are compared.
        cost: Nats that each breach costs; infinite refuses it.

    Raises:
        MusicError: The alphabet has a symbol that is none of sheet music.
    """

    def __init__(self, alphabet: Alphabet, cost: float = inf) -> None:
        super().__init__(alphabet)
        self.cost = cost

    def begin(self) -> Hashable:
        """Before the clef."""
        return Place("start")

    def after(self, state: Hashable, element: Element | None) -> tuple[Hashable, float] | None:
        """The place behind an element; None where it may not stand."""
        assert isinstance(state, Place)
        place, fits = after(state, element) if element else (state, False)
        if fits:
            return place, 0.0
        return None if self.cost == inf else (place, -self.cost)

    def end(self, state: Hashable) -> float:
        """0 behind a note, a rest, a tie that leads beyond the staff, or a barline."""
        assert isinstance(state, Place)
        return 0.0 if state.phase in _ENDS else -self.cost
