"""Every format of the field in a miniature of its own: found by content, read, converted, and mistaken for no other."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec.data.lexicons import own_lexicons
from seqrec.data.mat_file import mat_variables, read_mat
from seqrec.data.readers import READERS, chosen_reader, open_dataset
from seqrec.data.scenes import SceneStore, cut_box, cut_upright, rectangle
from seqrec.errors import DataError, SeqrecError
from seqrec.interfaces import iterate
from seqrec.pictures import encode_png, open_picture
from tests.data.mat_writer import write_mat

Entries = list[tuple[str, str]]


def picture(path: Path, grey: int = 128, width: int = 40, height: int = 20) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.full((height, width), grey, np.uint8)
    image[height // 4 : height // 2, 3 : width // 2] = 20
    path.write_bytes(encode_png(image))
    return path


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8"))
    return path


def gt_txt(root: Path) -> Entries:
    written(root / "gt.txt", "a.png\tone, two\nb.png\t#3\n")
    return [("a.png", "one, two"), ("b.png", "#3")]


def gt_spaces(root: Path) -> Entries:
    written(root / "labels.txt", "a.png one two\nb.png x\n")
    return [("a.png", "one two"), ("b.png", "x")]


def icdar_words(root: Path) -> Entries:
    written(root / "Challenge2_Test_Task3_GT.txt", '\ufeffword_1.png, "PROPER"\r\nword_2.png, "say \\"yes\\""\r\n')
    picture(root / "Challenge2_Test_Task3_Images" / "word_1.png")
    picture(root / "Challenge2_Test_Task3_Images" / "word_2.png")
    return [("word_1.png", "PROPER"), ("word_2.png", 'say "yes"')]


def iiit_tags(root: Path) -> Entries:
    written(root / "test.tags", "test/1002_1.png PRIVATE\n")
    return [("test/1002_1.png", "PRIVATE")]


def iiit_mat(root: Path) -> Entries:
    rows = [
        {"ImgName": "test/1002_1.png", "GroundTruth": "PRIVATE", "smallLexi": ["PRIVATE", "DOOR"], "mediumLexi": ["A"] * 9},
        {"ImgName": "test/1002_2.png", "GroundTruth": "PARKING", "smallLexi": ["PARKING", "X"], "mediumLexi": ["B"] * 9},
    ]
    write_mat(root / "IIIT5K" / "testdata.mat", testdata=rows)
    boxes = [{"ImgName": "test/1002_1.png", "chars": "PRIVATE", "charBB": np.ones((7, 4))}]
    write_mat(root / "IIIT5K" / "testCharBound.mat", testCharBound=boxes)
    return [("test/1002_1.png", "PRIVATE"), ("test/1002_2.png", "PARKING")]


def svt_words(root: Path) -> Entries:
    written(root / "gt.txt", "18_01_1.png DOOR\n18_01_2.png TRIPLE\n19_00_1.png X\n")
    written(root / "lex.txt", "18_01 THE,TRIPLE,DOOR\n19_00 X,Y\n")
    return [("18_01_1.png", "DOOR"), ("18_01_2.png", "TRIPLE"), ("19_00_1.png", "X")]


SVT = """<?xml version="1.0" encoding="utf-8"?>
<tagset>
  <image>
    <imageName>img/14_03.jpg</imageName>
    <address>341 Southwest 10th Avenue Portland OR</address>
    <lex>LIVING,ROOM,THEATERS</lex>
    <Resolution x="60" y="40"/>
    <taggedRectangles>
      <taggedRectangle height="10" width="20" x="5" y="6"><tag>LIVING</tag></taggedRectangle>
      <taggedRectangle height="12" width="18" x="30" y="20"><tag>ROOM</tag></taggedRectangle>
    </taggedRectangles>
  </image>
