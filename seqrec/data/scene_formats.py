"""Formats of MATLAB and XML files, and of whole scenes with the words' places."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

import numpy as np

from seqrec.data.label_files import PICTURE_ENDING, first_line, folders, label_files, label_lines, the_one, unquoted
from seqrec.data.mat_file import is_mat_file, mat_variables, read_mat
from seqrec.data.scenes import Corners, Region, SceneStore, rectangle
from seqrec.data.store import FileStore
from seqrec.errors import DataError
from seqrec.interfaces import DatasetReader, Store

_NUMBER = r"-?\d+(?:\.\d+)?"
_BETWEEN = r"(?:[ \t]*,[ \t]*|[ \t]+)"
_REGION = re.compile(
    rf"(?P<numbers>{_NUMBER}(?:{_BETWEEN}{_NUMBER}){{3}}(?:[ \t]*,[ \t]*{_NUMBER}){{0,4}})(?:[ \t]*,|[ \t]+)(?P<label>.*)"
)
_UNREADABLE = ("###", "*")  # what stands in the place of labels that nobody can read
_XML_HEAD = 4096


class IiitMatReader(DatasetReader):
    """IIIT5K's `traindata.mat` or `testdata.mat`, with two lexicons a word; or its `…CharBound.mat`, if named itself."""

    name = "iiit5k-mat"

    def _files(self, path: Path) -> list[Path]:
        wanted = ("GroundTruth", "chars") if path.is_file() else ("GroundTruth",)
        return label_files(path, lambda name: name.endswith(".mat"), lambda file: _structs(file, wanted))

    def detect(self, path: Path) -> bool:
        """Whether there is a struct array with `ImgName` and `GroundTruth`; in a file that is named itself, or `chars`."""
        return bool(self._files(path))

    def open(self, path: Path) -> Store:
        """The words, and of each the lexicons of 50 and 1,000 where the file has them."""
        expected = "MATLAB file with a struct array of ImgName and GroundTruth"
        file = the_one(self._files(path), path, expected)
        name, label = _structs(file, ("GroundTruth", "chars"))[0]
        rows = read_mat(file, name)[name]
        entries, columns = [], []
        try:
            entries = [(_text(row["ImgName"]), _text(row[label])) for row in rows]
            for lexicon in ("smallLexi", "mediumLexi"):
                if rows and lexicon in rows[0]:
                    columns.append(tuple([_text(word) for word in row[lexicon]] for row in rows))
        except (TypeError, KeyError) as error:
            raise DataError(f"'{file}': {error}; expected names, labels and lists of words") from error
        return FileStore(file.parent, entries, file.name, tuple(columns))


def _structs(file: Path, wanted: Sequence[str]) -> list[tuple[str, str]]:
    """Name and label field of each struct array with pictures' names and one of the wanted fields."""
    try:
        found = mat_variables(file) if is_mat_file(file) else []
    except DataError:
        return []
    return [(one.name, field) for one in found for field in wanted if "ImgName" in one.fields and field in one.fields]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where text was expected")
    return value


class SynthTextReader(DatasetReader):
    """SynthText's `gt.mat`: 858,750 scenes with the quadrilateral of each of their words."""

    name = "synthtext"

    def _files(self, path: Path) -> list[Path]:
        def fits(file: Path) -> bool:
            try:
                return is_mat_file(file) and {"imnames", "wordBB", "txt"} <= {one.name for one in mat_variables(file)}
            except DataError:
                return False

        return label_files(path, lambda name: name.endswith(".mat"), fits)

    def detect(self, path: Path) -> bool:
        """Whether there is a MATLAB file with `imnames`, `wordBB` and `txt`."""
        return bool(self._files(path))

    def open(self, path: Path) -> Store:
        """The words; line feeds and spaces separate them in `txt`."""
        file = the_one(self._files(path), path, "MATLAB file with imnames, wordBB and txt")
        names, boxes, texts = (read_mat(file, name)[name] for name in ("imnames", "wordBB", "txt"))
        if not len(names) == len(boxes) == len(texts):
            raise DataError(f"'{file}' has {len(names)} names, {len(boxes)} arrays of boxes and {len(texts)} texts")
        return SceneStore(FileStore(file.parent, [], file.name), _SynthTextWords(file, names, boxes, texts), cut="upright")


