"""Practice staves from tunes of the user's own music21 installation; nothing of them comes with this package."""

from functools import lru_cache

from seqrec.rendering import Dice
from seqrec_sheet_music.catalogue import tunes
from seqrec_sheet_music.composer import TRIES, Fragment, Wishes, is_held_out
from seqrec_sheet_music.errors import MusicError
from seqrec_sheet_music.grammar import Place, after
from seqrec_sheet_music.tokens import Barline, Clef, Element, Key, Meter, Note, Tie, parse, spell


@lru_cache(maxsize=4)
def _tunes(name: str) -> tuple[tuple[Element, ...], ...]:
    """The tunes of a part of the corpus, read once a process."""
    return tuple(tuple(map(parse, entry.spellings[0].split("\t"))) for entry in tunes(name))


def drawn_from(name: str, dice: Dice, wishes: Wishes, held_out: bool = False) -> Fragment:
    """Some bars of a tune, as they stand there.

    Args:
        name: A part of the corpus, as `seqrec_sheet_music.catalogue.SOURCES` names them.
        dice: Chance.
        wishes: How many bars and notes.
        held_out: Whether it is one of those kept for validation, or one of the others.

    Raises:
        MusicError: There is no such part, or it has no such bars.
        MissingExtraError: music21 is absent.
    """
    known = _tunes(name)
    for _ in range(TRIES):
        fragment = _bars(dice, dice.pick(known), wishes)
        if fragment and is_held_out(fragment) == held_out:
            return fragment
    raise MusicError(f"corpus '{name}' has no bars of {wishes.notes} notes in {TRIES} tries; ask for others")


def _bars(dice: Dice, tune: tuple[Element, ...], wishes: Wishes) -> Fragment | None:
    """A run of whole bars with the clef and key of the tune, and its meter at the beginning and sometimes later; or None."""
    head = [element for element in tune if isinstance(element, Clef | Key)]
    meter = [element for element in tune if isinstance(element, Meter)][:1]
    music = [element for element in tune if not isinstance(element, Clef | Key | Meter)]
    starts = [0, *(place + 1 for place, element in enumerate(music[:-1]) if isinstance(element, Barline))]
    first = dice.below(len(starts))
    last = first + wishes.bars[0] + dice.below(wishes.bars[1] - wishes.bars[0] + 1)
    part = music[starts[first] : starts[last] if last < len(starts) else None]
    while part and isinstance(part[-1], Tie):
        part.pop()
    notes = sum(isinstance(element, Note) for element in part)
    fragment = [*head, *(meter if first == 0 or dice.coin(0.3) else []), *part]
    if not wishes.notes[0] <= notes <= wishes.notes[1] or not _canonical(fragment):
        return None
    return tuple(map(spell, fragment))


def _canonical(elements: list[Element]) -> bool:
    """Whether the elements stand as the grammar of a staff has them, within four ledger lines."""
    place = Place("start")
    for element in elements:
        place, fits = after(place, element)
        if not fits:
            return False
    return True
