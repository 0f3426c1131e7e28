"""Training and dashboard as processes of their own: killing one never harms the other."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from tests.labeling.terminal import Terminal
from tests.training.conftest import new_run, prepared, topics  # noqa: F401
from tests.waiting import wait_until
from txt.runs.state import read_status
from txt.training.checkpoint import list_checkpoints, load_checkpoint
from txt.training.control import PAUSE, RESUME, send_command
from txt.training.loop import train
from txt.training.process import Trainer, start_trainer
from txt.training.start import resume

LONG = {"num_epochs": 16, "log_interval": 1, "save_interval": 20, "d_model": 16, "num_layers": 1}


def lines_of(run) -> int:
    return run.events_path.read_bytes().count(b"\n") if run.events_path.exists() else 0


@contextmanager
def paused_trainer(run) -> Iterator[Trainer]:
    """Start a training and let it wait after its first steps, whatever the machine's speed; killed at the end."""
    trainer = start_trainer(run)
    try:
        wait_until(lambda: lines_of(run) > 2, trainer.process)
        send_command(run, PAUSE)
        wait_until(lambda: read_status(run).state == "paused")
        yield trainer
    finally:
        trainer.process.kill()
        trainer.wait()


def watching(run) -> Terminal:
    return Terminal([sys.executable, "-m", "txt", "watch", str(run.path)], columns=100, lines=30)


def test_a_killed_dashboard_costs_nothing_and_a_killed_training_is_told(new_run, prepared):  # noqa: F811
    watched, alone = new_run("watched", **LONG), new_run("alone", **LONG)
    with paused_trainer(watched) as trainer:
        with watching(watched) as first:
            first.wait_for(b" paused ")
        seen = lines_of(watched)  # the block's end has killed the dashboard
        send_command(watched, RESUME)
        wait_until(lambda: lines_of(watched) > seen + 20)
        send_command(watched, PAUSE)
        with watching(watched) as second:
            second.wait_for(b" paused ")
            os.kill(trainer.process.pid, signal.SIGKILL)
            second.wait_for(b"died at step")
    assert read_status(watched).state == "paused"
    start = resume(str(watched.path), {})
    list(train(start.run, start.prepared, resume=start.resume))
    list(train(alone, prepared))
    one, other = (load_checkpoint(list_checkpoints(run.checkpoints)[0]) for run in (watched, alone))
    for name, tensor in one.tensors.items():
        assert torch.equal(tensor, other.tensors[name]), name


def test_a_lost_terminal_ends_the_dashboard_and_not_the_training(new_run, prepared):  # noqa: F811
    run = new_run("lost", **LONG)
    with paused_trainer(run) as trainer:
        with watching(run) as terminal:
            terminal.wait_for(b" paused ")
            os.close(terminal._master)
            terminal._master = os.open(os.devnull, os.O_RDWR)
            wait_until(lambda: os.waitid(os.P_PID, terminal.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG))
        seen = lines_of(run)
        send_command(run, RESUME)
        wait_until(lambda: lines_of(run) > seen + 20)
        assert trainer.process.poll() is None


def test_a_training_that_cannot_begin_says_why_in_its_folder(new_run, prepared):  # noqa: F811
    run = new_run("refused")
    settings = json.loads((run.path / "config.json").read_text())
    settings["config"]["device"] = "tpu9"
    (run.path / "config.json").write_text(json.dumps(settings))
    trainer = start_trainer(run)
    assert trainer.wait() == 2
    assert "tpu9" in trainer.talk.read_text()
