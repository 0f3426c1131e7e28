"""`txt label` as its user types it, with answers coming through a pipe."""

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from txt.cli import main


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


Txt = Callable[..., Done]


def make_label_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Txt:
    """Return a function that runs `txt label` with `answers` on its standard input."""

    def run(*arguments: str, answers: str = "") -> Done:
        monkeypatch.setattr(sys, "stdin", io.StringIO(answers))
        capsys.readouterr()
        code = main(["label", *arguments])
        return Done(code, *capsys.readouterr())

    return run