class _SynthTextWords(Sequence[Region]):
    """Regions that are made when they are asked for: there are seven million."""

    def __init__(self, file: Path, names: list[str], boxes: list[Any], texts: list[str | list[str]]) -> None:
        self.names, self.boxes, self.texts = names, boxes, texts
        counts = [_words(text) for text in texts]
        for name, box, words in zip(names, boxes, counts, strict=True):
            if not isinstance(name, str) or not isinstance(box, np.ndarray) or box.shape not in ((2, 4, len(words)), (2, 4)):
                raise DataError(f"'{file}': scene '{name}' has {len(words)} words, and boxes of shape {np.shape(box)}")
        self.ends = np.cumsum([len(words) for words in counts])

    def __len__(self) -> int:
        return int(self.ends[-1]) if len(self.ends) else 0

    def __getitem__(self, index: int) -> Region:  # type: ignore[override]
        scene = int(np.searchsorted(self.ends, index, "right"))
        place = index - int(self.ends[scene - 1] if scene else 0)
        box = self.boxes[scene].reshape(2, 4, -1)[:, :, place]
        corners = tuple((float(x), float(y)) for x, y in box.T)
        return Region(self.names[scene], corners, _words(self.texts[scene])[place], place + 1)


def _words(text: str | list[str]) -> list[str]:
    return (text if isinstance(text, str) else "\n".join(text)).split()


class TagsetReader(DatasetReader):
    """SVT's `train.xml` and ICDAR 2003's `words.xml`: a `tagset` of scenes with tagged rectangles, SVT's with lexicons."""

    name = "svt-xml"

    def _files(self, path: Path) -> list[Path]:
        return label_files(
            path, lambda name: name.endswith(".xml"), lambda file: _xml_root(file) == "tagset" and b"<tag>" in _head(file)
        )

    def detect(self, path: Path) -> bool:
        """Whether there is an XML file of a `tagset` with tags."""
        return bool(self._files(path))

    def open(self, path: Path) -> Store:
        """The words, each a region of its scene."""
        files = self._files(path)
        files = [file for file in files if file.name == "words.xml"] or files  # of ICDAR 2003's three the one with whole words
        file = the_one(files, path, "XML file of a tagset of scenes with taggedRectangles")
        regions: list[Region] = []
        words: list[list[str] | None] = []
        for image in _xml(file).iter("image"):
            scene = (image.findtext("imageName") or "").strip()
            lexicon = [word.strip() for word in (image.findtext("lex") or "").split(",") if word.strip()]
            for number, box in enumerate(image.iter("taggedRectangle"), start=1):
                try:
                    x, y, width, height = (float(box.attrib[name]) for name in ("x", "y", "width", "height"))
                except (KeyError, ValueError) as error:
                    raise DataError(f"'{file}': scene '{scene}', rectangle {number}: {error} is missing or no number") from error
                regions.append(Region(scene, rectangle(x, y, width, height), box.findtext("tag") or "", number))
                words.append(lexicon or None)
        return SceneStore(FileStore(file.parent, [], file.name), regions, lexicons=(tuple(words),) if any(words) else ())


class WordXmlReader(DatasetReader):
    """ICDAR 2003's `word.xml`: an `imagelist` of cropped words, `<image file="word/1/1.jpg" tag="self" />`."""

    name = "icdar2003-words"

    def _files(self, path: Path) -> list[Path]:
        return label_files(
            path, lambda name: name.endswith(".xml"), lambda file: _xml_root(file) == "imagelist" and b" tag=" in _head(file)
        )

    def detect(self, path: Path) -> bool:
        """Whether there is an XML file of an `imagelist`."""
        return bool(self._files(path))

    def open(self, path: Path) -> Store:
        """A sample for each image."""
        file = the_one(self._files(path), path, "XML file of an imagelist with files and tags")
        entries = [(image.get("file", ""), image.get("tag", "")) for image in _xml(file).iter("image")]
        return FileStore(file.parent, entries, file.name)


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(_XML_HEAD)
    except OSError:
        return b""


def _xml_root(file: Path) -> str:
    """Name of a file's outermost element, "" where it is no XML."""
    found = re.search(rb"<([A-Za-z][\w.-]*)[\s/>]", re.sub(rb"<[?!][^>]*>", b"", _head(file)))
    return found[1].decode("ascii", "replace") if found else ""


