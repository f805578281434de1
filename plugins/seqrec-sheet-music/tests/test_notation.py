"""What is drawn and what it means: shapes to tokens by rules, and tokens to shapes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec_sheet_music.alphabets import pitches, semantic
from seqrec_sheet_music.errors import MusicError
from seqrec_sheet_music.notation import shapes, to_pitches, to_semantic, to_shapes
from seqrec_sheet_music.renderer import SheetMusicRenderer
from seqrec_sheet_music.tokens import Note, parse


def meant(symbols: list[str]) -> list[str]:
    return [one.symbol for one in to_semantic(symbols)]


@given(data=st.data())
def test_tokens_come_back_from_their_shapes(staves: st.SearchStrategy[list[str]], data: st.DataObject) -> None:
    tokens = data.draw(staves)
    symbols = to_shapes(tokens)
    assert all(symbol in shapes for symbol in symbols)
    assert meant(symbols) == tokens


@given(data=st.data())
def test_pitches_are_those_of_the_tokens(staves: st.SearchStrategy[list[str]], data: st.DataObject) -> None:
    tokens = data.draw(staves)
    found = [one.symbol for one in to_pitches(to_shapes(tokens))]
    assert found == [str(element.pitch) for element in map(parse, tokens) if isinstance(element, Note)]


@given(symbols=st.lists(st.sampled_from(shapes.symbols), max_size=14))
def test_any_shapes_mean_something_or_nothing(symbols: list[str]) -> None:
    stop = 0
    for one in to_semantic(symbols):
        assert stop <= one.first < one.stop <= len(symbols)
        stop = one.stop
        parse(one.symbol)
    assert all(one.symbol in pitches for one in to_pitches(symbols))


@pytest.mark.parametrize(
    ("drawn", "tokens"),
    [
        ("clef.G-L2 key.sharp-L5 note.half-S1", "clef-G2 keySignature-GM note-F#4_half"),
        ("clef.G-L2 note.half-S1", "clef-G2 note-F4_half"),
        (
            "clef.G-L2 sharp note.half-S1 note.half-S1 barline note.half-S1",
            "clef-G2 note-F#4_half note-F#4_half barline note-F4_half",
        ),
        ("clef.F-L4 flat gracenote.eighth-L3 note.half-L3", "clef-F4 gracenote-Db3_eighth note-Db3_half"),
        ("clef.G-L2 flat note.half-L3 tie barline note.half-L3", "clef-G2 note-Bb4_half tie barline note-Bb4_half"),
        ("clef.G-L2 meter.C/ fermata rest.half dot", "clef-G2 timeSignature-C/ rest-half._fermata"),
        ("clef.G-L2 multirest digit.3 digit.0 barline", "clef-G2 multirest-30 barline"),
        ("note.half-L1", "note-E4_half"),
    ],
)
def test_shapes_mean_what_musicians_read(drawn: str, tokens: str) -> None:
    assert meant(drawn.split()) == tokens.split()


@pytest.mark.parametrize(
    ("drawn", "tokens"),
    [
        ("clef.G-L2 key.sharp-L5 key.sharp-S4", "keySignature-DM"),  # the second one a step too high
        ("clef.G-L2 key.flat-L3 key.sharp-S4 key.flat-L2", "keySignature-EbM"),
        ("multirest barline", "barline"),
        ("digit.3 note.half-L1", "note-E4_half"),
        ("sharp barline note.half-S1", "barline note-F4_half"),
        ("dot dot rest.whole dot dot", "rest-whole."),
        ("fermata note.thirty_second-L1", "note-E4_thirty_second"),
    ],
)
def test_what_cannot_be_is_read_as_what_is_nearest_to_it(drawn: str, tokens: str) -> None:
    found = meant(drawn.split())
    assert (found[1:] if drawn.startswith("clef") else found) == tokens.split()


def test_a_token_lies_where_all_of_its_shapes_do() -> None:
    symbols = ["clef.G-L2", "key.flat-L3", "key.flat-S4", "sharp", "fermata", "note.half-S1", "dot", "tie"]
    places = [(one.first, one.stop) for one in to_semantic(symbols)]
    assert places == [(0, 1), (1, 3), (3, 7), (7, 8)]


def test_what_is_no_shape_is_named() -> None:
    with pytest.raises(MusicError, match="'note.half-S40' is no shape"):
        to_semantic(["note.half-S40"])
    with pytest.raises(MusicError, match="begins with 'note-C4_half'"):
        to_shapes(["note-C4_half"])


def test_practice_labels_tell_what_is_drawn_courtesies_included() -> None:
    plain = courtesies = 0
    for number in range(60):
        tokens = SheetMusicRenderer(semantic).render(np.random.default_rng(number)).label.split("\t")
        sample = SheetMusicRenderer(shapes).render(np.random.default_rng(number))
        symbols = sample.label.split("\t")
        assert meant(symbols) == tokens
        assert sample.boxes is not None
        assert len(sample.boxes) == len(symbols)
        plain += symbols == to_shapes(tokens)
        courtesies += len(symbols) > len(to_shapes(tokens))
    assert plain > 50
    assert courtesies
