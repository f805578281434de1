"""The grammar of canonical sequences, against the reader of staves."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec.decoding.grammar import Grammar
from seqrec.decoding.slow_beam import slow_beam_search
from seqrec_sheet_music.alphabets import semantic
from seqrec_sheet_music.grammar import StaffGrammar
from seqrec_sheet_music.notation import shapes, to_semantic, to_shapes
from seqrec_sheet_music.staff import staff_of, tokens_of
from seqrec_sheet_music.tokens import HIGHEST_STEP, LOWEST_STEP, Grace, Note, parse

GRAMMAR = StaffGrammar(semantic)
SOFT = StaffGrammar(semantic, cost=8.0)
FEW = [
    *("clef-G2", "keySignature-GM", "timeSignature-2/4", "barline", "tie", "multirest-3", "rest-half"),
    *("note-C4_half", "note-C#4_half", "note-C2_half", "gracenote-C4_eighth"),
]


def log_weight(grammar: Grammar, tokens: list[str]) -> float:
    return weight_of(grammar, semantic.encode(tokens))


def weight_of(grammar: Grammar, ids: list[int]) -> float:
    state, total = grammar.start(), 0.0
    for symbol in ids:
        found = grammar.step(state, symbol)
        if found is None:
            return -math.inf
        state, total = found[0], total + found[1]
    return total + grammar.final(state)


def canonical(tokens: list[str]) -> bool:
    """The other road: a staff read without problems, spelt the same, with all notes within reach."""
    staff, problems = staff_of(tokens)
    notes = [one for one in map(parse, tokens) if isinstance(one, Note | Grace)]
    within = all(LOWEST_STEP <= staff.clef.step(note.pitch) <= HIGHEST_STEP for note in notes)
    return not problems and tokens_of(staff) == tokens and within


def test_it_is_a_grammar() -> None:
    assert isinstance(GRAMMAR, Grammar)


@given(data=st.data())
def test_canonical_staves_are_accepted(staves: st.SearchStrategy[list[str]], data: st.DataObject) -> None:
    tokens = data.draw(staves)
    assert log_weight(GRAMMAR, tokens) == log_weight(SOFT, tokens) == 0.0


@given(body=st.lists(st.sampled_from(FEW), max_size=7), clef=st.booleans())
def test_exactly_the_canonical_sequences_are_accepted(body: list[str], clef: bool) -> None:
    tokens = ["clef-G2"] * clef + body
    assert (log_weight(GRAMMAR, tokens) == 0.0) == canonical(tokens)
    assert (log_weight(SOFT, tokens) == 0.0) == canonical(tokens)


@given(data=st.data())
def test_one_wrong_token_is_judged_alike(staves: st.SearchStrategy[list[str]], data: st.DataObject) -> None:
    tokens = data.draw(staves)
    place = data.draw(st.integers(0, len(tokens) - 1))
    tokens[place] = data.draw(st.sampled_from([*FEW, *tokens]))
    assert (log_weight(GRAMMAR, tokens) == 0.0) == canonical(tokens)


@given(tokens=st.lists(st.sampled_from(FEW), max_size=6))
def test_the_soft_form_refuses_nothing(tokens: list[str]) -> None:
    assert -8.0 * (len(tokens) + 1) <= log_weight(SOFT, tokens) <= 0.0


@given(data=st.data())
def test_shapes_are_judged_as_the_tokens_that_they_mean(staves: st.SearchStrategy[list[str]], data: st.DataObject) -> None:
    tokens = data.draw(staves)
    symbols = to_shapes(tokens)
    assert weight_of(StaffGrammar(shapes), shapes.encode(symbols)) == 0.0
    symbols[data.draw(st.integers(0, len(symbols) - 1))] = data.draw(st.sampled_from(shapes.symbols))
    meant = [one.symbol for one in to_semantic(symbols)]
    judged = weight_of(StaffGrammar(shapes, cost=8.0), shapes.encode(symbols))
    stray = len(symbols) - sum(one.stop - one.first for one in to_semantic(symbols))
    if not stray and "tie" not in meant:  # tied notes are one pitch by the rules, so that only their places are compared
        assert judged == log_weight(SOFT, meant)
    assert (judged < 0) >= bool(stray)


def posteriors(tokens: list[str], instead: dict[int, str]) -> np.ndarray:
    """Frames that say the tokens, or with 60 % something else in their places."""
    log_probs = np.full((2 * len(tokens), semantic.classes), 1e-9)
    for place, token in enumerate(tokens):
        log_probs[2 * place, semantic.encode([token])[0]] = 0.4 if place in instead else 0.9
        if place in instead:
            log_probs[2 * place, semantic.encode([instead[place]])[0]] = 0.6
        log_probs[2 * place + 1, 0] = 1.0
    return np.log(log_probs / log_probs.sum(1, keepdims=True)).astype(np.float32)


def test_a_search_held_by_it_finds_the_tie_that_leads_to_the_same_pitch() -> None:
    tokens = ["clef-G2", "note-C4_half", "tie", "barline", "note-C4_half"]
    frames = posteriors(tokens, {4: "note-D4_half"})
    free = slow_beam_search(frames, 5)[0]
    held = slow_beam_search(frames, 5, grammars=[(GRAMMAR, 1.0)])[0]
    assert semantic.decode(free.ids)[4] == "note-D4_half"
    assert semantic.decode(held.ids) == tokens


def test_a_clear_breach_is_read_by_the_soft_form_all_the_same() -> None:
    tokens = ["clef-G2", "note-C4_half", "barline", "barline", "note-C4_half"]
    frames = posteriors(tokens, {})
    assert semantic.decode(slow_beam_search(frames, 5, grammars=[(SOFT, 1.0)])[0].ids) == tokens
    assert semantic.decode(slow_beam_search(frames, 5, grammars=[(GRAMMAR, 1.0)])[0].ids) != tokens


@pytest.mark.parametrize("end", ["clef-G2", "clef-G2 rest-half gracenote-C4_eighth", ""])
def test_nothing_ends_before_its_music(end: str) -> None:
    assert log_weight(GRAMMAR, end.split()) == -math.inf
    assert log_weight(SOFT, end.split()) == -8.0
