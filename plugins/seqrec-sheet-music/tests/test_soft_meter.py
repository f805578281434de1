"""The soft meter, against bars counted one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec.decoding.grammar import Grammar
from seqrec_sheet_music.alphabets import METERS, semantic
from seqrec_sheet_music.bars import meter_named
from seqrec_sheet_music.errors import MusicError
from seqrec_sheet_music.notation import shapes, to_shapes
from seqrec_sheet_music.soft_meter import SoftMeter
from seqrec_sheet_music.staff import staff_of

SOFT = SoftMeter(semantic)


def log_weight(grammar: SoftMeter, tokens: list[str]) -> float:
    return weight_of(grammar, semantic.encode(tokens))


def weight_of(grammar: SoftMeter, ids: list[int]) -> float:
    state, total = grammar.start(), 0.0
    for symbol in ids:
        state, weight = grammar.step(state, symbol)
        total += weight
    return total + grammar.final(state)


def counted(tokens: list[str], meter: str = "") -> float:
    """The other road: the cheapest meter for the bars of the whole staff."""
    staff, _ = staff_of(tokens)
    signs = [staff.meter.sign] if staff.meter else [meter] if meter else METERS
    return -min(_cost([bar.length if not (bar.multirest or bar.silent) else None for bar in staff.bars], sign) for sign in signs)


def _cost(lengths: list, sign: str) -> float:
    full, cost, place = meter_named(sign).length, 0.0, 0
    while place < len(lengths):
        here, following = lengths[place], lengths[place + 1] if place + 1 < len(lengths) else None
        if here is None or here == full:
            pass
        elif here > full:
            cost += 4
        elif place == 0 or place == len(lengths) - 1:
            cost += 1
        elif following is not None and here + following == full:
            cost += 2
            place += 1
        else:
            cost += 4
        place += 1
    return cost


def test_it_is_a_grammar() -> None:
    assert isinstance(SOFT, Grammar)


@given(data=st.data())
def test_weight_is_the_cost_of_the_bars(staves: st.SearchStrategy[list[str]], data: st.DataObject) -> None:
    tokens = data.draw(staves)
    assert log_weight(SOFT, tokens) == pytest.approx(counted(tokens))


@given(data=st.data())
def test_shapes_cost_what_the_tokens_cost_that_they_mean(staves: st.SearchStrategy[list[str]], data: st.DataObject) -> None:
    tokens = data.draw(staves)
    assert weight_of(SoftMeter(shapes), shapes.encode(to_shapes(tokens))) == pytest.approx(log_weight(SOFT, tokens))


BAR = st.lists(st.sampled_from(["note-C4_quarter", "note-C4_eighth", "note-C4_half", "rest-whole"]), min_size=1, max_size=3)


@given(bars=st.lists(BAR, min_size=1, max_size=6), meter=st.sampled_from(["", "2/4", "3/8"]), closed=st.booleans())
def test_weight_is_the_cost_of_plain_bars(bars: list[list[str]], meter: str, closed: bool) -> None:
    tokens = ["clef-G2", *" barline ".join(" ".join(bar) for bar in bars).split(), *["barline"] * closed]
    assert log_weight(SoftMeter(semantic, meter), tokens) == pytest.approx(counted(tokens, meter))


@given(tokens=st.lists(st.sampled_from(semantic.symbols[:150]), max_size=12))
def test_nothing_is_refused(tokens: list[str]) -> None:
    assert -4.0 * (len(tokens) + 1) <= log_weight(SOFT, tokens) <= 0.0


def test_drawn_meter_wins_over_the_given_one() -> None:
    tokens = ["clef-G2", "timeSignature-2/4", "rest-half", "barline", "note-C4_half", "barline", "note-C4_half"]
    assert log_weight(SoftMeter(semantic, "3/4"), tokens) == 0.0
    assert log_weight(SoftMeter(semantic, "3/4"), [token for token in tokens if "time" not in token]) < 0.0


def test_costs_can_be_chosen() -> None:
    tokens = ["clef-G2", "timeSignature-2/4", "note-C4_half", "barline", "note-C4_half.", "barline", "note-C4_half"]
    assert log_weight(SoftMeter(semantic, cost=2.5), tokens) == -2.5
    tokens = ["clef-G2", "timeSignature-2/4", "note-C4_quarter", "barline", "note-C4_half"]
    assert log_weight(SoftMeter(semantic, edge_cost=0.25), tokens) == -0.25


def test_unknown_meter_is_refused() -> None:
    with pytest.raises(MusicError, match="meter '2/3'"):
        SoftMeter(semantic, "2/3")
