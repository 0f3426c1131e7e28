"""What the trials work on, made once: a few hundred texts, a prepared folder, and a run with a model."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from stress.program import Program
from tests.training.conftest import write_topics

SMALL = ("--d-model", 32, "--nhead", 4, "--num-layers", 1, "--threads", 1, "--precision", "float32", "--plain")
"""A model that trains in a second."""


@dataclass(frozen=True)
class Inputs:
    """Where the inputs are; trials copy what they need."""

    folder: Path

    @property
    def texts(self) -> Path:
        """480 labeled texts."""
        return self.folder / "topics.csv"

    @property
    def prepared(self) -> Path:
        """The texts, prepared."""
        return self.folder / "prepared"

    @property
    def run(self) -> Path:
        """A finished run on them."""
        return self.folder / "runs" / "model"

    @classmethod
    def make(cls, folder: Path) -> "Inputs":
        """Make them with the commands that are to be tried."""
        inputs = cls(folder)
        write_topics(inputs.texts)
        training = ("--name", "model", "--epochs", 2, "--lr", "5e-3", *SMALL)
        for arguments in (("prepare", "topics.csv", "--vocab-size", 400), ("train", "prepared", *training)):
            program = Program(folder, *arguments)
            if program.wait() != 0:
                raise RuntimeError(f"txt {' '.join(map(str, arguments))} failed:\n{program.said()}")
        return inputs


def copy(source: Path, folder: Path) -> Path:
    """Copy a file or a folder into another folder."""
    target = folder / source.name
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)
    return target
