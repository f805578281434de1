"""Composed tunes: music that fills its bars, within scope, the same for the same seed, and split for validation."""

from collections import Counter
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqrec import SeqrecError
from seqrec.rendering import Dice
from seqrec_sheet_music import composer, rarities, rhythms
from seqrec_sheet_music.alphabets import CLEFS, METERS, semantic
from seqrec_sheet_music.composer import Fragment, Wishes, compose, is_held_out
from seqrec_sheet_music.parts import parts
from seqrec_sheet_music.tokens import (
    HIGHEST_STEP,
    LOWEST_STEP,
    Barline,
    Clef,
    Grace,
    Key,
    Meter,
    Multirest,
    Note,
    Pitch,
    Rest,
    Tie,
    Value,
    parse,
    spell,
)

ALL, MUSIC = Wishes(), Wishes(rare=0.0)


def tunes(count: int, wishes: Wishes = ALL, seed: int = 0, held_out: bool = False) -> list[Fragment]:
    rng = np.random.default_rng(seed)
    return [compose(rng, wishes, held_out) for _ in range(count)]


def bars_of(tune: Fragment) -> list[list[object]]:
    """What stands between the barlines, without clef, key and meter."""
    elements = [element for element in map(parse, tune) if not isinstance(element, Clef | Key | Meter)]
    return [list(group) for barline, group in groupby(elements, lambda element: isinstance(element, Barline)) if not barline]


def length_of(bar: list[object]) -> object:
    return sum(element.value.length for element in bar if isinstance(element, Note | Rest))


def test_the_same_seed_gives_the_same_tunes() -> None:
    assert tunes(50, seed=3) == tunes(50, seed=3)
    assert tunes(50, seed=3) != tunes(50, seed=4)


def test_every_token_is_in_scope() -> None:
    for tune in [*tunes(400), *tunes(4000, Wishes(rare=0.0, bars=(1, 1)), seed=7)]:
        semantic.encode(tune)
        clef = parse(tune[0])
        assert isinstance(clef, Clef)
        for element in map(parse, tune):
            if isinstance(element, Note | Grace):
                assert LOWEST_STEP <= clef.step(element.pitch) <= HIGHEST_STEP


def test_inner_bars_fill_the_meter() -> None:
    seen = 0
    for tune in tunes(400, MUSIC):
        meter = next((element for element in map(parse, tune) if isinstance(element, Meter)), None)
        inner = [bar for bar in bars_of(tune)[1:-1] if not isinstance(bar[0], Multirest) and bar != [Rest(Value("whole"))]]
        lengths = {length_of(bar) for bar in inner}
        assert len(lengths) <= 1, tune
        if meter and lengths:
            assert lengths == {meter.length}, tune
            seen += 1
    assert seen > 50


def test_a_first_bar_may_be_short_but_never_long() -> None:
    firsts = Counter()
    for tune in tunes(400, MUSIC):
        meter = next((element for element in map(parse, tune) if isinstance(element, Meter)), None)
        bars = bars_of(tune)
        if meter and len(bars) > 1 and bars[0] != [Rest(Value("whole"))]:
            firsts[(length_of(bars[0]) > meter.length) - (length_of(bars[0]) < meter.length)] += 1  # type: ignore[operator]
    assert firsts[1] == 0
    assert firsts[-1] > 10
    assert firsts[0] > 100


def test_a_tie_joins_equal_pitches_or_ends_the_line() -> None:
    ties = 0
    for tune in tunes(600):
        elements = [parse(token) for token in tune]
        for index, element in enumerate(elements):
            if isinstance(element, Tie):
                ties += 1
                first = elements[index - 1]
                behind = [later for later in elements[index + 1 :] if not isinstance(later, Barline)]
                assert isinstance(first, Note)
                if behind:
                    assert isinstance(behind[0], Note)
                    assert behind[0].pitch == first.pitch
    assert ties > 100


def test_numbers_of_bars_and_notes_are_kept() -> None:
    for tune in tunes(200, Wishes(bars=(2, 3), rare=0.0)):
        bars = bars_of(tune)
        assert len(bars) <= 3 or not any(isinstance(element, Note) for bar in bars[:-1] for element in bar)
    for tune in tunes(200, Wishes(bars=(1, 6), notes=(3, 20))):
        assert sum(isinstance(parse(token), Note) for token in tune) <= 20
    for tune in tunes(300, Wishes(bars=(1, 2), notes=(5, 400), rare=0.0)):
        assert sum(isinstance(parse(token), Note) for token in tune) >= 5


