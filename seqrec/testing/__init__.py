"""For the tests of plugins: whether every part keeps what `seqrec` relies on.

import my_symbols
from seqrec.testing import Promise, every_promise

@every_promise(my_symbols)
def test_plugin_keeps_its_promises(promise: Promise) -> None:
    promise.check()

Or one part at a time, as in `check_task(my_symbols.seqrec_tasks()[0])`. `seqrec.testing.bars` is a task to practise on.
"""

from seqrec.testing.alphabets import check_alphabet
from seqrec.testing.every import every_promise, promises_of
from seqrec.testing.parts import check_backbone, check_sequence_model
from seqrec.testing.promise import CheckError, Promise
from seqrec.testing.readers import check_dataset_reader
from seqrec.testing.renderers import check_renderer
from seqrec.testing.tasks import check_task
from seqrec.testing.transcriptions import check_transcription

__all__ = [
    "CheckError",
    "Promise",
    "check_alphabet",
    "check_backbone",
    "check_dataset_reader",
    "check_renderer",
    "check_sequence_model",
    "check_task",
    "check_transcription",
    "every_promise",
    "promises_of",
]
