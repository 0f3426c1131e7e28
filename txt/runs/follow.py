"""A run's events one after the other, those to come too, until it ends."""

import json
import time
from collections.abc import Callable, Iterator

from txt.runs.events import Event, from_json
from txt.runs.folder import Run
from txt.runs.status import LIVING, Pulse, read_status

_LOOKS_A_SECOND = 4.0


def follow(run: Run, sleep: Callable[[float], None] = time.sleep) -> Iterator[Event]:
    """Yield the events of a run from its first on, and wait for more as long as a process trains it."""
    pulse, offset = Pulse(run), 0
    while True:
        living = _is_living(run, pulse)
        for line in _whole_lines(run, offset):
            offset += len(line)
            event = from_json(json.loads(line))
            if event is not None:
                yield event
        if not living:
            return
        sleep(1 / _LOOKS_A_SECOND)


def _is_living(run: Run, pulse: Pulse) -> bool:
    """Tell whether more may come; asked before the events are read, so that the last of them is not missed."""
    status = read_status(run)
    if status is None:
        return run.is_locked()
    return status.state in LIVING and pulse.is_alive(status)


def _whole_lines(run: Run, offset: int) -> Iterator[bytes]:
    try:
        with run.events_path.open("rb") as file:
            file.seek(offset)
            for line in file:
                if line.endswith(b"\n"):
                    yield line
    except FileNotFoundError:
        return
