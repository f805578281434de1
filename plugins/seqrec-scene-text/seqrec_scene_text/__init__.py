"""Scene text for seqrec: words on signs, posters, books and screens."""

from pathlib import Path

from seqrec import Reading, Task, hookimpl
from seqrec.closer import looks_in_doubt
from seqrec_scene_text.alphabets import alnum36, alnum62, ascii94, ascii95
from seqrec_scene_text.groups import GROUPS
from seqrec_scene_text.protocols import PROTOCOLS
from seqrec_scene_text.renderer import SceneTextRenderer
from seqrec_scene_text.words import english_50k, english_letters

_HERE = Path(__file__).parent

WEIGHTS = _HERE / "weights" / "scene-text-v1.safetensors"
"""Other weights are another version."""


def odd_input(width_px: int, height_px: int, reading: Reading) -> str:
    """What is odd about a picture as the crop of a word, or nothing.

    A confident reading is taken for proof that the picture was a word.
    """
    if reading.confidence >= 0.5 or max(width_px, height_px) < 400:
        return ""
    if height_px > 200 and width_px < 2.5 * height_px:
        return "this looks like a whole scene or page; crop it to one word or line first"
    if width_px > 30 * height_px:
        return "this is a very long line; split it into words first"
    return ""


@hookimpl
def seqrec_tasks() -> list[Task]:
    """One task, with readers of 95 symbols that can also decode as 94, 62 or 36."""
    recipes = {path.stem: path for path in sorted((_HERE / "recipes").glob("*.toml"))}
    return [
        Task(
            "scene-text",
            ascii95,
            renderer=SceneTextRenderer(),
            alphabets=(ascii94, alnum62, alnum36),
            recipes=recipes,
            protocols=PROTOCOLS,
            groups=GROUPS,
            lexicons={"english-50k": english_50k},
            grammars={"english": english_letters},
            weights=WEIGHTS,
            samples=_HERE / "samples",
            turn_tall=True,
            second_looks=looks_in_doubt,
            hint=odd_input,
            description="words on signs, posters, books and screens, in printable ASCII",
        )
    ]
