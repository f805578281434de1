"""A task: what the symbols are, how to draw practice pictures, what is likely, and what a reading becomes."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from seqrec.alphabet import Alphabet
from seqrec.benchmark import Benchmark
from seqrec.direction import Direction
from seqrec.errors import AlphabetError, PluginError, RecipeError, nearest
from seqrec.interfaces import Outputs, Picture, Prepare, Prepared, Renderer
from seqrec.notation import Notation
from seqrec.reading import Reading

if TYPE_CHECKING:
    from seqrec.appearance import Appearance
    from seqrec.decoding.grammar import Automaton, Grammar
    from seqrec.decoding.lexicon import Entry


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


@dataclass(frozen=True)
class Metric:
    """A rate of a task's own: two amounts of each sample, summed over the samples and then divided.

    Attributes:
        name: As a table has it: `pitch errors`.
        count: Symbols read, symbols of the label → the amount counted and what it is a part of, as 2 errors of 14 notes.
        percent: Whether it is printed as one; else as a plain number, as edits a sequence.
        description: One line.
    """

    name: str
    count: Callable[[Sequence[str], Sequence[str]], tuple[float, float]]
    percent: bool = True
    description: str = ""


@dataclass(frozen=True, eq=False)
class Judged:
    """A labelled picture that was read, as a grouping is shown it.

    Attributes:
        label: As it is stored, with whatever the protocol reduces away.
        wanted: The symbols that the reading is compared with.
        reading: What was read.
        picture: The grey picture as opened; None where it is not at hand.
    """

    label: str
    wanted: Sequence[str]
    reading: Reading
    picture: Picture | None = None

    @property
    def right(self) -> bool:
        """Whether reading and label are equal."""
        return list(self.wanted) == list(self.reading.symbols)

    @cached_property
    def appearance(self) -> "Appearance | None":
        """What can be told of the picture without reading it; measured once for all groupings."""
        from seqrec.appearance import Appearance

        return None if self.picture is None else Appearance(self.picture)


@dataclass(frozen=True)
class Grouping:
    """A way to sort labelled pictures into groups, to see in `seqrec evaluate --report` where a reader fails.

    Attributes:
        name: Its heading: `case of the letters`.
        of: A judged picture → the name of its group, several names, or `""` where the grouping says nothing of it.
        order: Names in the order in which they are shown; others follow by name.
        errors: Whether only wrong readings have groups: then each group's share of them is shown in place of its accuracy.
        description: One line.
    """

    name: str
    of: Callable[[Judged], str | Sequence[str]]
    order: Sequence[str] = ()
    errors: bool = False
    description: str = ""

    def groups_of(self, judged: Judged) -> tuple[str, ...]:
        """The groups of a picture, none twice."""
        found = self.of(judged)
        return tuple(dict.fromkeys(name for name in ((found,) if isinstance(found, str) else found) if name))


@dataclass(frozen=True)
class Option:
    """An option that a task adds to the command line, as `--meter 3/4` or the switch `--join`.

    Attributes:
        name: Small letters and hyphens, without those in front.
        help: One sentence.
        default: A text; False makes it a switch.
        commands: Which it is added to, of `recognize` and `evaluate`.
    """

    name: str
    help: str
    default: str | bool = ""
    commands: Sequence[str] = ("recognize", "evaluate")


@dataclass(frozen=True, eq=False)
class Task:
    """A domain, as a plugin brings it. A minimal one is a name, an alphabet and a renderer or a data set of the user's.

    Attributes:
        name: As in `--task scene-text`.
        alphabet: The default alphabet.
        renderer: Draws practice pictures; None for tasks that train on data alone.
        alphabets: Further alphabets that a recipe may name.
        notations: Alphabets of what is drawn, that a recipe may name too, each with the rules by which it means something.
        recipes: Name → TOML file; they join the core's `fast` and `paper`, and win over them by name.
        protocols: Protocols for `seqrec evaluate`; the core adds `exact`.
        metrics: Rates that `seqrec evaluate` reports beside its own.
        groups: Ways to sort pictures and errors, for the report of `seqrec evaluate`; the core adds those that need no domain.
        lexicons: Name → function that gives a lexicon's lines, as its text file has them: a word, or after tabs a prior weight
            and further spellings. It may give `seqrec.decoding.lexicon.Entry` objects as well.
        views: Name → function of symbols that gives what of them counts where a reading is looked for in the words of a lexicon,
            for `--lexicon-mode fragment --lexicon-view NAME`.
        grammars: Name → function that makes a grammar for an alphabet: a `Grammar`, or a compiled `Automaton`.
        weights: The model file of the shipped reader, or None.
        samples: A folder of sample pictures with a `gt.txt`, or None.
        finish: Reading → further fields of it (`text`, a score …), or None.
        preparations: Name → what a picture becomes before it is scaled, for recipes that say `picture.prepare = NAME`.
        outputs: Folder → what writes files of readings there, for `seqrec recognize -o FOLDER`; None for no further files.
        options: Options that this task adds to the command line.
        configure: Options, those that were given, by name → the task that keeps to them; needed where there are options.
        turn_tall: Whether crops taller than wide are read turned as well.
        second_looks: A picture, its line from left to right, and what was read of it → further views of it where that leaves
            doubt; the most confident reading is kept. `seqrec.closer` makes some that fit many tasks.
        direction: Which way a line runs: `rightwards`, `leftwards` (Hebrew) or `downwards` (vertical Japanese). Labels and
            readings are in logical order all the same, and a renderer's boxes are spans along the line as the picture shows it.
        hint: Says of a picture's width and height in pixels and its reading what is odd about it as input, or nothing.
        description: One line for `seqrec plugins list`.

    Raises:
        PluginError: An alphabet, renderer or protocol that is something else.
    """

    name: str
    alphabet: Alphabet
    renderer: Renderer | None = None
    alphabets: Sequence[Alphabet] = ()
    notations: Sequence[Notation] = ()
    recipes: Mapping[str, Path] = field(default_factory=dict)
    protocols: Sequence[Protocol] = ()
    metrics: Sequence[Metric] = ()
    groups: Sequence[Grouping] = ()
    lexicons: Mapping[str, Callable[[], "Iterable[str | Entry]"]] = field(default_factory=dict)
    views: Mapping[str, Callable[[Sequence[str]], Sequence[Hashable]]] = field(default_factory=dict)
    grammars: Mapping[str, Callable[[Alphabet], "Grammar | Automaton"]] = field(default_factory=dict)
    weights: Path | None = None
    samples: Path | None = None
    finish: Callable[[Reading], Mapping[str, object]] | None = None
    preparations: Mapping[str, Prepare] = field(default_factory=dict)
    outputs: Callable[[Path], Outputs] | None = None
    options: Sequence[Option] = ()
    configure: "Callable[[Mapping[str, str | bool]], Task] | None" = None
    turn_tall: bool = False
    second_looks: Callable[[Picture, Reading], Sequence[Prepared]] | None = None
    direction: Direction = "rightwards"
    hint: Callable[[int, int, Reading], str] | None = None
    description: str = ""

    def __post_init__(self) -> None:
        for field_name, held, kind in (
            ("alphabet", (self.alphabet,), Alphabet),
            ("alphabets", self.alphabets, Alphabet),
            ("renderer", (self.renderer,) if self.renderer is not None else (), Renderer),
            ("protocols", self.protocols, Protocol),
        ):
            for one in held:
                if not isinstance(one, kind):
                    raise PluginError(f"task '{self.name}': '{field_name}' holds {one!r}; expected {kind.__name__}")

    def alphabet_named(self, name: str) -> Alphabet:
        """The alphabet of that name, the default one for `""`.

        Raises:
            AlphabetError: The task has none of that name.
        """
        if not name:
            return self.alphabet
        drawn = [notation.alphabet for notation in self.notations]
        known = {alphabet.name: alphabet for alphabet in (self.alphabet, *self.alphabets, *drawn)}
        if name not in known:
            raise AlphabetError(f"task '{self.name}' has no alphabet '{name}'{nearest(name, list(known))}")
        return known[name]

    def notation_of(self, alphabet: Alphabet) -> Notation | None:
        """The notation whose alphabet that is, None for one that is its own meaning."""
        return next((notation for notation in self.notations if notation.alphabet.name == alphabet.name), None)

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

    def configured(self, given: Mapping[str, str | bool]) -> "Task":
        """This task with some of its options.

        Raises:
            PluginError: It has no such option, or one and no `configure`.
        """
        if not given:
            return self
        known = [option.name for option in self.options]
        for name in given:
            if name not in known:
                raise PluginError(f"task '{self.name}' has no option '{name}'{nearest(name, known)}")
        if self.configure is None:
            raise PluginError(f"task '{self.name}' has options and no `configure` that takes them; its plugin is broken")
        return self.configure(given)
