"""A task: what the symbols are, how to draw practice pictures, what is likely, and what a reading becomes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from seqrec.alphabet import Alphabet
from seqrec.benchmark import Benchmark
from seqrec.errors import AlphabetError, RecipeError, nearest
from seqrec.interfaces import Prepare, Renderer
from seqrec.reading import Reading

if TYPE_CHECKING:
    from seqrec.decoding.grammar import Automaton, Grammar


@dataclass(frozen=True)
class Protocol:
    """How a benchmark compares readings with labels.

    Attributes:
        name: As in `--protocol alnum36`.
        alphabet: The alphabet that labels are reduced to, and that a larger reader is folded to before it decodes; None for the
            reader's own.
        source: Where the protocol comes from.
        keep: Says of a label whether its sample counts; None keeps all.
        benchmark: The table that data sets are read for, column by column; None for protocols that read once.
    """

    name: str
    alphabet: Alphabet | None = None
    source: str = ""
    keep: Callable[[str], bool] | None = None
    benchmark: Benchmark | None = None


@dataclass(frozen=True, eq=False)
class Task:
    """A domain, as a plugin brings it. A minimal one is a name, an alphabet and a renderer or a data set of the user's.

    Attributes:
        name: As in `--task scene-text`.
        alphabet: The default alphabet.
        renderer: Draws practice pictures; None for tasks that train on data alone.
        alphabets: Further alphabets that a recipe may name.
        recipes: Name → TOML file; they join the core's `fast` and `paper`, and win over them by name.
        protocols: Protocols for `seqrec evaluate`; the core adds `exact`.
        lexicons: Name → function that gives a lexicon's lines, as its text file has them: a word, or after tabs a prior weight
            and further spellings.
        grammars: Name → function that makes a grammar for an alphabet: a `Grammar`, or a compiled `Automaton`.
        weights: The model file of the shipped reader, or None.
        samples: A folder of sample pictures with a `gt.txt`, or None.
        finish: Reading → further fields of it (`text`, a score …), or None.
        preparations: Name → what a picture becomes before it is scaled, for recipes that say `picture.prepare = NAME`.
        turn_tall: Whether crops taller than wide are read turned as well.
        hint: Says of a picture's width and height in pixels and its reading what is odd about it as input, or nothing.
        description: One line for `seqrec plugins list`.
    """

    name: str
    alphabet: Alphabet
    renderer: Renderer | None = None
    alphabets: Sequence[Alphabet] = ()
    recipes: Mapping[str, Path] = field(default_factory=dict)
    protocols: Sequence[Protocol] = ()
    lexicons: Mapping[str, Callable[[], Iterable[str]]] = field(default_factory=dict)
    grammars: Mapping[str, Callable[[Alphabet], "Grammar | Automaton"]] = field(default_factory=dict)
    weights: Path | None = None
    samples: Path | None = None
    finish: Callable[[Reading], Mapping[str, object]] | None = None
    preparations: Mapping[str, Prepare] = field(default_factory=dict)
    turn_tall: bool = False
    hint: Callable[[int, int, Reading], str] | None = None
    description: str = ""

    def alphabet_named(self, name: str) -> Alphabet:
        """The alphabet of that name, the default one for `""`.

        Raises:
            AlphabetError: The task has none of that name.
        """
        if not name:
            return self.alphabet
        known = {alphabet.name: alphabet for alphabet in (self.alphabet, *self.alphabets)}
        if name not in known:
            raise AlphabetError(f"task '{self.name}' has no alphabet '{name}'{nearest(name, list(known))}")
        return known[name]

    def preparation_named(self, name: str) -> Prepare | None:
        """The preparation of that name, None for `""`.

        Raises:
            RecipeError: The task has none of that name.
        """
        if not name:
            return None
        if name not in self.preparations:
            raise RecipeError(f"'picture.prepare': task '{self.name}' has no '{name}'{nearest(name, list(self.preparations))}")
        return self.preparations[name]
