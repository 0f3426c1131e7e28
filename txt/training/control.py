"""Commands to a running training: files in the run's `control/` folder, carried out between steps.

Nothing heavy is imported here, since viewers send commands through this file too.
"""

import json
import os
import stat
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from txt.errors import InputError
from txt.files import LinkedError, atomic_write, open_folder, open_own
from txt.json_input import has_kind, parse_json
from txt.runs.events import Acknowledged, Event, Warned
from txt.runs.folder import Run
from txt.sanitize import clip

if TYPE_CHECKING:
    from txt.training.checkpoint import TrainingProgress
    from txt.training.distributed import Group

PAUSE, RESUME, SAVE, STOP, DISCARD, RATE, NOTE = "pause", "resume", "save", "stop", "discard", "rate", "note"
COMMANDS = (PAUSE, RESUME, SAVE, STOP, DISCARD, RATE, NOTE)

UNREADABLE = "unreadable"
"""The name of what is not a command; it is refused in the event log."""

_FOLDER = "control"
_ENDINGS = {STOP: "interrupted", DISCARD: "discarded"}
_LOOKS_A_SECOND = 20.0  # while paused
_LOWEST_FACTOR, _HIGHEST_FACTOR = 1e-6, 1e6  # of the planned learning rate, by all changes together
_LONGEST = 10_000  # bytes of a command's file
_LONGEST_NUMBER = 100  # characters of a command's name that are logged


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
        LinkedError: its folder of commands is a link.
    """
    number = f"{time.time_ns():020d}-{os.getpid()}"
    with atomic_write(run.path / _FOLDER / f"{number}.json", links=False) as file:
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
        self._ignored: str | None = None
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
            if self._ignored is not None:
                yield Warned(time=time.time(), step=progress.step, message=self._ignored)
                self._ignored = None
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
        # All is done by the descriptor of the folder, which may not be a link: in a run from elsewhere it could be one
        # to any folder, whose files would be read as commands and removed.
        try:
            folder = open_folder(self._folder, links=False)
        except LinkedError as error:
            self._ignore(error.message)
            return
        except OSError:
            return
        try:
            names = sorted(name for name in os.listdir(folder) if name.endswith(".json") and not name.startswith("."))
            for name in names:
                if name not in self._seen:
                    self._seen.add(name)
                    yield _take_command(name, folder)
        finally:
            os.close(folder)

    def _ignore(self, why: str) -> None:
        """Note once that no commands are read."""
        if why not in self._seen:
            self._seen.add(why)
            self._ignored = f"commands are not read: {why}"


def _take_command(name: str, folder: int) -> Command:
    """Read a command and remove its file; an invalid one gets a name that does not exist, and so is refused."""
    number = clip(name.removesuffix(".json"), _LONGEST_NUMBER)
    try:
        try:
            if _may_be_foreign(name, folder):
                return Command(UNREADABLE, number=number)
            with os.fdopen(open_own(name, os.O_RDONLY, folder=folder), "rb") as file:
                return _parse_command(file.read(_LONGEST + 1), number)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
    except LinkedError:
        return Command(UNREADABLE, number=number)
    except OSError as error:
        return Command(UNREADABLE, error.strerror, number)


def _may_be_foreign(name: str, folder: int) -> bool:
    """Tell whether a command may come from anybody: the folder is open to all users, and another one wrote it."""
    open_to_all = os.fstat(folder).st_mode & stat.S_IWOTH
    writer = os.stat(name, dir_fd=folder, follow_symlinks=False).st_uid
    return bool(open_to_all) and writer not in (os.geteuid(), 0)


def _parse_command(content: bytes, number: str) -> Command:
    """Read a command's content; whatever is not one gets a name that does not exist, and so is refused in the log."""
    unreadable = Command(UNREADABLE, number=number)
    if len(content) > _LONGEST:
        return unreadable
    try:
        asked = parse_json(content, "the command")
    except InputError:
        return unreadable
    name, value = asked.get("command"), asked.get("value")
    if name not in COMMANDS:
        return unreadable
    if name == RATE:
        return Command(name, value if has_kind(value, float) else None, number)
    if name == NOTE:
        return Command(name, value, number) if isinstance(value, str) else unreadable
    return Command(name, None, number)


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
