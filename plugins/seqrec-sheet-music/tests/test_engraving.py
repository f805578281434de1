"""Engraved staves: every token drawn, where music puts it, in every font; nothing missing goes unnoticed."""

import re
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest

from seqrec.rendering import Dice
from seqrec_sheet_music import accidentals, clutter, engraving
from seqrec_sheet_music.agnostic import signature
from seqrec_sheet_music.alphabets import CLEFS, METERS, semantic
from seqrec_sheet_music.composer import Wishes, compose
from seqrec_sheet_music.engraving import FONTS, HELD_OUT_FONT, EngravingError, engraved
from seqrec_sheet_music.mei import Extras
from seqrec_sheet_music.tokens import (
    HIGHEST_STEP,
    LOWEST_STEP,
    Barline,
    Clef,
    Grace,
    Key,
    Multirest,
    Note,
    Rest,
    Tie,
    parse,
    spell,
)

TUNE = (
    "clef-G2", "keySignature-DM", "timeSignature-3/4", "note-F#4_quarter", "note-F4_eighth", "tie", "note-F4_eighth",
    "rest-quarter", "barline", "gracenote-A4_eighth", "note-G4_half.", "barline",
)  # fmt: skip


def lines_with_every_token() -> list[list[str]]:
    """Staves that hold every token of the alphabet between them."""
    lines = [[spell(clef), spell(Key(fifths)), "note-B4_quarter"] for clef in CLEFS for fifths in range(-7, 8) if fifths]
    lines += [["clef-G2", f"timeSignature-{sign}", "note-B4_quarter", "barline"] for sign in METERS]
    lines += [["clef-G2", token, "barline", "rest-quarter"] for token in semantic.symbols if token.startswith("multirest")]
    left = [token for token in semantic.symbols if token.startswith(("note", "gracenote", "rest"))]
    for clef in CLEFS:
        fitting = [token for token in left if fits(clef, token)]
        left = [token for token in left if not fits(clef, token)]
        for start in range(0, len(fitting), 12):
            bar = fitting[start : start + 12]
            lines.append([spell(clef), *bar, *(["note-B3_quarter"] if bar[-1].startswith("grace") else [])])
    assert not left
    return lines


def fits(clef: Clef, token: str) -> bool:
    element = parse(token)
    return isinstance(element, Rest) or (
        isinstance(element, Note | Grace) and LOWEST_STEP <= clef.step(element.pitch) <= HIGHEST_STEP
    )


def some_tunes(count: int, seed: int = 0) -> list[tuple[str, ...]]:
    rng = np.random.default_rng(seed)
    return [compose(rng, Wishes(rare=0.4)) for _ in range(count)]


@pytest.mark.parametrize(
    "font", [FONTS[0], *(pytest.param(font, marks=pytest.mark.slow) for font in (*FONTS[1:], HELD_OUT_FONT))]
)
def test_every_token_of_the_alphabet_can_be_engraved(font: str) -> None:
    for line in lines_with_every_token():
        staff = engraved(line, font)
        assert len(staff.places) == len(line)
        for left, top, right, bottom in staff.places:
            assert right > left
            assert bottom > top


@pytest.mark.parametrize("font", [*FONTS, HELD_OUT_FONT])
def test_noteheads_stand_on_the_step_that_the_clef_gives_them(font: str) -> None:
    for tune in some_tunes(12):
        staff = engraved(tune, font)
        clef = staff.elements[0]
        assert isinstance(clef, Clef)
        space = staff.drawing.space
        for index, element in enumerate(staff.elements):
            if isinstance(element, Note | Grace):
                head = staff.part(index, "notehead")
                assert head is not None
                step = (staff.drawing.staff[3] - (head[1] + head[3]) / 2) / (space / 2)
                assert step == pytest.approx(clef.step(element.pitch), abs=0.35)


