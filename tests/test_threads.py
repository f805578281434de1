"""Processes of which one runs on each core keep to one thread."""

import json
import subprocess
import sys

SCRIPT = """
import json, os
import cv2, numpy as np
from threadpoolctl import threadpool_info
from seqrec.threads import one_thread_each
np.ones((200, 200)) @ np.ones((200, 200))
one_thread_each()
print(json.dumps([cv2.getNumThreads(), *(pool["num_threads"] for pool in threadpool_info())]))
"""


def test_opencv_and_numpy_keep_to_one_thread() -> None:
    said = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=True, text=True).stdout
    counts = json.loads(said)
    assert len(counts) > 1  # numpy's own is among them
    assert set(counts) == {1}
