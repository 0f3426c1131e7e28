"""A training that is killed again and again ends with the weights of one that never was."""

import multiprocessing
import os
import random
import time

import torch

from txt.training.checkpoint import list_checkpoints, load_checkpoint
from txt.training.loop import train
from txt.training.start import resume

KILLS = 20


def go_on(folder, name):
    os.chdir(folder)
    start = resume(name, {})
    for _ in train(start.run, start.prepared, resume=start.resume):
        pass


def test_killed_at_random_steps_a_run_ends_with_the_same_bits(new_run, prepared, tmp_path):
    options = {"save_interval": 2, "eval_interval": 7, "log_interval": 1, "num_epochs": 6}
    whole, killed = new_run("whole", **options), new_run("killed", **options)
    list(train(whole, prepared))
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.training.test_kill"])
    rng = random.Random(11)
    for _ in range(KILLS):
        process = processes.Process(target=go_on, args=(tmp_path, "killed"))
        before = lines_of(killed)
        process.start()
        wanted = before + rng.randint(1, 8)
        while lines_of(killed) < wanted and process.is_alive():
            time.sleep(0.001)
        time.sleep(rng.random() * 0.02)
        process.kill()
        process.join()
    process = processes.Process(target=go_on, args=(tmp_path, "killed"))
    process.start()
    process.join()
    assert process.exitcode == 0
    one, other = (load_checkpoint(list_checkpoints(run.checkpoints)[0]) for run in (whole, killed))
    assert one.progress.step == other.progress.step
    assert one.progress.best_step == other.progress.best_step
    assert one.progress.best_score == other.progress.best_score
    for name, tensor in one.tensors.items():
        assert torch.equal(tensor, other.tensors[name]), name
    assert not list(killed.path.glob("checkpoints/.*/state.json"))


def lines_of(run):
    return run.events_path.read_bytes().count(b"\n") if run.events_path.exists() else 0