def test_key_signatures_stand_where_engravers_put_them() -> None:
    for clef in CLEFS:
        for fifths in (-7, -3, 4, 7):
            staff = engraved([spell(clef), spell(Key(fifths)), "note-B4_quarter"])
            drawn = sorted(staff.drawing.boxes["keySig0", "keyAccid"])
            space = staff.drawing.space
            for (step, alter), (_, top, _, bottom) in zip(signature(clef, Key(fifths)), drawn, strict=True):
                # A flat's belly, not its middle, lies on the line.
                middle = (top + bottom) / 2 if alter > 0 else bottom - 0.65 * space
                assert (staff.drawing.staff[3] - middle) / (space / 2) == pytest.approx(step, abs=0.6)


def test_accidentals_are_drawn_where_key_and_bar_ask_for_them() -> None:
    glyphs = {-1: "E260", 0: "E261", 1: "E262"}
    seen = 0
    for tune in some_tunes(40, seed=2):
        staff = engraved(tune)
        for index, sign in enumerate(accidentals.drawn(staff.elements)):
            shown = staff.drawing.glyphs.get(f"t-{index}accid")
            assert shown == (None if sign is None else [glyphs[sign]])
            seen += sign is not None
    assert seen > 50


def test_tokens_stand_from_left_to_right() -> None:
    for tune in some_tunes(60, seed=3):
        staff = engraved(tune)
        heads = [place for element, place in zip(staff.elements, staff.places, strict=True) if not isinstance(element, Tie)]
        middles = [(left + right) / 2 for left, _, right, _ in heads]
        assert middles == sorted(middles)


def test_a_tie_reaches_from_its_first_note_to_its_second() -> None:
    staff = engraved(TUNE)
    first, arc, second = staff.places[4:7]
    assert first[0] < arc[0] < arc[2] < second[2]


def test_a_tie_into_the_next_line_is_drawn() -> None:
    for end in (["tie"], ["tie", "barline"]):
        staff = engraved(["clef-F4", "note-D3_half", *end])
        left, _, right, _ = staff.places[2]
        assert right - left > staff.drawing.space


def test_ties_may_be_as_deep_as_slurs() -> None:
    tokens = ["clef-F4", "note-F2_quarter.", "tie", "note-F2_half", "barline"]
    flat, deep = (engraved(tokens, extras=Extras(deep_ties=deep)) for deep in (False, True))
    (_, top, _, bottom), (left, deep_top, right, deep_bottom) = flat.places[2], deep.places[2]
    assert deep_bottom - deep_top > 1.2 * (bottom - top)
    assert deep.places[1][0] <= left < right <= deep.places[3][2]


def test_a_tie_from_the_line_before_is_ink_before_the_first_note_and_no_token() -> None:
    tokens = ["clef-G2", "note-A4_half", "barline"]
    plain, tied = engraved(tokens), engraved(tokens, extras=Extras(tied_in=True))
    assert tied.places == plain.places
    (arc,) = tied.drawing.areas[len(plain.drawing.areas) :]
    note = tied.places[1]
    assert plain.places[0][2] <= arc[0][:, 0].min() < note[0] < arc[0][:, 0].max() < note[2]
    rested = ["clef-G2", "rest-half", "note-A4_half", "barline"]
    assert len(engraved(rested, extras=Extras(tied_in=True)).drawing.areas) == len(engraved(rested).drawing.areas)


class Forging:
    """A toolkit whose SVG is changed before anyone sees it."""

    def __init__(self, toolkit: Any, pattern: str, text: str) -> None:
        self.toolkit, self.pattern, self.text = toolkit, pattern, text

    def setOptions(self, options: object) -> object:
        return self.toolkit.setOptions(options)

    def loadData(self, text: str) -> object:
        return self.toolkit.loadData(text)

    def renderToSVG(self, page: int) -> str:
        svg, count = re.subn(self.pattern, self.text, self.toolkit.renderToSVG(page), count=1)
        assert count == 1
        return svg


