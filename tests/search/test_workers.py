"""Workers on a real study of tiny models: each combination is tried exactly once, whoever is killed."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from optuna.trial import TrialState

from tests.waiting import wait_until
from txt.errors import TxtError
from txt.runs.folder import Run
from txt.search.board import build_board
from txt.search.space import Choices
from txt.search.study import Study
from txt.search.supervisor import supervise
from txt.search.trial import run_trial
from txt.search.trial_states import LOST


def finished_runs() -> list[Run]:
    runs = [Run(path.parent) for path in Path("runs").glob("*/config.json")]
    return [run for run in runs if (ended := run.finished()) and ended.status == "completed"]


def test_every_combination_is_tried_exactly_once_by_two_workers(begin):
    study, folder = begin()
    boards = list(supervise(study, folder, 2, stop=lambda: False))
    assert boards[-1].ended == boards[-1].total == 8
    done = study.optuna.get_trials(states=(TrialState.COMPLETE,))
    assert Counter(trial.user_attrs["point"] for trial in done) == Counter(range(8))
    assert len(finished_runs()) == 8
    assert all(0 <= trial.score <= 1 and trial.half_width > 0 for trial in boards[-1].of("done"))
    assert study.optuna.get_trials(states=(TrialState.RUNNING, TrialState.WAITING)) == []


def test_killed_workers_lose_no_combination_and_train_none_twice(begin):
    study, folder = begin(num_epochs=3, save_interval=5)
    rng = random.Random(3)
    kills = 0
    next_kill = 0.0
    for _ in supervise(study, folder, 2, stop=lambda: False):
        owners = [trial.user_attrs.get("owner") for trial in study.trials() if trial.state == TrialState.RUNNING]
        if owners and owners[0] and kills < 4 and time.monotonic() > next_kill:
            with suppress(ProcessLookupError):  # one that ended in this very moment
                os.kill(rng.choice([owner for owner in owners if owner])["pid"], signal.SIGKILL)
            kills += 1
            next_kill = time.monotonic() + rng.random()
    assert kills > 0
    done = study.optuna.get_trials(states=(TrialState.COMPLETE,))
    assert Counter(trial.user_attrs["point"] for trial in done) == Counter(range(8))
    assert study.optuna.get_trials(states=(TrialState.RUNNING, TrialState.WAITING)) == []
    ended = Counter(run.name for run in finished_runs())
    assert sum(ended.values()) == 8, "a combination was trained to its end twice"


def test_a_stopped_study_goes_on_where_its_trainings_stopped(begin):
    study, folder = begin(space={"dropout": Choices((0.0, 0.1))}, num_epochs=20_000)
    seen_running = threading.Event()
    for board in supervise(study, folder, 1, stop=seen_running.is_set):
        if any(trial.curve for trial in board.of("running")):
            seen_running.set()
    assert board.ended == 0
    assert board.of("running") == []
    run = Run(Path("runs/s-000"))
    assert run.finished().status == "interrupted"
    stopped_at = run.finished().step
    again = Study.open("s", folder.storage())
    again.replenish()
    taken = {each.point: each for each in (again.take(), again.take())}
    seen = []
    run_trial(again, taken[0], prepared_of(folder), 1, lambda: len(seen) > 3 or seen.append(1))
    assert Run(Path("runs/s-000")).finished().step > stopped_at


SUPERVISE = """
import sys
from pathlib import Path
from txt.search.study import Study
from txt.search.study_folder import StudyFolder
from txt.search.supervisor import supervise

