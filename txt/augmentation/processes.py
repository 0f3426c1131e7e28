"""Makes copies in several processes, and yields them in the order of the rows."""

import gc
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from itertools import chain, islice
from typing import TypeVar

from txt.augmentation.engine import Copy, CopyBatch, Engine, Recipe, Row
from txt.processes import count_cores

Held = TypeVar("Held")

CHUNK_ROWS = 1000
_AHEAD = 4  # chunks in flight for each process: enough to keep it busy, and few enough for flat memory
_WORTH_IT = 20_000  # copies from which on starting processes pays
_GARBAGE = 100_000  # objects between two searches for cycles, of which copies have none: a tenth of the time

_engine: Engine | None = None


def count_workers(wanted: int, copies: int, needs_model: bool) -> int:
    """Return how many processes to use: as many as wanted, or by the cores and the work where that is 0."""
    if needs_model:
        return 1
    return wanted or (count_cores() if copies >= _WORTH_IT else 1)


def make_in_order(
    engine: Engine, recipe: Recipe, chunks: Iterator[tuple[Held, list[Row]]], workers: int
) -> Iterator[tuple[Held, CopyBatch]]:
    """Yield what was made of each chunk of rows, with what came along with it."""
    if workers == 1:
        for held, rows in chunks:
            yield held, engine.copies(rows)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_start, initargs=(recipe,)) as pool:
        waiting: deque[tuple[Held, Future[_Packed]]] = deque()
        try:
            for held, rows in chunks:
                waiting.append((held, pool.submit(_make_packed, *map(list, zip(*rows, strict=True)))))
                if len(waiting) >= workers * _AHEAD:
                    first, future = waiting.popleft()
                    yield first, _unpack(*future.result())
            while waiting:
                first, future = waiting.popleft()
                yield first, _unpack(*future.result())
        finally:
            for _, future in waiting:
                future.cancel()


def _start(recipe: Recipe) -> None:
    """Make this process's engine; Ctrl-C is left to the parent, which finishes the work in progress."""
    global _engine
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(_GARBAGE)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    _engine = Engine(recipe)


def _end_with_parent() -> None:
    """Wait until the parent is gone, and go too: otherwise, when it is killed, the pool waits for work forever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


# Sending lists of strings and numbers takes a third of the time of pickling one object for each row and copy.
_Packed = tuple[CopyBatch, list[int], list[str], list[str]]
"""What was made without the copies; their number for each row; their texts and methods, one behind the other."""


def _make_packed(numbers: list[int], texts: list[str], copies: list[int]) -> _Packed:
    assert _engine is not None
    made = _engine.copies(list(map(Row, numbers, texts, copies)))
    flat = list(chain.from_iterable(made.copies))
    counts = list(map(len, made.copies))
    return replace(made, copies=[]), counts, [copy.text for copy in flat], [copy.method for copy in flat]


def _unpack(made: CopyBatch, counts: list[int], texts: list[str], methods: list[str]) -> CopyBatch:
    flat = map(Copy, texts, methods)
    return replace(made, copies=[list(islice(flat, count)) for count in counts])
