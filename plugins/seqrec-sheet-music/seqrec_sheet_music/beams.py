"""Beams: which notes of a bar stand under one."""

from collections import Counter
from collections.abc import Sequence
from functools import cache

from seqrec.rendering import Dice
from seqrec_sheet_music import rhythms
from seqrec_sheet_music.tokens import VALUES, Element, Grace, Meter, Note, Rest

STYLES = ("beat", "half", "bar", "any", "none")
"""By beats; eighths of half a bar together; eighths of a whole bar together; at random; every note with its own flag."""
_USUAL = {
    12: "3/8", 16: "2/4", 20: "5/8", 24: "3/4", 28: "7/8", 32: "4/4", 36: "9/8", 40: "5/4", 48: "12/8", 64: "4/2",
}  # fmt: skip
"""Meters by the length of a bar in thirty-seconds."""


@cache
def length(element: Element) -> int:
    """Of a note or rest in thirty-second notes; of anything else 0."""
    return int(element.value.length * 32) if isinstance(element, Note | Rest) else 0


def likely_meter(bars: Sequence[Sequence[Element]]) -> Meter | None:
    """A meter by which bars can be beamed where none is drawn: one that most of them fill, or None where no usual one is filled.

    Args:
        bars: Their elements; bars without notes do not count.
    """
    lengths = Counter(sum(map(length, bar)) for bar in bars if any(isinstance(element, Note) for element in bar))
    usual = [(count, total) for total, count in lengths.items() if total in _USUAL]
    if not usual:
        return None
    total = max(usual)[1]
    if total != 24:
        return Meter(_USUAL[total])
    onsets = Counter(onset for bar in bars if sum(map(length, bar)) == 24 for onset in _onsets(bar, 0))
    return Meter("6/8" if onsets[12] > onsets[8] + onsets[16] else "3/4")


def beamed(bar: Sequence[Element], meter: Meter | None, style: str, dice: Dice, upbeat: bool) -> list[tuple[int, int]]:
    """First and last index of the notes under each beam; grace notes have beams of their own, between others.

    Args:
        bar: What stands between two barlines.
        meter: Whose beats count, or None for quarters.
        style: One of `STYLES`.
        dice: Chance.
        upbeat: Whether the bar ends on the last beat when it is short.
    """
    if style == "none":
        return []
    total = sum(map(length, bar))
    full = int(meter.length * 32) if meter else total
    at = full - total if upbeat and total < full else 0
    starts = _starts(meter, style, dice, at + total)
    main = _main(bar, _onsets(bar, at), starts, by_quarters=style in ("half", "bar"))
    inside = {index for first, last in main for index in range(first, last)}
    return main + [run for run in _grace_runs(bar) if run[0] not in inside]


def _onsets(bar: Sequence[Element], at: int) -> list[int]:
    """Where the elements of a bar begin, in thirty-seconds."""
    found = []
    for element in bar:
        found.append(at)
        at += length(element)
    return found


def _starts(meter: Meter | None, style: str, dice: Dice, total: int) -> list[int]:
    """Where beams may begin, in thirty-seconds from the start of the bar; beyond the meter's end every quarter."""
    beats = rhythms.beats(meter, dice) if meter else []
    starts = [sum(beats[:index]) for index in range(len(beats))]
    if style == "half" and len(beats) == 4 and set(beats) == {8}:
        starts = starts[::2]
    elif style == "bar" and total <= 24:
        starts = starts[:1]
    elif style == "any":
        return [start for start in range(0, max(total, 1), 4) if not start or dice.coin(0.4)]
    return starts + list(range(sum(beats), total, 8))


def _main(bar: Sequence[Element], onsets: Sequence[int], starts: Sequence[int], by_quarters: bool) -> list[tuple[int, int]]:
    """Beams of the notes proper; with `by_quarters` those that hold more than eighths are split by quarters."""
    windows = [max((number for number, start in enumerate(starts) if start <= onset), default=0) for onset in onsets]
    busy = {window for window, element in zip(windows, bar, strict=True) if 0 < length(element) < 4}
    found: list[list[int]] = []
    before: tuple[int, int] | None = None
    for index, element in enumerate(bar):
        if isinstance(element, Note) and VALUES[element.value.name] < VALUES["quarter"]:
            window = windows[index], onsets[index] // 8 if by_quarters and windows[index] in busy else 0
            if window == before:
                found[-1].append(index)
            else:
                found.append([index])
            before = window
        elif isinstance(element, Note | Rest):
            before = None
    return [(group[0], group[-1]) for group in found if len(group) > 1]


def _grace_runs(bar: Sequence[Element]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for index, element in enumerate(bar):
        if isinstance(element, Grace):
            if runs and runs[-1][1] == index - 1:
                runs[-1] = (runs[-1][0], index)
            else:
                runs.append((index, index))
    return [run for run in runs if run[0] < run[1]]
