"""Two processes train as one does, also when one of them is lost on the way."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.waiting import PATIENCE_SECONDS, wait_until
from txt.runs.events import Finished, Started, Step
from txt.training.checkpoint import list_checkpoints, load_checkpoint
from txt.training.loop import train

TORCHRUN = "import sys; from torch.distributed.run import main; main(sys.argv[1:])"


def _free_port() -> int:
    """Return a port on loopback; skip the test on a machine that has not even that network."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            socket.create_connection(listener.getsockname(), timeout=PATIENCE_SECONDS).close()
            return int(listener.getsockname()[1])
    except OSError as error:
        pytest.skip(f"there is no loopback network here: {error}")


def _torchrun(*arguments: str, cwd: object) -> "subprocess.Popen[str]":
    """Start two processes that meet on loopback: neither the machine's name nor its other networks need to work."""
    meeting = ["--master-addr", "127.0.0.1", "--master-port", str(_free_port()), "--nproc-per-node", "2"]
    loopback = [name for _, name in socket.if_nameindex() if name.startswith("lo")]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    if loopback:
        environment["GLOO_SOCKET_IFNAME"] = loopback[0]
    command = [sys.executable, "-c", TORCHRUN, *meeting, *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment, cwd=cwd
    )


def _ended_well(process: "subprocess.Popen[str]") -> None:
    _, told = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, told


def _command(run, prepared):
    """Return what trains a run that is removed, with its options, for torchrun to start."""
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in run.config().changed().items()]
    shutil.rmtree(run.path)
    return ["-m", "txt", "train", str(prepared.path), *([] if run.name == "001" else ["--name", run.name]), *flags]


def test_two_processes_give_the_loss_curve_of_one(new_run, prepared, tmp_path):
    options = {"dropout": 0.0, "precision": "float32", "log_interval": 1, "num_epochs": 2, "batch_size": 30}
    options["learning_rate"] = 1e-4  # the default; at far higher ones rounding alone parts the two curves
    alone, together = new_run("alone", **options), new_run("together", **options)
    list(train(alone, prepared))
    _ended_well(_torchrun(*_command(together, prepared), cwd=tmp_path))
    losses = [[event.loss for event in run.events() if isinstance(event, Step)] for run in (alone, together)]
    assert len(losses[0]) == len(losses[1]) > 20
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)
    assert isinstance(list(together.events())[-1], Finished)


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_training_whose_processes_are_lost_ends_with_the_same_bits(new_run, prepared, tmp_path):
    options = {"num_epochs": 12, "save_interval": 5}
    whole, lost = new_run("whole", **options), new_run("001", **options)  # which is what a run without a name gets
    _ended_well(_torchrun(*_command(whole, prepared), cwd=tmp_path))
    torchrun = _torchrun("--max-restarts", "2", *_command(lost, prepared), cwd=tmp_path)
    try:
        for rank in ("1", "0"):  # the one that writes the run is the second to go
            _kill_after_a_checkpoint(lost, torchrun, rank)
        _ended_well(torchrun)
    finally:
        torchrun.terminate()
    begun = [event.step for event in lost.events() if isinstance(event, Started)]
    assert [step > 0 for step in begun] == [False, True, True]
    one, other = (load_checkpoint(list_checkpoints(run.checkpoints)[0]) for run in (whole, lost))
    assert one.progress.step == other.progress.step
    for name, tensor in one.tensors.items():
        assert torch.equal(tensor, other.tensors[name]), name


def _kill_after_a_checkpoint(run, torchrun: "subprocess.Popen[str]", rank: str) -> None:
    """Kill a process of the training when it has begun and there is one checkpoint more."""
    before = _seen(run)
    wait_until(lambda: all(now > then for now, then in zip(_seen(run), before, strict=True)), torchrun)
    os.kill(_child_of(torchrun.pid, f"RANK={rank}".encode()), signal.SIGKILL)


def _seen(run) -> tuple[int, int]:
    """Return how often a training has begun or gone on, and the step of the newest checkpoint."""
    events = list(run.events()) if run.events_path.exists() else []
    saved = [int(folder.name.removeprefix("step-")) for folder in list_checkpoints(run.checkpoints)]
    return sum(isinstance(event, Started) for event in events), max(saved, default=0)


def _child_of(parent: int, variable: bytes) -> int:
    """Return the process that a process started with a variable of this value in its environment."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return next(
        int(child) for child in children if variable in Path(f"/proc/{child}/environ").read_bytes().split(b"\0")
    )
