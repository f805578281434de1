"""What is written and is no word: numbers, prices, times, dates, plates, codes and abbreviations."""

from collections.abc import Callable

import numpy as np

Rng = np.random.Generator
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
UNITS = ("kg", "g", "km", "m", "cm", "mm", "ml", "l", "mph", "km/h", "GB", "MB", "W", "V", "ft", "in", "lb", "oz", "cl")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"


def pick(rng: Rng, choices: tuple[str, ...] | str) -> str:
    """One of several texts or characters, evenly."""
    return choices[int(rng.random() * len(choices))]


def digits(rng: Rng, least: int, most: int) -> str:
    """So many random digits."""
    return "".join(DIGITS[int(digit)] for digit in rng.integers(0, 10, int(rng.integers(least, most + 1))))


def _whole(rng: Rng) -> str:
    return digits(rng, 1, 4).lstrip("0") or "0"


def _price(rng: Rng) -> str:
    amount = _whole(rng) + pick(rng, (".99", ".50", ".00", f".{digits(rng, 2, 2)}", "", f",{digits(rng, 3, 3)}", ".-"))
    return pick(rng, ("$", "$", "$", "US$", "", "Rs.")) + amount


def _time(rng: Rng) -> str:
    hour, minute = int(rng.integers(0, 24)), int(rng.integers(0, 60))
    toss = rng.random()
    if toss < 0.4:
        return f"{hour}:{minute:02d}"
    if toss < 0.7:
        return f"{hour % 12 or 12}{pick(rng, ('', ':30', '.30', ':00'))}{pick(rng, ('am', 'pm', 'AM', 'PM', 'a.m.'))}"
    return f"{hour}{pick(rng, 'h:.')}{minute:02d}" if toss < 0.9 else f"{hour:02d}-{(hour + 8) % 24:02d}"


def _date(rng: Rng) -> str:
    day, month, year = int(rng.integers(1, 32)), int(rng.integers(1, 13)), int(rng.integers(1900, 2040))
    toss = rng.random()
    if toss < 0.35:
        return str(year)
    if toss < 0.6:
        mark = pick(rng, "/.-")
        return f"{day:02d}{mark}{month:02d}{mark}{pick(rng, (str(year), str(year)[2:]))}"
    if toss < 0.7:
        return f"{year}-{pick(rng, (str(year + 1), str(year + 1)[2:]))}"
    if toss < 0.8:
        return f"'{str(year)[2:]}" if rng.random() < 0.5 else f"{str(year)[2]}0s"
    if toss < 0.9:
        return f"{day}{'th' if 10 < day < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th')}"
    return f"{MONTHS[month - 1]}{pick(rng, ('-', '.', ''))}{day}"


def _phone(rng: Rng) -> str:
    toss = rng.random()
    if toss < 0.4:
        return f"{digits(rng, 3, 4)}-{digits(rng, 4, 4)}"
    if toss < 0.6:
        return f"{digits(rng, 3, 3)}-{digits(rng, 3, 3)}-{digits(rng, 4, 4)}"
    if toss < 0.75:
        return f"({digits(rng, 3, 4)}){digits(rng, 3, 7)}"
    return f"+{digits(rng, 6, 11)}" if toss < 0.85 else digits(rng, 6, 11)


def _measure(rng: Rng) -> str:
    return _whole(rng) + pick(rng, ("", "", f".{digits(rng, 1, 2)}")) + pick(rng, UNITS)


def _percent(rng: Rng) -> str:
    return f"{pick(rng, ('', '', '-', '+'))}{digits(rng, 1, 2)}{pick(rng, ('', '.5', ',9'))}%"


def _plain(rng: Rng) -> str:
    return digits(rng, 1, 5)


def _sum(rng: Rng) -> str:
    return f"{digits(rng, 1, 3)}{pick(rng, '+-x*/=.,:#')}{digits(rng, 1, 3)}"


def _numbered(rng: Rng) -> str:
    return pick(rng, ("#", "No.", "#", "No", "n.", "@", "~", "<", ">", "x", "^")) + _whole(rng)


_NUMBERS: tuple[tuple[float, Callable[[Rng], str]], ...] = (
    (0.36, _plain),
    (0.13, _price),
    (0.09, _time),
    (0.16, _date),
    (0.08, _phone),
    (0.05, _measure),
    (0.05, _percent),
    (0.04, _sum),
    (0.04, _numbered),
)


def number(rng: Rng) -> str:
    """A number, price, time, date, telephone number, measure or percentage."""
    toss = rng.random()
    for share, draw in _NUMBERS:
        toss -= share
        if toss < 0:
            return draw(rng)
    return _plain(rng)


def _letters(rng: Rng, least: int, most: int) -> str:
    return "".join(LETTERS[int(letter)] for letter in rng.integers(0, 26, int(rng.integers(least, most + 1))))


def code(rng: Rng) -> str:
    """A plate, a part number, a room, or random characters of ASCII."""
    toss = rng.random()
    if toss < 0.2:
        return _letters(rng, 1, 3) + digits(rng, 1, 5)
    if toss < 0.35:
        return _letters(rng, 1, 3) + pick(rng, ("-", "-", ".", "/", ":", "_")) + digits(rng, 1, 4)
    if toss < 0.45:
        return _letters(rng, 2, 2) + digits(rng, 2, 2) + pick(rng, ("", " ")) + _letters(rng, 3, 3)
    if toss < 0.55:
        return digits(rng, 1, 4) + _letters(rng, 1, 2)
    if toss < 0.6:
        return pick(rng, "#<[{(\\") + _letters(rng, 1, 3) + digits(rng, 0, 3) + pick(rng, ">]});$^")
    pool = LETTERS + DIGITS if toss < 0.75 else LETTERS if toss < 0.85 else LETTERS.lower() + DIGITS
    if toss > 0.88:
        pool = "".join(chr(code) for code in range(33, 127))
    return "".join(pool[int(index)] for index in rng.integers(0, len(pool), int(rng.integers(1, 9))))


def abbreviation(rng: Rng) -> str:
    """Two to four letters, with points or an ampersand."""
    letters = _letters(rng, 2, 4)
    toss = rng.random()
    if toss < 0.45:
        return letters
    if toss < 0.7:
        return ".".join(letters[:3]) + "."
    if toss < 0.85:
        return "&".join(letters[:2])
    return letters[0] + letters[1:].lower() + "."