@pytest.mark.parametrize(
    ("pattern", "text", "message"),
    [
        (r'(<g id="t-3" class="note"><g class="notehead">)<use[^>]*>', r"\1", "token 3 of a staff is drawn wrongly"),
        (r'(<g id="t-3" class="note"><g class="notehead"><use href="#)E0A4', r"\1E0A3", "no outline|drawn wrongly"),
        (r'(class="accid">)<use[^>]*>', r"\1", "token 4 of a staff is drawn wrongly"),
        (r'(<g id="t-7" class="rest">)<use[^>]*>', r"\1", "token 7 of a staff is drawn wrongly"),
        (r'(class="meterSig">)<use[^>]*><use[^>]*>', r"\1", "token 2 of a staff is drawn wrongly"),
        (r'(class="keyAccid">)<use[^>]*>', r"\1", "token 1 of a staff is drawn wrongly"),
        (r'(class="barLine">)<path[^>]*>', r"\1", "token 8 of a staff is drawn wrongly"),
        (r'(class="dots">)<ellipse[^>]*>', r"\1", "token 10 of a staff is drawn wrongly"),
        (r'<g id="t-5" class="tie"><path[^>]*>', '<g id="t-5" class="tie">', "token 5 of a staff is drawn wrongly"),
        (r'<g id="E0A4[^"]*"><path[^>]*></g>', "", "is used but has no outline"),
        (r'(class="keyAccid">)', r"\1<image/>", "<image> in the SVG cannot be drawn"),
    ],
)
def test_whatever_is_missing_is_noticed(monkeypatch: pytest.MonkeyPatch, pattern: str, text: str, message: str) -> None:
    real = engraving._toolkit
    monkeypatch.setattr(engraving, "_toolkit", lambda font, options: Forging(real(font, options), pattern, text))
    with pytest.raises(EngravingError, match=message):
        engraved(TUNE)


def test_an_unknown_font_is_refused_by_name() -> None:
    with pytest.raises(EngravingError, match="verovio has no font 'Comic'"):
        engraved(TUNE, "Comic")


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_draw_what_we_draw(method: str) -> None:
    with ProcessPoolExecutor(1, get_context(method)) as pool:
        there = [staff.places for staff in pool.map(engraved, [TUNE] * len(FONTS), FONTS, timeout=120)]
    assert there == [engraved(TUNE, font).places for font in FONTS]


def test_threads_draw_what_we_draw() -> None:
    here, there = engraved(TUNE).places, []
    thread = threading.Thread(target=lambda: there.append(engraved(TUNE).places))
    thread.start()
    thread.join()
    assert there == [here]


def test_options_of_one_drawing_do_not_last_until_the_next() -> None:
    before = engraved(TUNE).places
    for _ in range(3):
        engraved(TUNE, options=clutter.house_style(Dice(np.random.default_rng(4)), len(TUNE)))
    assert engraved(TUNE).places == before


def test_what_stands_beside_the_notes_changes_no_token() -> None:
    for seed in range(60):
        dice = Dice(np.random.default_rng(seed))
        tune = compose(dice.rng, Wishes(rare=0.3))
        extras = clutter.decorated(dice, [parse(token) for token in tune])
        plain, decorated = engraved(tune), engraved(tune, extras=extras)
        assert heads(decorated) == heads(plain)


def heads(staff: engraving.Engraving) -> Sequence[object]:
    """Glyphs of the noteheads and rests in order."""
    kinds = (Note, Grace, Rest, Multirest, Barline)
    return [
        staff.drawing.glyphs.get(f"t-{index}notehead") or staff.drawing.glyphs.get(f"t-{index}")
        for index, element in enumerate(staff.elements)
        if isinstance(element, kinds)
    ]


def test_clutter_at_difficulty_0_is_none() -> None:
    for seed in range(40):
        dice = Dice(np.random.default_rng(seed), 0.0)
        extras = clutter.decorated(dice, [parse(token) for token in TUNE])
        assert not any(
            (extras.inside, extras.beside, extras.courtesy, extras.bar_number, extras.volta, extras.stems, extras.tied_in)
        )
