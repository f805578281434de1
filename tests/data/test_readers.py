"""Readers of label files: each format as it is met, with BOMs, line ends and labels of every kind."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec.data.label_files import label_lines, parse_icdar_line, parse_space_line, parse_tab_line
from seqrec.data.line_formats import GtTxtReader, IcdarWordsReader
from seqrec.data.readers import READERS, open_dataset
from seqrec.data.writer import LmdbWriter
from seqrec.errors import DataError
from seqrec.interfaces import DatasetReader, Store, iterate

LABELS = st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]))
WORDS = st.text(st.characters(exclude_characters='\n\r\t ",', exclude_categories=["Cs", "Z", "C"]), min_size=1)


def labels(store: Store) -> list[tuple[str, str]]:
    return [(store.key(index), store.label(index)) for index in range(len(store))]


def written(path: Path, text: str, bom: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\xef\xbb\xbf" * bom + text.encode())
    return path


@pytest.mark.parametrize("bom", [False, True])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_gt_txt_with_tabs_keeps_spaces_tabs_and_commas_of_labels(bom: bool, end: str, tmp_path: Path) -> None:
    lines = ["my pic.png\tone, two", "b.png\ta\tb", "", "c.png\t", "d.png\t\u2028\x85", "e.png\t  x "]
    written(tmp_path / "gt.txt", end.join(lines) + end, bom)
    assert labels(open_dataset(tmp_path)) == [
        ("my pic.png", "one, two"),
        ("b.png", "a\tb"),
        ("c.png", ""),
        ("d.png", "\u2028\x85"),
        ("e.png", "  x "),
    ]


def test_gt_txt_with_spaces_is_split_at_the_first_one(tmp_path: Path) -> None:
    written(tmp_path / "gt.txt", "a.png  two words\nb.png x\ty\nc.png\n", bom=True)
    assert labels(open_dataset(tmp_path)) == [("a.png", "two words"), ("b.png", "x\ty"), ("c.png", "")]


def test_label_file_may_be_named_itself_and_may_lie_in_the_one_subfolder(tmp_path: Path) -> None:
    file = written(tmp_path / "set" / "train" / "gt.txt", "a.png\tA\n")
    (file.parent / "a.png").write_bytes(b"bytes")
    for path in (file, file.parent, tmp_path / "set"):
        assert list(iterate(open_dataset(path))) == [("a.png", "A", b"bytes")]
    (tmp_path / "set" / "test").mkdir()
    with pytest.raises(DataError, match="holds no labelled pictures in a format we know"):
        open_dataset(tmp_path / "set")


def test_icdar_word_list_loses_its_outer_quotes_and_escapes_only(tmp_path: Path) -> None:
    lines = [
        'word_1.png, "Genaxis Theatre"',
        r'word_2.png, "\"SCAN\""',
        'word_3.png, "one, two"',
        'word_4.png, ""',
        'word_5.png,"',
        r'word_6.png, "C:\\x"',
        "word_7.png, bare",
    ]
    written(tmp_path / "train" / "gt.txt", "\r\n".join(lines) + "\r\n", bom=True)
    assert labels(open_dataset(tmp_path)) == [
        ("word_1.png", "Genaxis Theatre"),
        ("word_2.png", '"SCAN"'),
        ("word_3.png", "one, two"),
        ("word_4.png", ""),
        ("word_5.png", '"'),
        ("word_6.png", "C:\\x"),
        ("word_7.png", "bare"),
    ]


def test_iiit5k_tags_name_pictures_from_their_own_folder(tmp_path: Path) -> None:
    file = written(tmp_path / "iiit5k" / "train.tags", "train/1009_2.png You\ntrain/1_1.png A B\n")
    written(tmp_path / "iiit5k" / "train" / "1009_2.png", "bytes")
    for path in (file, file.parent):
        store = open_dataset(path)
        assert labels(store) == [("train/1009_2.png", "You"), ("train/1_1.png", "A B")]
        assert store.encoded(0) == b"bytes"


def test_pairs_of_picture_and_gt_txt_are_matched_by_name(tmp_path: Path) -> None:
    for name in ("a.png", "a.bin.png", "b.bin.png", "c.d.jpg", "unlabelled.png"):
        written(tmp_path / name, name)
    for name, label in (("a", "A\n"), ("b", "\ufeffB\r\n"), ("c.d", "C, D"), ("lost", "L"), ("z", "")):
        written(tmp_path / f"{name}.gt.txt", label)
    store = open_dataset(tmp_path)
    assert labels(store) == [("a.png", "A"), ("b.bin.png", "B"), ("c.d.jpg", "C, D"), ("lost.png", "L"), ("z.png", "")]
    assert store.encoded(2) == b"c.d.jpg"
    with pytest.raises(DataError, match=r"sample 'lost\.png': '\*\.gt\.txt' names it, but there is no such file"):
        store.encoded(3)


def test_lmdb_is_found_by_its_folder_its_file_and_from_above(tmp_path: Path) -> None:
    with LmdbWriter(tmp_path / "all" / "one") as writer:
        writer.add(b"bytes", "A")
    for path in (tmp_path, tmp_path / "all" / "one"):
        assert next(iterate(open_dataset(path)))[1:] == ("A", b"bytes")
    assert len(open_dataset(tmp_path / "all" / "one" / "data.mdb", format="lmdb")) == 1


def test_nothing_that_fits_names_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file or folder; check"):
        open_dataset(tmp_path / "nowhere")
    for path in (tmp_path, written(tmp_path / "notes.txt", "just some words\n"), written(tmp_path / "gt.txt", "\n\n")):
        with pytest.raises(DataError, match=r"looked for lmdb, webdataset, gt-txt, icdar-words, .*, gt-pairs; or name its label"):
            open_dataset(path)


def test_several_formats_are_named_and_one_can_be_chosen(tmp_path: Path) -> None:
    written(tmp_path / "gt.txt", "a.png\tfrom tabs\n")
    written(tmp_path / "x.tags", "a.png from tags\n")
    with pytest.raises(DataError, match="fits several formats: gt-txt, iiit5k-tags; say which one"):
        open_dataset(tmp_path)
    assert open_dataset(tmp_path, format="iiit5k-tags").label(0) == "from tags"
    assert open_dataset(tmp_path / "gt.txt").label(0) == "from tabs"
    with pytest.raises(DataError, match="unknown data set format 'gt-text'; did you mean 'gt-txt'"):
        open_dataset(tmp_path, format="gt-text")


def test_several_label_files_of_one_format_are_named(tmp_path: Path) -> None:
    written(tmp_path / "a_gt.txt", "a.png\tA\n")
    written(tmp_path / "b_GT.txt", "b.png\tB\n")
    with pytest.raises(DataError, match=r"holds several label files: 'a_gt\.txt', 'b_GT\.txt'; give the path of one"):
        open_dataset(tmp_path)
    assert open_dataset(tmp_path / "b_GT.txt").label(0) == "B"


def test_format_that_is_said_but_not_there_is_an_error(tmp_path: Path) -> None:
    for reader in READERS:
        with pytest.raises(DataError, match="holds no"):
            open_dataset(tmp_path, format=reader.name)


def test_empty_sets_are_refused(tmp_path: Path) -> None:
    with LmdbWriter(tmp_path / "lmdb"):
        pass
    with pytest.raises(DataError, match=r"\(lmdb\) is empty: no labelled picture in it"):
        open_dataset(tmp_path / "lmdb")
    with pytest.raises(DataError, match=r"\(gt-txt\) is empty"):
        open_dataset(written(tmp_path / "gt.txt", "\ufeff\r\n \r\n"), format="gt-txt")


def test_line_that_is_no_utf_8_and_line_without_a_comma_are_named_by_number(tmp_path: Path) -> None:
    file = tmp_path / "gt.txt"
    file.write_bytes(b"a.png\tA\nb.png\t\xe9\n")
    with pytest.raises(DataError, match=r"gt\.txt', line 2: not UTF-8 .* save the file as UTF-8"):
        open_dataset(file)
    file.write_bytes(b'a.png, "A"\n\nword_2.png "B"\n')
    with pytest.raises(DataError, match=r"gt\.txt', line 3: .* is no line of a word list; expected: word_1\.png"):
        open_dataset(file)


def test_reader_of_a_plugin_takes_part(tmp_path: Path) -> None:
    class Mine(DatasetReader):
        """A folder with a `mine` file."""

        name = "mine"

        def detect(self, path: Path) -> bool:
            return (path / "mine").exists()

        def open(self, path: Path) -> Store:
            return GtTxtReader().open(path / "mine")

    written(tmp_path / "mine", "a.png\tA\n")
    assert labels(open_dataset(tmp_path, [*READERS, Mine()])) == [("a.png", "A")]


@given(WORDS, LABELS)
def test_tab_line_is_read_back(path: str, label: str) -> None:
    assert parse_tab_line(f"{path}\t{label}") == (path, label)


@given(WORDS, LABELS.map(lambda label: label.strip(" \t")))
def test_space_line_is_read_back(path: str, label: str) -> None:
    assert parse_space_line(f"{path} {label}") == (path, label)


@given(WORDS, LABELS)
def test_icdar_line_is_read_back_with_every_quote_and_backslash_escaped(path: str, label: str) -> None:
    escaped = label.replace("\\", "\\\\").replace('"', '\\"')
    assert parse_icdar_line(f'{path}, "{escaped}"') == (path, label)


@given(st.lists(st.tuples(WORDS, LABELS), min_size=1), st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_label_file_of_any_labels_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, entries: list[tuple[str, str]], bom: bool, end: str
) -> None:
    file = tmp_path_factory.mktemp("labels") / "gt.txt"
    written(file, "".join(f"{path}.png\t{label}{end}" for path, label in entries), bom)
    assert labels(GtTxtReader().open(file)) == [(f"{path}.png", label) for path, label in entries]
    assert [number for number, _ in label_lines(file)] == list(range(1, len(entries) + 1))


@given(st.binary())
def test_any_bytes_are_a_label_file_or_a_data_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.mktemp("labels") / "gt.txt"
    file.write_bytes(content)
    for reader in (GtTxtReader(), IcdarWordsReader()):
        try:
            store = reader.open(file)
        except DataError:
            continue
        assert all(isinstance(label, str) for _, label in labels(store))


@pytest.mark.parametrize(
    ("name", "count", "first"),
    [("iiit5k-train", 2000, ("train/1009_2.png", "You")), ("icdar2015-train", 4468, ("word_1.png", "Genaxis Theatre"))],
)
def test_real_sets_are_found_and_counted(name: str, count: int, first: tuple[str, str]) -> None:
    root = os.environ.get("SEQREC_DEV_DATA")
    if not root or not (Path(root) / name).is_dir():
        pytest.skip(f"SEQREC_DEV_DATA is unset or has no {name}")
    store = open_dataset(Path(root) / name)
    assert len(store) == count
    assert labels(store)[0] == first
    assert all(store.encoded(index).startswith(b"\x89PNG") for index in (0, count // 2, count - 1))
