"""The processes that make copies."""

import multiprocessing
import multiprocessing.connection
import os
import signal
import sys

import pytest

from tests.waiting import PATIENCE_SECONDS
from txt.augmentation.engine import Engine, Recipe, Row
from txt.augmentation.processes import make_in_order

RECIPE = Recipe((("swap", 1),))


def work_until_killed(telling):
    rows = [Row(number, "some words to be swapped", 1) for number in range(10)]
    made = make_in_order(Engine(RECIPE), RECIPE, iter([(None, rows)] * 100), 2)
    next(made)
    telling.send([child.pid for child in multiprocessing.active_children()])
    signal.pause()


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_the_processes_end_when_the_one_that_started_them_is_killed():
    heard, telling = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=work_until_killed, args=(telling,))
    process.start()
    workers = [os.pidfd_open(pid) for pid in heard.recv()]
    assert workers
    process.kill()
    process.join()
    for worker in workers:
        assert multiprocessing.connection.wait([worker], timeout=PATIENCE_SECONDS), "it goes on"
        os.close(worker)
