"""A staff as bars of events, read from tokens; what cannot be read is named and left out."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from seqrec_sheet_music.errors import MusicError
from seqrec_sheet_music.tokens import (
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
    Value,
    parse,
    spell,
)


@dataclass(frozen=True)
class Problem:
    """What is wrong at a place.

    Attributes:
        place: Number of the token, from 0; -1 where the staff as a whole is meant.
        text: One sentence.
    """

    place: int
    text: str


@dataclass(frozen=True)
class Event:
    """A note with what belongs to it, or a rest.

    Attributes:
        element: The note or rest itself.
        graces: Grace notes before it.
        tied: Whether a tie leads from it to the next note, or beyond the end of the staff.
        place: Number of its token, from 0.
    """

    element: Note | Rest | Multirest
    graces: tuple[Grace, ...] = ()
    tied: bool = False
    place: int = field(default=-1, compare=False)


@dataclass(frozen=True)
class Bar:
    """What stands between two barlines.

    Attributes:
        events: At least one; a `Multirest` stands alone.
        first: Number of its first token.
        stop: Number of the token behind its last one, its barline not counted.
    """

    events: tuple[Event, ...]
    first: int = field(default=-1, compare=False)
    stop: int = field(default=-1, compare=False)

    @property
    def multirest(self) -> int:
        """How many bars of rest it stands for; 0 where it is a plain bar."""
        element = self.events[0].element
        return element.bars if isinstance(element, Multirest) else 0

    @property
    def silent(self) -> bool:
        """Whether it holds a whole or double whole rest and nothing else; whatever the meter, that lasts as long as the bar."""
        return len(self.events) == 1 and is_silence(self.events[0].element)

    @property
    def length(self) -> Fraction:
        """Sum of its notes and rests in whole notes, a multirest counted as nothing."""
        return sum((event.element.value.length for event in self.events if not isinstance(event.element, Multirest)), Fraction(0))


def is_silence(element: Element) -> bool:
    """Whether it is a rest that can stand for a bar of any length."""
    return isinstance(element, Rest) and element.value in (Value("whole"), Value("double_whole"))


@dataclass(frozen=True)
class Staff:
    """One line of music for one voice.

    Attributes:
        clef: At its beginning.
        key: No sharps and flats where none are drawn.
        meter: None where none is drawn.
        bars: In order.
        closed: Whether a barline stands at the end.
    """

    clef: Clef
    key: Key
    meter: Meter | None
    bars: tuple[Bar, ...]
    closed: bool

    @property
    def events(self) -> list[Event]:
        """Those of all bars."""
        return [event for bar in self.bars for event in bar.events]


def elements_of(staff: Staff) -> list[Element]:
    """The elements of a staff in the order of its tokens."""
    found: list[Element] = [staff.clef]
    found += [staff.key] if staff.key.fifths else []
    found += [staff.meter] if staff.meter else []
    for number, bar in enumerate(staff.bars, start=1):
        for event in bar.events:
            found += [*event.graces, event.element, *[Tie()] * event.tied]
        if number < len(staff.bars) or staff.closed:
            found.append(Barline())
    return found


def tokens_of(staff: Staff) -> list[str]:
    """The canonical tokens of a staff."""
    return [spell(element) for element in elements_of(staff)]


def staff_of(tokens: Sequence[str]) -> tuple[Staff, list[Problem]]:
    """The staff that tokens describe, as far as they do.

    Returns:
        The staff, and what is wrong with the tokens: nothing where they are canonical. What is wrong is left out of the staff, so
        that the rest of it can be heard and seen.
    """
    reading = _Reading()
    for place, token in enumerate(tokens):
        try:
            element = parse(token)
        except MusicError as error:
            reading.blame(place, str(error))
        else:
            reading.take(place, element)
    return reading.finish(len(tokens))


class _Reading:
    """Tokens read so far."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.clef: Clef | None = None
        self.key: Key | None = None
        self.meter: Meter | None = None
        self.bars: list[Bar] = []
        self.events: list[Event] = []
        self.graces: list[Grace] = []
        self.first = -1
        self.closed = False

    def blame(self, place: int, text: str) -> None:
        self.problems.append(Problem(place, text))

    def take(self, place: int, element: Element) -> None:
        """One more element."""
        match element:
            case Clef() | Key() | Meter():
                self._head(place, element)
            case Barline():
                self._barline(place)
            case Tie():
                self._tie(place)
            case Grace():
                self._begin(place)
                self.graces.append(element)
            case Note():
                self._note(place, element)
            case Rest():
                self._drop_graces(place)
                self._add(place, Event(element, place=place))
            case Multirest():
                self._multirest(place, element)

    def finish(self, count: int) -> tuple[Staff, list[Problem]]:
        """The staff and the problems, in order of place."""
        self._drop_graces(count)
        if self.events:
            self._close(count)
        self._check_ties()
        if not self.bars:
            self.blame(-1, "no note and no rest; is there a staff in the picture?")
        if self.clef is None:
            self.blame(-1, "no clef at the beginning; one that suits the notes is taken")
        staff = Staff(self.clef or self._likely_clef(), self.key or Key(0), self.meter, tuple(self.bars), self.closed)
        return staff, sorted(self.problems, key=lambda problem: problem.place)

    def _head(self, place: int, element: Clef | Key | Meter) -> None:
        """Clef, key and meter, each once, in this order and before the music."""
        name = type(element).__name__.lower()
        late = (self.clef, self.key, self.meter)[("clef", "key", "meter").index(name) :]
        if self.bars or self.events or self.graces:
            taken = isinstance(element, Clef) and self.clef is None  # a clef changes no pitch, only where it stands
            self.clef = element if isinstance(element, Clef) and taken else self.clef
            self.blame(place, f"a {name} in the middle of the staff; it is {'taken to its beginning' if taken else 'left out'}")
            return
        if any(late):
            self.blame(place, f"a {name} out of order; a staff begins with clef, key and meter, each at most once")
        if isinstance(element, Key) and not element.fifths:
            self.blame(place, "a key signature without sharps and flats; nothing is drawn for it, leave it out")
        if getattr(self, name) is None:
            setattr(self, name, element)

    def _begin(self, place: int) -> None:
        """The first token of a bar, perhaps."""
        if self.events and isinstance(self.events[-1].element, Multirest):
            self.blame(place, "a multi-bar rest and more in one bar; a barline is taken to stand behind it")
            self._close(place)
        if self.first < 0:
            self.first, self.closed = place, False

    def _add(self, place: int, event: Event) -> None:
        self._begin(place)
        self.events.append(event)

    def _note(self, place: int, note: Note) -> None:
        self._add(place, Event(note, tuple(self.graces), place=place))
        self.graces = []

    def _drop_graces(self, place: int) -> None:
        if self.graces:
            self.blame(place - 1, "a grace note without a note behind it; it is left out")
            self.graces = []

    def _close(self, stop: int) -> None:
        self.bars.append(Bar(tuple(self.events), self.first, stop))
        self.events, self.first = [], -1

    def _barline(self, place: int) -> None:
        self._drop_graces(place)
        if self.events:
            self._close(place)
            self.closed = True
        else:
            self.first = -1
            self.blame(place, "a barline with nothing before it; it is left out")

    def _multirest(self, place: int, element: Multirest) -> None:
        self._drop_graces(place)
        if self.events:
            self.blame(place, "a multi-bar rest inside a bar; a barline is taken to stand before it")
            self._close(place)
        self._add(place, Event(element, place=place))

    def _tie(self, place: int) -> None:
        """A tie belongs to the note directly before it."""
        last = self.events[-1] if self.events else None
        if last is None or last.place != place - 1 or not isinstance(last.element, Note) or last.tied:
            self.blame(place, "a tie that does not follow a note; it is left out")
            return
        self.events[-1] = replace(last, tied=True)

    def _check_ties(self) -> None:
        """Ties lead to a note of the same pitch without grace notes, or beyond the end; the others are left out."""
        places = [(number, place) for number, bar in enumerate(self.bars) for place in range(len(bar.events))]
        for here, following in zip(places, places[1:], strict=False):
            one, other = (self.bars[number].events[place] for number, place in (here, following))
            if not one.tied or not isinstance(one.element, Note):
                continue
            if not isinstance(other.element, Note):
                text = "a tie that leads to a rest"
            elif other.element.pitch != one.element.pitch:
                text = f"a tie from {one.element.pitch} to {other.element.pitch}; tied notes have the same pitch"
            elif other.graces:
                text = "a tie with grace notes under it"
            else:
                continue
            self.blame(one.place + 1, f"{text}; it is left out")
            bar = self.bars[here[0]]
            events = [replace(event, tied=False) if number == here[1] else event for number, event in enumerate(bar.events)]
            self.bars[here[0]] = replace(bar, events=tuple(events))

    def _likely_clef(self) -> Clef:
        """Treble or bass, whichever has the notes nearer to its middle line."""
        numbers = [event.element.pitch.diatonic for bar in self.bars for event in bar.events if isinstance(event.element, Note)]
        clefs = (Clef("G", 2), Clef("F", 4))
        return min(clefs, key=lambda clef: sum(abs(number - clef.bottom - 4) for number in numbers))
