"""A `txt` command as a process, forked from one with everything imported, so that it starts at once."""

import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

from txt.__main__ import LIBRARY_SETTINGS

ROOT = Path(__file__).resolve().parents[1]

SETTINGS = {
    "HF_HUB_OFFLINE": "1",
    "NO_COLOR": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONPATH": str(ROOT),  # for programs that start `python -m txt` from the folder of a trial
    "TQDM_DISABLE": "1",
    "TXT_NO_CONFIG": "1",
}
PRELOADED = (
    "stress.program",
    "txt.cli",
    "txt.augmentation.augment",
    "txt.data.prepare",
    "txt.evaluation.conclusion",
    "txt.export.hugging_face",
    "txt.labeling.plain",
    "txt.prediction.predict_file",
    "txt.search.worker",
    "txt.training.loop",
)

_MOST_SECONDS = 300.0


def prepare_machine() -> None:
    """Start the process that programs are forked off."""
    os.environ.update(LIBRARY_SETTINGS | SETTINGS)
    get_context("forkserver").set_forkserver_preload(list(PRELOADED))


class Program:
    """One command, running in `folder`, in a process group of its own.

    `patches` gives constants of the program other values, so that what takes minutes in earnest takes moments here;
    `answers` is a file, or a pipe by name, that it reads as its standard input; `talk` tells what it says from what
    another one says in the same folder.
    """

    def __init__(
        self,
        folder: Path,
        *arguments: object,
        answers: Path | None = None,
        patches: Mapping[str, object] = {},
        talk: str = "talk",
    ) -> None:
        self.talk = folder.parent / f"{folder.name}.{talk}"
        self.talk.unlink(missing_ok=True)
        typed = [str(each) for each in arguments]
        job = (folder, typed, self.talk, answers, dict(patches))
        self._process = get_context("forkserver").Process(target=_main, args=job)
        self._process.start()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid or 0

    def runs(self) -> bool:
        """Return whether the process has not ended."""
        return self._process.is_alive()

    def signal(self, number: int, *, all_of_it: bool = False) -> None:
        """Send a signal to the process, or to all of its group; one that has ended hears nothing."""
        try:
            (os.killpg if all_of_it else os.kill)(self.pid, number)
        except ProcessLookupError:
            if all_of_it and self.runs():  # it has no group of its own yet
                os.kill(self.pid, number)

    def kill(self, *, all_of_it: bool = False) -> None:
        """End the process as a pulled plug or the kernel would, alone or with those it started."""
        self.signal(signal.SIGKILL, all_of_it=all_of_it)
        self.wait()

    def wait(self, seconds: float = _MOST_SECONDS) -> int | None:
        """Return the exit code when it has ended; None, and killed, when it does not end."""
        self._process.join(seconds)
        if self.runs():
            self.signal(signal.SIGKILL, all_of_it=True)
            self._process.join()
            return None
        return self._process.exitcode

    def said(self) -> str:
        """Return what it has said so far."""
        return self.talk.read_text(errors="replace") if self.talk.exists() else ""

    def wait_for(self, words: str, times: int = 1, seconds: float = _MOST_SECONDS) -> bool:
        """Wait until it has said something so many times; returns False when it ends or takes too long."""
        until = time.monotonic() + seconds
        while self.said().count(words) < times:
            if not self.runs() or time.monotonic() > until:
                return False
            time.sleep(0.002)
        return True


def find_processes(folder: Path) -> list[int]:
    """Return the processes that live in a folder: what a program has left running."""
    inside = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            where = Path(os.readlink(entry / "cwd"))
            is_dead = (entry / "stat").read_text().rpartition(")")[2].split()[0] in "ZX"
        except OSError:
            continue
        if where.is_relative_to(folder.resolve()) and not is_dead:
            inside.append(int(entry.name))
    return inside


def wait_until_gone(folder: Path, seconds: float = 30.0) -> bool:
    """Wait until no process lives in a folder; those that stay are killed, and False is returned."""
    until = time.monotonic() + seconds
    while find_processes(folder):
        if time.monotonic() > until:
            for pid in find_processes(folder):
                os.kill(pid, signal.SIGKILL)
            return False
        time.sleep(0.02)
    return True


def temporary_folder(folder: Path) -> Path:
    """Return where programs that run in a folder put their temporary files."""
    beside = folder.parent / f"{folder.name}.tmp"
    beside.mkdir(exist_ok=True)
    return beside


def _main(
    folder: Path,
    arguments: Sequence[str],
    talk: Path,
    answers: Path | None,
    patches: Mapping[str, object],
) -> None:
    os.setpgid(0, 0)
    os.chdir(folder)
    os.environ["TMPDIR"] = str(temporary_folder(folder))
    with talk.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.dup2(os.open(answers or os.devnull, os.O_RDONLY), 0)
    sys.stdin = os.fdopen(0, closefd=False)
    for name, value in patches.items():
        module, _, constant = name.rpartition(".")
        setattr(import_module(module), constant, value)
    from txt.cli import main

    sys.exit(main([*arguments]))
