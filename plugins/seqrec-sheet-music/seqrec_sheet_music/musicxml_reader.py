"""MusicXML → tokens, for files of one voice."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element as Node
from zipfile import BadZipFile, ZipFile

from seqrec_sheet_music.errors import MusicError
from seqrec_sheet_music.musicxml import TYPES
from seqrec_sheet_music.tokens import (
    LETTERS,
    Barline,
    Clef,
    Element,
    Grace,
    Key,
    Meter,
    Multirest,
    Note,
    Pitch,
    Rest,
    Tie,
    Value,
    spelt,
)

_VALUES = {name: value for value, name in TYPES.items()}
LARGEST_BYTES = 64 << 20
"""Files that are larger are refused."""


def read_musicxml(path: Path) -> list[list[str]]:
    """Tokens of each system of a file, `.musicxml`, `.xml` or the compressed `.mxl`.

    Raises:
        MusicError: No such file, or one that `from_musicxml` cannot read.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise MusicError(f"{path}: larger than {LARGEST_BYTES >> 20} MiB; expected the score of one voice")
        text = _unpacked(path) if path.suffix == ".mxl" else path.read_bytes()
    except (OSError, BadZipFile, KeyError, StopIteration, ElementTree.ParseError) as error:
        raise MusicError(f"{path}: {error}; expected a MusicXML file") from error
    try:
        return from_musicxml(text)
    except MusicError as error:
        raise MusicError(f"{path}: {error}") from error


def _unpacked(path: Path) -> bytes:
    """The score inside a compressed file."""
    with ZipFile(path) as packed:
        container = ElementTree.fromstring(packed.read("META-INF/container.xml"))
        name = next(node.get("full-path", "") for node in container.iter() if node.tag.endswith("rootfile"))
        if packed.getinfo(name).file_size > LARGEST_BYTES:
            raise MusicError(f"{path}: {name} is larger than {LARGEST_BYTES >> 20} MiB; expected the score of one voice")
        return packed.read(name)


def from_musicxml(text: str | bytes) -> list[list[str]]:
    """Tokens of each system of the first part; a file without system breaks gives one list.

    Every system begins with clef and key, as it is printed; a meter stands where it is shown. Slurs, words, lyrics, articulation
    and the kinds of barlines have no tokens and are passed over.

    Raises:
        MusicError: Not MusicXML, or music that the tokens cannot say: chords, several voices, tuplets, changes of clef or key
            within a system. The message names the measure.
    """
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise MusicError(f"no MusicXML: {error}") from error
    part = root.find("part")
    if root.tag != "score-partwise" or part is None:
        raise MusicError(f"no MusicXML in parts: its root is <{root.tag}>; expected <score-partwise> with a <part>")
    reader = _Reader()
    for place, measure in enumerate(part.iterfind("measure"), start=1):
        try:
            reader.measure(measure)
        except (MusicError, ValueError, ArithmeticError) as error:
            number = measure.get("number", str(place))
            raise MusicError(f"measure {number}: {error if isinstance(error, MusicError) else 'broken MusicXML'}") from error
    return reader.staves()


def _text(node: Node, path: str, default: str | None = None) -> str:
    """Text of a child.

    Raises:
        MusicError: There is none, and no default.
    """
    found = node.findtext(path, default)
    if found is None:
        raise MusicError(f"<{node.tag}> has no <{path}>")
    return found.strip()


