"""The composer: tunes of one staff as tokens, made up bar by bar. The same state of chance gives the same tune anywhere."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqrec import SeqrecError
from seqrec.rendering import Dice
from seqrec_sheet_music import rarities
from seqrec_sheet_music.alphabets import CLEFS, GRACES, HELD, LONGEST_MULTIREST, METERS
from seqrec_sheet_music.tokens import (
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
from seqrec_sheet_music.tunes import Tune

Fragment = tuple[str, ...]
"""The tokens of one staff."""
HELD_OUT_PARTS = 8
"""One tune of so many is kept for validation."""
TRIES = 2000

_CLEF_SHARES = {"G2": 0.42, "F4": 0.26, "C3": 0.14, "C4": 0.1, "C1": 0.08}
_METER_SHARES = {"4/4": 5, "C": 4, "3/4": 5, "2/4": 4, "6/8": 4, "C/": 2.5, "2/2": 1.5, "3/8": 1.5, "9/8": 1, "12/8": 1, "3/2": 1}
_RARE_METER_SHARE = 0.4
WHOLE_BAR = Value("whole")


@dataclass(frozen=True)
class Wishes:
    """What kind of tunes are asked for.

    Attributes:
        bars: Fewest and most bars; a tune of too few notes grows beyond them.
        notes: Fewest and most notes, grace notes not counted; a longer tune is cut.
        plain: Whether to leave out grace notes, fermatas, multi-bar rests, rare meters and everything else that is seldom.
        rare: Part of the tunes that are no music but draw all symbols evenly.
    """

    bars: tuple[int, int] = (1, 6)
    notes: tuple[int, int] = (1, 48)
    plain: bool = False
    rare: float = 0.15


def compose(rng: np.random.Generator, wishes: Wishes = Wishes(), held_out: bool = False) -> Fragment:
    """A tune.

    Args:
        rng: Where chance comes from.
        wishes: What kind of tune.
        held_out: Whether it is one of those kept for validation, or one of the others.

    Raises:
        SeqrecError: There is no such tune: it is too short to differ from all others.
    """
    dice = Dice(rng)
    for _ in range(TRIES):
        fragment = _composed(dice, wishes)
        if is_held_out(fragment) == held_out:
            return fragment
    raise SeqrecError(f"renderer: no tune of {wishes.notes} notes in {TRIES} tries is for this purpose; ask for longer ones")


def is_held_out(fragment: Sequence[str]) -> bool:
    """Whether a tune is kept for validation: by its intervals and lengths, so that key, clef and barlines change nothing."""
    melody, before = [], 0
    for token in fragment:
        element = parse(token)
        if isinstance(element, Note):
            melody.append(f"{element.pitch.diatonic - before if before else 0}:{element.value}")
            before = element.pitch.diatonic
        elif isinstance(element, Rest):
            melody.append(f"r{element.value}")
    return zlib.crc32(" ".join(melody).encode()) % HELD_OUT_PARTS == 0


def _composed(dice: Dice, wishes: Wishes) -> Fragment:
    clef, key = _clef(dice), _key(dice, wishes.plain)
    meter = _meter(dice, wishes.plain)
    elements: list[Element] = [clef]
    elements += [key] * bool(key.fifths)
    shown = dice.coin(0.55)
    if not wishes.plain and dice.coin(wishes.rare):
        clef = elements[0] = dice.pick(CLEFS)
        elements += [meter] * shown
        bars = rarities.bars(dice, clef, meter if shown else None, _bar_count(dice, wishes))
    else:
        elements += [meter] * shown
        bars = _tune(dice, Tune(dice, clef, key, meter, wishes.plain), wishes)
    for bar in bars:
        elements += [*bar, Barline()]
    elements = _cut(elements, wishes.notes[1])
    if isinstance(elements[-1], Barline) and dice.coin(0.2):  # the line goes on beyond the picture
        less = 1 + (dice.below(max(1, min(4, len(bars[-1]) - 1))) if dice.coin(0.4) else 0)
        shorter = _whole(elements[:-less], elements)
        if _notes(shorter) >= wishes.notes[0]:
            elements = shorter
    last = elements[-2:] if isinstance(elements[-1], Barline) else elements[-1:]
    if not wishes.plain and isinstance(last[0], Note) and dice.coin(0.04):  # tied to the next line's first note
        elements.insert(len(elements) + 1 - len(last), Tie())
    return tuple(spell(element) for element in elements)


def _tune(dice: Dice, tune: Tune, wishes: Wishes) -> list[list[Element]]:
    """The bars of a tune, decorated."""
    bars: list[list[Element]] = []
    count, notes = _bar_count(dice, wishes), 0
    pickup = dice.coin(0.2)
    resting = 0.0 if wishes.plain else 0.45 if dice.coin(0.1) else 0.02
    while len(bars) < count or notes < wishes.notes[0]:
        if dice.coin(resting):
            bars.append([_rest_of_bars(dice)])
            continue
        bar = tune.bar()
        if not bars and pickup:
            bar = _tail(bar)
        bars.append(bar)
        notes += _notes(bar)
    _tie_within(dice, bars, 0.0 if wishes.plain or dice.coin(0.6) else dice.between(0.03, 0.2))
    _tie_over(dice, bars, 0.0 if dice.coin(0.45) else dice.between(0.1, 0.5))
    if not wishes.plain:
        if dice.coin(0.08):
            _hold(dice, bars)
        if dice.coin(0.13):
            bars = [_grace(dice, tune, bar) for bar in bars]
    return bars


def _bar_count(dice: Dice, wishes: Wishes) -> int:
    low, high = wishes.bars
    return low + dice.below(high - low + 1)


def _clef(dice: Dice) -> Clef:
    toss = dice.between(0, sum(_CLEF_SHARES.values()))
    for clef in CLEFS:
        toss -= _CLEF_SHARES[f"{clef.sign}{clef.line}"]
        if toss < 0:
            return clef
    return CLEFS[0]


def _key(dice: Dice, plain: bool) -> Key:
    if dice.coin(0.3) and not plain:
        return Key(dice.below(15) - 7)
    return Key(round(min(max(dice.around(2, 7), -7), 7)))


def _meter(dice: Dice, plain: bool) -> Meter:
    if not plain and dice.coin(_RARE_METER_SHARE):
        return Meter(dice.pick(METERS))
    signs = list(_METER_SHARES)
    toss = dice.between(0, sum(_METER_SHARES.values()))
    for sign in signs:
        toss -= _METER_SHARES[sign]
        if toss < 0:
            return Meter(sign)
    return Meter(signs[0])


def _rest_of_bars(dice: Dice) -> Element:
    if dice.coin(0.35):
        return Rest(WHOLE_BAR)
    if dice.coin(0.5):
        return Multirest(2 + dice.below(15))
    return Multirest(2 + dice.below(LONGEST_MULTIREST - 1))


def _tail(bar: list[Element]) -> list[Element]:
    """The end of a bar, as a pickup; it begins with a note."""
    start = next((index for index in range((len(bar) + 1) // 2, len(bar)) if isinstance(bar[index], Note)), 0)
    while start and isinstance(bar[start - 1], Tie):
        start -= 2
    return bar[start:]


def _tie_over(dice: Dice, bars: list[list[Element]], share: float) -> None:
    """Tie notes over barlines, in place: the second one takes the pitch of the first."""
    for before, bar in zip(bars, bars[1:], strict=False):
        if isinstance(before[-1], Note) and isinstance(bar[0], Note) and dice.coin(share):
            _hold_on(bar, 0, before[-1].pitch)
            before.append(Tie())


def _tie_within(dice: Dice, bars: list[list[Element]], share: float) -> None:
    """Tie notes to the next ones of their bars, in place: the second one takes the pitch of the first."""
    for bar in bars:
        for index in range(len(bar) - 1, 0, -1):
            before = bar[index - 1]
            if isinstance(before, Note) and isinstance(bar[index], Note) and dice.coin(share):
                _hold_on(bar, index, before.pitch)
                bar.insert(index, Tie())


def _hold_on(bar: list[Element], start: int, pitch: Pitch) -> None:
    """Give a note, and what is tied to it, another pitch, in place."""
    for index in range(start, len(bar), 2):
        note = bar[index]
        if not isinstance(note, Note):
            return
        bar[index] = Note(pitch, note.value)
        if bar[index + 1 : index + 2] != [Tie()]:
            return


def _hold(dice: Dice, bars: list[list[Element]]) -> None:
    """Put a fermata over the last note or rest, or over any, in place."""
    bar = bars[-1] if dice.coin(0.6) else dice.pick(bars)
    places = [index for index, element in enumerate(bar) if isinstance(element, Note | Rest) and element.value in HELD]
    if not places:
        return
    index = places[-1] if dice.coin(0.6) else dice.pick(places)
    element = bar[index]
    if isinstance(element, Note):
        bar[index] = Note(element.pitch, element.value, fermata=True)
    elif isinstance(element, Rest):
        bar[index] = Rest(element.value, fermata=True)


def _grace(dice: Dice, tune: Tune, bar: list[Element]) -> list[Element]:
    """The bar with grace notes before some of its notes; never between tied ones."""
    decorated: list[Element] = []
    for index, element in enumerate(bar):
        free = index == 0 or not isinstance(bar[index - 1], Tie)
        if isinstance(element, Note) and free and index and dice.coin(0.2):
            value = GRACES[0] if dice.coin(0.6) else GRACES[1]
            for way in range(1 + (dice.below(2) + 1) * dice.coin(0.15), 0, -1):
                place = element.pitch.diatonic + (way if dice.coin() else -way)
                if tune.inside(place):
                    decorated.append(Grace(Pitch(place, tune.key.alter(Pitch(place).letter)), value))
        decorated.append(element)
    return decorated


def _notes(elements: list[Element]) -> int:
    return sum(isinstance(element, Note) for element in elements)


def _cut(elements: list[Element], most_notes: int) -> list[Element]:
    """The elements up to so many notes."""
    notes = 0
    for index, element in enumerate(elements):
        notes += isinstance(element, Note)
        if notes > most_notes:
            return _whole(elements[:index], elements)
    return elements


def _whole(part: list[Element], elements: list[Element]) -> list[Element]:
    """The part without what stands before something that is cut off: a tie, a barline after it, grace notes."""
    while len(part) < len(elements) and part and isinstance(part[-1], Tie | Grace):
        part = part[:-1]
    if isinstance(part[-1], Barline) and len(part) > 1 and isinstance(part[-2], Tie):
        part = [*part[:-2], part[-1]]
    return part
