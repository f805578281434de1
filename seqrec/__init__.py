"""seqrec reads pictures of symbol sequences: scene text, sheet music, and any symbol set that a plugin brings.

    import seqrec

    reader = seqrec.load("scene-text")
    reading = reader.read("sign.jpg")
    reading.text

Importing this package imports neither torch nor onnxruntime.
"""

from typing import TYPE_CHECKING, Any

from seqrec.alphabet import BLANK, Alphabet
from seqrec.errors import SeqrecError
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
from seqrec.notation import Notation
from seqrec.reading import Reading
from seqrec.recipe import Recipe
from seqrec.task import Metric, Option, Protocol, Task

if TYPE_CHECKING:
    from seqrec.evaluation import evaluate
    from seqrec.recognizer import Recognizer, load

__version__ = "0.1.0"

__all__ = [
    "BLANK",
    "Alphabet",
    "Backbone",
    "DatasetReader",
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

_LATER = {"Recognizer": "seqrec.recognizer", "load": "seqrec.recognizer", "evaluate": "seqrec.evaluation"}


def __getattr__(name: str) -> Any:
    """What needs numba or pictures is imported at its first use."""
    if name in _LATER:
        import importlib

        return getattr(importlib.import_module(_LATER[name]), name)
    raise AttributeError(f"module 'seqrec' has no attribute '{name}'")
