"""Groups of words and errors."""

import pytest

from seqrec import Judged, Reading
from seqrec_scene_text.groups import GROUPS, LOOK_ALIKES

BY_NAME = {one.name: one for one in GROUPS}


def found(name: str, label: str, read: str = "") -> tuple[str, ...]:
    return BY_NAME[name].groups_of(Judged(label, list(label), Reading(tuple(read), read, 0.5)))


@pytest.mark.parametrize(
    ("label", "made_of", "case"),
    [
        ("exit", "letters", "small letters"),
        ("EXIT", "letters", "capitals"),
        ("Exit", "letters", "capitalised"),
        ("eXit", "letters", "mixed"),
        ("é", "letters", "small letters"),
        ("12", "digits", "no letters"),
        ("a1", "letters and digits", "small letters"),
        ("Gate 12", "letters or digits with other signs", "capitalised"),
        ("?!", "other signs only", "no letters"),
    ],
)
def test_labels_are_sorted_by_what_they_are_made_of(label: str, made_of: str, case: str) -> None:
    assert found("made of", label) == (made_of,)
    assert found("case of the letters", label) == (case,)


def test_each_sign_of_a_label_is_a_group() -> None:
    assert found("signs", "a-b c-d.") == ("-", "space", ".")
    assert found("signs", "abc") == ()


def test_words_are_looked_for_in_any_case() -> None:
    assert found("word", "EXIT") == ("frequent English word",)
    assert found("word", "xqzzt") == ("another word",)
    assert found("word", "A4") == ("with digits or signs",)


@pytest.mark.parametrize(
    ("label", "read", "kind"),
    [
        ("Exit", "EXIT", "case alone"),
        ("don't", "dont", "signs and spaces alone"),
        ("B00K", "BOOK", "characters that look alike"),
        ("a7", "aT", "letters and digits for one another"),
        ("exit", "exist", "anything else"),
        ("exit", "edit", "anything else"),
    ],
)
def test_errors_are_sorted_by_what_is_wrong(label: str, read: str, kind: str) -> None:
    assert found("wrong are", label, read) == (kind,)
    assert found("wrong are", label, label) == ()


def test_each_set_of_look_alikes_holds_several_characters() -> None:
    assert all(len(group) > 1 for group in LOOK_ALIKES)
