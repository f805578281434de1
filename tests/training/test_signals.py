"""A run is told to stop by signals, one or a storm of them."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from seqrec.training.fit import stop_signals

WAITS_FOR_SIGNALS = """
import sys
import seqrec.training.fit
fit = sys.modules["seqrec.training.fit"]
fit._TOGETHER_S = 60.0
with fit.stop_signals() as wish:
    print("ready", flush=True)
    sys.stdin.read()
    print(wish.asked, flush=True)
"""


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt, also where what started the tests had it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_signals_that_come_together_are_one_wish_and_a_later_one_stops_at_once() -> None:
    with stop_signals() as wish:
        assert not wish.asked
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM, signal.SIGINT):
            signal.raise_signal(number)
        assert wish.asked
        time.sleep(0.6)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_storm_of_signals_from_outside_is_survived() -> None:
    """Handlers of signals may interrupt one another: what they do must not wait for anything."""
    command = [sys.executable, "-c", WAITS_FOR_SIGNALS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        for _ in range(2000):
            process.send_signal(signal.SIGTERM)
        assert process.communicate("", timeout=60)[0] == "True\n"
        assert process.returncode == 0
