"""`datasets/`: every page has what it must say, and its commands convert a miniature of the official archive."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqrec.data.lexicons import own_lexicons
from seqrec.data.store import LmdbStore
from seqrec.interfaces import iterate
from seqrec.plugins import registry
from tests.data.mat_writer import write_mat
from tests.data.test_formats import (
    SVT,
    cute80,
    icdar2003_scenes,
    icdar2003_words,
    icdar_scenes,
    icdar_words,
    picture,
    synthtext,
    written,
)

DATASETS = Path(__file__).resolve().parents[1] / "datasets"
FOLDERS = sorted(folder.name for folder in DATASETS.iterdir() if folder.is_dir())
BLOCK = re.compile(r"^## Convert\n.*?```sh\n(.*?)```", re.MULTILINE | re.DOTALL)


def mjsynth(root: Path) -> dict[str, list[str]]:
    deep = root / "mnt" / "ramdisk" / "max" / "90kDICT32px"
    written(deep / "annotation_train.txt", "./3000/7/182_slinking_71711.jpg 71711\n./1/1/9_Fe_3.jpg 3\n")
    written(deep / "annotation_val.txt", "./2/2/5_VAL_4.jpg 4\n")
    for name in ("3000/7/182_slinking_71711.jpg", "1/1/9_Fe_3.jpg", "2/2/5_VAL_4.jpg"):
        picture(deep / name)
    return {"mjsynth-train": ["slinking", "Fe"], "mjsynth-val": ["VAL"]}


def iiit5k(root: Path) -> dict[str, list[str]]:
    for part, label in (("test", "PRIVATE"), ("train", "You")):
        row = {"ImgName": f"{part}/1_1.png", "GroundTruth": label, "smallLexi": ["A"] * 50, "mediumLexi": ["B"] * 1000}
        write_mat(root / "IIIT5K" / f"{part}data.mat", **{f"{part}data": [row]})
        write_mat(root / "IIIT5K" / f"{part}CharBound.mat", x=[{"ImgName": "a", "chars": "b", "charBB": np.ones((1, 4))}])
        picture(root / "IIIT5K" / part / "1_1.png")
    return {"iiit5k": ["PRIVATE"], "iiit5k-train": ["You"]}


def svt(root: Path) -> dict[str, list[str]]:
    written(root / "svt1" / "test.xml", SVT)
    written(root / "svt1" / "train.xml", SVT)
    picture(root / "svt1" / "img" / "14_03.jpg", width=60, height=40)
    return {"svt": ["LIVING", "ROOM"]}


def ic03(root: Path) -> dict[str, list[str]]:
    icdar2003_scenes(root)
    icdar2003_words(root)
    picture(root / "word" / "1" / "1.jpg")
    picture(root / "word" / "1" / "2.jpg")
    return {"ic03": ["self"], "ic03-words": ["self", "adhesive&co"]}


def ic13(root: Path) -> dict[str, list[str]]:
    return {"ic13": [label for _, label in icdar_words(root)]}


def icdar2015(root: Path) -> dict[str, list[str]]:
    written(root / "ch4_training_word_images_gt" / "gt.txt", '\ufeffword_1.png, "Genaxis Theatre"\r\n')
    picture(root / "ch4_training_word_images_gt" / "word_1.png")
    return {"ic15-train": ["Genaxis Theatre"], "ic15-scenes": [label for _, label in icdar_scenes(root / "ch4")]}


def svtp(root: Path) -> dict[str, list[str]]:
    written(root / "svtp" / "gt.txt", "13_15_0_par.jpg WYNDHAM\n13_15_1_par.jpg HOTEL\n")
    picture(root / "svtp" / "par1" / "13_15_0_par.jpg")
    picture(root / "svtp" / "par1" / "13_15_1_par.jpg")
    return {"svtp": ["WYNDHAM", "HOTEL"]}


def cute80_words(root: Path) -> dict[str, list[str]]:
    cute80(root)
    (root / "ct80_test_label.txt").rename(root / "test_label.txt")
    picture(root / "timage" / "001.jpg")
    picture(root / "timage" / "002.jpg")
    return {"cute80": ["RONALDO", "7"]}


def synthtext_words(root: Path) -> dict[str, list[str]]:
    synthtext(root)
    return {"synthtext": ["Hello", "world", "one"], "synthtext-alnum": ["Hello", "world", "one"]}


def staves(folder: Path, picture_name: str) -> str:
    tokens = "clef-G2\tkeySignature-DM\ttimeSignature-C\tnote-D5_quarter\tbarline"
    for name in ("000051650-1_1_1", "000051651-1_1_1"):
        picture(folder / name / f"{name}.png", width=200, height=60)
        picture(folder / name / picture_name.format(name), width=200, height=60)
        written(folder / name / f"{name}.semantic", tokens + "\n")
        written(folder / name / f"{name}.agnostic", "clef.G-L2\tnote.quarter-L4\n")
    return tokens


def primus(root: Path) -> dict[str, list[str]]:
    return {"primus-aa": [staves(root / "package_aa", "{}.png")] * 2}


def camera_primus(root: Path) -> dict[str, list[str]]:
    return {"camera-primus": [staves(root / "Corpus", "{}_distorted.jpg")] * 2}


MINIATURES: dict[str, Callable[[Path], dict[str, list[str]]]] = {
    "mjsynth": mjsynth,
    "synthtext": synthtext_words,
    "iiit5k": iiit5k,
    "svt": svt,
    "ic03": ic03,
    "ic13": ic13,
    "icdar2015": icdar2015,
    "svtp": svtp,
    "cute80": cute80_words,
    "primus": primus,
    "camera-primus": camera_primus,
}


def test_every_folder_has_a_miniature() -> None:
    assert set(MINIATURES) == set(FOLDERS)


@pytest.mark.parametrize("name", FOLDERS)
def test_page_says_where_from_under_what_licence_how_many_and_what_counts(name: str) -> None:
    text = (DATASETS / name / "README.md").read_text(encoding="utf-8")
    for row in ("source", "obtain", "licence", "counts", "labels", "oddities"):
        assert re.search(rf"^\| {row} \| \S", text, re.MULTILINE), row
    assert "MD5" in text or "SHA-256" in text or "| checksum | none known to us |" in text
    assert "protocol" in text.lower()
    assert {path.name for path in (DATASETS / name).iterdir()} == {"README.md"}


@pytest.mark.parametrize("name", FOLDERS)
def test_commands_of_the_page_convert_the_official_layout(
    name: str, seqrec: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seqrec.plugins.registry", registry)  # with the readers of installed plugins
    text = (DATASETS / name / "README.md").read_text(encoding="utf-8")
    formats = {reader.name for _, reader in registry().dataset_readers}
    expected = MINIATURES[name](tmp_path / "archives")
    (block,) = BLOCK.findall(text)
    for line in block.splitlines():
        program, *arguments = [word.replace("$ARCHIVES", str(tmp_path / "archives")) for word in shlex.split(line)]
        assert program == "seqrec"
        arguments = [word.replace("$SETS", str(tmp_path / "sets")) for word in arguments]
        if "--format" in arguments and arguments[arguments.index("--format") + 1] not in formats:
            pytest.skip(f"the plugin that reads {name} is not installed")
        done = seqrec(*arguments)
        assert done.code == 0, done.err
    made = {folder.name: [label for _, label, _ in iterate(LmdbStore(folder))] for folder in (tmp_path / "sets").iterdir()}
    if name in ("primus", "camera-primus"):
        made = {key: [label.replace(" ", "\t") for label in labels] for key, labels in made.items()}
    assert made == expected


def test_lexicons_of_the_papers_table_come_along(seqrec: Callable[..., Any], tmp_path: Path) -> None:
    iiit5k(tmp_path)
    seqrec("data", "convert", tmp_path / "IIIT5K" / "testdata.mat", "-o", tmp_path / "iiit5k")
    assert list(own_lexicons(LmdbStore(tmp_path / "iiit5k"), tmp_path / "iiit5k")) == ["50", "1k"]
