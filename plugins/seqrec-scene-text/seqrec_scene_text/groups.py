"""Groups of words and of errors that mean something for scene text."""

from functools import cache

from seqrec import Grouping, Judged
from seqrec_scene_text.words import english

LOOK_ALIKES = tuple(map(frozenset, ("0OoDQ", "1lIi|!", "2Zz", "5Ss$", "6bG", "8B", "9gq", "uUvV", "vVwW")))
"""Characters of which one is often taken for the other."""

_MADE_OF = ("letters", "digits", "letters and digits", "letters or digits with other signs", "other signs only")
_CASES = ("small letters", "capitals", "capitalised", "mixed", "no letters")
_WORDS = ("frequent English word", "another word", "with digits or signs")
_KINDS = (
    "case alone",
    "signs and spaces alone",
    "characters that look alike",
    "letters and digits for one another",
    "anything else",
)


def made_of(judged: Judged) -> str:
    """What a label is made of, as it is stored."""
    label = judged.label
    letters, digits = any(map(str.isalpha, label)), any(map(str.isdigit, label))
    if not all(character.isalnum() for character in label):
        return _MADE_OF[3] if letters or digits else _MADE_OF[4]
    if letters and digits:
        return _MADE_OF[2]
    return _MADE_OF[1] if digits else _MADE_OF[0]


def case(judged: Judged) -> str:
    """The case of a label's letters, as it is stored; a single capital counts as capitals."""
    letters = "".join(filter(str.isalpha, judged.label))
    if not letters:
        return _CASES[4]
    if letters.islower() or letters.isupper():
        return _CASES[0] if letters.islower() else _CASES[1]
    return _CASES[2] if letters[0].isupper() and letters[1:].islower() else _CASES[3]


def signs(judged: Judged) -> tuple[str, ...]:
    """The signs in a label, as it is stored."""
    return tuple(dict.fromkeys("space" if sign.isspace() else sign for sign in judged.label if not sign.isalnum()))


def word(judged: Judged) -> str:
    """Whether a label is a frequent word."""
    if not judged.label.isalpha():
        return _WORDS[2] if judged.label else ""
    return _WORDS[0] if judged.label.casefold() in _frequent() else _WORDS[1]


def kind(judged: Judged) -> str:
    """What a wrong reading got wrong."""
    if judged.right:
        return ""
    wanted, read = "".join(judged.wanted), "".join(judged.reading.symbols)
    if wanted.casefold() == read.casefold():
        return _KINDS[0]
    if _plain(wanted) == _plain(read):
        return _KINDS[1]
    if len(wanted) == len(read):
        pairs = [(one, other) for one, other in zip(wanted, read, strict=True) if one.casefold() != other.casefold()]
        if all(any({one, other} <= group for group in LOOK_ALIKES) for one, other in pairs):
            return _KINDS[2]
        if all(one.isdigit() != other.isdigit() and (one + other).isalnum() for one, other in pairs):
            return _KINDS[3]
    return _KINDS[4]


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


@cache
def _frequent() -> frozenset[str]:
    return frozenset(word.casefold() for word in english()[:50_000])


GROUPS = (
    Grouping("made of", made_of, _MADE_OF),
    Grouping("case of the letters", case, _CASES, description="in the label as it is stored"),
    Grouping("signs", signs, description="in the label as it is stored; a label may be in several groups"),
    Grouping("word", word, _WORDS, description="looked for in the lexicon english-50k"),
    Grouping("wrong are", kind, _KINDS, errors=True),
)
"""For the report of `seqrec evaluate`."""
