"""Run folders, one for each training: config.json, events.jsonl, checkpoints/, model/ and report.json."""

import errno
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import IO, Any

from txt.config import TrainConfig
from txt.consent import MODEL, allow, allow_data, find_project, may_use_data, require_data
from txt.errors import InputError, did_you_mean
from txt.files import (
    FORMAT,
    LinkedError,
    claim_folder,
    encode_line,
    mend_torn_line,
    open_own,
    read_json,
    write_json,
)
from txt.json_input import take_field
from txt.runs.event_index import EventIndex
from txt.runs.events import Event, Finished

RUNS = Path("runs")
STUDIES = Path("studies")

STATUS = "status.json"
"""The file in which a training reports that it is alive; the first one made in a run's folder."""

REMOVED = ".removed"
"""Suffix of the name of a hidden folder that is being removed."""


@dataclass(frozen=True)
class Run:
    """The folder of one training; `new` makes it, `open` finds it by name or path."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's name, by which commands take a run."""
        return self.path.name

    @property
    def _record_path(self) -> Path:
        return self.path / "config.json"

    @property
    def events_path(self) -> Path:
        """The record of all that happened, one JSON object a line."""
        return self.path / "events.jsonl"

    @property
    def checkpoints(self) -> Path:
        """The folder of states to resume from."""
        return self.path / "checkpoints"

    @property
    def model(self) -> Path:
        """The best model so far, in Hugging Face layout."""
        return self.path / "model"

    @classmethod
    @contextmanager
    def new(cls, name: str | None = None, runs: Path = RUNS) -> Iterator["Run"]:
        """Make a folder in `runs`, and remove it again when the block fails before the run was `describe`d.

        Raises:
            InputError: the name is not a plain file name, or is taken.
        """
        run = cls(_make_folder(name, runs))
        with claim_folder(run.path):
            try:
                yield run
            finally:
                if not run._record_path.exists():
                    run.delete()

    def can_be_made(self) -> bool:
        """Return whether a run may be made here: there is nothing, or only what a killed start left."""
        return not self.path.exists() or (self.path.is_dir() and _is_undescribed(self.path))

    def describe(self, config: TrainConfig, prepared: Path, fingerprint: str) -> None:
        """Write config.json: the run trains by `config` on the folder `prepared`, whose data has this `fingerprint`."""
        record = {
            "format": FORMAT,
            "created": datetime.now().astimezone().isoformat(timespec="seconds"),
            "prepared": os.path.relpath(prepared.resolve(), self.path.resolve()),
            "fingerprint": fingerprint,
            "config": config.to_json(),
            "columns": _read_columns(prepared),
        }
        write_json(self._record_path, record)
        allow_data(self.project, prepared)
        if config.pretrained is not None:
            allow(MODEL, config.pretrained)

    @classmethod
    def open(cls, name_or_path: str | Path) -> "Run":
        """Find a run by its name under `runs/`, or by its path.

        Raises:
            InputError: there is no such run (those that exist are listed), or the folder is not a run.
        """
        for path in (Path(name_or_path), RUNS / name_or_path):
            if (path / "config.json").is_file():
                return cls(path)
        names = [run.name for run in list_runs()]
        close = did_you_mean(Path(name_or_path).name, names) or ""
        listed = ", ".join(names[:10]) + (" …" if len(names) > 10 else "")
        there = f"there are: {listed}" if names else "`txt train DATA` makes one"
        raise InputError(f"run `{name_or_path}` does not exist", f"{close} {there}".lstrip())

    @classmethod
    def find_newest(cls) -> "Run":
        """Return the run that was made last.

        Raises:
            InputError: there is none.
        """
        runs = list_runs()
        if not runs:
            raise InputError("there is no run here yet", "`txt train DATA` makes one")
        return runs[0]

    def record(self) -> dict[str, Any]:
        """Return config.json: when it was made, on what data, with which options."""
        return read_json(self._record_path)

    def config(self) -> TrainConfig:
        """Return the options the run was started with."""
        source = f"`{self._record_path}`"
        return TrainConfig.from_json(take_field(self.record(), "config", dict, source), source=source)

    @property
    def project(self) -> Path:
        """The folder that holds `runs/` with this run; for a run elsewhere its own."""
        return find_project(self.path, RUNS.name)

    def prepared_path(self) -> Path:
        """Return the folder of prepared data that the run says it trains on, wherever that is."""
        written = take_field(self.record(), "prepared", str, f"`{self._record_path}`")
        found = Path(os.path.normpath(self.path / written))
        if not found.exists() and (self.path.is_symlink() or self.path.parent.is_symlink()):
            return Path(os.path.normpath(self.path.resolve() / written))  # as it was written: from where the run is
        return found

    def locate_prepared(self) -> Path:
        """Return the folder of prepared data to read.

        Raises:
            NotAllowedError: it lies outside the run's project, and the user has not named or allowed it.
        """
        return require_data(f"run `{self.name}`", self.project, self.prepared_path())

    def may_read_prepared(self) -> bool:
        """Return whether the prepared data lies in the run's project, or was named or allowed by the user."""
        return may_use_data(self.project, self.prepared_path())

    def events(self) -> Iterator[Event]:
        """Yield what happened so far; empty for a run that never started. Damaged lines are left out."""
        from txt.runs.feed import RecordReader  # brings numpy, and most commands on folders do without

        return RecordReader(self.events_path).read()

    def finished(self) -> Finished | None:
        """Return how the run ended, or None while it has not (or was killed)."""
        last = None
        for event in self.events():
            last = event
        return last if isinstance(last, Finished) else None

    def delete(self) -> None:
        """Remove the folder: first hide it by a rename, then delete it, so that nobody ever sees half of a run.

        Raises:
            OSError: it may not be removed.
        """
        hidden = Path(tempfile.mkdtemp(dir=self.path.parent, prefix=f".{self.name}.", suffix=REMOVED))
        os.replace(self.path, hidden / self.name)
        shutil.rmtree(hidden)
        for left in self.path.parent.glob(f".*{REMOVED}/*"):  # of a removal that was killed
            shutil.rmtree(left.parent, ignore_errors=True)

    def rename(self, name: str) -> "Run":
        """Give the folder another name, and return the run under it.

        Raises:
            InputError: the name is not a plain file name or is taken, or the run is being trained.
        """
        check_name(name)
        other = Run(self.path.parent / name)
        with self.lock():
            try:
                other.path.mkdir()  # an empty folder of ours holds the name, and is replaced in one step
            except FileExistsError:
                raise InputError(f"`{other.path}` exists already", "choose another name") from None
            os.replace(self.path, other.path)
        return other

    def is_training(self) -> bool:
        """Return whether a process is training this run."""
        try:
            with self.lock():
                return False
        except (LinkedError, OSError):  # nobody trains what cannot be opened for writing
            return False
        except InputError:
            return True

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes from training the run while the block works on its folder.

        Raises:
            InputError: a process is training this run.
        """
        if not self.events_path.is_file():
            yield
            return
        with os.fdopen(open_own(self.events_path, os.O_RDONLY), "rb") as file:
            if not _take_lock(file, fcntl.LOCK_SH):
                raise InputError(f"run `{self.name}` is being trained", "stop it first, or wait until it has ended")
            yield


def find_linked_folders(run: Run) -> dict[Path, Path]:
    """Return the folders of a run that are links, with where they lead; `runs` itself, the run, and its checkpoints.

    These may be links, to a larger disk. No other folder of a run is written through one.

    Raises:
        LinkedError: the checkpoints of a run are those of another one, whose older ones would be removed.
    """
    links = {path: path.resolve() for path in (run.path.parent, run.path, run.checkpoints) if path.is_symlink()}
    target = links.get(run.checkpoints)
    if target is not None:
        own = run.path.resolve()
        is_anothers = target.parent != own and any((target.parent / name).exists() for name in ("config.json", STATUS))
        if is_anothers or own.is_relative_to(target):
            raise LinkedError(
                f"`{run.checkpoints}` is a link to `{target}`, which is not a folder of this run's own",
                "link it to a folder of its own",
            )
    return links


class EventLog:
    """Appends events to a run's events.jsonl, each in one write; used as a context manager.

    When the disk is full, events wait in memory and are written with the next one, so that training goes on. The file
    is locked, so that two processes never train one run.

    Raises:
        InputError: another process is training this run, or the record is a link to some other file.
    """

    def __init__(self, run: Run) -> None:
        # in a folder from elsewhere it may be a link to any file of ours
        self._file = os.fdopen(open_own(run.events_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), "ab", buffering=0)
        if not _take_lock(self._file, fcntl.LOCK_EX, seconds=0.5):
            self._file.close()
            raise InputError(f"run `{run.name}` is being trained by another process") from None
        mend_torn_line(run.events_path)
        self._index = EventIndex(run.events_path)
        self._waiting: list[dict[str, Any]] = []

    def write(self, event: Event) -> None:
        """Append an event, and any that had to wait."""
        self._waiting.append(event.to_json())
        end = self._file.seek(0, os.SEEK_END)
        lines = [encode_line(value) for value in self._waiting]
        content = b"".join(lines)
        try:
            if self._file.write(content) == len(content):
                self._index.append(end, self._waiting, lines)
                self._waiting.clear()
                return
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise
        self._file.truncate(end)

    def __enter__(self) -> "EventLog":
        return self

    def __exit__(self, *_: object) -> None:
        self._index.close()
        self._file.close()


def list_runs(folder: Path = RUNS) -> list[Run]:
    """Return the runs under `folder`, the newest first."""
    made = {}
    for path in folder.glob("*/config.json"):
        with suppress(FileNotFoundError):  # removed this moment
            made[Run(path.parent)] = path.stat().st_mtime_ns
    return sorted(made, key=made.__getitem__, reverse=True)


def find_runs_on(prepared: Path, folder: Path = RUNS) -> list[Run]:
    """Return the runs that train on the prepared folder at this path, the newest first."""
    wanted = os.path.realpath(prepared)
    found = []
    for run in list_runs(folder):
        with suppress(InputError, KeyError, TypeError):  # a folder that is not a run must not stop a search
            if os.path.realpath(run.prepared_path()) == wanted:
                found.append(run)
    return found


def check_name(name: str, given_as: str = "") -> None:
    """Refuse what cannot name a run; `given_as` is the flag that was used, for the message.

    Raises:
        InputError: it is not a plain folder name.
    """
    if name in ("", ".", "..") or Path(name).name != name or any(ord(letter) < 32 for letter in name):
        told = f"{given_as} `{name}`".lstrip()
        raise InputError(f"{told} is not a plain folder name", f"letters, digits, dashes: {given_as} bigger-model")


def _read_columns(prepared: Path) -> Any:
    """Return the columns that data was prepared from, so that a run alone knows how to read more of it."""
    with suppress(InputError):
        return read_json(prepared / "manifest.json").get("columns")
    return None


def _take_lock(file: IO[bytes], kind: int, seconds: float = 0.0) -> bool:
    """Take the lock on a file, waiting up to `seconds`: others hold it briefly to see whether the run is trained."""
    given_up = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
            return True
        except OSError:
            if time.monotonic() >= given_up:
                return False
            time.sleep(0.01)


def _make_folder(name: str | None, runs: Path) -> Path:
    """Make the folder of a new run: `runs/NAME`, or the first free `runs/NUMBER`."""
    if name is None:
        return _make_numbered_folder(runs)
    path = refuse_taken_name(name, runs).path
    try:
        path.mkdir(parents=True)
    except FileExistsError:  # what a killed start left, or another start that was faster
        refuse_taken_name(name, runs)
        with claim_folder(path):
            Run(path).delete()
        return _make_folder(name, runs)
    return path


def refuse_taken_name(name: str, runs: Path = RUNS) -> Run:
    """Return the run that may be made under a name in `runs`.

    Raises:
        InputError: the name is not a plain file name, or is taken.
    """
    check_name(name, "--name")
    run = Run(runs / name)
    if not run.can_be_made():
        hint = f"--resume {name} goes on with it; another --name starts a new one"
        raise InputError(f"a run `{run.path}` exists already", hint)
    return run


def _is_undescribed(path: Path) -> bool:
    """Return whether a folder has nothing in it but the files that exist before a run's config.json is written."""
    there = {entry for entry in os.listdir(path) if not (entry.startswith(".") and entry.endswith(".part"))}
    return not there or (STATUS in there and there <= {STATUS, "prepared"})


def _make_numbered_folder(runs: Path) -> Path:
    """Make the first free folder above all numbered ones, even while other trainings do the same."""
    taken = [int(path.name) for path in runs.glob("*") if path.name.isdecimal()]
    for number in count(max(taken, default=0) + 1):
        path = runs / f"{number:03d}"
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            continue
        return path
    raise AssertionError
