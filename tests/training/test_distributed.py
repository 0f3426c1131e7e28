"""Two processes train as one does."""

import os
import subprocess
import sys

import pytest

from txt.events import Finished, Step
from txt.training.loop import train

TORCHRUN = "import sys; from torch.distributed.run import main; main(sys.argv[1:])"


def test_two_processes_give_the_loss_curve_of_one(new_run, prepared, tmp_path):
    options = {"dropout": 0.0, "precision": "float32", "log_interval": 1, "num_epochs": 2, "batch_size": 30}
    options["learning_rate"] = 1e-4  # the default; at far higher ones rounding alone parts the two curves
    alone, together = new_run("alone", **options), new_run("together", **options)
    list(train(alone, prepared))
    script = tmp_path / "worker.py"
    script.write_text(
        "from txt.training.start import resume\n"
        "from txt.training.loop import train\n"
        "start = resume('together', {})\n"
        "for event in train(start.run, start.prepared): pass\n"
    )
    command = [sys.executable, "-c", TORCHRUN, "--standalone", "--nproc-per-node", "2", str(script)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.getcwd()}
    subprocess.run(command, check=True, capture_output=True, env=environment, cwd=tmp_path, timeout=60)
    losses = [[event.loss for event in run.events() if isinstance(event, Step)] for run in (alone, together)]
    assert len(losses[0]) == len(losses[1]) > 20
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)
    assert isinstance(list(together.events())[-1], Finished)
