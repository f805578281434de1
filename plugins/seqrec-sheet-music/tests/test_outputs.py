"""What readings become: files that say the same, a report that says what is wrong, and always a partial score."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seqrec import Reading, SeqrecError, load
from seqrec.errors import ImageError, MissingExtraError
from seqrec_sheet_music import outputs as outputs_module
from seqrec_sheet_music import page, sheet_music
from seqrec_sheet_music.agnostic import to_agnostic
from seqrec_sheet_music.alphabets import agnostic, pitches, read_tokens
from seqrec_sheet_music.musicxml_reader import read_musicxml
from seqrec_sheet_music.outputs import MusicOutputs
from seqrec_sheet_music.readings import finished, hint, music_of, oddities

FIRST = read_tokens(
    "clef-G2 keySignature-GM timeSignature-3/4 note-D5_quarter barline note-G4_half. barline note-A4_half. barline"
)
SECOND = read_tokens("clef-G2 keySignature-GM note-B4_half. barline note-F#4_half barline note-G4_half. barline")
PICTURE = np.full((80, 400), 230, np.uint8)


def reading(symbols: list[str], confidence: float = 0.9) -> Reading:
    each = PICTURE.shape[1] / max(len(symbols), 1)
    spans = tuple((place * each, (place + 1) * each) for place in range(len(symbols)))
    return Reading(tuple(symbols), "\t".join(symbols), confidence, (confidence,) * len(symbols), spans)


def written(folder: Path, *given: tuple[str, Reading | SeqrecError], **options: object) -> list[str]:
    found = MusicOutputs(folder, **options)  # type: ignore[arg-type]
    for name, one in given:
        found.add(name, one, None if isinstance(one, SeqrecError) else PICTURE)
    return list(found.close())


def test_each_picture_gets_all_its_files(tmp_path: Path, valid: Callable[[str], None]) -> None:
    pytest.importorskip("verovio", reason="verovio is not installed")
    written(tmp_path, ("one", reading(FIRST)), ("two", reading(SECOND)))
    endings = ("musicxml", "mid", "tokens", "report.json", "png")
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.{ending}" for name in ("one", "two") for ending in endings}
    for name, tokens in (("one", FIRST), ("two", SECOND)):
        assert read_musicxml(tmp_path / f"{name}.musicxml") == [tokens]
        assert (tmp_path / f"{name}.tokens").read_text() == "\t".join(tokens) + "\n"
        assert (tmp_path / f"{name}.mid").read_bytes().startswith(b"MThd")
        valid((tmp_path / f"{name}.musicxml").read_text(encoding="utf-8"))
    (first,) = json.loads((tmp_path / "one.report.json").read_text())["staves"]
    assert (first["picture"], first["fine"], first["confidence"]) == ("one", True, 0.9)


def test_joined_staves_become_one_score_with_a_meter_that_runs_on(tmp_path: Path, valid: Callable[[str], None]) -> None:
    pytest.importorskip("verovio", reason="verovio is not installed")
    lost = ImageError("'x.png' is no picture")
    told = written(tmp_path, ("one", reading(FIRST)), ("x", lost), ("two", reading(SECOND)), join=True)
    assert "score goes on without x, which could not be read" in told
    assert {path.name for path in tmp_path.iterdir()} == {
        f"score.{ending}" for ending in ("musicxml", "mid", "tokens", "report.json", "png")
    }
    assert read_musicxml(tmp_path / "score.musicxml") == [FIRST, SECOND]
    assert (tmp_path / "score.tokens").read_text() == "\t".join(FIRST) + "\n" + "\t".join(SECOND) + "\n"
    valid((tmp_path / "score.musicxml").read_text(encoding="utf-8"))
    report = json.loads((tmp_path / "score.report.json").read_text())
    assert report["missing"] == ["x"]
    assert [(staff["meter"]["sign"], staff["full_bars"]) for staff in report["staves"]] == [("3/4", 1.0), ("3/4", 2 / 3)]


def test_music21_says_whether_it_reads_the_same(tmp_path: Path) -> None:
    pytest.importorskip("music21", reason="music21 is not installed")
    written(tmp_path, ("one", reading(FIRST)), ("odd", reading(["note-C4_quarter", "tie", "tie", "note-D4_quarter"])))
    assert json.loads((tmp_path / "one.report.json").read_text())["music21"] == {"same": True}
    assert json.loads((tmp_path / "odd.report.json").read_text())["music21"]["same"] is False


def test_without_verovio_or_music21_the_rest_is_written_and_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(package: str) -> Callable[..., None]:
        def fail(*_: object, **__: object) -> None:
            raise MissingExtraError(f"this needs {package}, which cannot be imported (no module); pip install {package}")

        return fail

    monkeypatch.setattr(outputs_module, "to_score", absent("music21"))
    monkeypatch.setattr(page, "engraved", absent("verovio"))
    told = written(tmp_path, ("one", reading(FIRST)), ("two", reading(SECOND)))
    assert told == [
        "not checked with music21: this needs music21, which cannot be imported (no module); pip install music21",
        "no pictures to compare: this needs verovio, which cannot be imported (no module); pip install verovio",
    ]
    assert (
        sorted(path.suffix for path in tmp_path.iterdir())
        == [".json", ".json", ".mid", ".mid"] + [".musicxml"] * 2 + [".tokens"] * 2
    )


@pytest.mark.parametrize(
    ("symbols", "remark", "problem"),
    [
        ([], "nothing was read; expected a picture of one staff of music", None),
        (["barline", "clef-G2"], "no note was read; is there a staff", "a barline with nothing before it"),
        (["note-C5_half", "clef-G2"], "no clef was read at the beginning; is the picture upside down", "clef"),
        (["clef-G2", "nonsense", "note-C5_half"], "1 of 3 tokens are no music where they stand", "none of the PrIMuS"),
        (["clef-G2", "note-C5_half", "note-D5_whole", "barline"] * 3, "of 12 tokens are no music", "clef"),
    ],
)
def test_what_is_no_music_is_named_and_the_rest_is_written(
    tmp_path: Path, symbols: list[str], remark: str, problem: str | None
) -> None:
    pytest.importorskip("verovio", reason="verovio is not installed")
    fields = finished(reading(symbols))
    assert any(remark in one for one in fields["remarks"])  # type: ignore[union-attr, attr-defined]
    if problem:
        assert any(problem in one["text"] for one in fields["problems"])  # type: ignore[union-attr, attr-defined]
    written(tmp_path, ("odd", reading(symbols)))
    assert len(read_musicxml(tmp_path / "odd.musicxml")) == 1
    assert (tmp_path / "odd.png").is_file()


def test_most_staves_on_their_heads_are_turned_and_read() -> None:
    pytest.importorskip("torch", reason="the shipped reader needs torch")
    folder = sheet_music().samples
    assert folder is not None
    upright = [np.array(Image.open(path).convert("L")) for path in sorted(folder.glob("*.png"))[:6]]
    reader = load("sheet-music", device="cpu")
    turned = reader.read([np.ascontiguousarray(np.rot90(one, 2)) for one in upright])
    noticed = 0
    for as_it_is, on_its_head in zip(reader.read(upright), turned, strict=True):
        assert not as_it_is.turned
        if on_its_head.turned:
            noticed += 1
            assert on_its_head.turned == 180
            assert on_its_head.symbols == as_it_is.symbols
            assert "the picture was upside down; it was turned by 180°" in on_its_head.extra["remarks"]
    assert noticed >= 4


def test_picture_without_a_staff_is_told_from_one_with(tmp_path: Path) -> None:
    pytest.importorskip("verovio", reason="verovio is not installed")
    from seqrec_sheet_music.engraving import engraved
    from seqrec_sheet_music.ink import black_on_white

    found = MusicOutputs(tmp_path)
    found.add("blank", reading(FIRST), PICTURE)
    found.add("staff", reading(FIRST), black_on_white(engraved(FIRST).drawing, 8.0)[0])
    remarks = {
        name: json.loads((tmp_path / f"{name}.report.json").read_text())["staves"][0]["remarks"] for name in ("blank", "staff")
    }
    assert remarks == {"blank": ["no five staff lines were found on the picture"], "staff": []}


def test_doubtful_bars_are_tinted_on_both_pictures(tmp_path: Path) -> None:
    pytest.importorskip("verovio", reason="verovio is not installed")

    def red_strips(tokens: list[str]) -> int:
        written(tmp_path, ("one", reading(tokens)))
        pixels = np.asarray(Image.open(tmp_path / "one.png").convert("RGB")).astype(int)
        rows = np.flatnonzero((pixels[..., 0] - pixels[..., 2] > 40).any(axis=1))
        return int((np.diff(rows, prepend=-100) > 9).sum())

    assert red_strips(FIRST) == 0
    assert red_strips([*FIRST[:5], "note-G4_half", *FIRST[6:]]) == 2


def test_hint_says_what_is_odd_and_nothing_else() -> None:
    import dataclasses

    def told(symbols: list[str], confidence: float = 0.9, size: tuple[int, int] = (400, 80)) -> str:
        one = reading(symbols, confidence)
        return hint(*size, dataclasses.replace(one, extra=finished(one)))

    assert told(FIRST) == ""
    assert told(FIRST, size=(80, 400)).startswith("taller than wide")
    assert told(FIRST, 0.2).startswith("read with little confidence (20% a symbol); expected one staff of one voice")
    assert told([*FIRST[:5], "note-G4_half", *FIRST[6:]]) == "bar 2 does not fill 3/4"
    assert told([*FIRST, *SECOND[2:5], "note-A4_whole", "barline", "note-A4_half", *SECOND[3:]]) == "bars 5, 6, 7 do not fill 3/4"


def test_meter_is_held_against_bars_where_none_is_drawn(tmp_path: Path) -> None:
    fields = finished(reading(SECOND), "4/4")
    assert fields["meter"] == {"sign": "4/4", "from": "given"}
    written(tmp_path, ("two", reading(SECOND)), meter="4/4")
    (staff,) = json.loads((tmp_path / "two.report.json").read_text())["staves"]
    assert staff["meter"] == {"sign": "4/4", "from": "given"}


def test_every_alphabet_of_the_plugin_is_music() -> None:
    assert list(music_of(to_agnostic(FIRST)).tokens) == FIRST
    assert music_of(["A2", "F#3"]).tokens == ("clef-F4", "note-A2_quarter", "note-F#3_quarter")
    assert music_of(["A2", "F#3"]).places == (-1, 0, 1)
    assert all(music_of([symbol]).remarks for symbol in pitches.symbols[:3])
    odd = music_of(["dot-S3", *to_agnostic(FIRST)])
    assert odd.tokens[:1] == ("clef-G2",)
    assert "symbol 1: 'dot-S3' means nothing here" in odd.remarks[0]
    assert music_of(agnostic.symbols[:1]).tokens == ("barline",)
    assert oddities(reading(["A2"]), music_of(["A2"])) == ["only pitches were read; every note is written as a quarter"]


def test_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SeqrecError, match=r"-o .*nowhere: cannot be written"):
        written(tmp_path / "nowhere", ("one", reading(FIRST)))
