"""Whether bars fill their meter, and which meter fits where none is drawn."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import takewhile
from typing import Literal

from seqrec_sheet_music.alphabets import METERS
from seqrec_sheet_music.errors import MusicError
from seqrec_sheet_music.staff import Bar, Staff
from seqrec_sheet_music.tokens import Meter, Multirest, parse

Fill = Literal["full", "short", "long"]

_USUAL = ("4/4", "3/4", "2/4", "6/8", "3/8", "2/2", "9/8", "12/8", "3/2", "5/4", "6/4", "7/8", "4/2", "5/8")
"""Drawn as numbers, the more usual first: where several fit equally many bars, the first is taken."""


@dataclass(frozen=True)
class BarCheck:
    """How one bar fills the meter.

    Attributes:
        number: From 1; a multirest counts as many bars as it stands for.
        fill: `full`, `short` or `long`.
        fine: Whether that is as it may be: full, or short at the beginning, at the end, or as one of two halves around a repeat.
        length: Sum of notes and rests in whole notes; bars of rest last as long as the meter says.
        expected: What it would be if it were full.
        first: Number of the bar's first token.
        stop: Number of the token behind its last one.
    """

    number: int
    fill: Fill
    fine: bool
    length: Fraction
    expected: Fraction
    first: int
    stop: int


def meter_named(sign: str) -> Meter:
    """The meter of a sign such as `3/4`, `C` or `C/`.

    Raises:
        MusicError: Not one of the alphabet.
    """
    if sign not in METERS:
        raise MusicError(f"meter {sign!r} is not one that is read; known: {', '.join(METERS)}")
    meter = parse(f"timeSignature-{sign}")
    assert isinstance(meter, Meter)
    return meter


def fitting_meter(bars: Sequence[Bar]) -> Meter:
    """The meter that most bars fill; 4/4 where none fits any.

    Bars in the middle count before the first and the last one, which may be short. Of meters with bars of one length, 6/8 is
    taken for 3/4 only where notes begin in the middle of more bars than on the second or third quarter.
    """
    plain = [bar for bar in bars if not bar.multirest and not bar.silent]
    lengths = Counter(bar.length for bar in plain)
    inside = Counter(bar.length for bar in bars[1:-1] if not bar.multirest and not bar.silent)

    def fits(sign: str) -> tuple[int, int]:
        length = meter_named(sign).length
        return inside[length], lengths[length]

    best = max(_USUAL, key=fits)
    if best == "3/4" and any(fits(best)):
        onsets = [onset for bar in plain if bar.length == Fraction(3, 4) for onset in _onsets(bar)]
        if onsets.count(Fraction(3, 8)) > onsets.count(Fraction(1, 4)) + onsets.count(Fraction(1, 2)):
            best = "6/8"
    return meter_named(best)


def _onsets(bar: Bar) -> list[Fraction]:
    """Where the notes and rests of a bar begin, in whole notes."""
    found, now = [], Fraction(0)
    for event in bar.events:
        found.append(now)
        now += Fraction(0) if isinstance(event.element, Multirest) else event.element.value.length
    return found


def meters_of(staves: Sequence[Staff], meter: str = "") -> list[Meter]:
    """For each staff of a piece the meter that its bars are held against.

    It is the one drawn there or on a staff before, else the given one, else the one that fits most bars so far.

    Raises:
        MusicError: `meter` is not one of the alphabet.
    """
    before = list(takewhile(lambda staff: staff.meter is None, staves))
    now = meter_named(meter) if meter else fitting_meter([bar for staff in before for bar in staff.bars])
    found = []
    for staff in staves:
        now = staff.meter or now
        found.append(now)
    return found


def check_bars(bars: Sequence[Bar], meter: Meter) -> list[BarCheck]:
    """How each bar fills a meter."""
    lengths = [meter.length * (bar.multirest or 1) if bar.multirest or bar.silent else bar.length for bar in bars]
    halves: set[int] = set()
    for place in range(1, len(bars) - 1):  # the first bar, if it is short, is a pickup
        if place not in halves and lengths[place] < meter.length == lengths[place] + lengths[place + 1]:
            halves |= {place, place + 1}
    found, number = [], 1
    for place, (bar, length) in enumerate(zip(bars, lengths, strict=True)):
        full = meter.length * (bar.multirest or 1)
        fill: Fill = "full" if length == full else "short" if length < full else "long"
        fine = fill == "full" or (fill == "short" and (place in (0, len(bars) - 1) or place in halves))
        found.append(BarCheck(number, fill, fine, length, full, bar.first, bar.stop))
        number += bar.multirest or 1
    return found
