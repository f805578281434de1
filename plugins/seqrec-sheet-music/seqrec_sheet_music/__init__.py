"""Sheet music for seqrec: one staff, engraved and printed or photographed, as a sequence of notes."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from seqrec import DatasetReader, Notation, Option, Task, hookimpl
from seqrec_sheet_music.alphabets import ALPHABETS, pitches, semantic
from seqrec_sheet_music.bars import meter_named
from seqrec_sheet_music.catalogue import VIEWS, catalogues
from seqrec_sheet_music.grammar import StaffGrammar
from seqrec_sheet_music.metrics import PITCH_METRICS, music_metrics
from seqrec_sheet_music.notation import shapes, to_pitches, to_semantic, to_shapes
from seqrec_sheet_music.outputs import MusicOutputs
from seqrec_sheet_music.protocols import PITCH_PROTOCOLS, PROTOCOLS
from seqrec_sheet_music.readers import READERS
from seqrec_sheet_music.readings import finished, hint, second_looks
from seqrec_sheet_music.renderer import SheetMusicRenderer
from seqrec_sheet_music.soft_meter import SoftMeter
from seqrec_sheet_music.straightening import straightened

_HERE = Path(__file__).parent
_RECIPES = {path.stem: path for path in sorted((_HERE / "recipes").glob("*.toml"))}
WEIGHTS = _HERE / "weights" / "sheet-music-v4.safetensors"
"""One network reads for both tasks, see `notation`. Other weights are another version."""
_PREPARATIONS = {"straight": straightened}
_NONE: Mapping[str, str | bool] = MappingProxyType({})
_JOIN = Option(
    "join",
    "With -o: the pictures are the staves of one piece, in order; write one score.",
    default=False,
    commands=("recognize",),
)
_METER = Option("meter", "What bars are held against where no meter is drawn, as 3/4; by default the one that fits most bars.")
BREACH_COST = 8.0
"""Nats for each place at which a reading is not canonical."""


def sheet_music(given: Mapping[str, str | bool] = _NONE) -> Task:
    """The task for all that stands on a staff.

    Args:
        given: Its options: `meter` and `join`.

    Raises:
        MusicError: A meter that is not in the alphabet.
    """
    meter, join = str(given.get("meter", "")), bool(given.get("join", False))
    if meter:
        meter_named(meter)
    return Task(
        "sheet-music",
        semantic,
        renderer=SheetMusicRenderer(),
        alphabets=ALPHABETS[1:],
        notations=(Notation(shapes, semantic, to_semantic, to_shapes),),
        recipes=_RECIPES,
        protocols=PROTOCOLS,
        metrics=music_metrics(meter),
        lexicons=catalogues(),
        views=VIEWS,
        grammars={
            "staff": lambda alphabet: StaffGrammar(alphabet, BREACH_COST),
            "meter": lambda alphabet: SoftMeter(alphabet, meter),
        },
        preparations=_PREPARATIONS,
        second_looks=second_looks,
        weights=WEIGHTS,
        samples=_HERE / "samples",
        finish=lambda reading: finished(reading, meter),
        outputs=lambda folder: MusicOutputs(folder, meter, join),
        options=(_METER, _JOIN),
        configure=sheet_music,
        hint=hint,
        description="one staff of one voice: clef, key, meter, notes, rests, barlines and ties, as PrIMuS writes them",
    )


def sheet_music_pitch(given: Mapping[str, str | bool] = _NONE) -> Task:
    """The task for the pitches alone.

    Args:
        given: Its option: `join`.
    """
    return Task(
        "sheet-music-pitch",
        pitches,
        notations=(Notation(shapes, pitches, to_pitches),),
        renderer=SheetMusicRenderer(pitches),
        recipes=_RECIPES,
        protocols=PITCH_PROTOCOLS,
        metrics=PITCH_METRICS,
        lexicons=catalogues(alone=True),
        views=VIEWS,
        preparations=_PREPARATIONS,
        second_looks=second_looks,
        weights=WEIGHTS,
        finish=finished,
        outputs=lambda folder: MusicOutputs(folder, join=bool(given.get("join", False))),
        options=(_JOIN,),
        configure=sheet_music_pitch,
        hint=hint,
        description="one staff of one voice: the pitches of its notes, the music task of the CRNN paper",
    )


@hookimpl
def seqrec_tasks() -> list[Task]:
    """A task for all that stands on a staff, and one for the pitches alone."""
    return [sheet_music(), sheet_music_pitch()]


@hookimpl
def seqrec_dataset_readers() -> list[DatasetReader]:
    """PrIMuS, and pictures beside files of music."""
    return list(READERS)
