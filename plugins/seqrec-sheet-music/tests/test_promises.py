"""The tasks, readers and preparations of this plugin, by the conformance kit of seqrec."""

import pytest

import seqrec_sheet_music
from seqrec.testing import Promise, every_promise


@pytest.mark.slow
@every_promise(seqrec_sheet_music)
def test_plugin_keeps_its_promises(promise: Promise) -> None:
    promise.check()