def test_plain_tunes_have_nothing_seldom() -> None:
    for tune in tunes(300, Wishes(plain=True)):
        for element in map(parse, tune):
            assert not isinstance(element, Grace | Multirest)
            assert not (isinstance(element, Note | Rest) and element.fermata)


def test_all_clefs_keys_and_meters_come_up() -> None:
    found = Counter(token for tune in tunes(1500) for token in tune[:3])
    assert all(found[spell(clef)] > 50 for clef in CLEFS)
    assert sum(token.startswith("keySignature") for token in found) == 14
    assert all(found[f"timeSignature-{sign}"] > 5 for sign in METERS)


def test_about_half_of_the_tunes_show_no_meter() -> None:
    shown = [any(token.startswith("timeSignature") for token in tune) for tune in tunes(600)]
    assert 0.48 < np.mean(shown) < 0.62


def test_every_part_of_every_token_comes_up() -> None:
    wanted = {part for token in semantic.symbols for part in parts(token)}
    found = {part for tune in tunes(2500) for token in tune for part in parts(token)}
    assert wanted - found == set()


@pytest.mark.slow
def test_every_token_of_the_alphabet_comes_up() -> None:
    found = {token for tune in tunes(60_000) for token in tune}
    missing = set(semantic.symbols) - found
    assert len(missing) < 0.01 * len(semantic), sorted(missing)[:20]


def test_training_and_validation_share_no_tune() -> None:
    assert not any(is_held_out(tune) for tune in tunes(300))
    assert all(is_held_out(tune) for tune in tunes(60, held_out=True))


@given(st.integers(0, 10_000), st.integers(-7, 7))
@settings(max_examples=60, deadline=None)
def test_moving_a_tune_to_another_pitch_key_and_clef_does_not_move_it_to_the_other_side(seed: int, way: int) -> None:
    tune = tunes(1, MUSIC, seed)[0]
    moved = ["clef-G2"]
    for element in map(parse, tune):
        match element:
            case Clef() | Key() | Meter() | Barline():
                continue
            case Note(pitch=pitch, value=value, fermata=fermata):
                moved.append(spell(Note(Pitch(pitch.diatonic + way, pitch.alter), value, fermata)))
            case _:
                moved.append(spell(element))
    assert is_held_out(moved) == is_held_out(tune)


def test_tunes_that_cannot_be_are_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composer, "is_held_out", lambda fragment: True)
    monkeypatch.setattr(composer, "TRIES", 3)
    with pytest.raises(SeqrecError, match=r"no tune of \(1, 48\) notes in 3 tries"):
        compose(np.random.default_rng(0))


@given(st.integers(0, 10_000), st.sampled_from(METERS), st.floats(0, 1))
@settings(max_examples=200, deadline=None)
def test_composed_rhythms_fill_a_bar_of_any_meter(seed: int, sign: str, pace: float) -> None:
    lengths = rhythms.bar(Meter(sign), Dice(np.random.default_rng(seed)), pace)
    assert sum(map(abs, lengths)) == 32 * Meter(sign).length


@given(st.integers(1, 200))
def test_a_spelled_length_is_worth_as_much(length: int) -> None:
    assert sum(value.length for value in rhythms.spelled(length)) * 32 == length


def test_a_faster_pace_has_more_notes() -> None:
    dice = Dice(np.random.default_rng(0))
    slow, fast = ([len(rhythms.bar(Meter("4/4"), dice, pace)) for _ in range(200)] for pace in (0.0, 1.0))
    assert np.mean(fast) > 1.5 * np.mean(slow)


@pytest.mark.parametrize("sign", METERS)
def test_rare_bars_fill_the_meter_too(sign: str) -> None:
    made = rarities.bars(Dice(np.random.default_rng(1)), CLEFS[0], Meter(sign), 30)
    for bar in made:
        if not isinstance(bar[0], Multirest):
            assert length_of(list(bar)) == Meter(sign).length
