"""Braille: the conformance kit, and cells against their dots."""

import pytest

import seqrec_braille
from seqrec.testing import Promise, every_promise
from seqrec_braille import CELLS, DOTS


@every_promise(seqrec_braille, marks={"*-learns-by-heart": pytest.mark.slow, "*-works-on-the-command-line": pytest.mark.slow})
def test_braille_keeps_its_promises(promise: Promise) -> None:
    promise.check()


@pytest.mark.parametrize(
    ("cell", "dots"),
    # Louis Braille's first ten letters use dots 1, 2, 4, 5 alone; these three are a, c and j.
    [("⠁", "1"), ("⠉", "14"), ("⠚", "245"), ("⠿", "123456")],
)
def test_cell_has_the_dots_of_its_letter(cell: str, dots: str) -> None:
    assert DOTS[cell] == [f"dot-{dot}" for dot in dots]


def test_space_is_the_blank_cell() -> None:
    (task,) = seqrec_braille.seqrec_tasks()
    assert task.alphabet.decode(task.alphabet.encode("⠁ ⠃")) == ["⠁", CELLS[0], "⠃"]
