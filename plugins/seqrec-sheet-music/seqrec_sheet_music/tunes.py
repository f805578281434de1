"""Tunes: melodies that move by step and by chord, come back to their ideas and stay in the range of their clef."""

from seqrec.rendering import Dice
from seqrec_sheet_music import rhythms
from seqrec_sheet_music.tokens import (
    HIGHEST_STEP,
    KEYS,
    LETTERS,
    LOWEST_STEP,
    Clef,
    Element,
    Key,
    Meter,
    Note,
    Pitch,
    Rest,
    Tie,
)

_CHORDS = (0, 0, 0, 0, 3, 3, 4, 4, 4, 5, 1)
"""Degrees of the scale on which a bar's chord stands."""
_WAYS = ("scale", "scale", "scale", "chord", "chord", "wander", "wander", "repeat")
_JUMPS = (-7, -5, -4, -3, -2, -2, -1, -1, -1, 1, 1, 1, 2, 2, 3, 4, 5, 7)

Idea = tuple[list[int], list[int]]
"""Lengths of a bar, and the steps of its notes from the first one."""


class Tune:
    """A melody in the making; each call of `bar` gives the next bar.

    Args:
        dice: Chance.
        clef: Says which pitches have a place on the staff.
        key: Its key signature; half of the tunes are in the minor key of it.
        meter: What the bars fill.
        plain: Whether to leave out what is seldom: far registers, chromatic notes, syncopated ties.
    """

    def __init__(self, dice: Dice, clef: Clef, key: Key, meter: Meter, plain: bool) -> None:
        self.dice, self.key, self.meter = dice, key, meter
        self.minor = dice.coin(0.35)
        self.tonic = (LETTERS.index(KEYS[key.fifths + 7][0]) - 2 * self.minor) % 7
        self.pace = dice.between(0, 1) ** (1.5 if plain else 0.9)
        wide = 4 + dice.below(4) if plain else 5 + dice.below(10)
        middle = 4 + dice.around(1.5 if plain else 3, 9) if dice.coin(0.85) else dice.between(-5, 13)
        self.lowest, self.highest = clef.bottom + LOWEST_STEP, clef.bottom + HIGHEST_STEP
        self.low = clef.bottom + max(LOWEST_STEP, min(round(middle - wide / 2), HIGHEST_STEP - wide))
        self.high = self.low + wide
        self.at = self.low + dice.below(wide + 1)
        self.chromatic = 0.0 if plain or dice.coin(0.6) else dice.between(0.02, 0.16)
        self.syncopated = 0.0 if plain or dice.coin(0.7) else dice.between(0.02, 0.15)
        self.way, self.up, self.left = "scale", True, 0
        self.ideas: list[Idea] = []

    def inside(self, place: int) -> bool:
        """Whether a diatonic number lies in the tune's range, or a step beyond, and on the staff."""
        return max(self.low - 1, self.lowest) <= place <= min(self.high + 1, self.highest)

    def bar(self) -> list[Element]:
        """The next bar, full."""
        dice = self.dice
        chord = {(self.tonic + dice.pick(_CHORDS) + third) % 7 for third in (0, 2, 4)}
        if self.ideas and dice.coin(0.45):
            lengths, shape = dice.pick(self.ideas)
            places = self._again(shape) if dice.coin(0.5) else self._melody(lengths, chord)
        else:
            lengths = rhythms.bar(self.meter, dice, self.pace)
            places = self._melody(lengths, chord)
        if places:
            self.ideas.append((lengths, [place - places[0] for place in places]))
        return self._written(lengths, self._pitches(places))

    def _again(self, shape: list[int]) -> list[int]:
        """An idea from where the melody is now, moved into the range."""
        start = self.at + self.dice.pick((-2, -1, 0, 0, 1, 2))
        start = min(max(start, self.low - min(shape)), self.high - max(shape))
        self.at = start + shape[-1]
        return [start + step for step in shape]

    def _melody(self, lengths: list[int], chord: set[int]) -> list[int]:
        places, at = [], 0
        for length in lengths:
            if length > 0:
                places.append(self._next(chord, strong=at % 8 == 0))
            at += abs(length)
        return places

    def _next(self, chord: set[int], strong: bool) -> int:
        dice = self.dice
        if not self.left:
            self.way, self.up, self.left = dice.pick(_WAYS), dice.coin(), 2 + dice.below(5)
        self.left -= 1
        if self.way == "scale":
            self.at += 1 if self.up else -1
        elif self.way == "chord":
            self.at += 1 if self.up else -1
            while self.at % 7 not in chord:
                self.at += 1 if self.up else -1
        elif self.way == "wander":
            self.at += dice.pick(_JUMPS)
        if strong and self.at % 7 not in chord and dice.coin(0.35):
            self.at += 1 if (self.at + 1) % 7 in chord else -1
        if not self.low <= self.at <= self.high:  # turn back
            beyond = self.at - self.high if self.at > self.high else self.at - self.low
            self.at = min(max(self.at - 2 * beyond, self.low), self.high)
            self.up = beyond < 0
        return self.at

    def _pitches(self, places: list[int]) -> list[Pitch]:
        pitches = []
        for index, place in enumerate(places):
            alter = self.key.alter(Pitch(place).letter)
            leading = self.minor and (place + 1 - self.tonic) % 7 == 0
            if leading and index + 1 < len(places) and places[index + 1] >= place and alter < 1:
                alter += 1
            elif self.dice.coin(self.chromatic):
                alter = min(max(alter + (1 if self.dice.coin() else -1), -1), 1)
            pitches.append(Pitch(place, alter))
        return pitches

    def _written(self, lengths: list[int], pitches: list[Pitch]) -> list[Element]:
        """Lengths and pitches as elements; a length that no single note has is tied."""
        elements: list[Element] = []
        following = iter(pitches)
        for length in lengths:
            values = rhythms.spelled(abs(length))
            if length < 0:
                elements += [Rest(value) for value in values]
                continue
            pitch = next(following)
            if elements and isinstance(elements[-1], Note) and self.dice.coin(self.syncopated):
                pitch = elements[-1].pitch
                elements.append(Tie())
            for index, value in enumerate(values):
                elements += [Tie()] * bool(index) + [Note(pitch, value)]
        return elements
