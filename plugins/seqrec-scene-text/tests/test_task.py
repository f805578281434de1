"""The task as a whole."""

import seqrec_scene_text
from seqrec.testing import check_task


def test_task_keeps_its_promises() -> None:
    (task,) = seqrec_scene_text.seqrec_tasks()
    check_task(task)
