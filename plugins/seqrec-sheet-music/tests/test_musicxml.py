"""MusicXML: written, valid, and read back."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqrec_sheet_music.errors import MusicError
from seqrec_sheet_music.musicxml import to_musicxml
from seqrec_sheet_music.musicxml_reader import from_musicxml, read_musicxml
from seqrec_sheet_music.staff import staff_of, tokens_of

LINES = [
    "clef-G2 keySignature-GM timeSignature-3/4 note-D5_quarter barline note-G4_half tie note-G4_quarter barline rest-whole",
    "clef-F4 keySignature-GM multirest-12 barline note-F#3_half. tie barline",
    "clef-F4 keySignature-GM timeSignature-C/ note-F#3_whole barline rest-half_fermata barline gracenote-A3_eighth note-Bb3_half",
]
PIECE = [line.split() for line in LINES]


@given(data=st.data())
def test_tokens_come_back_from_musicxml(staves: st.SearchStrategy[list[str]], data: st.DataObject) -> None:
    piece = data.draw(st.lists(staves, min_size=1, max_size=3))
    assert from_musicxml(to_musicxml(piece)) == piece


@settings(max_examples=20)
@given(data=st.data())
def test_musicxml_is_valid(valid: Callable[[str], None], staves: st.SearchStrategy[list[str]], data: st.DataObject) -> None:
    text = to_musicxml(data.draw(st.lists(staves, min_size=1, max_size=2)), title="A & B")
    valid(text)


def test_what_is_no_musicxml_is_not_valid(valid: Callable[[str], None]) -> None:
    with pytest.raises(ValueError, match="voce"):
        valid(to_musicxml(PIECE).replace("<voice>1</voice>", "<voce>1</voce>"))


def node(piece: list[list[str]], **options: str) -> ElementTree.Element:
    return ElementTree.fromstring(to_musicxml(piece, **options))


def test_bars_last_as_long_as_their_notes() -> None:
    for tokens in PIECE:
        root = node([tokens])
        divisions = int(root.findtext(".//divisions"))
        time = root.find(".//time")
        full = 4 * divisions * int(time.findtext("beats")) // int(time.findtext("beat-type"))
        staff, _ = staff_of(tokens)
        lengths = [full if bar.multirest or bar.silent else bar.length * 4 * divisions for bar in staff.bars]
        expected = [length for bar, length in zip(staff.bars, lengths, strict=True) for _ in range(bar.multirest or 1)]
        measures = root.findall(".//measure")
        assert [sum(int(one.text) for one in measure.iter("duration")) for measure in measures] == expected


def test_multirests_are_one_sign_over_their_bars() -> None:
    root = node([PIECE[1]])
    assert len(root.findall(".//measure")) == 12 + 1
    assert [one.text for one in root.iter("multiple-rest")] == ["12"]
    assert len(root.findall(".//rest[@measure='yes']")) == 12


def test_pickup_is_number_0() -> None:
    assert [one.get("number") for one in node([PIECE[0]]).iter("measure")][:3] == ["0", "1", "2"]
    assert node([PIECE[1]]).find(".//measure").get("number") == "1"


def test_meter_that_is_not_drawn_is_not_shown() -> None:
    assert node([PIECE[0]]).find(".//time").get("print-object") is None
    time = node([PIECE[1]]).find(".//time")
    assert (time.get("print-object"), time.findtext("beats"), time.findtext("beat-type")) == ("no", "3", "4")
    assert node([PIECE[1]], meter="6/8").findtext(".//beats") == "6"


def test_ties_join_staves() -> None:
    joined = [["clef-G2", "note-C5_half", "tie", "barline"], ["clef-G2", "note-C5_half", "barline"]]
    assert [one.get("type") for one in node(joined).iter("tie")] == ["start", "stop"]
    joined[1][1] = "note-D5_half"
    assert [one.get("type") for one in node(joined).iter("tie")] == ["start"]


def test_each_staff_begins_a_system() -> None:
    assert len(node(PIECE).findall(".//print[@new-system='yes']")) == 2
    assert from_musicxml(to_musicxml(PIECE)) == PIECE


def test_title_is_written() -> None:
    assert node(PIECE, title="A & B <c>").findtext("work/work-title") == "A & B <c>"


@pytest.mark.parametrize("tokens", [[], ["clef-F4"], ["nonsense"], ["tie", "note-C4_half", "multirest-3"]])
def test_tokens_that_are_no_music_give_what_is_music_in_them(tokens: list[str], valid: Callable[[str], None]) -> None:
    text = to_musicxml([tokens])
    valid(text)
    (back,) = from_musicxml(text)
    assert staff_of(back)[1] == []
    expected = tokens_of(staff_of(tokens)[0])
    assert back == expected or (len(expected) == 1 and back[1:] == ["rest-whole"])


def test_no_staff_at_all_is_a_bar_of_rest() -> None:
    assert from_musicxml(to_musicxml([])) == [["clef-G2", "rest-whole"]]


def test_files_are_read_plain_and_packed(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.musicxml", tmp_path / "a.mxl"
    plain.write_text(to_musicxml(PIECE), encoding="utf-8")
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("META-INF/container.xml", '<container><rootfiles><rootfile full-path="b.xml"/></rootfiles></container>')
        archive.writestr("b.xml", to_musicxml(PIECE))
    assert read_musicxml(plain) == read_musicxml(packed) == PIECE


@pytest.mark.parametrize("name", ["missing.musicxml", "broken.mxl", "broken.xml", "other.xml"])
def test_broken_files_are_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "broken.mxl").write_bytes(b"PK nothing")
    (tmp_path / "broken.xml").write_text("<score-partwise><part>", encoding="utf-8")
    (tmp_path / "other.xml").write_text("<html></html>", encoding="utf-8")
    with pytest.raises(MusicError, match=name):
        read_musicxml(tmp_path / name)


REFUSED = {
    "a chord": ("<note><pitch>", "<note><chord/><pitch>"),
    "several voices": ("<voice>1</voice><type>half</type>", "<voice>2</voice><type>half</type>"),
    "a tuplet": ("<type>half</type>", "<type>half</type><time-modification/>"),
    "a pitch altered by 2": ("<step>D</step>", "<step>D</step><alter>2</alter>"),
    "a note of type '256th'": ("<type>half</type>", "<type>256th</type>"),
    "no clef": ("<clef><sign>G</sign><line>2</line></clef>", ""),
    "clef percussion": ("<sign>G</sign>", "<sign>percussion</sign>"),
    "a change of clef": ('<measure number="2">', '<measure number="2"><attributes><clef><sign>F</sign></clef></attributes>'),
    "notes under a multi-bar rest": (
        '<measure number="1">',
        '<measure number="1"><attributes><measure-style><multiple-rest>2</multiple-rest></measure-style></attributes>',
    ),
    "broken MusicXML": ("<fifths>0</fifths>", "<fifths>many</fifths>"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_music_that_tokens_cannot_say_is_refused_by_measure(what: str) -> None:
    text = to_musicxml([["clef-G2", "note-C4_quarter", "barline", "note-D4_half", "barline", "note-E4_half"]])
    text = "".join(line.strip() for line in text.splitlines())
    old, new = REFUSED[what]
    assert old in text
    with pytest.raises(MusicError, match=rf"measure \d: {what}"):
        from_musicxml(text.replace(old, new))


def test_what_has_no_token_is_refused() -> None:
    text = to_musicxml([["clef-G2", "note-C4_half"]])
    with pytest.raises(MusicError, match="a key of 8 sharps or flats"):
        from_musicxml(text.replace("<fifths>0", "<fifths>8"))
    with pytest.raises(MusicError, match="'clef-G9' is none"):
        from_musicxml(text.replace("<line>2", "<line>9"))


@settings(max_examples=200)
@given(
    start=st.integers(0, 3000),
    length=st.integers(0, 60),
    put=st.sampled_from(["", "0", "-1", "</note>", "<rest/>", "x", "<a/>", "\0"]),
)
def test_broken_files_are_no_crash(start: int, length: int, put: str) -> None:
    text = to_musicxml(PIECE)
    try:
        found = from_musicxml(text[: start % len(text)] + put + text[start % len(text) + length :])
    except MusicError:
        return
    assert found


def test_looks_of_others_are_passed_over() -> None:
    text = to_musicxml([["clef-G2", "timeSignature-3/4", "note-C4_quarter", "rest-half"]])
    text = "".join(line.strip() for line in text.splitlines())
    text = text.replace(
        "<type>quarter</type>", "<type>quarter</type><stem>up</stem><beam>begin</beam><lyric><text>a</text></lyric>"
    )
    text = text.replace(
        "<note><rest /><duration>2</duration><voice>1</voice><type>half</type>", "<direction/><note><rest/><duration>2</duration>"
    )
    assert from_musicxml(text) == [["clef-G2", "timeSignature-3/4", "note-C4_quarter", "rest-half"]]


def test_rest_without_type_that_fills_the_measure_is_whole() -> None:
    text = to_musicxml([["clef-G2", "timeSignature-3/4", "rest-half."]]).replace("<type>half</type>", "").replace("<dot />", "")
    assert from_musicxml(text) == [["clef-G2", "timeSignature-3/4", "rest-whole"]]


@given(data=st.data())
def test_verovio_reads_the_same_notes(staves: st.SearchStrategy[list[str]], data: st.DataObject) -> None:
    toolkit = pytest.importorskip("verovio", reason="verovio is not installed").toolkit()
    piece = data.draw(st.lists(staves, min_size=1, max_size=2))
    assert toolkit.loadData(to_musicxml(piece))
    names = {
        "breve": "double_whole",
        "1": "whole",
        "2": "half",
        "4": "quarter",
        "8": "eighth",
        "16": "sixteenth",
        "32": "thirty_second",
    }
    found = []
    for note in ElementTree.fromstring(toolkit.getMEI()).iter("{http://www.music-encoding.org/ns/mei}note"):
        alters = [note.get("accid.ges"), *(one.get("accid") or one.get("accid.ges") for one in note), note.get("accid")]
        alter = {"s": "#", "f": "b", "n": ""}[next((one for one in alters if one), "n")]
        kind = "gracenote" if note.get("grace") else "note"
        value = names[note.get("dur", "")] + "." * int(note.get("dots", "0"))
        found.append(f"{kind}-{note.get('pname', '').upper()}{alter}{note.get('oct')}_{value}")
    tokens = [token.removesuffix("_fermata") for staff in piece for token in staff]
    assert found == [token for token in tokens if token.startswith(("note", "gracenote"))]
