"""`seqrec data`: converting, auditing, and making other sets, by the command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from seqrec.data.store import LmdbStore
from seqrec.data.writer import LmdbWriter
from seqrec.interfaces import iterate
from seqrec.pictures import encode_png

Command = Callable[..., Any]
WORDS = ["abcd", "Dcba", "aBBa", "cabD", "dddA", "bCaD", "AbcD", "ddcc", "baab", "CCbb"]


def drawn(word: str, scale: float = 1.0) -> bytes:
    font = ImageFont.load_default(24)
    image = Image.new("L", (int(font.getlength(word)) + 60, 36), 220)
    ImageDraw.Draw(image).text((10, 4), word, fill=30, font=font)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BILINEAR)
    return encode_png(np.asarray(image))


@pytest.fixture
def words(tmp_path: Path) -> Path:
    folder = tmp_path / "words"
    folder.mkdir()
    for number, word in enumerate(WORDS):
        (folder / f"{number}.png").write_bytes(drawn(word))
    (folder / "gt.txt").write_text("".join(f"{number}.png\t{word}\n" for number, word in enumerate(WORDS)), encoding="utf-8")
    return folder


def labels(path: Path) -> list[str]:
    return [label for _, label, _ in iterate(LmdbStore(path))]


def test_convert_writes_an_lmdb_set_and_says_so(seqrec: Command, words: Path, tmp_path: Path) -> None:
    found = seqrec("data", "convert", words, "-o", tmp_path / "out")
    assert (found.code, found.out, found.err) == (0, "", f"{tmp_path / 'out'}: 10 samples\n")
    assert labels(tmp_path / "out") == WORDS


def test_convert_leaves_out_what_it_names_and_exits_with_1(seqrec: Command, words: Path, tmp_path: Path) -> None:
    (words / "3.png").write_bytes(b"garbage")
    found = seqrec("data", "convert", words, "-o", tmp_path / "out")
    assert found.code == 1
    assert f"1 of 10 samples left out, all of them named in {tmp_path / 'out' / 'left-out.tsv'}:" in found.err
    assert "3.png: '3.png' is no picture in a format we read" in found.err


def test_convert_takes_the_format_that_is_forced_and_refuses_to_crop_words(seqrec: Command, words: Path, tmp_path: Path) -> None:
    found = seqrec("data", "convert", words, "-o", tmp_path / "out", "--format", "doctr")
    assert (found.code, "holds no labels.json" in found.err) == (2, True)
    found = seqrec("data", "convert", words, "-o", tmp_path / "out", "--crop", "box")
    assert (found.code, "holds pictures of single words, nothing is to be cut" in found.err) == (2, True)


def test_convert_crops_scenes_as_it_is_told(seqrec: Command, tmp_path: Path) -> None:
    scene = np.random.default_rng(0).integers(0, 255, (40, 60), np.uint8)
    (tmp_path / "scenes").mkdir()
    (tmp_path / "scenes" / "img_1.png").write_bytes(encode_png(scene))
    (tmp_path / "scenes" / "gt_img_1.txt").write_text("20,5,20,35,10,35,10,5,abc\n0,0,9,0,9,9,0,9,###\n")
    for crop, shape in (("box", (30, 10)), ("upright", (10, 30))):
        found = seqrec("data", "convert", tmp_path / "scenes", "-o", tmp_path / crop, "--crop", crop)
        assert (found.code, "1 regions have no label, as 'img_1.png#2': marked ###" in found.err) == (0, True)
        assert LmdbStore(tmp_path / crop).size(0) == shape[::-1]
    found = seqrec("data", "convert", tmp_path / "scenes", "-o", tmp_path / "x", "--crop", "bok")
    assert (found.code, "did you mean 'box'?" in found.err) == (2, True)


def test_audit_of_a_sound_set_exits_with_0(seqrec: Command, words: Path, tmp_path: Path) -> None:
    found = seqrec("data", "audit", words, "--task", "bars", "--report", tmp_path / "audit")
    assert (found.code, found.err) == (0, f"report: {tmp_path / 'audit' / 'report.html'}\n")
    lines = found.out.splitlines()
    assert lines[0] == f"{words}: 10 samples, 10 can be used"
    assert lines[-1] == "safe to train on"
    told = json.loads((tmp_path / "audit" / "audit.json").read_text())
    assert (told["safe"], told["samples"], told["symbols"]["b"]) == (True, 10, 9)
    assert "Safe to train on." in (tmp_path / "audit" / "report.html").read_text()


def test_audit_names_all_that_is_wrong_and_exits_with_1(seqrec: Command, words: Path, tmp_path: Path) -> None:
    (words / "1.png").write_bytes(drawn(WORDS[1])[:200])
    (words / "10.png").write_bytes((words / "0.png").read_bytes())
    (words / "11.png").write_bytes((words / "2.png").read_bytes())
    with (words / "gt.txt").open("a", encoding="utf-8") as file:
        file.write("10.png\tabcd\n11.png\taé\n12.png\tab \n7.png\t" + "a" * 60 + "\n")
    found = seqrec("data", "audit", words, "--task", "bars", "--report", tmp_path / "audit")
    assert found.code == 1
    for piece in (
        "2 of 14 samples: symbol outside the alphabet: 'é' (sample '11.png'), ' ' (sample '12.png')",
        "'é': U+00E9 LATIN SMALL LETTER E WITH ACUTE, 1 times, as in 11.png",
        "'1.png' is truncated or broken",
        "target unreachable: sample '7.png'",
        "copies: 3 of the same bytes, 3 equal or nearly so",
        "one picture, different labels: '2.png' 'aBBa', '11.png' 'aé'",
        "odd labels: 1, as of '12.png', which ends with white space",
        "not safe to train on: 4 of 14 samples cannot be used; 2 pictures stand there several times with different labels",
    ):
        assert piece in found.out, piece
    told = json.loads((tmp_path / "audit" / "audit.json").read_text())
    assert told["exact_duplicates"] == [["0.png", "10.png"], ["2.png", "11.png"], ["7.png", "7.png"]]
    assert told["safe"] is False
    page = (tmp_path / "audit" / "report.html").read_text()
    assert all(piece in page for piece in ("Not safe to train on", "Outside the alphabet", "One picture, different labels"))


def test_share_of_unusable_samples_can_be_tolerated(seqrec: Command, words: Path) -> None:
    (words / "3.png").unlink()
    assert seqrec("data", "audit", words, "--task", "bars").code == 1
    assert seqrec("data", "audit", words, "--task", "bars", "--tolerate", "0.1").code == 0


def test_audit_finds_pictures_of_another_set(seqrec: Command, words: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "x.png").write_bytes(drawn(WORDS[4], 1.4))
    (other / "gt.txt").write_text("x.png\tdddA\n")
    found = seqrec("data", "audit", words, "--task", "bars", "--against", other, "--report", tmp_path / "audit")
    assert found.code == 1
    assert f"in {other} too: 1 pictures" in found.out
    assert "'4.png' 'dddA'" in found.out
    assert "1 pictures are in the other set too" in found.out.splitlines()[-1]


def test_audit_with_a_model_lists_the_worst_losses_first(seqrec: Command, words: Path, tiny_model: Path, tmp_path: Path) -> None:
    found = seqrec("data", "audit", words, "--task", "bars", "--model", tiny_model, "--report", tmp_path / "audit")
    assert found.code == 0
    losses = json.loads((tmp_path / "audit" / "audit.json").read_text())["losses"]
    nats = [loss["nats_per_symbol"] for loss in losses]
    assert len(losses) == 10
    assert nats == sorted(nats, reverse=True)
    assert nats[-1] > 0
    assert f"'{losses[0]['key']}' is labelled" in found.out


def test_sample_is_the_same_each_time(seqrec: Command, words: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert seqrec("data", "sample", words, "--count", "4", "-o", tmp_path / name).code == 0
    assert labels(tmp_path / "one") == labels(tmp_path / "two")
    assert len(labels(tmp_path / "one")) == 4


def test_split_keeps_copies_and_what_is_named_alike_in_one_part(seqrec: Command, words: Path, tmp_path: Path) -> None:
    with (words / "gt.txt").open("a", encoding="utf-8") as file:
        for number in range(5):
            (words / f"copy{number}.png").write_bytes(drawn(WORDS[number], 1.4))
            file.write(f"copy{number}.png\t{WORDS[number]}\n")
    found = seqrec("data", "split", words, "--parts", "a=0.5,b=0.3,c=0.2", "-o", tmp_path / "out")
    assert found.code == 0
    assert "10 samples in 5 groups of equal or nearly equal pictures stayed together" in found.err
    parts = [labels(tmp_path / "out" / name) for name in "abc"]
    assert sorted(word for part in parts for word in part) == sorted(WORDS + WORDS[:5])
    assert not set(parts[0]) & set(parts[1])
    assert not set(parts[1]) & set(parts[2])
    seqrec("data", "split", words, "--parts", "a=0.5,b=0.5", "--together", "^(copy)?", "-o", tmp_path / "named")
    assert not (tmp_path / "named" / "b").exists()


def test_merge_puts_sets_one_after_the_other_and_may_drop_copies(seqrec: Command, words: Path, tmp_path: Path) -> None:
    seqrec("data", "convert", words, "-o", tmp_path / "set")
    assert seqrec("data", "merge", words, tmp_path / "set", "-o", tmp_path / "all").code == 0
    assert labels(tmp_path / "all") == WORDS * 2
    assert LmdbStore(tmp_path / "all").origin(13) == "set/3.png"
    found = seqrec("data", "merge", words, tmp_path / "set", "-o", tmp_path / "once", "--unique")
    assert labels(tmp_path / "once") == WORDS
    assert "10 copies left out" in found.err


def test_filter_counts_what_it_leaves_out(seqrec: Command, words: Path, tmp_path: Path) -> None:
    with (words / "gt.txt").open("a", encoding="utf-8") as file:
        file.write("0.png\taé\n0.png\tab\n")
    options = ["--task", "bars", "--recipe", "fast", "--length", "3-20", "--unique", "--label", "[^C].*"]
    found = seqrec("data", "filter", words, *options, "-o", tmp_path / "out")
    assert found.code == 0
    for piece in ("label does not match", "symbol outside the alphabet", "label too short"):
        assert f"1 of 12 samples left out: {piece}" in found.err
    assert labels(tmp_path / "out") == WORDS[:-1]
    found = seqrec("data", "filter", words, "--width", "9999-", "-o", tmp_path / "none")
    assert (found.code, "no sample of" in found.err, (tmp_path / "none").exists()) == (2, True, False)
    found = seqrec("data", "filter", words, "--width", "wide", "-o", tmp_path / "none")
    assert (found.code, found.err) == (2, "error: --width wide: expected a number or a range, as 3-20, 3- or -20\n")


def test_lexicons_come_along_with_every_choice(seqrec: Command, words: Path, tmp_path: Path) -> None:
    with LmdbWriter(tmp_path / "set") as writer:
        for word in WORDS:
            writer.add(drawn(word), word, lexicon=[word, "ab", "cd"])
    for command in (["sample", "--count", "3"], ["filter", "--length", "4"], ["merge"]):
        seqrec("data", *command, tmp_path / "set", "-o", tmp_path / command[0])
        made = LmdbStore(tmp_path / command[0])
        assert all(made.lexicon(index) == [made.label(index), "ab", "cd"] for index in range(len(made)))


@pytest.mark.parametrize("form", ["lmdb", "tar"])
def test_convert_writes_shards_that_are_read_as_one_set(form: str, seqrec: Command, words: Path, tmp_path: Path) -> None:
    from seqrec.data.readers import open_dataset

    found = seqrec("data", "convert", words, "-o", tmp_path / "out", "--shards", "3", "--as", form)
    assert (found.code, found.err) == (0, f"{tmp_path / 'out'}: 10 samples in 3 shards\n")
    store = open_dataset(tmp_path / "out")
    assert [store.label(index) for index in range(len(store))] == WORDS
    assert [len(shard) for shard in store.shards] == [4, 3, 3]  # type: ignore[attr-defined]
    found = seqrec("data", "convert", words, "-o", tmp_path / "x", "--shards", "11")
    assert (found.code, found.err) == (2, "error: --shards 11: there are only 10 samples; write fewer shards\n")


@pytest.mark.parametrize("form", ["lmdb", "tar"])
def test_shards_carry_every_lexicon_by_its_name_and_name_what_they_leave_out(
    form: str, seqrec: Command, words: Path, tmp_path: Path
) -> None:
    from seqrec.data.lexicons import own_lexicons
    from seqrec.data.readers import open_dataset

    (words / "5.png").write_bytes(b"garbage")
    own = {
        "few": {f"{number}.png": [word, "ab"] for number, word in enumerate(WORDS)},
        "Two Words": {f"{number}.png": [word, "a b", "c d"] for number, word in enumerate(WORDS[:9])},
        "most": {f"{number}.png": [word, "x", "y", "z"] for number, word in enumerate(WORDS)},
    }
    for name, rows in own.items():
        text = "".join("\t".join([picture, *some]) + "\n" for picture, some in rows.items())
        (words / f"lexicon-{name}.tsv").write_text(text)
    out = tmp_path / "out"
    found = seqrec("data", "convert", words, "-o", out, "--shards", "3", "--as", form)
    assert found.code == 1
    told = found.err.splitlines()
    assert told[0] == f"{out}: 9 samples in 3 shards, with lexicons few, Two Words, most"
    listed = out / "shard-001" / "left-out.tsv" if form == "lmdb" else out / "shard-001.left-out.tsv"
    assert told[1].startswith("1 of 10 samples left out, all of them named in ")
    assert told[2].startswith("5.png: '5.png' is no picture in a format we read")
    assert listed.read_text().startswith("5\t5.png\t'5.png' is no picture")
    store = open_dataset(out)
    lexicons = own_lexicons(store, out)
    assert list(lexicons) == ["few", "Two Words", "most"]
    kept = [number for number in range(len(WORDS)) if number != 5]
    assert [store.label(index) for index in range(len(store))] == [WORDS[number] for number in kept]
    for name, lexicon in lexicons.items():
        assert [lexicon(index) for index in range(len(store))] == [own[name].get(f"{number}.png") for number in kept]


@pytest.mark.parametrize("form", ["lmdb", "tar"])
def test_audit_of_a_folder_of_shards_names_shard_and_sample(form: str, seqrec: Command, tmp_path: Path) -> None:
    folder = tmp_path / "words"
    folder.mkdir()
    labels_of = [*WORDS[:5], WORDS[5] + "é"]
    for number, word in enumerate(labels_of):
        (folder / f"{number}.png").write_bytes(drawn(word))
    (folder / "gt.txt").write_text("".join(f"{number}.png\t{word}\n" for number, word in enumerate(labels_of)), "utf-8")
    assert seqrec("data", "convert", folder, "-o", tmp_path / "out", "--shards", "2", "--as", form).code == 0
    found = seqrec("data", "audit", tmp_path / "out", "--task", "bars")
    key = "shard-001/image-000000003" if form == "lmdb" else "shard-001.tar/000000002"
    assert found.code == 1
    assert f"{tmp_path / 'out'}: 6 samples, 5 can be used" in found.out
    assert f"symbol outside the alphabet: 'é' (sample '{key}')" in found.out


def test_each_process_of_torchrun_draws_shards_of_its_own(
    seqrec: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from seqrec.cli.render import write_sets
    from seqrec.testing.bars import BarRenderer

    drawn: list[tuple[str, range]] = []

    class Here:
        """A pool that draws in this process."""

        def __init__(self, *_: object) -> None: ...
        def __enter__(self) -> "Here":
            return self

        def __exit__(self, *_: object) -> None: ...
        def submit(self, _: object, renderer: object, seed: int, indices: range, out: Path) -> "Here":
            drawn.append((out.name, indices))
            return self

        def result(self) -> None: ...

    monkeypatch.setattr("concurrent.futures.ProcessPoolExecutor", Here)
    monkeypatch.setenv("WORLD_SIZE", "2")
    for rank in ("0", "1"):
        monkeypatch.setenv("RANK", rank)
        write_sets(BarRenderer(), 1, 10, tmp_path, 4)
    assert drawn[:2] == [("shard-000", range(0, 10, 4)), ("shard-002", range(2, 10, 4))]
    assert sorted(index for _, indices in drawn for index in indices) == list(range(10))
    found = seqrec("render", "--task", "bars", "--count", "4", "-o", tmp_path / "one")
    assert (found.code, "2 processes draw, each needs a shard at least" in found.err) == (2, True)
