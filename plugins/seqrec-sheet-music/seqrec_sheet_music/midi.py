"""Tokens → MIDI.

Source:
    MIDI Manufacturers Association 1996, "Standard MIDI Files 1.0", format 0.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from seqrec_sheet_music.bars import meters_of
from seqrec_sheet_music.errors import MusicError
from seqrec_sheet_music.staff import Event, Staff, staff_of
from seqrec_sheet_music.tokens import Key, Meter, Note, Rest

DIVISION = 384
"""Ticks of a quarter note: the shortest dotted value of the encoding is a whole number of them."""
_GRACE = Fraction(1, 32)
_LOUDNESS = 80


class Sound(NamedTuple):
    """One key pressed.

    Attributes:
        onset: In whole notes from the beginning.
        length: In whole notes.
        midi: Number of the key, 60 for middle C.
    """

    onset: Fraction
    length: Fraction
    midi: int


def sounds(staves: Sequence[Staff], meter: str = "") -> tuple[list[Sound], Fraction]:
    """What is heard of the staves of one piece, and how long it lasts, in whole notes.

    Tied notes are one sound. Grace notes take their time from the note behind them, half of it at most. Bars of rest last as
    long as the meter says.

    Raises:
        MusicError: `meter` is not one of the alphabet.
    """
    found: list[Sound] = []
    now, tied = Fraction(0), False
    for staff, one in zip(staves, meters_of(staves, meter), strict=True):
        full = one.length
        for bar in staff.bars:
            if bar.multirest or bar.silent:
                now, tied = now + full * max(bar.multirest, 1), False
                continue
            for event in bar.events:
                element = event.element
                assert isinstance(element, Note | Rest)
                length = element.value.length
                if isinstance(element, Note):
                    if tied and found and found[-1].midi == element.pitch.midi and not event.graces:
                        found[-1] = found[-1]._replace(length=found[-1].length + length)
                    else:
                        found += _struck(event, now)
                now, tied = now + length, event.tied
    return found, now


def _struck(event: Event, now: Fraction) -> list[Sound]:
    """A note with its grace notes."""
    assert isinstance(event.element, Note)
    length = event.element.value.length
    each = min(_GRACE, length / 2 / max(len(event.graces), 1))
    found = [Sound(now + place * each, each, grace.pitch.midi) for place, grace in enumerate(event.graces)]
    late = each * len(event.graces)
    return [*found, Sound(now + late, length - late, event.element.pitch.midi)]


def to_midi(staves: Sequence[Sequence[str]], meter: str = "", quarters_a_minute: int = 100) -> bytes:
    """A MIDI file of the staves of one piece, in order.

    Tokens that are no music give what is music in them. The file lasts as long as the bars, rests at its end included.

    Raises:
        MusicError: `meter` is not one of the alphabet.
    """
    read = [staff_of(tokens)[0] for tokens in staves]
    heard, length = sounds(read, meter)
    events = [(_ticks(one.onset), 1, bytes((0x90, _key(one.midi), _LOUDNESS))) for one in heard]
    events += [(_ticks(one.onset + one.length), 0, bytes((0x80, _key(one.midi), 0))) for one in heard]
    track = _head(read[0].key, meters_of(read, meter)[0], quarters_a_minute) if read else b""
    now = 0
    for tick, _, message in sorted(events):
        track += _variable(tick - now) + message
        now = tick
    track += _variable(_ticks(length) - now) + b"\xff\x2f\x00"
    head = b"MThd" + _number(6, 4) + _number(0, 2) + _number(1, 2) + _number(DIVISION, 2)
    return head + b"MTrk" + _number(len(track), 4) + track


def _head(key: Key, meter: Meter, quarters_a_minute: int) -> bytes:
    """Tempo, meter and key."""
    top, bottom = meter.fraction
    tempo = b"\x00\xff\x51\x03" + _number(60_000_000 // quarters_a_minute, 3)
    time = b"\x00\xff\x58\x04" + bytes((top, bottom.bit_length() - 1, 24, 8))
    return tempo + time + b"\x00\xff\x59\x02" + bytes((key.fifths % 256, 0))


def _ticks(length: Fraction) -> int:
    return round(length * 4 * DIVISION)


def _key(midi: int) -> int:
    return min(max(midi, 0), 127)


def _number(value: int, size: int) -> bytes:
    return value.to_bytes(size, "big")


def _variable(value: int) -> bytes:
    """A number in groups of seven bits, as MIDI writes times."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(0x80 | value & 0x7F)
    return bytes(reversed(groups))


def midi_length(data: bytes) -> Fraction:
    """How long a MIDI file of `to_midi` lasts, in whole notes, counted from its bytes.

    Raises:
        MusicError: Not such a file.
    """
    if data[:4] != b"MThd" or data[14:18] != b"MTrk" or len(data) < 22:
        raise MusicError("no MIDI file of format 0: expected MThd and one MTrk")
    division, place, ticks = int.from_bytes(data[12:14], "big"), 22, 0
    try:
        while True:
            wait = 0
            while data[place] & 0x80:
                wait, place = wait << 7 | data[place] & 0x7F, place + 1
            ticks += wait << 7 | data[place]
            status = data[place + 1]
            if data[place + 1 : place + 3] == b"\xff\x2f":
                return Fraction(ticks, 4 * division)
            place += 4 + data[place + 3] if status == 0xFF else 4
    except IndexError as error:
        raise MusicError("a MIDI file without an end of track") from error
