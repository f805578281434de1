"""Rarities: bars that are no music but hold every symbol about as often as any other."""

from seqrec.rendering import Dice
from seqrec_sheet_music import rhythms
from seqrec_sheet_music.alphabets import DURATIONS, GRACES, HELD, LONGEST_MULTIREST
from seqrec_sheet_music.tokens import (
    HIGHEST_STEP,
    LOWEST_STEP,
    Clef,
    Element,
    Grace,
    Meter,
    Multirest,
    Note,
    Pitch,
    Rest,
    Tie,
    Value,
)


def bars(dice: Dice, clef: Clef, meter: Meter | None, count: int) -> list[list[Element]]:
    """So many bars of random symbols.

    Args:
        dice: Chance.
        clef: Says which pitches have a place on the staff.
        meter: What every bar fills, or None for bars of two to five symbols of any length.
        count: Bars.
    """
    made = [_bar(dice, clef, meter) for _ in range(count)]
    if not any(isinstance(element, Note) for bar in made for element in bar):
        made[-1] = [_note(dice, clef, rhythms.VALUE_OF[8])]
    return made


def _bar(dice: Dice, clef: Clef, meter: Meter | None) -> list[Element]:
    if dice.coin(0.08):
        return [Multirest(2 + dice.below(LONGEST_MULTIREST - 1))]
    values = _filling(dice, int(meter.length * 32)) if meter else [dice.pick(DURATIONS) for _ in range(2 + dice.below(4))]
    elements: list[Element] = []
    tied = False
    for index, value in enumerate(values):
        if tied:
            previous = elements[-2]
            assert isinstance(previous, Note)
            element: Element = Note(previous.pitch, value, fermata=_held(dice, value))
        elif dice.coin(0.2):
            element = Rest(value, fermata=_held(dice, value))
        else:
            if dice.coin(0.12):
                elements.append(Grace(_pitch(dice, clef), dice.pick(GRACES)))
            element = _note(dice, clef, value)
        tied = isinstance(element, Note) and index < len(values) - 1 and dice.coin(0.1)
        elements += [element, Tie()] if tied else [element]
    return elements


def _filling(dice: Dice, length: int) -> list[Value]:
    """Random values that fill a length."""
    values: list[Value] = []
    while length:
        fitting = [known for known in rhythms.VALUE_OF if known <= length]
        part = dice.pick(fitting) if len(values) < 4 else max(fitting)
        values.append(rhythms.VALUE_OF[part])
        length -= part
    return values


def _note(dice: Dice, clef: Clef, value: Value) -> Note:
    return Note(_pitch(dice, clef), value, fermata=_held(dice, value))


def _pitch(dice: Dice, clef: Clef) -> Pitch:
    return Pitch(clef.bottom + LOWEST_STEP + dice.below(HIGHEST_STEP - LOWEST_STEP + 1), dice.below(3) - 1)


def _held(dice: Dice, value: Value) -> bool:
    return value in HELD and dice.coin(0.3)
