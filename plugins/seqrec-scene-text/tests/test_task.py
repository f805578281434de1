"""The task as a whole, by the conformance kit."""

import pytest

import seqrec_scene_text
from seqrec.testing import Promise, every_promise


@every_promise(
    seqrec_scene_text,
    marks=dict.fromkeys(("*-learns-by-heart", "*-command-line", "*-another-process", "*-as-onnx"), pytest.mark.slow),
)
def test_task_keeps_its_promises(promise: Promise) -> None:
    promise.check()