class _Reader:
    """Measures read so far."""

    def __init__(self) -> None:
        self.systems: list[list[Element]] = []
        self.closed = False  # whether a barline is drawn behind the last measure
        self.clef: Clef | None = None
        self.key = Key(0)
        self.meter: Meter | None = None
        self.divisions = 1
        self.skip = 0  # measures of a multi-bar rest still to come
        self.voice = ""

    def staves(self) -> list[list[str]]:
        """The tokens of each system."""
        if not self.systems:
            raise MusicError("a part without measures")
        self._end_measure()
        return [[spelt(element) for element in system] for system in self.systems]

    def _end_measure(self) -> None:
        """The barline behind the last measure, if there is one."""
        if self.closed:
            self.systems[-1].append(Barline())
        self.closed = False

    def measure(self, measure: Node) -> None:
        """One more measure."""
        continued = self.skip > 0
        if not continued:
            self._end_measure()
        breaks = measure.find("print")
        begins = not self.systems or (breaks is not None and "yes" in (breaks.get("new-system"), breaks.get("new-page")))
        if begins:
            self.systems.append([])
        body: list[Element] = []
        for node in measure:
            if node.tag == "attributes":
                self._attributes(node, free=begins and not body)
            elif node.tag == "note":
                body += self._note(node)
            elif node.tag == "backup":
                raise MusicError("several voices; tokens have one")
        if begins:
            self._begin(measure)
        multirest = int(measure.findtext("attributes/measure-style/multiple-rest", "0"))
        if (continued or multirest) and not all(isinstance(element, Rest) for element in body):
            raise MusicError("notes under a multi-bar rest")
        if continued:
            self.skip -= 1
        elif multirest:
            self.systems[-1].append(Multirest(multirest))
            self.skip = multirest - 1
        else:
            self.systems[-1] += body
        self.closed = bool(body) and measure.findtext("barline[@location='right']/bar-style", "") != "none"

    def _begin(self, measure: Node) -> None:
        """Clef, key and meter at the beginning of a system; a meter only where it is shown there."""
        if self.clef is None:
            raise MusicError("no clef")
        self.systems[-1] += [self.clef, *([self.key] if self.key.fifths else [])]
        time = measure.find("attributes/time")
        if self.meter and time is not None and time.get("print-object") != "no":
            self.systems[-1].append(self.meter)

    def _attributes(self, node: Node, free: bool) -> None:
        """Take over what a measure sets; `free` where clef, key and meter may change: at the beginning of a system."""
        self.divisions = int(node.findtext("divisions", str(self.divisions)))
        before = self.clef, self.key, self.meter
        clef, key, time = node.find("clef"), node.find("key"), node.find("time")
        if clef is not None:
            sign = _text(clef, "sign")
            if sign not in ("G", "F", "C") or clef.findtext("clef-octave-change", "0").strip() != "0":
                raise MusicError(f"clef {sign} with a change of octave, or of a kind that tokens do not have")
            self.clef = Clef(sign, int(_text(clef, "line", {"G": "2", "F": "4", "C": "3"}[sign])))
        if key is not None:
            self.key = Key(int(_text(key, "fifths")))
        if time is not None and time.find("senza-misura") is None:
            top, bottom = _text(time, "beats"), _text(time, "beat-type")
            symbols = {("common", "4", "4"): "C", ("cut", "2", "2"): "C/"}
            self.meter = Meter(symbols.get((time.get("symbol", ""), top, bottom), f"{int(top)}/{int(bottom)}"))
        if not free and (self.clef, self.key, self.meter) != before:
            raise MusicError("a change of clef, key or meter inside a system; tokens have them at its beginning")

    def _note(self, node: Node) -> Iterator[Element]:
        """The elements of one note; none for cues and what is not shown."""
        if node.find("cue") is not None or node.get("print-object") == "no":
            return
        self._check(node)
        fermata = node.find("notations/fermata") is not None
        if node.find("rest") is not None:
            yield Rest(self._rest_value(node), fermata)
            return
        alter = float(_text(node, "pitch/alter", "0"))
        if alter not in (-1.0, 0.0, 1.0):
            raise MusicError(f"a pitch altered by {alter:g} semitones; tokens have sharps and flats")
        pitch = Pitch(7 * int(_text(node, "pitch/octave")) + LETTERS.index(_text(node, "pitch/step")), int(alter))
        value = self._value(node)
        if node.find("grace") is not None:
            yield Grace(pitch, value)
            return
        yield Note(pitch, value, fermata)
        ends = [end.get("type") for end in (*node.iterfind("tie"), *node.iterfind("notations/tied"))]
        if "start" in ends or "continue" in ends:
            yield Tie()

    def _check(self, node: Node) -> None:
        """Refuse what tokens cannot say."""
        voice = node.findtext("voice", self.voice or "1")
        self.voice = self.voice or voice
        for path, what in (("chord", "a chord"), ("time-modification", "a tuplet"), ("unpitched", "a note without pitch")):
            if node.find(path) is not None:
                raise MusicError(f"{what}; tokens have none")
        if voice != self.voice or node.findtext("staff", "1") != "1":
            raise MusicError("several voices; tokens have one")

    def _value(self, node: Node) -> Value:
        """What a note is worth by its looks."""
        name, dots = _text(node, "type"), len(node.findall("dot"))
        if name not in _VALUES or dots > 2:
            raise MusicError(f"a note of type {name!r} with {dots} dots; tokens have none")
        return Value(_VALUES[name], dots)

    def _rest_value(self, node: Node) -> Value:
        """What a rest is worth: whole where it stands for the measure, else by its looks, else by its duration.

        MuseScore writes a rest for a whole measure without a type.
        """
        rest = node.find("rest")
        if rest is not None and rest.get("measure") == "yes":
            return Value("double_whole" if node.findtext("type") == "breve" else "whole")
        if node.find("type") is not None:
            return self._value(node)
        length = Fraction(int(_text(node, "duration")), 4 * self.divisions)
        if self.meter and length == self.meter.length:
            return Value("whole")
        fitting = [Value(name, dots) for name in _VALUES.values() for dots in range(3) if Value(name, dots).length == length]
        return fitting[0] if fitting else Value("whole")
