"""Semantic tokens to shapes and places, and back by the rules of notation."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from seqrec_sheet_music.agnostic import key_runs_on, signature, to_agnostic
from seqrec_sheet_music.alphabets import CLEFS, agnostic
from seqrec_sheet_music.deduction import to_semantic
from seqrec_sheet_music.errors import MusicError
from seqrec_sheet_music.tokens import Clef, Key, spell


@given(data=st.data())
def test_tokens_come_back_from_their_shapes(staves: st.SearchStrategy[list[str]], data: st.DataObject) -> None:
    tokens = data.draw(staves)
    assume(not key_runs_on(tokens))
    assert to_semantic(to_agnostic(tokens)) == (tokens, [])


@given(data=st.data())
def test_shapes_are_in_the_alphabet(staves: st.SearchStrategy[list[str]], data: st.DataObject) -> None:
    symbols = to_agnostic(data.draw(staves))
    assert all(symbol in agnostic for symbol in symbols)


@given(data=st.data())
def test_shapes_come_back_from_any_tokens(staves: st.SearchStrategy[list[str]], data: st.DataObject) -> None:
    symbols = to_agnostic(data.draw(staves))
    assert to_agnostic(to_semantic(symbols)[0]) == symbols


@given(symbols=st.lists(st.sampled_from(agnostic.symbols), max_size=10), clef=st.booleans())
def test_any_shapes_give_tokens_that_have_shapes(symbols: list[str], clef: bool) -> None:
    tokens, problems = to_semantic(["clef.G-L2"] * clef + symbols)
    assert all(0 <= problem.place < len(symbols) + clef for problem in problems)
    if clef:
        assert to_semantic(to_agnostic(tokens))[0] == tokens or key_runs_on(tokens)


def test_published_shapes_are_read() -> None:
    shapes = "clef.C-L1 accidental.flat-L4 accidental.flat-L2 accidental.flat-S3 digit.2-L4 digit.4-L2 digit.2-S5 digit.3-S5"
    shapes += (
        " multirest-L3 barline-L1 rest.quarter-L3 rest.eighth-L3 note.eighth-L4 barline-L1 note.quarter-L4 dot-S4 note.eighth-L3"
    )
    tokens = "clef-C1 keySignature-EbM timeSignature-2/4 multirest-23 barline rest-quarter rest-eighth note-Bb4_eighth barline"
    tokens += " note-Bb4_quarter. note-G4_eighth"
    assert to_agnostic(tokens.split()) == shapes.split()
    assert to_semantic(shapes.split()) == (tokens.split(), [])


def test_what_beams_say_is_read_too() -> None:
    tokens, problems = to_semantic(["clef.G-L2", "note.beamedRight1-S1", "note.beamedBoth2-S1", "note.beamedLeft3-S1"])
    assert tokens[1:] == ["note-F4_eighth", "note-F4_sixteenth", "note-F4_thirty_second"]
    assert problems == []


def test_courtesy_accidentals_are_lost() -> None:
    shapes = ["clef.G-L2", "metersign.C-L3", "accidental.natural-S1", "note.half-S1"]
    tokens, problems = to_semantic(shapes)
    assert tokens == ["clef-G2", "timeSignature-C", "note-F4_half"]
    assert problems == []
    assert to_agnostic(tokens) == ["clef.G-L2", "metersign.C-L3", "note.half-S1"]


def test_an_accidental_that_reads_as_key_is_told() -> None:
    first = ["clef-G2", "note-F#5_half", "note-F5_half"]
    assert to_agnostic(first)[:-2] == ["clef.G-L2", "accidental.sharp-L5", "note.half-L5"]
    assert key_runs_on(first)
    assert to_semantic(to_agnostic(first))[0] == ["clef-G2", "keySignature-GM", "note-F#5_half", "note-F5_half"]
    assert not key_runs_on(["clef-G2", "timeSignature-C", "note-F#5_half"])
    assert not key_runs_on(["clef-G2", "note-F#4_half"])  # not where the signature has its sharp
    assert not key_runs_on(["clef-G2", "rest-half", "note-F#5_half"])
    assert key_runs_on(["clef-F4", "keySignature-FM", "gracenote-Eb3_eighth", "note-C3_half"])


SPOILT = {
    "note.half-S1 accidental.sharp-S1": (2, "an accidental without a note"),
    "accidental.sharp-S1 note.half-S2": (1, "an accidental without a note"),
    "note.half-S1 dot-S1 dot-S1 dot-S1": (4, "'dot-S1' means nothing here"),
    "note.half-S1 metersign.C-L3": (2, "'metersign.C-L3' means nothing here"),
    "multirest-L3 note.half-S1": (1, "'multirest-L3' means nothing here"),
    "slur.end-S1 note.half-S1": (1, "'slur.end-S1' means nothing here"),
    "note.half-S1 clef.F-L4": (2, "'clef.F-L4' means nothing here"),
    "note-C4_half note.half-S1": (1, "'note-C4_half' means nothing here"),
}


@pytest.mark.parametrize("shapes", SPOILT)
def test_what_means_nothing_is_named_and_left_out(shapes: str) -> None:
    place, text = SPOILT[shapes]
    tokens, (problem,) = to_semantic(["clef.G-L2", *shapes.split()])
    assert (problem.place, text in problem.text) == (place, True)
    assert any(token.startswith("note-") for token in tokens)


def test_places_need_a_clef() -> None:
    with pytest.raises(MusicError, match="begins with 'note-C4_half'; places need a clef"):
        to_agnostic(["note-C4_half"])


@pytest.mark.parametrize("clef", CLEFS, ids=spell)
def test_signatures_stand_where_the_engraver_puts_them(clef: Clef) -> None:
    verovio = pytest.importorskip("verovio", reason="verovio is not installed")
    for fifths in (7, -7):
        assert [step for step, _ in signature(clef, Key(fifths))] == _engraved(verovio, clef, fifths)


def _engraved(verovio: object, clef: Clef, fifths: int) -> list[int]:
    """Staff steps of the accidentals of a signature as verovio draws it."""
    import re

    toolkit = verovio.toolkit()  # type: ignore[attr-defined]
    staff = f'<staffDef n="1" lines="5" clef.shape="{clef.sign}" clef.line="{clef.line}" keysig="7{"s" if fifths > 0 else "f"}"/>'
    assert toolkit.loadData(
        '<mei xmlns="http://www.music-encoding.org/ns/mei"><meiHead/><music><body><mdiv><score><scoreDef><staffGrp>'
        f'{staff}</staffGrp></scoreDef><section><measure n="1"><staff n="1"><layer n="1"><note pname="c" oct="4" dur="1"/>'
        "</layer></staff></measure></section></score></mdiv></body></music></mei>"
    )
    drawing = toolkit.renderToSVG(1)
    heights = [int(y) for y in re.findall(r'class="keyAccid.*?translate\(\d+, (\d+)\)', drawing, re.DOTALL)]
    lines = [int(y) for y in re.findall(r'<path d="M\d+ (\d+) L\d+ \1"', drawing)][:5]
    return [round((max(lines) - y) * 8 / (max(lines) - min(lines))) for y in heights]
