"""Two processes train as one does."""

import os
import shutil
import socket
import subprocess
import sys

import pytest

from txt.events import Finished, Started, Step
from txt.runs import Run
from txt.training.loop import train

TORCHRUN = "import sys; from torch.distributed.run import main; main(sys.argv[1:])"


def _free_port() -> int:
    """Return a port on loopback; skip the test on a machine that has not even that network."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            socket.create_connection(listener.getsockname(), timeout=5).close()
            return int(listener.getsockname()[1])
    except OSError as error:
        pytest.skip(f"there is no loopback network here: {error}")


def _torchrun(*arguments: str, cwd: object) -> None:
    """Start two processes that meet on loopback: neither the machine's name nor its other networks need to work."""
    meeting = ["--master-addr", "127.0.0.1", "--master-port", str(_free_port()), "--nproc-per-node", "2"]
    loopback = [name for _, name in socket.if_nameindex() if name.startswith("lo")]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.getcwd()}
    if loopback:
        environment["GLOO_SOCKET_IFNAME"] = loopback[0]
    command = [sys.executable, "-c", TORCHRUN, *meeting, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=cwd, timeout=300)
    assert done.returncode == 0, done.stderr


def test_two_processes_give_the_loss_curve_of_one(new_run, prepared, tmp_path):
    options = {"dropout": 0.0, "precision": "float32", "log_interval": 1, "num_epochs": 2, "batch_size": 30}
    options["learning_rate"] = 1e-4  # the default; at far higher ones rounding alone parts the two curves
    alone, together = new_run("alone", **options), new_run("together", **options)
    list(train(alone, prepared))
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in alone.config().changed().items()]
    shutil.rmtree(together.path)
    _torchrun("-m", "txt", "train", str(prepared.path), "--name", "together", *flags, cwd=tmp_path)
    losses = [[event.loss for event in run.events() if isinstance(event, Step)] for run in (alone, together)]
    assert len(losses[0]) == len(losses[1]) > 20
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)
    assert isinstance(list(together.events())[-1], Finished)


LOSING = """
import os, signal, sys, threading, time
from pathlib import Path
from txt.__main__ import run

def die_after_a_checkpoint():
    while not list(Path("runs/lost/checkpoints").glob("step-*")):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)

if os.environ["RANK"] == "1" and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
    threading.Thread(target=die_after_a_checkpoint, daemon=True).start()
sys.exit(run())
"""


def test_a_lost_worker_is_started_again_and_the_run_goes_on(prepared, tmp_path):
    script = tmp_path / "losing.py"
    script.write_text(LOSING)
    options = ["--d-model=16", "--nhead=2", "--num-layers=1", "--epochs=12", "--save-interval=5", "--threads=1"]
    _torchrun("--max-restarts", "1", str(script), "train", str(prepared.path), "--name", "lost", *options, cwd=tmp_path)
    events = list(Run(tmp_path / "runs" / "lost").events())
    starts = [event.step for event in events if isinstance(event, Started)]
    assert len(starts) == 2
    assert starts[0] == 0 < starts[1]
    assert isinstance(events[-1], Finished)
    assert events[-1].step == events[0].total_steps
