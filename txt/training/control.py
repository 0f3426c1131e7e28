"""Commands to a running training: files in the run's `control/` folder, carried out between steps.

Nothing heavy is imported here, since viewers send commands through this file too.
"""

import json
import os
import stat
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from txt.files import atomic_write
from txt.runs.events import Acknowledged, Event
from txt.runs.folder import Run

if TYPE_CHECKING:
    from txt.training.checkpoint import TrainingProgress
    from txt.training.distributed import Group

PAUSE, RESUME, SAVE, STOP, DISCARD, RATE, NOTE = "pause", "resume", "save", "stop", "discard", "rate", "note"
COMMANDS = (PAUSE, RESUME, SAVE, STOP, DISCARD, RATE, NOTE)

_FOLDER = "control"
_ENDINGS = {STOP: "interrupted", DISCARD: "discarded"}
_LOOKS_A_SECOND = 20.0  # while paused
_LOWEST_FACTOR, _HIGHEST_FACTOR = 1e-6, 1e6  # of the planned learning rate, by all changes together
_LONGEST = 10_000  # bytes of a command's file


@dataclass(frozen=True)
class Command:
    """One of COMMANDS; `value` is the factor of `rate` or the text of `note`, `number` names it in the event log."""

    name: str
    value: float | str | None = None
    number: str = ""


def send_command(run: Run, name: str, value: float | str | None = None) -> str:
    """Send a command to the process that trains a run; its answer is in the run's events, under the returned number.

    Raises:
        OSError: the run's folder cannot be written to.
    """
    number = f"{time.time_ns():020d}-{os.getpid()}"
    with atomic_write(run.path / _FOLDER / f"{number}.json") as file:
        json.dump({"command": name, "value": value}, file)
    return number


class Controls:
    """Reads the commands for a training and carries them out; with several processes, the first one reads them for all.

    Commands sent before the training began are ignored.
    """

    def __init__(self, run: Run, group: "Group") -> None:
        self._folder = run.path / _FOLDER
        self._group = group
        self._seen: set[str] = set()
        if group.writes:
            list(self._read_commands())

    def carry_out(
        self, progress: "TrainingProgress", save: Callable[[], list[Event]], stop: Callable[[], bool]
    ) -> Generator[Event, None, str | None]:
        """Carry out what was asked since the last step. Returns how the training ends, None when it goes on.

        Args:
            progress: how far it is; commands change its learning rate's factor.
            save: writes a checkpoint.
            stop: asked each time; True ends the training.
        """
        paused = False
        while True:
            for command in self._collect_commands(stop):
                paused = command.name == PAUSE or (paused and command.name != RESUME)
                if command.name == SAVE:
                    yield from save()
                refused = _change_rate(progress, command.value) if command.name == RATE else None
                if command.number:
                    yield _acknowledge(progress.step, command, refused)
                if command.name in _ENDINGS:
                    return _ENDINGS[command.name]
            if not paused:
                return None
            time.sleep(1 / _LOOKS_A_SECOND)

    def _collect_commands(self, stop: Callable[[], bool]) -> list[Command]:
        """Return what came since the last look, the same in all processes; any of them may be told to stop."""
        commands = list(self._read_commands()) if self._group.writes else []
        if stop():
            commands.append(Command(STOP))
        return self._group.gather_lists(commands)

    def _read_commands(self) -> Iterator[Command]:
        """Yield the commands that came, in the order of sending, and take their files away."""
        try:
            names = sorted(entry.name for entry in os.scandir(self._folder) if entry.name.endswith(".json"))
        except FileNotFoundError:
            return
        for name in names:
            if name in self._seen or name.startswith("."):
                continue
            self._seen.add(name)
            path = self._folder / name
            try:
                command = (
                    Command("unreadable", number=path.stem) if self._may_be_foreign(path) else _parse_command(path)
                )
                path.unlink(missing_ok=True)
            except OSError as error:
                command = Command("unreadable", error.strerror, path.stem)
            yield command

    def _may_be_foreign(self, path: Path) -> bool:
        """Tell whether a command may come from anybody: the folder is open to all users, and another one wrote it."""
        open_to_all = self._folder.stat().st_mode & stat.S_IWOTH
        return bool(open_to_all) and path.lstat().st_uid not in (os.geteuid(), 0)


def _parse_command(path: Path) -> Command:
    """Read a command; an invalid one gets a name that does not exist, and so is refused in the event log."""
    with path.open("rb") as file:
        content = file.read(_LONGEST)
    try:
        value = json.loads(content)
        name, given = str(value["command"]), value.get("value")
    except (ValueError, TypeError, KeyError, AttributeError):
        return Command("unreadable", number=path.stem)
    return Command(name, given if isinstance(given, int | float | str) else None, path.stem)


def _change_rate(progress: "TrainingProgress", factor: float | str | None) -> str | None:
    """Multiply the learning rate from here on; returns what is wrong, None when nothing is."""
    if not isinstance(factor, int | float) or isinstance(factor, bool):
        return "the learning rate changes by a factor, a number"
    changed = progress.rate_factor * factor
    if not _LOWEST_FACTOR <= changed <= _HIGHEST_FACTOR:
        return f"the learning rate would be {changed:.3g} times the planned one"
    progress.rate_factor = changed
    return None


def _acknowledge(step: int, command: Command, refused: str | None) -> Acknowledged:
    if command.name not in COMMANDS:
        command, refused = replace(command, name="unknown"), "there is no such command"
    return Acknowledged(
        time=time.time(), step=step, command=command.name, value=command.value, number=command.number, refused=refused
    )
