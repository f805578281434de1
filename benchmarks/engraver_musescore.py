"""Staves by MuseScore 3."""

import json
import os
import subprocess
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from xml.etree import ElementTree

from engraver_tunes import Grey, Tune, cropped

from seqrec_sheet_music.musicxml import to_musicxml
from seqrec_sheet_music.tokens import Barline, Element, Multirest, Note, parse

MUSESCORE_STYLE = """<museScore version="3.01"><Style>
<pageWidth>40</pageWidth><pagePrintableWidth>39</pagePrintableWidth><pageEvenLeftMargin>0.5</pageEvenLeftMargin>
<pageOddLeftMargin>0.5</pageOddLeftMargin><createMultiMeasureRests>1</createMultiMeasureRests>
<showMeasureNumber>0</showMeasureNumber><Spatium>1.75</Spatium></Style></museScore>"""
"""A page as wide as any staff, in inches; five lines of 7 mm, as MuseScore draws them if nobody asks."""


def by_musescore(tunes: Sequence[Tune], folder: Path) -> list[Grey]:
    """Pictures of tunes, (H, W) each; MuseScore 3 reads them as MusicXML."""
    names = [f"page{number}" for number in range(len(tunes))]
    (folder / "page.mss").write_text(MUSESCORE_STYLE)
    for name, tune in zip(names, tunes, strict=True):
        (folder / f"{name}.musicxml").write_text(to_chorded_musicxml(tune), encoding="utf-8")
    _musescore([(f"{name}.musicxml", f"{name}.mscx") for name in names], folder)
    for name, (tokens, _) in zip(names, tunes, strict=True):
        score = folder / f"{name}.mscx"
        score.write_text(_mended(score.read_text(), [parse(token) for token in tokens]))
    _musescore([(f"{name}.mscx", f"{name}.png") for name in names], folder)
    return [cropped(folder / f"{name}-1.png") for name in names]


def to_chorded_musicxml(tune: Tune) -> str:
    """A tune as MuseScore is to read it.

    A meter that nobody sees is left out, for MuseScore would leave no space for it; but where bars of rest are to be counted it
    needs one.
    """
    tokens, chords = tune
    root = ElementTree.fromstring(to_musicxml([tokens]))
    elements = [parse(token) for token in tokens]
    counted = any(isinstance(element, Multirest) for element in elements)
    sounding = (index for index, element in enumerate(elements) if isinstance(element, Note))
    for measure in root.iter("measure"):
        for attributes in measure.findall("attributes") if not counted else ():
            for hidden in attributes.findall("time[@print-object='no']"):
                attributes.remove(hidden)
        for note in [one for one in measure.findall("note") if one.find("rest") is None and one.find("grace") is None]:
            for pitch in chords.get(next(sounding), ()):
                other = deepcopy(note)
                for name in ("accidental", "notations"):
                    for child in other.findall(name):
                        other.remove(child)
                sounds = other.find("pitch")
                assert sounds is not None
                sounds.clear()
                for name, said in (("step", pitch.letter), ("alter", pitch.alter), ("octave", pitch.octave)):
                    ElementTree.SubElement(sounds, name).text = str(said)
                other.insert(0, ElementTree.Element("chord"))
                measure.insert(list(measure).index(note) + 1, other)
    if not isinstance(elements[-1], Barline):
        line = ElementTree.SubElement(list(root.iter("measure"))[-1], "barline", location="right")
        ElementTree.SubElement(line, "bar-style").text = "none"
    return ElementTree.tostring(root, encoding="unicode")


def _mended(score: str, elements: Sequence[Element]) -> str:
    """A score of MuseScore's in which bars of rest stay apart and no barline closes a bar left open, whatever MusicXML said."""
    if not any(isinstance(element, Multirest) for element in elements):
        score = score.replace("<createMultiMeasureRests>1", "<createMultiMeasureRests>0")
    if not isinstance(elements[-1], Barline):
        score = score.replace("<BarLine>", "<BarLine><visible>0</visible>")  # no other one is written out
    return score


def _musescore(files: Sequence[tuple[str, str]], folder: Path) -> None:
    """Have it convert files, into others, without a screen."""
    job = folder / "page.json"
    job.write_text(json.dumps([{"in": str(folder / source), "out": str(folder / to)} for source, to in files]))
    command: list[str | Path] = ["musescore3", "-S", folder / "page.mss", "-r", "101.6", "-j", job]  # 7 pixels from line to line
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"})
