"""Runs a training as a process of its own, which outlives the terminal and its viewers."""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from txt.files import open_own
from txt.runs.folder import Run
from txt.runs.state import STARTING, make_own_status, write_status


@dataclass(frozen=True)
class Trainer:
    """The process that trains a run; what it says is in the run's folder."""

    run: Run
    process: "subprocess.Popen[bytes]"

    @property
    def talk(self) -> Path:
        """The file with its messages."""
        return talk_path(self.run)

    def wait(self) -> int:
        """Wait until it has ended, and return its exit code."""
        return self.process.wait()


def talk_path(run: Run) -> Path:
    """Return the file with the messages of a run's process."""
    return run.path / "output.txt"


def conclusion_path(run: Run) -> Path:
    """Return the file that holds the table with which a run's process ended."""
    return run.path / "conclusion.txt"


def start_trainer(run: Run, at_step: int | None = None, environment: Mapping[str, str] | None = None) -> Trainer:
    """Train a run in a session of its own, from a checkpoint or from the beginning.

    Its output goes to files: a pipe would block it as soon as its reader is gone.

    Args:
        run: a run that is described, and not being trained.
        at_step: the checkpoint to go on from, the newest by default.
        environment: variables for the process besides our own.

    Raises:
        LinkedError: one of these files is a link, and could be any file of ours.
    """
    command = [sys.executable, "-m", "txt", "train", "--resume", str(run.path.resolve()), "--plain"]
    command += [] if at_step is None else ["--at-step", str(at_step)]
    talk, conclusion = talk_path(run), conclusion_path(run)
    conclusion.unlink(missing_ok=True)
    with _open_anew(talk) as said, _open_anew(conclusion) as told:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=said,
            start_new_session=True,
            env={**os.environ, "TQDM_DISABLE": "1", "TXT_NO_CONFIG": "1", **(environment or {})},
        )
    write_status(run, make_own_status(process.pid, STARTING))
    threading.Thread(target=process.wait, name="reaper", daemon=True).start()  # else it would look alive when dead
    return Trainer(run, process)


def _open_anew(path: Path) -> IO[bytes]:
    """Open a file of the run's folder for writing, emptied; a link in its place is refused."""
    return os.fdopen(open_own(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb")
