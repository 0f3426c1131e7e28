"""Work that is not Python's does not make a program deaf to Ctrl-C."""

import signal
import subprocess
import sys
import time

import pytest

from txt.processes import await_in_thread


def test_a_result_and_an_error_come_back():
    assert await_in_thread(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await_in_thread(lambda: 1 // 0)


def test_ctrl_c_is_heard_while_other_code_works():
    code = (
        "import ctypes, sys\n"
        "from txt.processes import await_in_thread\n"
        "libc = ctypes.CDLL(None)\n"
        "print('working', flush=True)\n"
        "await_in_thread(lambda: [libc.sleep(20) for _ in range(6)])\n"  # sleeps on after a signal
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline() == b"working\n"
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=110)
    assert process.returncode != 0
    assert time.monotonic() - begun < 100  # six sleeps take 120 seconds
