"""Readers of labelled staves: PrIMuS and Camera-PrIMuS, and pictures beside MusicXML or kern files of the same name."""

from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path

from seqrec import DatasetReader, Store
from seqrec.data.store import FileStore
from seqrec.errors import DataError
from seqrec_sheet_music.alphabets import read_tokens, semantic
from seqrec_sheet_music.errors import MusicError
from seqrec_sheet_music.kern import read_kern
from seqrec_sheet_music.musicxml_reader import read_musicxml

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp")
"""Endings of pictures; of several pictures of one staff the first is taken."""
CAMERA = "_distorted"
"""What the name of a staff's second picture has at its end in Camera-PrIMuS."""


class _PairReader(DatasetReader):
    """Pictures beside files of music. Must write: `name`, `endings`, `label`. May override: `beside`."""

    endings: tuple[str, ...]

    @abstractmethod
    def label(self, file: Path) -> list[str]:
        """The tokens in a file.

        Raises:
            MusicError, OSError, ValueError: It cannot be read.
        """

    def beside(self, stem: str) -> str:
        """Name of the picture of a file, without ending."""
        return stem

    def detect(self, path: Path) -> bool:
        """Whether a file of music with its picture lies in the folder, or in its first subfolders."""
        return path.is_dir() and any(self._picture(file) for file in _first(path, self.endings))

    def open(self, path: Path) -> Store:
        """A sample for each file of music, with the picture of the same name, in any depth."""
        files = sorted(file for file in path.rglob("*") if file.suffix.lower() in self.endings and file.is_file())
        if not files:
            raise DataError(f"'{path}' holds no files ending in {' or '.join(self.endings)}; name another path or format")
        entries = []
        for file in files:
            try:
                tokens = self.label(file)
            except (MusicError, OSError, ValueError) as error:
                told = str(error) if str(file) in str(error) else f"'{file}': {error}"
                raise DataError(f"{told}; mend it or take it out of the data set") from error
            picture = self._picture(file) or file.with_name(self.beside(file.stem) + PICTURES[0])
            entries.append((picture.relative_to(path).as_posix(), semantic.separator.join(tokens)))
        return FileStore(path, entries, f"*{self.endings[0]}")

    def _picture(self, file: Path) -> Path | None:
        """The picture of a file of music."""
        found = (file.with_name(self.beside(file.stem) + ending) for ending in PICTURES)
        return next((picture for picture in found if picture.is_file()), None)


class PrimusReader(_PairReader):
    """Pictures beside `.semantic` files: PrIMuS, a folder a staff, or all in one folder; tokens parted by tabs, spaces or `+`."""

    name = "primus"
    endings = (".semantic",)

    def label(self, file: Path) -> list[str]:
        """Its tokens in canonical form."""
        return read_tokens(file.read_text(encoding="utf-8-sig"))

    def detect(self, path: Path) -> bool:
        """Whether there are such files; a folder that has camera pictures too is Camera-PrIMuS."""
        return super().detect(path) and not CameraPrimusReader().detect(path)


class CameraPrimusReader(PrimusReader):
    """Camera-PrIMuS: beside each `x.semantic` a `x_distorted.jpg`; `--data-format primus` takes the clean pictures instead."""

    name = "camera-primus"

    def beside(self, stem: str) -> str:
        """The distorted picture."""
        return stem + CAMERA

    def detect(self, path: Path) -> bool:
        """Whether there are files of music with distorted pictures."""
        return _PairReader.detect(self, path)


class MusicXmlPairsReader(_PairReader):
    """Pictures of one staff beside `.musicxml`, `.mxl` or `.xml` files of the same name."""

    name = "musicxml-pairs"
    endings = (".musicxml", ".mxl", ".xml")

    def label(self, file: Path) -> list[str]:
        """The tokens of its one system."""
        systems = read_musicxml(file)
        if len(systems) > 1:
            raise MusicError(f"it has {len(systems)} systems; a picture shows one staff, so write a file for each")
        return systems[0]


class KernPairsReader(_PairReader):
    """Pictures of one staff beside `.krn` files of the same name."""

    name = "kern-pairs"
    endings = (".krn",)

    def label(self, file: Path) -> list[str]:
        """The tokens of its first spine of notes."""
        return read_kern(file.read_text(encoding="utf-8-sig", errors="replace"))


READERS: tuple[DatasetReader, ...] = (PrimusReader(), CameraPrimusReader(), MusicXmlPairsReader(), KernPairsReader())


def _first(path: Path, endings: tuple[str, ...], depth: int = 2, folders: int = 8) -> Iterator[Path]:
    """Files with these endings in a folder, and in the first few folders in it: a large data set is not walked through."""
    entries = sorted(path.iterdir())
    yield from (entry for entry in entries if entry.suffix.lower() in endings)
    if depth:
        below = [entry for entry in entries if entry.is_dir() and not entry.name.startswith(".")]
        for folder in below[:folders]:
            yield from _first(folder, endings, depth - 1, folders)
