"""Choosing: deterministic, exact in its shares, and what belongs together stays together."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec.alphabet import Alphabet
from seqrec.data.choose import Conditions, Merged, by_name, grouped, parsed_parts, sampled, split_groups
from seqrec.data.store import FileStore
from seqrec.errors import DataError
from seqrec.pictures import encode_png


def store(folder: Path, labels: list[str], width: int = 40) -> FileStore:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(len(labels)):
        (folder / f"18_{number // 2}_{number}.png").write_bytes(encode_png(np.full((20, width), number, np.uint8)))
    return FileStore(folder, [(f"18_{number // 2}_{number}.png", label) for number, label in enumerate(labels)], "gt.txt")


@given(st.lists(st.integers(1, 6), min_size=1, max_size=60), st.integers(0, 3))
def test_split_puts_every_sample_in_one_part_and_no_group_in_two(sizes: list[int], seed: int) -> None:
    ends = np.cumsum(sizes).tolist()
    groups = [list(range(end - size, end)) for size, end in zip(sizes, ends, strict=True)]
    parts = split_groups(groups, {"train": 0.7, "val": 0.3}, seed)
    assert sorted(parts["train"] + parts["val"]) == list(range(ends[-1]))
    for group in groups:
        assert len({name for name, members in parts.items() if set(group) & set(members)}) == 1
    assert abs(len(parts["val"]) - 0.3 * ends[-1]) <= max(sizes)
    assert parts == split_groups(groups, {"train": 0.7, "val": 0.3}, seed)


def test_another_seed_gives_another_split_and_sample() -> None:
    groups = [[number] for number in range(50)]
    assert split_groups(groups, {"a": 0.5, "b": 0.5}, 1) != split_groups(groups, {"a": 0.5, "b": 0.5}, 2)
    assert sampled(50, 10, 1) == sampled(50, 10, 1) != sampled(50, 10, 2)
    assert sampled(3, 10, 1) == [0, 1, 2]


def test_groupings_are_joined_where_they_meet() -> None:
    assert grouped(6, [(0, 1)], [[1, 4], [2, 3]]) == [[0, 1, 4], [2, 3], [5]]


@pytest.mark.parametrize("text", ["train", "train=0.9", "train=0.9,val=0.2", "a=0.5,a=0.5", "a=x,b=0.5", "a=0,b=1", "../x=1", ""])
def test_parts_that_make_no_whole_are_refused(text: str) -> None:
    with pytest.raises(DataError, match="parts '"):
        parsed_parts(text)


def test_names_group_samples_by_what_an_expression_finds(tmp_path: Path) -> None:
    some = store(tmp_path, list("abcd"))
    assert by_name(some, r"^\d+_\d+") == [[0, 1], [2, 3]]
    assert by_name(some, r"_(\d)_") == [[0, 1], [2, 3]]
    with pytest.raises(DataError, match="'x' finds nothing in any sample's name, as '18_0_0.png'"):
        by_name(some, "x")
    with pytest.raises(DataError, match="is no regular expression"):
        by_name(some, "(")


def test_conditions_name_what_is_not_fulfilled(tmp_path: Path) -> None:
    import re

    some = store(tmp_path, ["ab", "aé", "abcabc", ""])
    (tmp_path / "18_1_3.png").write_bytes(b"garbage")
    conditions = Conditions(Alphabet("abc", "abc"), lengths=(1, 4))
    assert [conditions.broken(some, index) for index in range(4)] == [
        "",
        "symbol outside the alphabet",
        "label too large",
        "unreadable",
    ]
    assert Conditions(widths=(41, 99)).broken(some, 0) == "width too small"
    assert Conditions(heights=(0, 19)).broken(some, 0) == "height too large"
    assert Conditions(lengths=(3, 9)).broken(some, 0) == "label too short"
    assert Conditions(label=re.compile("a")).broken(some, 0) == "label does not match"
    fits = Conditions(Alphabet("abc", "abc"), frames=lambda width, height, ids: len(ids) < 2)
    assert fits.broken(some, 0) == "target unreachable"


def test_merged_sets_keep_order_names_and_lexicons(tmp_path: Path) -> None:
    merged = Merged([("one", store(tmp_path / "one", ["a", "b"])), ("two", store(tmp_path / "two", ["c"]))])
    assert len(merged) == 3
    assert [merged.label(index) for index in range(3)] == ["a", "b", "c"]
    assert [merged.key(index) for index in (0, 2)] == ["one/18_0_0.png", "two/18_0_0.png"] == [merged.origin(0), merged.origin(2)]
    lexicons = merged.lexicons([{"50": lambda index: ["x", str(index)]}, {"1k": lambda index: ["y"]}])
    assert [lexicons["50"](index) for index in range(3)] == [["x", "0"], ["x", "1"], None]
    assert lexicons["1k"](2) == ["y"]