</tagset>
"""


def svt_xml(root: Path) -> Entries:
    written(root / "svt1" / "test.xml", SVT)
    picture(root / "svt1" / "img" / "14_03.jpg", width=60, height=40)
    return [("img/14_03.jpg#1", "LIVING"), ("img/14_03.jpg#2", "ROOM")]


def icdar2003_scenes(root: Path) -> Entries:
    box = '<taggedRectangle x="2.0" y="3.0" width="30.0" height="9.0" offset="0" rotation="0" userName="x">'
    name = "<imageName>ryoungt_05.08.2002/aPICT0034.JPG</imageName>"
    words = f"<tagset><image>{name}{box}<tag>self</tag></taggedRectangle></image></tagset>"
    written(root / "SceneTrialTest" / "words.xml", words)
    written(root / "SceneTrialTest" / "segmentation.xml", words.replace("self", "s"))
    written(root / "SceneTrialTest" / "locations.xml", words.replace("<tag>self</tag>", ""))
    picture(root / "SceneTrialTest" / "ryoungt_05.08.2002" / "aPICT0034.JPG", width=60, height=40)
    return [("ryoungt_05.08.2002/aPICT0034.JPG#1", "self")]


def icdar2003_words(root: Path) -> Entries:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?>\n<imagelist>\n<image file="word/1/1.jpg" tag="self" />\n'
    written(root / "word.xml", text + '<image file="word/1/2.jpg" tag="adhesive&amp;co" />\n</imagelist>\n')
    return [("word/1/1.jpg", "self"), ("word/1/2.jpg", "adhesive&co")]


def icdar_scenes(root: Path) -> Entries:
    gts = root / "ch4_training_localization_transcription_gt"
    written(
        gts / "gt_img_1.txt", "\ufeff5,6,25,6,25,16,5,16,LIVING, ROOM\r\n0,0,9,0,9,9,0,9,###\r\n30,20,48,22,47,34,29,32,Co\r\n"
    )
    written(gts / "gt_img_2.txt", "\ufeff5,6,25,6,25,16,5,16,two\r\n")
    written(root / "ch4_training_vocabularies_per_image" / "voc_img_1.txt", "\ufeffLIVING\r\nCo\r\n")
    for number in (1, 2):
        picture(root / "ch4_training_images" / f"img_{number}.jpg", width=60, height=40)
    return [
        ("ch4_training_images/img_1.jpg#1", "LIVING, ROOM"),
        ("ch4_training_images/img_1.jpg#3", "Co"),
        ("ch4_training_images/img_2.jpg#1", "two"),
    ]


def icdar2013_scenes(root: Path) -> Entries:
    written(root / "gt_100.txt", '5 6 25 16 "Footpath"\n30 20 48 34 "To"\n')
    picture(root / "100.jpg", width=60, height=40)
    return [("100.jpg#1", "Footpath"), ("100.jpg#2", "To")]


def cute80(root: Path) -> Entries:
    written(root / "ct80_test_label.txt", "timage/001.jpg RONALDO 1 RONALDO\ntimage/002.jpg 7 1 7\n")
    return [("timage/001.jpg", "RONALDO"), ("timage/002.jpg", "7")]


def mjsynth(root: Path) -> Entries:
    deep = root / "mnt" / "ramdisk" / "max" / "90kDICT32px"
    written(deep / "annotation.txt", "./3000/7/182_slinking_71711.jpg 71711\n./3000/7/181_REDACTED_1.jpg 1\n")
    written(deep / "annotation_test.txt", "./3000/7/182_slinking_71711.jpg 71711\n")
    written(deep / "lexicon.txt", "slinking\nredacted\n")
    return [("./3000/7/182_slinking_71711.jpg", "slinking"), ("./3000/7/181_REDACTED_1.jpg", "REDACTED")]


def synthtext(root: Path) -> Entries:
    box = np.stack([np.array(rectangle(*where)).T for where in ((5, 6, 20, 10), (30, 20, 18, 12))], axis=2)
    texts = [np.array([list("Hello "), list("world ")]), "one"]
    write_mat(
        root / "SynthText" / "gt.mat", imnames=["8/a_1.jpg", "8/b_2.jpg"], wordBB=[box, box[:, :, 0]], txt=texts, charBB=[box]
    )
    picture(root / "SynthText" / "8" / "a_1.jpg", width=60, height=40)
    picture(root / "SynthText" / "8" / "b_2.jpg", width=60, height=40)
    return [("8/a_1.jpg#1", "Hello"), ("8/a_1.jpg#2", "world"), ("8/b_2.jpg#1", "one")]


def paddleocr(root: Path) -> Entries:
    written(root / "rec_gt_train.txt", 'train/1.jpg\tone\n["train/2.jpg", "train/3.jpg"]\ttwo\tthree\n')
    return [("train/1.jpg", "one"), ("train/2.jpg", "two\tthree"), ("train/3.jpg", "two\tthree")]


def doctr(root: Path) -> Entries:
    written(root / "labels.json", json.dumps({"a.png": "one", "b.png": "Œ"}))
    picture(root / "images" / "a.png")
    picture(root / "images" / "b.png")
    return [("a.png", "one"), ("b.png", "Œ")]


def easyocr(root: Path) -> Entries:
    written(root / "labels.csv", 'filename,words\r\na.png,one, two\r\nb.png,"quoted"\r\n')
    return [("a.png", "one, two"), ("b.png", '"quoted"')]


def pylaia(root: Path) -> Entries:
    written(root / "syms.txt", "<ctc> 0\nt 1\no 2\n<space> 3\n")
    written(root / "tr.txt", "p/line1 t o <space> o\np/line2.png o\n")
    picture(root / "imgs" / "p" / "line1.png")
    picture(root / "p" / "line2.png")
    return [("imgs/p/line1.png", "to o"), ("p/line2.png", "o")]


def trdg(root: Path) -> Entries:
    for name in ("two words_0.jpg", "a_b_1.jpg", "c_2.jpg"):
        picture(root / name)
    return [("a_b_1.jpg", "a_b"), ("c_2.jpg", "c"), ("two words_0.jpg", "two words")]


def gt_pairs(root: Path) -> Entries:
    written(root / "a.gt.txt", "one two\n")
    return [("a.png", "one two")]


LAYOUTS: dict[Callable[[Path], Entries], str] = {
    gt_txt: "gt-txt",
    gt_spaces: "gt-txt",
    icdar_words: "icdar-words",
    iiit_tags: "iiit5k-tags",
    iiit_mat: "iiit5k-mat",
    svt_words: "svt-words",
    svt_xml: "svt-xml",
    icdar2003_scenes: "svt-xml",
    icdar2003_words: "icdar2003-words",
    icdar_scenes: "icdar-scenes",
    icdar2013_scenes: "icdar-scenes",
    cute80: "cute80",
    mjsynth: "mjsynth",
    synthtext: "synthtext",
    paddleocr: "paddleocr",
    doctr: "doctr",
    easyocr: "easyocr",
    pylaia: "pylaia",
    trdg: "trdg",
    gt_pairs: "gt-pairs",
}


def entries(path: Path) -> Entries:
    store = open_dataset(path)
    return [(store.key(index), store.label(index)) for index in range(len(store))]


@pytest.mark.parametrize(("layout", "name"), LAYOUTS.items(), ids=lambda value: getattr(value, "__name__", value))
def test_format_is_found_by_its_content_alone_and_read(layout: Callable[[Path], Entries], name: str, tmp_path: Path) -> None:
    expected = layout(tmp_path)
    assert [reader.name for reader in READERS if reader.detect(tmp_path)] == [name]
    assert entries(tmp_path) == expected


def test_every_reader_has_a_miniature_here_or_tests_of_its_own() -> None:
    assert {reader.name for reader in READERS} == {*LAYOUTS.values(), "lmdb", "webdataset"}


@pytest.mark.parametrize("layout", [icdar_words, doctr, pylaia, trdg, svt_xml, icdar_scenes, icdar2013_scenes, synthtext])
def test_pictures_are_found_where_the_layout_has_them(layout: Callable[[Path], Entries], tmp_path: Path) -> None:
    layout(tmp_path)
    for _, _, encoded in iterate(open_dataset(tmp_path)):
        assert open_picture(encoded).size > 0


def test_lexicons_of_the_formats_are_named_by_their_size(tmp_path: Path) -> None:
    for layout in (iiit_mat, svt_words, svt_xml, icdar_scenes):
        layout(tmp_path / layout.__name__)
    found = {
        layout.__name__: own_lexicons(open_dataset(tmp_path / layout.__name__), tmp_path / layout.__name__)
        for layout in (iiit_mat, svt_words, svt_xml, icdar_scenes)
    }
    assert list(found["iiit_mat"]) == ["2", "9"]
    assert found["iiit_mat"]["2"](1) == ["PARKING", "X"]
    assert found["svt_words"]["3"](2) == ["X", "Y"]
    assert found["svt_xml"]["3"](0) == ["LIVING", "ROOM", "THEATERS"]
    assert (found["icdar_scenes"]["2"](1), found["icdar_scenes"]["2"](2)) == (["LIVING", "Co"], None)


def test_character_boxes_of_iiit5k_are_a_data_set_of_their_own_when_named(tmp_path: Path) -> None:
    iiit_mat(tmp_path)
    assert entries(tmp_path / "IIIT5K" / "testCharBound.mat") == [("test/1002_1.png", "PRIVATE")]


def test_regions_that_nobody_can_read_are_left_out_and_named(tmp_path: Path) -> None:
    icdar_scenes(tmp_path)
    store = open_dataset(tmp_path)
    assert isinstance(store, SceneStore)
    assert store.left_out == [("ch4_training_images/img_1.jpg#2", "marked ###: nobody can read it")]


def test_words_are_cut_from_their_scenes_where_the_boxes_say(tmp_path: Path) -> None:
    svt_xml(tmp_path)
    scene = open_picture(tmp_path / "svt1" / "img" / "14_03.jpg")
    store = open_dataset(tmp_path)
    assert np.array_equal(open_picture(store.encoded(0)), scene[6:16, 5:25])
    assert np.array_equal(open_picture(store.encoded(1)), scene[20:32, 30:48])


def test_upright_cut_of_a_rectangle_is_the_rectangle_and_of_one_that_runs_downwards_turns_it() -> None:
    scene = np.random.default_rng(0).integers(0, 255, (50, 70), np.uint8)
    straight = cut_upright(scene, rectangle(10, 5, 30, 12))
    turned = cut_upright(scene, ((40.0, 5.0), (40.0, 35.0), (28.0, 35.0), (28.0, 5.0)))
    assert np.array_equal(straight, scene[5:17, 10:40])  # type: ignore[arg-type]
    assert np.array_equal(turned, np.rot90(scene[5:35, 28:40]))  # type: ignore[arg-type]


@pytest.mark.parametrize("box", [(100, 100, 10, 10), (-20, 0, 10, 10), (5, 5, 0, 0), (float("nan"), 0, 5, 5)])
def test_word_outside_of_its_scene_is_nothing(box: tuple[float, float, float, float]) -> None:
    scene = np.zeros((20, 20), np.uint8)
    assert cut_box(scene, rectangle(*box)) is None
    assert cut_upright(scene, rectangle(*box)) is None


def test_colours_of_a_cut_word_stay(tmp_path: Path) -> None:
    import io

    from PIL import Image

    svt_xml(tmp_path)
    Image.new("RGB", (60, 40), (200, 30, 10)).save(tmp_path / "svt1" / "img" / "14_03.jpg", "PNG")
    with Image.open(io.BytesIO(open_dataset(tmp_path).encoded(0))) as cut:
        assert (cut.mode, cut.getpixel((0, 0))) == ("RGB", (200, 30, 10))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rec_gt_a.txt", '["a.png", 3]\tx\n', "line 1: .* holds something else than strings"),
        ("rec_gt_a.txt", '["a.png"\tx\n["b.png"]\ty\n', "no labelled pictures|no JSON list of paths"),
        ("labels.csv", "filename,words\nno comma\n", "line 2: 'no comma' has no comma"),
        ("labels.json", '{"a.png": ["x"]}', "the label of 'a.png' is no string"),
        ("labels.json", '{"a.png": ', "is no JSON"),
        ("x.xml", "<tagset><image><tag>", "is no well-formed XML"),
        ("x.xml", '<!DOCTYPE t [<!ENTITY a "b">]><tagset><tag>&a;</tag></tagset>', "declares the entity 'a'"),
        ("x.xml", "<tagset><image><taggedRectangle x='1'><tag>a</tag></taggedRectangle></image></tagset>", "rectangle 1: 'y'"),
        ("gt_1.txt", "1,2,3,4,5,6,x\n1,2,3,4,y\n", "line 1: .*expected 4 or 8 numbers|holds no labelled"),
        ("annotation.txt", "./1/1_a_1.jpg 1\nnonsense\n", "line 2: 'nonsense': expected a path"),
    ],
)
def test_broken_files_are_named_with_the_place(name: str, content: str, message: str, tmp_path: Path) -> None:
    written(tmp_path / name, content)
    with pytest.raises(DataError, match=message):
        entries(tmp_path)


def test_format_that_is_forced_is_taken(tmp_path: Path) -> None:
    file = written(tmp_path / "list.txt", "a.png\tone\n")
    assert chosen_reader(file, format="paddleocr").name == "paddleocr"
    assert open_dataset(file, format="paddleocr").label(0) == "one"


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("packed", [True, False])
def test_matlab_files_of_either_byte_order_are_read_back(order: str, packed: bool, tmp_path: Path) -> None:
    values = {"number": np.arange(6.0).reshape(2, 3), "text": "Café", "cells": ["a", np.ones((1, 2)), ["b"]], "empty": ""}
    file = write_mat(tmp_path / "x.mat", packed, order, **values)
    assert [one.name for one in mat_variables(file)] == list(values)
    assert np.array_equal(read_mat(file, "number")["number"], values["number"])  # type: ignore[arg-type]
    assert read_mat(file, "text") == {"text": "Café"}
    cells = read_mat(file, "cells")["cells"]
    assert (cells[0], cells[1].tolist(), cells[2]) == ("a", [[1.0, 1.0]], ["b"])
    assert read_mat(file, "empty")["empty"] == ""
    assert read_mat(file, "absent") == {}


@given(st.binary(max_size=64), st.integers(0, 400), st.booleans())
def test_damaged_matlab_file_is_a_data_error(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int, packed: bool
) -> None:
    file = write_mat(
        tmp_path_factory.mktemp("mat") / "x.mat", packed, data=[{"ImgName": "a.png", "GroundTruth": "A", "n": np.ones(3)}]
    )
    whole = file.read_bytes()
    file.write_bytes(whole[:at] + noise + whole[at + len(noise) :])
    try:
        mat_variables(file)
        read_mat(file, "data")
    except DataError:
        pass


def test_packed_variable_that_unpacks_to_far_more_is_refused(tmp_path: Path) -> None:
    file = write_mat(tmp_path / "bomb.mat", data=np.zeros((1000, 1000)))
    assert file.stat().st_size < 100_000
    with pytest.raises(DataError, match="is a broken MATLAB file"):
        read_mat(file, "data")


def test_boxes_of_the_real_iiit5k_agree_with_its_tags() -> None:
    root = os.environ.get("SEQREC_DEV_DATA")
    if not root or not (Path(root) / "iiit5k-train").is_dir():
        pytest.skip("SEQREC_DEV_DATA is unset or has no iiit5k-train")
    tags = entries(Path(root) / "iiit5k-train")
    boxes = entries(Path(root) / "iiit5k-train" / "trainCharBound.mat")
    assert [key for key, _ in boxes] == [key for key, _ in tags]
    assert sum(one[1].lower() == other[1].lower() for one, other in zip(boxes, tags, strict=True)) > 1950


@given(
    st.sampled_from([reader for reader in READERS if reader.name != "lmdb"]),
    st.binary(max_size=200),
    st.sampled_from(
        [
            "gt.txt",
            "x.tags",
            "labels.json",
            "labels.csv",
            "x.mat",
            "x.xml",
            "gt_1.txt",
            "rec_gt.txt",
            "annotation.txt",
            "a.gt.txt",
        ]
    ),
)
def test_any_bytes_are_a_data_set_or_an_error_of_ours(
    tmp_path_factory: pytest.TempPathFactory, reader: object, content: bytes, name: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / name).write_bytes(content)
    for path in (folder, folder / name):
        try:
            store = reader.open(path)  # type: ignore[attr-defined]
            for index in range(min(len(store), 3)):
                store.label(index), store.encoded(index)
        except SeqrecError:
            pass


def test_list_of_readers_is_made_without_loading_what_decodes_pictures() -> None:
    import subprocess
    import sys

    script = "import sys, seqrec.data.readers; print([name for name in ('cv2', 'PIL', 'torch', 'fsspec') if name in sys.modules])"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout == "[]\n"
