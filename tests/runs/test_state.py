"""How a run stands, told from the end of its record."""

import fcntl
import os
import threading
import time
from contextlib import nullcontext
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.runs.made_runs import evaluation, finished, make_run_folder, make_training_events, started, step
from txt.files import read_lines_backwards
from txt.runs.folder import EventLog, Run
from txt.runs.live import WatchedRun
from txt.runs.pruning import pruning
from txt.runs.state import (
    LivenessCheck,
    RunState,
    determine_state,
    make_own_status,
    may_continue,
    read_status,
    read_tail,
    write_status,
)
from txt.runs.summary import summarize_runs


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def stands(run: Run) -> RunState:
    return determine_state(run, read_tail(run))


@given(
    st.lists(st.binary(max_size=3000).map(lambda line: line.replace(b"\n", b"")), max_size=60), st.binary(max_size=50)
)
def test_lines_come_from_the_last_to_the_first_without_a_torn_one(tmp_path_factory, lines, torn):
    path = tmp_path_factory.mktemp("lines") / "file"
    path.write_bytes(b"".join(line + b"\n" for line in lines) + torn.replace(b"\n", b""))
    assert list(read_lines_backwards(path)) == lines[::-1]


def test_no_more_is_read_than_allowed(tmp_path):
    (tmp_path / "file").write_bytes(b"".join(b"%05d\n" % number for number in range(100_000)))
    assert [int(line) for line in read_lines_backwards(tmp_path / "file", 600)] == list(range(99_999, 99_900, -1))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("completed", "finished"),
        ("early_stopped", "early-stopped"),
        ("interrupted", "interrupted"),
        ("diverged", "diverged"),
        ("failed", "failed"),
        ("a status of the future", "failed"),
    ],
)
def test_a_run_that_ended_stands_as_its_last_event_says(status, kind):
    run = make_run_folder("001", [*make_training_events()[:-1], finished(60, 0.8, status)])
    assert stands(run) == RunState(kind, 60, 60)


def test_a_record_without_an_end_is_that_of_a_run_that_died_at_its_last_step():
    run = make_run_folder("001", [started(), step(5), step(10), evaluation(10, 0.6), step(15)])
    tail = read_tail(run)
    assert stands(run).words == "died at step 15 of 60"
    assert (tail.best_score, tail.seconds) == (0.6, 15.0)


def test_a_torn_last_line_and_lines_that_are_no_events_are_passed_over():
    run = make_run_folder("001", [started(), step(5)])
    with run.events_path.open("ab") as file:
        file.write(b'{"event": "step"}\nnot json\n[1]\n{"event": "unheard", "step": 9}\n{"event": "fini')
    assert stands(run) == RunState("died", 5, 60)


def test_a_run_whose_record_is_locked_runs_and_looking_does_not_disturb_it():
    run = make_run_folder("001", [started(), step(5)])
    with EventLog(run) as log:
        assert stands(run) == RunState("running", 5, 60)
        log.write(step(10))
        assert stands(run) == RunState("running", 10, 60)
    assert stands(run).kind == "died"


def test_a_training_begins_although_someone_looks_whether_it_runs():
    run = make_run_folder("001", [started()])
    with run.events_path.open("rb") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        descriptor = os.dup(looking.fileno())
    threading.Timer(0.1, os.close, [descriptor]).start()
    with EventLog(run):
        assert run.is_training()


def test_a_run_that_was_resumed_is_not_finished_any_more():
    run = make_run_folder("001", [*make_training_events(), started(60), step(65)])
    assert stands(run) == RunState("died", 65, 60)


def test_a_run_that_never_recorded_anything_was_not_started():
    assert stands(make_run_folder("001")) == RunState("not-started", 0, None)


def test_a_run_is_starting_while_the_process_that_made_it_lives():
    run = make_run_folder("001")
    write_status(run, make_own_status(os.getpid(), "starting"))
    assert stands(run).kind == "starting"
    write_status(run, make_own_status(2**22 + 1, "starting"))  # no process has this number
    assert stands(run).kind == "died"


def test_a_run_on_another_machine_lives_while_it_gives_signs_of_life():
    run = make_run_folder("001", [started(), step(5)])
    there = replace(make_own_status(1, "training"), host="elsewhere", step=9)
    write_status(run, there)
    assert stands(run) == RunState("running", 9, 60)
    write_status(run, replace(there, state="paused"))
    assert stands(run).kind == "paused"
    write_status(run, replace(there, heartbeat=time.time() - 3600))
    assert stands(run) == RunState("died", 9, 60)


def test_a_long_record_is_not_read_whole():
    run = make_run_folder("001", make_training_events())
    content = run.events_path.read_bytes()
    with run.events_path.open("r+b") as file:
        file.seek(1 << 40)  # a hole that nobody reads through
        file.write(b"\n" + content)
    assert stands(run) == RunState("finished", 60, 60)
    assert read_tail(run).begun == 1000.0


@pytest.mark.parametrize(("silent", "kind"), [(0, "running"), (14, "running"), (50, "running"), (75, "died")])
def test_lists_watchers_and_pruning_agree_whether_a_run_of_another_machine_is_alive(silent, kind):
    run = make_run_folder("001", [started(), step(5)])
    make_run_folder("002", make_training_events(), day=2)
    write_status(run, replace(make_own_status(1, "training"), host="elsewhere", heartbeat=time.time() - silent))
    watched = WatchedRun(run)
    watched.look()
    listed = {each.name: each for each in summarize_runs()}
    assert (watched.state, listed["001"].state.kind) == (kind, kind)
    assert may_continue(run, LivenessCheck(run), step(5)) == (kind == "running")
    assert [each.name for each in pruning(list(listed.values()), 1).removed] == ([] if kind == "running" else ["001"])


@pytest.mark.parametrize("state", ["starting", "training", "paused", "failed", "completed"])
@pytest.mark.parametrize("lives", [True, False])
@pytest.mark.parametrize("locked", [True, False])
@pytest.mark.parametrize("ended", [True, False])
def test_a_list_and_a_watcher_say_the_same_of_every_run(state, lives, locked, ended):
    pid = os.getpid() if lives else 2**22 + 1  # above what Linux gives
    run = make_run_folder("001", make_training_events() if ended else [started(), step(5)])
    with EventLog(run) if locked else nullcontext():
        write_status(run, make_own_status(pid, state))
        watched = WatchedRun(run)
        watched.look()
        listed = stands(run).kind
        assert watched.state == ("running" if listed == "paused" else listed)  # a watcher hears of a pause by an event


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[" * 100_000, b'{"pid": "1"}', b'{"pid": 1, "host": 3, "boot_id": "", "heartbeat": NaN}']
)
def test_a_status_that_cannot_be_is_none(content):
    run = make_run_folder("001", [started(), step(5)])
    (run.path / "status.json").write_bytes(content)
    assert read_status(run) is None
    assert stands(run).kind == "died"


def test_a_record_that_is_a_link_is_trained_by_nobody():
    run, other = make_run_folder("001"), make_run_folder("002", [started(), step(5)])
    run.events_path.symlink_to(other.events_path.resolve())
    with EventLog(other):
        assert not run.is_training()
        assert stands(run).kind == "died"
        assert stands(other).kind == "running"
