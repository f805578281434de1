"""Kern: what is read of it, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec_sheet_music.errors import MusicError
from seqrec_sheet_music.kern import read_kern
from seqrec_sheet_music.tokens import Barline, Clef, Grace, Key, Meter, Multirest, Note, Rest, Tie, Value, parse

STAFF = """!!!OTL: made up
**kern\t**text
*clefG2\t*
*k[f#c#]\t*
*D:\t*
*M3/4\t*
*met(c)\t*
=1-\t=1-
4.dd\tla
8cc#L\t.
[8a\t.
8aJ]\t.
=2\t=2
8qb\t.
2.f#;\t.
=3\t=3
2r\t.
16E-\t.
00r\t.
==\t==
*-\t*-
"""
TOKENS = (
    "clef-G2 keySignature-DM timeSignature-C note-D5_quarter. note-C#5_eighth note-A4_eighth tie note-A4_eighth barline "
    "gracenote-B4_eighth note-F#4_half._fermata barline rest-half note-Eb3_sixteenth"
)


def test_staff_is_read() -> None:
    assert read_kern(STAFF.replace("00r\t.\n", "")) == [*TOKENS.split(), "barline"]


def kern(tokens: list[str]) -> str:
    """The other road: what kern has for tokens without tied grace notes and multi-bar rests."""
    lines, tied = ["**kern"], False
    for place, token in enumerate(tokens):
        match parse(token):
            case Clef(sign=sign, line=line):
                lines.append(f"*clef{sign}{line}")
            case Key(fifths=fifths):
                letters = "fcgdaeb"[:fifths] if fifths > 0 else "beadgcf"[:-fifths]
                lines.append("*k[" + "".join(letter + ("#" if fifths > 0 else "-") for letter in letters) + "]")
            case Meter() as meter:
                lines.append("*M{}/{}".format(*meter.fraction))
                lines += [f"*met({meter.sign.lower().replace('/', '|')})"] * meter.sign.startswith("C")
            case Barline():
                lines.append("=")
            case Rest(value=value, fermata=fermata):
                lines.append(f"{recip(value)}r{';' * fermata}")
            case Note() | Grace() as note:
                letter = note.pitch.letter
                octave = note.pitch.octave
                name = letter.lower() * (octave - 3) if octave > 3 else letter * (4 - octave)
                name += {-1: "-", 0: "", 1: "#"}[note.pitch.alter]
                ties = tokens[place + 1 : place + 2] == ["tie"] and isinstance(note, Note)
                mark = "[" if ties and not tied else ""
                end = "_" if ties and tied else "]" if tied else ""
                held = ";" if isinstance(note, Note) and note.fermata else ""
                lines.append(f"{mark}{recip(note.value)}{'q' if isinstance(note, Grace) else ''}{name}{held}{end}")
                tied = ties
            case Tie() | Multirest():
                pass
    return "\n".join([*lines, "*-", ""])


def recip(value: Value) -> str:
    names = ("double_whole", "whole", "half", "quarter", "eighth", "sixteenth", "thirty_second")
    return ("0", "1", "2", "4", "8", "16", "32")[names.index(value.name)] + "." * value.dots


@given(data=st.data())
def test_tokens_come_back_from_kern(staves: st.SearchStrategy[list[str]], data: st.DataObject) -> None:
    tokens = [token if not token.startswith("multirest") else "rest-whole" for token in data.draw(staves)]
    assert read_kern(kern(tokens)) == tokens


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a file without a [*][*]kern spine"),
        ("hello", "line 1: 'hello' where a line with [*][*]kern should stand"),
        ("**kern\n4c", "no clef; expected an interpretation as [*]clefG2"),
        ("**kern\n*clefG2\n=1", "no notes and rests"),
        ("**kern\n*clefGv2\n4c", "line 2: clef Gv2 with a change of octave"),
        ("**kern\n*clefG2\n4c 4e", "line 3: chord '4c 4e'"),
        ("**kern\n*clefG2\n6c", "line 3: '6c' lasts 1/6 of a whole note, as in a tuplet"),
        ("**kern\n*clefG2\n4c##", "line 3: '4c##' has a double accidental"),
        ("**kern\n*clefG2\n4c\n*clefF4\n4c", "line 4: a change of clef, key or meter inside a staff"),
        ("**kern\n*clefG2\nc", "line 3: 'c' has no duration"),
        ("**kern\n*clefG2\n4", "line 3: '4' has no pitch"),
        ("**kern\n*clefG2\n*^\n4c", "line 3: [*]\\^ splits or joins voices"),
        ("**text\t**kern\n*\t*clefG2\n4c", "line 3: 1 columns; the notes are in column 2"),
    ],
)
def test_what_tokens_cannot_say_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(MusicError, match=message):
        read_kern(text)


@given(text=st.text("*=kernclefG24.abCD#-[]_;q\t\n", max_size=80))
def test_any_text_is_tokens_or_one_clear_error(text: str) -> None:
    try:
        tokens = read_kern("**kern\n*clefG2\n" + text)
    except MusicError:
        return
    assert all(parse(token) for token in tokens)
