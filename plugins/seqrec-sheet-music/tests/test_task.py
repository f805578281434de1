"""The tasks as the plugin offers them."""

from seqrec.plugins import registry
from seqrec_sheet_music.alphabets import ALPHABETS


def test_every_alphabet_is_found_by_its_name() -> None:
    task = registry().task("sheet-music")
    assert [notation.alphabet.name for notation in task.notations] == ["sheet-music-shapes", "sheet-music-written"]
    assert [task.alphabet_named(alphabet.name) for alphabet in ALPHABETS] == list(ALPHABETS)
