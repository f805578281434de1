"""The protocols: which words count, which folders are known, and that published results belong to known sets."""

import pytest

from seqrec_scene_text import PROTOCOLS, seqrec_tasks
from seqrec_scene_text.protocols import PUBLISHED, SETS, plain_word

CRNN2015 = next(protocol for protocol in PROTOCOLS if protocol.name == "crnn2015")


@pytest.mark.parametrize(
    ("label", "counts"),
    [("exit", True), ("24H", True), ("ab", False), ("", False), ("don't", False), ("café", False), ("a b", False)],
)
def test_plain_words_have_three_letters_and_digits_or_more(label: str, counts: bool) -> None:
    assert plain_word(label) is counts


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("IIIT5k_3000", "IIIT5K"),
        ("iiit5k-train", "IIIT5K"),
        ("SVT", "SVT"),
        ("svt_647", "SVT"),
        ("SVTP", None),
        ("svt-p", None),
        ("SVT_Perspective", None),
        ("IC03_860", "IC03"),
        ("ICDAR 2003", "IC03"),
        ("IC13_1015", "IC13"),
        ("icdar2013-test", "IC13"),
        ("IC15_2077", "IC15"),
        ("CUTE80", None),
        ("words", None),
    ],
)
def test_sets_are_known_by_the_usual_names_of_their_folders(folder: str, name: str | None) -> None:
    assert CRNN2015.benchmark is not None
    found = CRNN2015.benchmark.known(folder)
    assert (found and found.name) == name


def test_only_icdar_2003_and_2013_leave_words_out() -> None:
    assert {one.name for one in SETS if one.keep is not None} == {"IC03", "IC13"}
    assert CRNN2015.keep is None


def test_table_2_of_the_paper_has_its_ten_numbers() -> None:
    paper = PUBLISHED[0].percent
    assert [paper[place] for place in (("IIIT5K", "50"), ("IIIT5K", "1k"), ("IIIT5K", "None"))] == [97.6, 94.4, 78.2]
    assert len(paper) == 10


def test_published_results_are_of_known_sets_and_of_columns_that_can_be_measured() -> None:
    names = {one.name for one in SETS}
    for row in PUBLISHED:
        assert row.source
        assert {place[0] for place in row.percent} <= names
        assert {place[1] for place in row.percent} <= {"None", "50", "1k", "Full", "50k"}
        assert all(50 < percent < 100 for percent in row.percent.values())


def test_the_tables_lexicons_are_the_tasks() -> None:
    (task,) = seqrec_tasks()
    assert CRNN2015.benchmark is not None
    assert set(CRNN2015.benchmark.lexicons.values()) <= set(task.lexicons)
