"""The tasks as the plugin offers them."""

from seqrec.plugins import registry
from seqrec_sheet_music.alphabets import ALPHABETS


def test_every_alphabet_is_found_by_its_name() -> None:
    task = registry().task("sheet-music")
    assert [notation.alphabet for notation in task.notations] == [task.alphabet_named("sheet-music-shapes")]
    assert [task.alphabet_named(alphabet.name) for alphabet in ALPHABETS] == list(ALPHABETS)
