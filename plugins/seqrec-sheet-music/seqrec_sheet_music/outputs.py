"""The files that readings of music become: MusicXML, MIDI, tokens, a report, and a page to compare."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from seqrec import Outputs, Reading, SeqrecError
from seqrec.errors import MissingExtraError
from seqrec.interfaces import Picture
from seqrec.pictures import turned
from seqrec_sheet_music.alphabets import METERS
from seqrec_sheet_music.bars import meters_of
from seqrec_sheet_music.errors import MusicError
from seqrec_sheet_music.midi import to_midi
from seqrec_sheet_music.musicxml import to_musicxml
from seqrec_sheet_music.page import Line, draw_page
from seqrec_sheet_music.readings import music_of, oddities
from seqrec_sheet_music.report import report
from seqrec_sheet_music.score import from_score, to_score
from seqrec_sheet_music.staff import staff_of
from seqrec_sheet_music.staff_lines import find_staff

JOINED = "score"
"""What the files of a joined score are called."""


@dataclass(frozen=True, eq=False)
class _Staff:
    """One picture's reading and what is kept of it."""

    name: str
    tokens: tuple[str, ...]
    reading: Reading
    remarks: tuple[str, ...]
    line: Line


class MusicOutputs(Outputs):
    """Writes `NAME.musicxml`, `.mid`, `.tokens`, `.report.json` and `.png` for each picture, or for all of them together.

    Args:
        folder: Where to.
        meter: Where none is drawn, as in `3/4`; empty for the one that fits most bars.
        join: Whether the pictures are the staves of one piece, in order: they become one `score`.
    """

    def __init__(self, folder: Path, meter: str = "", join: bool = False) -> None:
        self.folder, self.meter, self.join = folder, meter, join
        self.staves: list[_Staff] = []
        self.lost: list[str] = []
        self.remarks: dict[str, None] = {}

    def add(self, name: str, reading: Reading | SeqrecError, picture: Picture | None) -> None:
        """Write the files of one picture, or keep it for `close`."""
        if isinstance(reading, SeqrecError) or picture is None:
            self.lost.append(name)
            return
        music = music_of(reading.symbols)
        remarks = tuple(oddities(reading, music))
        upright = turned(picture, reading.turned)
        if find_staff(upright) is None:
            remarks = ("no five staff lines were found on the picture", *remarks)
        spans = [reading.spans[place] if place >= 0 else (0.0, 0.0) for place in music.places] if reading.spans else []
        line = Line(name, upright, report(music.tokens, self.meter), spans, remarks)
        staff = _Staff(name, music.tokens, reading, remarks, line)
        if self.join:
            self.staves.append(staff)
        else:
            self._write(name, [staff])

    def close(self) -> Sequence[str]:
        """Write the joined score; what could not be done."""
        if self.join and self.staves:
            self._write(JOINED, self.staves)
            if self.lost:
                self.remarks[f"{JOINED} goes on without {', '.join(self.lost)}, which could not be read"] = None
        return list(self.remarks)

    def _write(self, name: str, staves: Sequence[_Staff]) -> None:
        """All files of one piece."""
        tokens = [staff.tokens for staff in staves]
        lines = [_held_against(staff.line, meter) for staff, meter in zip(staves, self._meters(tokens), strict=True)]
        told = {
            "music21": self._music21(tokens),
            "staves": [
                {
                    "picture": staff.name,
                    "confidence": round(staff.reading.confidence, 6),
                    "remarks": list(staff.remarks),
                    **line.report.to_dict(),
                }
                for staff, line in zip(staves, lines, strict=True)
            ],
            "missing": self.lost if name == JOINED and self.join else [],
        }
        try:
            self._file(name, "musicxml").write_text(to_musicxml(tokens, title=name, meter=self.meter), encoding="utf-8")
            self._file(name, "mid").write_bytes(to_midi(tokens, self.meter))
            self._file(name, "tokens").write_text("".join("\t".join(one) + "\n" for one in tokens), encoding="utf-8")
            self._file(name, "report.json").write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
            try:
                Image.fromarray(draw_page(lines)).save(self._file(name, "png"))
            except MissingExtraError as error:
                self.remarks[f"no pictures to compare: {error}"] = None
        except OSError as error:
            raise MusicError(f"-o {self.folder}: cannot be written: {error}") from error

    def _file(self, name: str, ending: str) -> Path:
        return self.folder / f"{name}.{ending}"

    def _meters(self, tokens: Sequence[Sequence[str]]) -> list[str]:
        """For each staff the meter that runs on from the staves before it."""
        found = meters_of([staff_of(one)[0] for one in tokens], self.meter)
        return [meter.sign if meter.sign in METERS else "" for meter in found]

    def _music21(self, tokens: Sequence[Sequence[str]]) -> dict[str, object]:
        """Whether music21 reads the score as what it is."""
        try:
            return {"same": from_score(to_score(tokens, meter=self.meter)) == [list(one) for one in tokens]}
        except MissingExtraError as error:
            self.remarks[f"not checked with music21: {error}"] = None
            return {"missing": str(error)}
        except MusicError as error:
            return {"same": False, "error": str(error)}


def _held_against(line: Line, meter: str) -> Line:
    """The line with its bars held against a meter, where none is drawn on it."""
    checked = line.report
    if checked.meter_from == "drawn" or checked.meter.sign == meter:
        return line
    return replace(line, report=report(checked.tokens, meter))
