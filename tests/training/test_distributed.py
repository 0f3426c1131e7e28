"""Two processes train as one does."""

import os
import shutil
import socket
import subprocess
import sys

import pytest

from txt.events import Finished, Step
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
