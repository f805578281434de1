"""Thematic catalogues: ABC read, tunes found by their fragments, whatever their key."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec.decoding import Fragments, Lexicon
from seqrec.decoding.choice import Decoding, Offers
from seqrec.errors import MissingExtraError
from seqrec_sheet_music import catalogue
from seqrec_sheet_music.abc_reader import read_abc
from seqrec_sheet_music.alphabets import pitches, semantic
from seqrec_sheet_music.catalogue import VIEWS, catalogues, intervals, tunes
from seqrec_sheet_music.errors import MusicError
from seqrec_sheet_music.staff import staff_of
from seqrec_sheet_music.tokens import Note, pitch

TWO_TUNES = """% a comment
X:1
T:First % of two
T:also called so
N:A0001
M:3/4
L:1/8
K:Gm
"Gm"G2 (B>c) {d}e2|!f!f'F, ^F=F z2|[Gbd]4- G2:|
w: words do not count
[1 (3abc d3-e|

X:2
M:C|
K:D dorian
__A A ^^c c|_A8|
"""


def body(abc: str, head: str = "X:1\nL:1/4\nK:C\n") -> list[str]:
    (tune,) = read_abc(head + abc)
    return list(tune.tokens[1:])


def test_tunes_are_read_with_their_heads() -> None:
    first, second = read_abc(TWO_TUNES)
    assert (first.number, first.title, first.note) == ("1", "First", "A0001")
    assert " ".join(first.tokens) == (
        "clef-G2 keySignature-BbM timeSignature-3/4 note-G4_quarter note-Bb4_eighth. note-C5_sixteenth note-Eb5_quarter barline "
        "note-F6_eighth note-F3_eighth note-F#4_eighth note-F4_eighth rest-quarter barline note-G4_half tie note-G4_quarter "
        "barline note-A5_eighth note-Bb5_eighth note-C5_eighth note-D5_quarter. note-Eb5_eighth barline"
    )
    assert second.tokens[:2] == ("clef-G2", "timeSignature-C/")
    sounding = ["note-G4_eighth", "note-A4_eighth", "note-D5_eighth", "note-C5_eighth"]
    assert list(second.tokens[2:6]) == sounding
    assert second.tokens[7:] == ("note-Ab4_whole", "barline")


@pytest.mark.parametrize(
    ("abc", "tokens"),
    [
        ("c5", ["note-C5_whole", "tie", "note-C5_quarter", "barline"]),
        ("c/ d// e3/2", ["note-C5_eighth", "note-D5_sixteenth", "note-E5_quarter.", "barline"]),
        ("c<d e", ["note-C5_eighth", "note-D5_quarter.", "note-E5_quarter", "barline"]),
        ("c-|c", ["note-C5_quarter", "tie", "barline", "note-C5_quarter", "barline"]),
        ("c-|d-", ["note-C5_quarter", "barline", "note-D5_quarter", "barline"]),
        ("^c c|c ^C c", [f"note-{name}_quarter" if name else "barline" for name in ("C#5", "C#5", "", "C5", "C#4", "C5", "")]),
        ("[K:G]f |1 g :|2 a |]", ["note-F5_quarter", "barline", "note-G5_quarter", "barline", "note-A5_quarter", "barline"]),
    ],
)
def test_notes_of_abc(abc: str, tokens: list[str]) -> None:
    assert body(abc) == tokens


@given(st.text("ABcdz23/|:[]^_=-<>(){}\"!'~ \n", max_size=60))
def test_any_text_is_a_tune_that_makes_music_or_none(text: str) -> None:
    for tune in read_abc("X:1\nK:C\n" + text):
        assert not staff_of(tune.tokens)[1]


def test_catalogue_names_tunes_in_any_key() -> None:
    first, second = (list(tune.tokens) for tune in read_abc(TWO_TUNES))
    words = {"first": first, "second": second}
    lexicon = Lexicon.compile([catalogue.Entry(name, ["\t".join(tokens)]) for name, tokens in words.items()], semantic)
    fragment = ["clef-F4", *first[4:8], "barline"]
    assert Fragments(lexicon).nearest(fragment) == []  # the clef of the line is not in the tune
    for view in ("pitches", "intervals"):
        (found,) = Fragments(lexicon, VIEWS[view]).nearest(fragment)
        assert (lexicon.texts[found.word], found.edits, found.share) == ("first", 0, 1.0)
    higher = [token.replace("Eb5", "F5").replace("C5", "D5").replace("Bb4", "C5") for token in fragment]
    assert Fragments(lexicon, VIEWS["pitches"]).nearest(higher, delta=0) == []
    (found,) = Fragments(lexicon, VIEWS["intervals"]).nearest(higher)
    assert (lexicon.texts[found.word], found.edits) == ("first", 0)
    misread = [token.replace("F5", "F#5") for token in higher]
    assert [one.edits for one in Fragments(lexicon, VIEWS["intervals"]).nearest(misread)] != [0]
    (found,) = Fragments(lexicon, VIEWS["steps"]).nearest(misread)
    assert (lexicon.texts[found.word], found.edits) == ("first", 0)


def test_views_see_pitches_in_both_alphabets() -> None:
    assert VIEWS["pitches"](["C4", "E4"]) == VIEWS["pitches"](["clef-G2", "note-C4_half", "rest-half", "note-E4_half"])
    assert intervals([]) == intervals(["C4"]) == []


def test_corpus_is_read_from_the_users_music21() -> None:
    music21 = pytest.importorskip("music21", reason="music21 is not installed")
    offers = Offers("sheet-music", catalogues())
    folder = Path(music21.__file__).parent / "corpus" / "essenFolksong"
    if not folder.is_dir():
        pytest.skip("this music21 has no corpus")
    first = next(tunes("essenFolksong"))
    assert first.text == "Das Hildebrandslied (A0001)"
    assert set(offers.lexicons) == set(catalogue.SOURCES)
    alone = next(tunes("essenFolksong", alone=True))
    assert pitches.unknown(alone.spellings[0]) == []
    assert alone.spellings[0].split("\t") == list(VIEWS["pitches"](first.spellings[0].split("\t")))


@pytest.mark.slow
def test_tunes_are_those_that_music21_reads() -> None:
    music21 = pytest.importorskip("music21", reason="music21 is not installed")
    folder = Path(music21.__file__).parent / "corpus"
    for file, count in (("essenFolksong/kinder0.abc", 12), ("oneills1850/0001-0050.abc", 4)):
        text = (folder / file).read_text(encoding="utf-8", errors="replace")
        for tune in list(read_abc(text))[:count]:
            part = next(one for one in text.split("\n\n") if f"X:{tune.number}\n" in one.replace("X: ", "X:"))
            parsed = music21.converter.parse(part, format="abc")
            notes = [note for note in parsed.flatten().notes if not note.duration.isGrace]
            ours = [pitch(name).midi for name in catalogue.pitches(tune.tokens)]
            assert ours == [note.pitch.midi for note in notes], tune.title
            if "(3" not in part:  # of tuplets we have the written values
                lengths = sum((Fraction(note.quarterLength) for note in notes), Fraction(0))
                events = [event.element for event in staff_of(tune.tokens)[0].events]
                assert lengths == 4 * sum(one.value.length for one in events if isinstance(one, Note)), tune.title


def test_without_music21_or_its_corpus_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import sys
    from importlib.machinery import ModuleSpec

    monkeypatch.setitem(sys.modules, "music21", None)
    monkeypatch.setattr(catalogue, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="this needs music21, .*; pip install music21"):
        Decoding(lexicon="essenFolksong").lexicon_for(semantic, Offers("sheet-music", catalogues()))
    spec = ModuleSpec("music21", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(catalogue, "find_spec", lambda name: spec)
    with pytest.raises(MusicError, match="holds no tunes; this music21 came without that part of its corpus"):
        list(tunes("essenFolksong"))
