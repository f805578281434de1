"""How readings of music are compared with labels: all of it, without ties, or the pitches alone."""

from seqrec import Alphabet, Protocol
from seqrec_sheet_music.alphabets import pitches, semantic
from seqrec_sheet_music.tokens import Note, parse

_NOTES = {token: str(element.pitch) for token in semantic.symbols if isinstance(element := parse(token), Note)}

without_ties = Alphabet(
    "sheet-music-without-ties",
    [token for token in semantic.symbols if token != "tie"],
    separator=semantic.separator,
    source=semantic.source,
)
_pitches_of_tokens = Alphabet(pitches.name, pitches.symbols, canonical=_NOTES, separator=pitches.separator, source=pitches.source)

_WITHOUT_TIES = Protocol(
    "without-ties", without_ties, "for labels in which two tied notes stand side by side, as in photographs labelled for PrIMuS"
)
_PITCH = Protocol(
    "pitch",
    _pitches_of_tokens,
    'Shi, Bai and Yao 2015, "An end-to-end trainable neural network …", section 3.4: the sequence of pitches. Of labels and '
    "readings with all tokens the other tokens are left out",
)
PROTOCOLS = (_WITHOUT_TIES, _PITCH)
PITCH_PROTOCOLS = (_PITCH,)