folder = StudyFolder(Path(sys.argv[1]))
list(supervise(Study.open(folder.name, folder.storage()), folder, 1, stop=lambda: False))
"""


def test_a_worker_whose_supervisor_is_killed_saves_its_training_and_ends(begin):
    study, folder = begin(space={"dropout": Choices((0.0,))}, num_epochs=20_000)
    with subprocess.Popen([sys.executable, "-c", SUPERVISE, folder.path]) as supervisor:
        try:
            wait_until(lambda: study.trials() and Run(Path("runs/s-000")).events_path.exists(), supervisor)
        finally:
            supervisor.kill()
    wait_until(lambda: (ended := Run(Path("runs/s-000")).finished()) is not None and ended.status == "interrupted")


def prepared_of(folder):
    from txt.data.prepared import Prepared

    return Prepared.open(folder.prepared_path())


def test_a_trial_whose_run_had_ended_before_its_worker_died_is_not_trained_again(begin, prepared):
    study, _ = begin(space={"dropout": Choices((0.0,))})
    study.replenish()
    first = study.take()
    run_trial(study, first, prepared, 1, lambda: False)
    record = Path("runs/s-000/events.jsonl").read_bytes()
    shutil.copytree("runs", "kept")
    other, _ = begin(space={"dropout": Choices((0.0,))}, name="t")
    Path("runs/s-000").rename("runs/t-000")
    other.replenish()
    lost = other.take()
    other.fail(lost.trial.number, LOST)
    assert other.replenish() == 1
    run_trial(other, other.take(), prepared, 1, lambda: False)
    assert build_board(other).best.score == build_board(study).best.score
    assert Path("runs/t-000/events.jsonl").read_bytes() == record


def test_a_diverging_trial_fails_with_its_reason_and_the_study_goes_on(begin, prepared):
    study, _ = begin(space={"learning_rate": Choices((1e-3, 99.0))}, max_grad_norm=0.0)
    study.replenish()
    while taken := study.take():
        run_trial(study, taken, prepared, 1, lambda: False)
    board = build_board(study)
    assert study.is_over()
    assert len(board.of("done")) == 1
    assert "loss became" in board.of("failed")[0].reason
    assert study.replenish() == 0


def test_memory_that_runs_out_fails_the_trial_alone(begin, prepared, monkeypatch):
    import torch

    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory")
        yield

    study, _ = begin(space={"dropout": Choices((0.0,))})
    study.replenish()
    monkeypatch.setattr("txt.search.trial.train", full)
    run_trial(study, study.take(), prepared, 1, lambda: False)
    assert build_board(study).of("failed")[0].reason == "out of memory"
    assert study.is_over()


def test_seeds_decide_by_their_mean_and_widen_the_interval(begin, prepared):
    study, _ = begin(space={"dropout": Choices((0.0,))}, seeds=3)
    study.replenish()
    run_trial(study, study.take(), prepared, 1, lambda: False)
    best = build_board(study).best
    assert len(best.runs) == len(best.scores) == 3
    assert best.score == pytest.approx(sum(best.scores) / 3)
    assert {Run(Path("runs") / name).config().seed for name in best.runs} == {42, 43, 44}


def test_a_weak_trial_is_pruned_and_its_steps_are_saved(begin, prepared):
    rates = Choices((5e-3, 4e-3, 6e-3, 3e-3, 1e-7, 1e-6))
    study, _ = begin(space={"learning_rate": rates}, pruner="median", num_epochs=6)
    study.optuna.pruner = study.pruner()
    study._order = np.arange(6)  # the weak ones come last, and not when the seed says
    study.replenish()
    while taken := study.take():
        run_trial(study, taken, prepared, 1, lambda: False)
    board = build_board(study)
    pruned = board.of("pruned")
    assert pruned
    assert all(trial.params["learning_rate"] < 1e-5 for trial in pruned)
    assert max(trial.steps for trial in pruned) < board.best.steps
    assert board.trials[0].state == "done"


def test_halving_goes_on_from_where_its_rounds_paused(begin):
    rates = Choices((1e-4, 3e-4, 1e-3, 3e-3, 5e-3, 8e-3))
    study, folder = begin(space={"learning_rate": rates}, pruner="halving", num_epochs=4)
    whole, whole_folder = begin(space={"learning_rate": rates}, num_epochs=4, name="w")
    last = list(supervise(study, folder, 2, stop=lambda: False))[-1]
    exhaustive = list(supervise(whole, whole_folder, 2, stop=lambda: False))[-1]
    curves = {repr(trial.params): trial.curve for trial in exhaustive.trials}
    for trial in last.trials:
        assert trial.curve == curves[repr(trial.params)][: len(trial.curve)]
    per_epoch = exhaustive.steps // (6 * 4)
    assert last.steps == per_epoch * sum(len(trial.curve) for trial in last.trials)
    assert sorted(len(trial.curve) for trial in last.trials) == [1, 1, 1, 1, 3, 4]
    assert [run.name for run in map(Run, sorted(Path("runs").glob("s-*"))) if run.checkpoints.is_dir()] == []


def test_workers_that_cannot_start_are_told_with_their_last_words(begin):
    study, folder = begin()
    folder.describe(Path("nowhere"), None)
    with pytest.raises(TxtError, match=r"nowhere.*is not a prepared folder"):
        list(supervise(study, folder, 1, stop=lambda: False))


POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


@pytest.fixture
def postgres():
    """A server of its own, on loopback, for the length of a test; yields the URL of a database."""
    if not POSTGRES:
        pytest.skip("PostgreSQL is not installed")
    binaries = POSTGRES[-1].parent
    home = Path(tempfile.mkdtemp(prefix="txt-postgres-"))  # pytest's own folders are closed to other users
    as_other = {}
    if os.getuid() == 0:  # the server refuses to run as root
        import pwd

        user = pwd.getpwnam("nobody")
        os.chown(home, user.pw_uid, user.pw_gid)
        as_other = {"user": user.pw_uid, "group": user.pw_gid}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def call(*command, **more):
        return subprocess.run(command, check=True, cwd=home, stdout=subprocess.DEVNULL, **as_other, **more)

    call(binaries / "initdb", "-D", home / "db", "-U", "txt", "-A", "trust", "--no-sync")
    options = f"-h 127.0.0.1 -p {port} -k {home} -F"
    call(binaries / "pg_ctl", "-D", home / "db", "-o", options, "-l", home / "log", "-w", "start")
    try:
        yield f"postgresql://txt@127.0.0.1:{port}/postgres"
    finally:
        call(binaries / "pg_ctl", "-D", home / "db", "-m", "immediate", "-w", "stop")
        shutil.rmtree(home)


@pytest.mark.parametrize("pruner", ["none", "halving"])
def test_two_processes_share_a_study_on_a_postgresql_server(begin, postgres, pruner):
    pytest.importorskip("psycopg")
    for width in (16, 64, 256):  # on a busy machine the first process may be done before the second one is there
        study, folder = begin(storage=postgres, pruner=pruner, name=f"w{width}", d_model=width)
        boards = list(supervise(study, folder, 2, stop=lambda: False, storage=postgres))
        ended = study.optuna.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED))
        if len({trial.user_attrs["owner"]["pid"] for trial in ended}) == 2:
            break
    else:
        raise AssertionError("one process did it all")
    assert boards[-1].ended == 8
    done = Counter(trial.user_attrs["point"] for trial in ended if trial.state == TrialState.COMPLETE)
    if pruner == "none":
        assert done == Counter(range(8))
    else:
        assert len(boards[-1].of("done")) == sum(done.values()) == 2
        assert len(boards[-1].of("pruned")) == 6
