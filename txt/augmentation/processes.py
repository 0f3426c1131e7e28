"""Copies made in several processes, handed on in the order of the rows."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import TypeVar

from txt.augmentation.engine import Engine, Made, Recipe, Row
from txt.processes import cores

Held = TypeVar("Held")

CHUNK_ROWS = 1000
_AHEAD = 4  # chunks in flight for each process: enough to keep it busy, and few enough for flat memory
_WORTH_IT = 20_000  # copies from which on starting processes pays

_engine: Engine | None = None


def worker_count(wanted: int, copies: int, needs_model: bool) -> int:
    """Return how many processes to use: as many as wanted, or by the cores and the work where that is 0."""
    if needs_model:
        return 1
    return wanted or (cores() if copies >= _WORTH_IT else 1)


def made_in_order(
    engine: Engine, recipe: Recipe, chunks: Iterator[tuple[Held, list[Row]]], workers: int
) -> Iterator[tuple[Held, Made]]:
    """Yield what was made of each chunk of rows, with what came along with it."""
    if workers == 1:
        for held, rows in chunks:
            yield held, engine.copies(rows)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_start, initargs=(recipe,)) as pool:
        waiting: deque[tuple[Held, Future[Made]]] = deque()
        try:
            for held, rows in chunks:
                waiting.append((held, pool.submit(_make, rows)))
                if len(waiting) >= workers * _AHEAD:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            for _, future in waiting:
                future.cancel()


def _start(recipe: Recipe) -> None:
    """Make this process's engine; Ctrl-C is for the parent to hear, which finishes what is under way."""
    global _engine
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    _engine = Engine(recipe)


def _end_with_parent() -> None:
    """Wait until the parent is gone, and go too: when it is killed, the pool waits for its work for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _make(rows: list[Row]) -> Made:
    assert _engine is not None
    return _engine.copies(rows)
