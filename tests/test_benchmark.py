"""Known sets, and the order of a benchmark's columns."""

import pytest

from seqrec.benchmark import FREE, FULL, Benchmark, KnownSet, Published, size_name, words_in

SETS = (KnownSet("IC", ("ic13*", "icdar2013*"), 10), KnownSet("SV", ("sv", "sv[!p]*"), 20))


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("IC13_1015", "IC"),
        ("ICDAR-2013 test", "IC"),
        ("icdar2015", None),
        ("my-ic13", None),
        ("SV", "SV"),
        ("sv_647", "SV"),
        ("SV-P", None),
        ("", None),
    ],
)
def test_set_is_known_by_its_folder_whatever_case_and_punctuation(folder: str, name: str | None) -> None:
    found = Benchmark(SETS).known(folder)
    assert (found and found.name) == name


def test_columns_stand_with_small_lexicons_first_and_the_free_one_last() -> None:
    benchmark = Benchmark(SETS, {"50k": "english"})
    assert benchmark.ordered([FREE, "50k", "1k", FULL, "street", "50", "200"]) == ["50", "200", "1k", "street", FULL, "50k", FREE]
    assert benchmark.ordered([FULL, FULL]) == [FULL]


@pytest.mark.parametrize(
    ("words", "name"),
    [(50, "50"), (51, "50"), (1000, "1k"), (963, "1k"), (50_000, "50k"), (90_123, "90k"), (2e6, "2M"), (3, "3")],
)
def test_lexicon_is_named_by_about_how_many_words_it_has(words: float, name: str) -> None:
    assert size_name(words) == name
    assert words_in(name) == pytest.approx(words, rel=0.05)


def test_published_row_may_lack_columns() -> None:
    row = Published("one", "somewhere", {("IC", FREE): 80.0})
    assert ("SV", FREE) not in row.percent