def _xml(file: Path) -> ElementTree.Element:
    """The tree of an XML file. One that declares entities is refused: labels need none, and they can be made to explode."""
    builder, parser = ElementTree.TreeBuilder(), expat.ParserCreate()

    def refuse(name: str, *_: object) -> None:
        raise DataError(f"'{file}' declares the entity '{name}'; a data set needs none: take the declaration out")

    parser.StartElementHandler, parser.EndElementHandler = builder.start, builder.end
    parser.CharacterDataHandler, parser.EntityDeclHandler = builder.data, refuse
    try:
        with file.open("rb") as opened:
            parser.ParseFile(opened)
        return builder.close()
    except (expat.ExpatError, OSError, ValueError, LookupError) as error:
        raise DataError(f"'{file}' is no well-formed XML ({error}); mend or fetch it again") from error


class IcdarScenesReader(DatasetReader):
    """ICDAR's end-to-end sets: for each scene `img_1.jpg` a `gt_img_1.txt` with corners and text of its words."""

    name = "icdar-scenes"

    def _files(self, path: Path) -> list[Path]:
        if not path.is_dir():
            return []
        for folder in folders(path):
            places = [folder, *sorted(below for below in folder.iterdir() if below.is_dir())]
            found = [file for place in places for file in sorted(place.glob("gt_*.txt"), key=_by_number)]
            if any(_REGION.fullmatch(first_line(file).strip()) for file in found[:16]):
                return found
        return []

    def detect(self, path: Path) -> bool:
        """Whether there are files `gt_*.txt` whose lines start with the numbers of corners."""
        return bool(self._files(path))

    def open(self, path: Path) -> Store:
        """The words that can be read; those marked `###` are counted as left out. `voc_img_1.txt` is a scene's lexicon."""
        files = self._files(path)
        the_one(files[:1], path, "gt_*.txt with lines of x1,y1,x2,y2,x3,y3,x4,y4,text")
        root = folders_common(files)
        pictures = {file.stem: file for file in root.rglob("*") if PICTURE_ENDING.search(file.name)}
        vocabularies = {file.stem.removeprefix("voc_"): file for file in root.rglob("voc_*.txt")}
        regions: list[Region] = []
        left_out: list[tuple[str, str]] = []
        words: list[list[str] | None] = []
        for file in files:
            stem = file.stem.removeprefix("gt_")
            picture = pictures.get(stem)
            scene = picture.relative_to(root).as_posix() if picture else f"{stem}.jpg"
            lexicon = [line.strip() for _, line in label_lines(vocabularies[stem])] if stem in vocabularies else None
            for number, corners, label in _regions(file):
                if label in _UNREADABLE:
                    left_out.append((f"{scene}#{number}", f"marked {label}: nobody can read it"))
                    continue
                regions.append(Region(scene, corners, label, number))
                words.append(lexicon)
        lexicons = (tuple(words),) if any(words) else ()
        return SceneStore(FileStore(root, [], "gt_*.txt"), regions, left_out, lexicons=lexicons)


def _regions(file: Path) -> Iterator[tuple[int, Corners, str]]:
    """Number, corners and label of each line: four numbers are left, top, right, bottom, eight are corners."""
    for number, (place, line) in enumerate(label_lines(file), start=1):
        found = _REGION.fullmatch(line.strip())
        numbers = [float(text) for text in re.split(r"[ \t,]+", found["numbers"])] if found else []
        if found is None or len(numbers) not in (4, 8):
            raise DataError(f"'{file}', line {place}: {line[:60]!r}; expected 4 or 8 numbers of corners and a text")
        if len(numbers) == 4:
            left, top, right, bottom = numbers
            corners = rectangle(left, top, right - left, bottom - top)
        else:
            corners = tuple(zip(numbers[::2], numbers[1::2], strict=True))
        yield number, corners, unquoted(found["label"].strip())


def folders_common(files: Sequence[Path]) -> Path:
    """The folder that holds label files and pictures: theirs if pictures lie in it, else the one above."""
    folder = files[0].parent
    return folder if any(PICTURE_ENDING.search(file.name) for file in folder.iterdir()) else folder.parent


def _by_number(file: Path) -> tuple[int, str]:
    numbers = re.findall(r"\d+", file.stem)
    return int(numbers[-1]) if numbers else 0, file.name
