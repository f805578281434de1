"""What every alphabet promises: it comes back from its file, and labels come back from their ids."""

import numpy as np

from seqrec.alphabet import Alphabet, fold_map
from seqrec.testing.promise import Promise, keep_all, require

_LABELS = 100  # random labels that are spelt and read back
_LONGEST = 12
_SEED = 20_150_721


def check_alphabet(alphabet: Alphabet) -> None:
    """Nothing, if an alphabet keeps its promises.

    It comes back from its JSON, ids from symbols, symbols and labels from their text; other spellings stand for one symbol each.

    Raises:
        CheckError: The first promise that is not kept.

    Example:
        >>> check_alphabet(Alphabet("abc", "abc", canonical={"A": "a"}))
    """
    keep_all(alphabet_promises(alphabet, "alphabet", alphabet.name))


def alphabet_promises(alphabet: Alphabet, kind: str, owner: str, about: str = "") -> list[Promise]:
    """The promises of an alphabet, of its own or of a task's."""
    found = {
        "comes-back-from-json": lambda: _json(alphabet),
        "ids-come-back-from-symbols": lambda: _ids(alphabet),
        "labels-come-back-from-text": lambda: _labels(alphabet),
        "spellings-stand-for-symbols": lambda: _spellings(alphabet),
    }
    suffix = f"-{alphabet.name}" if about else ""
    return [Promise(kind, owner, f"{name}{suffix}", function, about) for name, function in found.items()]


def _json(alphabet: Alphabet) -> None:
    require(Alphabet.from_json(alphabet.to_json()) == alphabet, "it does not come back from its JSON as it was")


def _ids(alphabet: Alphabet) -> None:
    ids = list(range(1, len(alphabet) + 1))
    require(alphabet.encode(alphabet.decode(ids)) == ids, "its ids do not come back from its symbols")
    for symbol in alphabet.symbols:
        found = alphabet.split(symbol)
        same = found == [symbol] or alphabet.encode(symbol) == alphabet.encode([symbol])
        require(same, f"symbol {symbol!r} is split into {found}")


def _labels(alphabet: Alphabet) -> None:
    """A label that was read and written once stays as it is: symbols that run into each other may only do so the first time."""
    rng = np.random.default_rng(_SEED)
    for _ in range(_LABELS):
        ids = rng.integers(1, len(alphabet) + 1, rng.integers(1, _LONGEST + 1)).tolist()
        once = alphabet.encode(alphabet.text(alphabet.decode(ids)))
        label = alphabet.text(alphabet.decode(once))
        require(alphabet.encode(label) == once, f"label {label!r} is read as {alphabet.decode(alphabet.encode(label))}")


def _spellings(alphabet: Alphabet) -> None:
    for spelling, symbol in alphabet.canonical.items():
        if spelling not in alphabet.symbols:  # a symbol of its own is never rewritten
            found = alphabet.decode(alphabet.encode(spelling))
            require(found == [symbol], f"spelling {spelling!r} of {symbol!r} is read as {found}")


def check_fold(alphabet: Alphabet, target: Alphabet) -> None:
    """Nothing, if each symbol of a smaller alphabet takes over the probability of some symbol of the larger one.

    Raises:
        CheckError: Some could never be read.
    """
    reached = set(fold_map(alphabet, target))
    lost = [symbol for number, symbol in enumerate(target.symbols, start=1) if number not in reached]
    require(not lost, f"no symbol of alphabet '{alphabet.name}' becomes {lost[:5]} of alphabet '{target.name}'")
