"""For the tests of plugins: `check_task` says whether a task keeps its promises; `seqrec.testing.bars` is one to practise on.

from seqrec.testing import check_task

def test_task_keeps_its_promises():
    check_task(my_plugin.seqrec_tasks()[0])
"""

from seqrec.testing.check import CheckError, check_task

__all__ = ["CheckError", "check_task"]
