"""Lexicons that the pictures of a set have: in files beside the labels, or in the set's own keys."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from seqrec.data.lexicons import lexicon_beside, own_lexicon, own_lexicons
from seqrec.data.readers import open_dataset
from seqrec.data.writer import LmdbWriter
from seqrec.errors import DataError
from seqrec.interfaces import Store

LABELS = "a.png\tone\nsub/b c.png\ttwo\nc.png\tthree\n"


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """A set of three pictures, named with folders and spaces."""
    folder = tmp_path / "words"
    folder.mkdir()
    (folder / "gt.txt").write_text(LABELS)
    return folder


def lexicons_of(path: Path, name: str) -> list[list[str] | None]:
    store = open_dataset(path)
    lexicon = own_lexicons(store, path)[name]
    return [lexicon(index) for index in range(len(store))]


def test_file_beside_the_labels_gives_each_picture_its_words(words: Path) -> None:
    (words / "lexicon-50.tsv").write_text("sub/b c.png\ttwo\ttwo words\n\na.png\tone\tuno\tüks\n", encoding="utf-8-sig")
    expected = [["one", "uno", "üks"], ["two", "two words"], None]
    assert lexicons_of(words, "50") == expected
    assert lexicons_of(words / "gt.txt", "50") == expected


def test_file_counts_beside_the_label_file_and_in_the_folder_above(tmp_path: Path) -> None:
    (tmp_path / "all" / "train").mkdir(parents=True)
    (tmp_path / "all" / "train" / "gt.txt").write_text(LABELS)
    (tmp_path / "all" / "lexicon-near.tsv").write_text("a.png\tfrom above\n")
    (tmp_path / "all" / "lexicon-50.tsv").write_text("a.png\tfrom above\n")
    (tmp_path / "all" / "train" / "lexicon-50.tsv").write_text("a.png\tbeside\n")
    assert lexicons_of(tmp_path / "all", "near")[0] == ["from above"]
    assert lexicons_of(tmp_path / "all", "50")[0] == ["beside"]


def test_lexicons_are_sorted_by_the_words_that_they_usually_have(words: Path) -> None:
    many = "\t".join(f"word{number}" for number in range(9))
    (words / "lexicon-a.tsv").write_text(f"a.png\t{many}\nc.png\tfew\n")
    (words / "lexicon-b.tsv").write_text("a.png\tone\n")
    assert list(own_lexicons(open_dataset(words), words)) == ["b", "a"]


def test_set_without_lexicons_has_none(words: Path) -> None:
    (words / "lexicon.tsv").write_text("a.png\tone\n")  # without a name
    store = open_dataset(words)
    assert own_lexicons(store, words) == {}
    with pytest.raises(DataError, match=r"words': its pictures have no lexicons of their own; expected lexicon-NAME\.tsv"):
        own_lexicon(store, words)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a.png\tone\nc.png\n", r"lexicon-50\.tsv', line 2: no word in 'c\.png'; expected: picture\.png<TAB>word"),
        (b"a.png\t \t\n", r"line 1: no word in"),
        (b"\tone\n", r"line 1: no word in"),
        (b"a.png one two\n", r"line 1: no word in 'a\.png one two'"),
        (b"a.png\tone\n\na.png\ttwo\n", r"line 3: picture 'a\.png' has a line above already"),
        (b"a.png\tone\nc.png\t\xff\n", r"lexicon-50\.tsv', line 2: not UTF-8"),
        (b"other/a.png\tone\n", r"has none of the set's pictures: its first line is about 'other/a\.png', the set's .* 'a\.png'"),
        (b"", r"has none of the set's pictures: its first line is about nothing"),
    ],
)
def test_broken_file_is_named_with_its_line(words: Path, content: bytes, message: str) -> None:
    (words / "lexicon-50.tsv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        own_lexicons(open_dataset(words), words)


def test_file_may_speak_of_more_pictures_than_the_set_has(words: Path) -> None:
    (words / "lexicon-50.tsv").write_text("a.png\tone\nelsewhere.png\ttwo\n")
    assert lexicons_of(words, "50") == [["one"], None, None]


def test_file_that_cannot_be_read_is_named(words: Path) -> None:
    (words / "lexicon-50.tsv").mkdir()
    with pytest.raises(DataError, match=r"lexicon-50\.tsv' cannot be read"):
        own_lexicons(open_dataset(words), words)


def lmdb_set(path: Path, lexicons: Sequence[Sequence[str] | None]) -> Store:
    with LmdbWriter(path) as writer:
        for number, lexicon in enumerate(lexicons):
            writer.add(b"picture", f"label{number}", lexicon=lexicon)
    return open_dataset(path)


def test_keys_of_an_lmdb_set_count_by_their_usual_size(tmp_path: Path) -> None:
    fifty = [f"word{number}" for number in range(50)]
    store = lmdb_set(tmp_path / "set", [fifty, [*fifty, "more"], None])
    (name,) = own_lexicons(store, tmp_path / "set")
    assert name == "50"
    lexicon = own_lexicons(store, tmp_path / "set" / "data.mdb")["50"]
    assert [lexicon(0), lexicon(1), lexicon(2)] == [fifty, [*fifty, "more"], None]


def test_file_beside_an_lmdb_set_joins_its_keys_and_wins_by_name(tmp_path: Path) -> None:
    store = lmdb_set(tmp_path / "set", [["one", "two", "three"], None])
    (tmp_path / "set" / "lexicon-big.tsv").write_text("image-000000002\t" + "\t".join("abcdefgh") + "\n")
    found = own_lexicons(store, tmp_path / "set")
    assert list(found) == ["3", "big"]
    assert [found["big"](0), found["big"](1)] == [None, list("abcdefgh")]
    (tmp_path / "set" / "lexicon-3.tsv").write_text("image-000000001\tfile\n")
    assert own_lexicons(store, tmp_path / "set")["3"](0) == ["file"]


def test_lmdb_set_without_the_keys_has_no_lexicons(tmp_path: Path) -> None:
    assert own_lexicons(lmdb_set(tmp_path / "set", [None, None]), tmp_path / "set") == {}


def test_one_lexicon_is_chosen_by_name_or_because_it_is_the_only_one(words: Path) -> None:
    store = open_dataset(words)
    (words / "lexicon-50.tsv").write_text("a.png\tone\n")
    assert own_lexicon(store, words)[0] == own_lexicon(store, words, "50")[0] == "50"
    (words / "lexicon-500.tsv").write_text("a.png\tone\tuno\n")
    with pytest.raises(DataError, match="its pictures have several lexicons: 50, 500; name one"):
        own_lexicon(store, words)
    with pytest.raises(DataError, match=r"its pictures have no lexicon '5000'; did you mean '500'\?"):
        own_lexicon(store, words, "5000")


def test_pictures_without_a_set_have_the_lexicons_of_their_folders(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    one, two = tmp_path / "one", tmp_path / "two"
    (one / "lexicon-50.tsv").write_text("a.png\tfirst\nsub/b.png\tsecond\n")
    (two / "lexicon-50.tsv").write_text("a.png\tthird\n")
    pictures = [str(one / "a.png"), str(one / "sub" / "b.png"), f"{one}/./c.png", str(two / "a.png")]
    name, words_of = lexicon_beside([one, two], pictures)
    assert (name, [words_of(picture) for picture in pictures]) == ("50", [["first"], ["second"], None, ["third"]])
    assert lexicon_beside([one / ".", two], pictures, "50")[1](f"{one}/./a.png") == ["first"]


def test_folders_without_the_lexicon_that_is_asked_for_are_named(tmp_path: Path) -> None:
    pictures = [str(tmp_path / "a.png")]
    with pytest.raises(DataError, match=r"': no lexicon beside the pictures; expected lexicon-NAME\.tsv there"):
        lexicon_beside([tmp_path], pictures)
    (tmp_path / "lexicon-50.tsv").write_text("other.png\tone\n")
    with pytest.raises(DataError, match=r"has none of the 1 pictures, first '.*a\.png'; its first line is about '.*other\.png'"):
        lexicon_beside([tmp_path], pictures)
    (tmp_path / "lexicon-1k.tsv").write_text("a.png\tone\n")
    with pytest.raises(DataError, match="its pictures have several lexicons: 1k, 50; name one"):
        lexicon_beside([tmp_path], pictures)
    with pytest.raises(DataError, match=r"its pictures have no lexicon '5'; did you mean '50'\?"):
        lexicon_beside([tmp_path], pictures, "5")
