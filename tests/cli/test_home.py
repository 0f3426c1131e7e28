"""`txt` alone on a terminal: a command that is run from the screen, and the way back."""

import sys

import pytest

from tests.labeling.terminal import Terminal
from tests.runs.made_runs import make_run_folder, started, step


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Return `txt` on a terminal of its own, in a folder with a run, once that is shown."""
    monkeypatch.chdir(tmp_path)
    make_run_folder("002", [started(), step(30)])
    with Terminal([sys.executable, "-m", "txt"]) as terminal:
        terminal.wait_for(b"died at step 30")
        yield terminal


def run_show(home: Terminal) -> None:
    """Choose the run and the command that shows it, and run that."""
    home.send(b"G")
    home.wait_for(b"txt train --resume 002")
    home.send(b"\t")
    home.wait_for(b"txt runs show 002")
    home.send(b"r")
    home.wait_for(b"died")
    home.wait_for(b"Enter goes back")


def test_enter_comes_back_to_what_was_chosen_and_q_leaves(home):
    run_show(home)
    home.send(b"\r")
    home.wait_for(b"txt train --resume 002")
    home.send(b"q")
    assert home.wait() == 0


def test_q_leaves_after_a_command(home):
    run_show(home)
    home.send(b"q\r")
    assert home.wait() == 0
