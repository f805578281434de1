"""Sheet music for seqrec: one staff, engraved and printed or photographed, as a sequence of notes."""

from pathlib import Path

from seqrec import Task, hookimpl
from seqrec_sheet_music.alphabets import ALPHABETS, pitches, semantic
from seqrec_sheet_music.renderer import SheetMusicRenderer
from seqrec_sheet_music.straightening import straightened
from seqrec_sheet_music.written import written

_HERE = Path(__file__).parent


@hookimpl
def seqrec_tasks() -> list[Task]:
    """A task for all that stands on a staff, and one for the pitches alone."""
    recipes = {path.stem: path for path in sorted((_HERE / "recipes").glob("*.toml"))}
    preparations = {"straight": straightened}
    return [
        Task(
            "sheet-music",
            semantic,
            renderer=SheetMusicRenderer(),
            alphabets=(*ALPHABETS[1:], written),
            recipes=recipes,
            preparations=preparations,
            weights=_HERE / "weights" / "sheet-music.safetensors",
            description="one staff of one voice: clef, key, meter, notes, rests, barlines and ties, as PrIMuS writes them",
        ),
        Task(
            "sheet-music-pitch",
            pitches,
            alphabets=(written,),
            renderer=SheetMusicRenderer(pitches),
            recipes=recipes,
            preparations=preparations,
            weights=_HERE / "weights" / "sheet-music-pitch.safetensors",
            description="one staff of one voice: the pitches of its notes, the music task of the CRNN paper",
        ),
    ]
