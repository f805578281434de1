"""Practice staves from the tunes of the music21 that is installed."""

from collections.abc import Iterator

import numpy as np
import pytest

from seqrec.decoding import Entry
from seqrec.errors import RecipeError
from seqrec.rendering import Dice
from seqrec_sheet_music import corpus
from seqrec_sheet_music.alphabets import semantic
from seqrec_sheet_music.composer import Wishes, is_held_out
from seqrec_sheet_music.renderer import SheetMusicRenderer

TUNE = (
    "clef-G2 keySignature-GM timeSignature-2/4 note-G4_half barline note-A4_quarter note-B4_quarter barline note-C5_half tie "
    "barline note-C5_quarter note-B4_quarter barline note-G4_half barline"
)


@pytest.fixture
def one_tune(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(corpus, "tunes", lambda name: [Entry("a tune", [TUNE.replace(" ", "\t")])])
    corpus._tunes.cache_clear()
    yield
    corpus._tunes.cache_clear()


def test_fragments_are_whole_bars_of_the_tune(one_tune: None) -> None:
    dice = Dice(np.random.default_rng(1))
    found = {corpus.drawn_from("essenFolksong", dice, Wishes((1, 3), (2, 6))) for _ in range(60)}
    assert len(found) > 3
    for fragment in found:
        assert fragment[:2] == ("clef-G2", "keySignature-GM")
        assert not semantic.unknown("\t".join(fragment))
        assert not is_held_out(fragment)
        music = " ".join(token for token in fragment if not token.startswith(("clef", "key", "time")))
        assert music.removesuffix(" tie") in TUNE
        assert 2 <= sum(token.startswith("note") for token in fragment) <= 6


def test_a_renderer_draws_them_beside_composed_ones(one_tune: None) -> None:
    plain = SheetMusicRenderer()
    drawn = plain.configured(semantic, {"corpus": "essenFolksong", "corpus_share": 0.5, "max_bars": 3})
    labels = [drawn.render(np.random.default_rng(seed)).label.replace("\t", " ") for seed in range(12)]
    of_the_tune = [
        label.startswith("clef-G2 keySignature-GM") and label.split(" note", 1)[1].split(" tie")[0] in TUNE for label in labels
    ]
    assert 1 <= sum(of_the_tune) < 12


def test_a_part_that_music21_lacks_is_named() -> None:
    with pytest.raises(RecipeError, match=r"renderer.corpus: 'bach' is out of range; expected one of essenFolksong"):
        SheetMusicRenderer().configured(semantic, {"corpus": "bach"})
