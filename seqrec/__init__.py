"""seqrec reads pictures of symbol sequences: scene text, sheet music, and any symbol set that a plugin brings.

    import seqrec

    reader = seqrec.load("scene-text")
    reading = reader.read("sign.jpg")
    reading.text

Importing this package imports neither torch nor onnxruntime.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqrec.alphabet import BLANK, Alphabet
    from seqrec.errors import SeqrecError
    from seqrec.evaluation import evaluate
    from seqrec.hookspecs import hookimpl
    from seqrec.interfaces import (
        Backbone,
        DatasetReader,
        Outputs,
        Part,
        Prepared,
        Renderer,
        Sample,
        SequenceModel,
        Store,
        Transcription,
    )
    from seqrec.notation import Meaning, Notation
    from seqrec.reading import Reading
    from seqrec.recipe import Recipe
    from seqrec.recognizer import Recognizer, load
    from seqrec.task import Grouping, Judged, Metric, Option, Protocol, Task

__version__ = "0.1.0"

__all__ = [
    "BLANK",
    "Alphabet",
    "Backbone",
    "DatasetReader",
    "Grouping",
    "Judged",
    "Meaning",
    "Metric",
    "Notation",
    "Option",
    "Outputs",
    "Part",
    "Prepared",
    "Protocol",
    "Reading",
    "Recipe",
    "Recognizer",
    "Renderer",
    "Sample",
    "SeqrecError",
    "SequenceModel",
    "Store",
    "Task",
    "Transcription",
    "evaluate",
    "hookimpl",
    "load",
]

_MODULES = {
    "seqrec.alphabet": ("Alphabet", "BLANK"),
    "seqrec.errors": ("SeqrecError",),
    "seqrec.evaluation": ("evaluate",),
    "seqrec.hookspecs": ("hookimpl",),
    "seqrec.interfaces": (
        "Backbone",
        "DatasetReader",
        "Outputs",
        "Part",
        "Prepared",
        "Renderer",
        "Sample",
        "SequenceModel",
        "Store",
        "Transcription",
    ),
    "seqrec.notation": ("Meaning", "Notation"),
    "seqrec.reading": ("Reading",),
    "seqrec.recipe": ("Recipe",),
    "seqrec.recognizer": ("Recognizer", "load"),
    "seqrec.task": ("Grouping", "Judged", "Metric", "Option", "Protocol", "Task"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """A name is imported at its first use: `seqrec --help` needs none of them, and few need all."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'seqrec' has no attribute '{name}'")
    import importlib

    value = globals()[name] = getattr(importlib.import_module(_MODULE_OF[name]), name)
    return value
