"""Music as it is written: semantic tokens whose notes say where they stand and which sign is drawn before them.

How a note sounds depends on the key signature and on signs earlier in its bar, which may stand far to its left. A network need
not learn these rules: it reads what is drawn at a place, and the rules are applied to what it reads.

    semantic   keySignature-GM note-F#4_quarter note-F4_quarter note-F4_half barline
    written    keySignature-GM note-F4_quarter note-Fn4_quarter note-F4_half barline
"""

import re
from collections.abc import Iterable, Sequence

from seqrec import Alphabet, Meaning
from seqrec_sheet_music.accidentals import drawn, sounding
from seqrec_sheet_music.alphabets import semantic
from seqrec_sheet_music.parts import parts
from seqrec_sheet_music.tokens import Element, Grace, Note, Pitch, parse, spell

SIGNS = {-1: "b", 0: "n", 1: "#"}
"""How a drawn sign is written in a token."""

_NOTE = re.compile(r"((?:grace)?note-[A-G])([#bn]?)(\d_.*)")
_ALTERS = {sign: alter for alter, sign in SIGNS.items()}


def written_as(element: Element, sign: int | None) -> str:
    """The token of an element with a sign before it: -1 flat, 0 natural, 1 sharp, None for none.

    Example:
        >>> written_as(parse("note-F#4_quarter"), None), written_as(parse("note-F4_quarter"), 0)
        ('note-F4_quarter', 'note-Fn4_quarter')
    """
    token = spell(element)
    found = _NOTE.fullmatch(token)
    return token if not found else f"{found[1]}{'' if sign is None else SIGNS[sign]}{found[3]}"


def element_of(token: str) -> tuple[Element, int | None]:
    """The element of a written token, as if it stood alone in C major, and the sign before it.

    Raises:
        MusicError: The token is none of this encoding.
    """
    found = _NOTE.fullmatch(token)
    if not found:
        return parse(token), None
    return parse(found[1] + found[2].replace("n", "") + found[3]), _ALTERS.get(found[2])


def elements_of(alphabet: Alphabet) -> list[Element]:
    """What grammars know of the symbols of the semantic or the written alphabet, or a part of one; of the latter not the signs.

    Raises:
        MusicError: The alphabet has a symbol that is no token.
    """
    if alphabet.name != written.name:
        return [parse(symbol) for symbol in alphabet.symbols]
    found = (element_of(symbol)[0] for symbol in alphabet.symbols)
    return [_at(one, Pitch(one.pitch.diatonic)) if isinstance(one, Note | Grace) else one for one in found]


def to_written(tokens: Sequence[str]) -> list[str]:
    """Semantic tokens as they are written, one for one; no sign is drawn that says nothing new.

    Raises:
        MusicError: A token is none of the semantic encoding.
    """
    elements = [parse(token) for token in tokens]
    return [written_as(element, sign) for element, sign in zip(elements, drawn(elements), strict=True)]


def to_semantic(tokens: Iterable[str]) -> list[Meaning]:
    """What written tokens sound like, one for one: key signature, signs until the barline at their own octave, ties.

    Raises:
        MusicError: A token is none of the written encoding.

    Example:
        >>> [one.symbol for one in to_semantic(["keySignature-GM", "note-F4_half", "note-Fn4_half", "barline", "note-F4_whole"])]
        ['keySignature-GM', 'note-F#4_half', 'note-F4_half', 'barline', 'note-F#4_whole']
    """
    return [Meaning(spell(element), place, place + 1) for place, element in enumerate(sounding(map(element_of, tokens)))]


def to_pitches(tokens: Iterable[str]) -> list[Meaning]:
    """The sounding pitch of each written token that is a note; grace notes are left out."""
    found = enumerate(sounding(map(element_of, tokens)))
    return [Meaning(str(element.pitch), place, place + 1) for place, element in found if isinstance(element, Note)]


def _at(element: Note | Grace, pitch: Pitch) -> Element:
    """The same note at another pitch."""
    return Note(pitch, element.value, element.fermata) if isinstance(element, Note) else Grace(pitch, element.value)


def _parts(token: str) -> tuple[str, ...]:
    """What a written token is made of: as of a semantic one, but for the sign in place of the alteration."""
    element, sign = element_of(token)
    plain = parts(written_as(element, None))
    return plain if sign is None else (*plain, f"sign:{SIGNS[sign]}")


def _symbols() -> list[str]:
    """Every semantic token with every sign that may stand before it, in order."""
    found = []
    for token in semantic.symbols:
        element = parse(token)
        if not isinstance(element, Note | Grace):
            found.append(token)
        elif element.pitch.alter == 0:
            found += [written_as(element, sign) for sign in (None, *SIGNS)]
    return found


written = Alphabet(
    "sheet-music-written",
    _symbols(),
    separator="\t",
    source=f"{semantic.source}; notes by what is drawn instead of what sounds",
    parts={token: _parts(token) for token in _symbols()},
)
"""The alphabet that networks read sheet music in."""
