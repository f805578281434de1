"""A notation: what a network reads where that is not what its user means."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from seqrec.alphabet import Alphabet
from seqrec.errors import AlphabetError


class Meaning(NamedTuple):
    """What symbols of a notation that follow each other mean together.

    Attributes:
        symbol: Of the alphabet that readings are made of.
        first: Place of the first of the notation's symbols that it is read from.
        stop: Place behind the last of them.
    """

    symbol: str
    first: int
    stop: int


@dataclass(frozen=True, eq=False)
class Notation:
    """An alphabet of what is drawn, and the rules by which it means something.

    What a symbol means may depend on others far from it, as a note's pitch does on the key signature. Where the rules are
    known, a network need not learn them: it reads what is drawn at a place, and the rules are applied to its reading. Several
    symbols may mean one, as a note, its sign and its dot do.

    Attributes:
        alphabet: The network's.
        meaning: That of labels and readings.
        read: The network's symbols → what they mean, in order. Those that mean nothing, and meanings outside of `meaning`,
            are in no reading.
        write: Symbols of a label → those of the network, by which labelled data can be trained on; None where labels do not tell.
    """

    alphabet: Alphabet
    meaning: Alphabet
    read: Callable[[Sequence[str]], Sequence[Meaning]]
    write: Callable[[Sequence[str]], Sequence[str]] | None = None

    def understood(self, ids: Sequence[int]) -> list[str]:
        """What a reading of the network means, from the ids of its symbols."""
        return [found.symbol for found in self.read(self.alphabet.decode(ids)) if found.symbol in self.meaning]

    def check_written(self) -> None:
        """Nothing, if labels can be written.

        Raises:
            AlphabetError: They do not tell what the network reads.
        """
        if self.write is None:
            raise AlphabetError(
                f"labels in alphabet '{self.meaning.name}' do not tell what '{self.alphabet.name}' reads; train on drawn "
                f"pictures alone, or with --set alphabet={self.meaning.name}"
            )

    def written(self, label: str) -> str:
        """A label as the network's alphabet writes it.

        Raises:
            AlphabetError: There is no way, or the label holds something else than symbols of `meaning`.
        """
        self.check_written()
        assert self.write is not None
        return self.alphabet.text(self.write(self.meaning.decode(self.meaning.encode(label))))
