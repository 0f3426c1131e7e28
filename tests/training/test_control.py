"""Commands to a training that runs: each is carried out before the next step, and told in the event log."""

import json
import os
import threading

import pytest
import torch

from txt.processes import boot_id, is_process_running
from txt.runs.events import Acknowledged, Finished, Saved, Started, Step
from txt.runs.state import PAUSED, TRAINING, LivenessCheck, Status, make_own_status, read_status, write_status
from txt.training import control
from txt.training.checkpoint import list_checkpoints, load_checkpoint, load_newest_checkpoint
from txt.training.loop import train


def told(run, prepared, at, *commands):
    """Train, send commands once `at` steps are done, and return the events."""
    events = []
    for event in train(run, prepared):
        events.append(event)
        if isinstance(event, Step) and event.step == at:
            for command in commands:
                control.send_command(run, *command)
    return events


def acknowledged(events):
    return [event for event in events if isinstance(event, Acknowledged)]


def final_tensors(run):
    return load_checkpoint(list_checkpoints(run.checkpoints)[0]).tensors


def test_a_command_is_acknowledged_before_the_next_step(new_run, prepared):
    run = new_run(log_interval=1)
    number = control.send_command
    events = []
    for event in train(run, prepared):
        events.append(event)
        if isinstance(event, Step) and event.step == 5:
            number = control.send_command(run, control.SAVE)
    (answer,) = acknowledged(events)
    assert (answer.command, answer.number, answer.refused, answer.step) == ("save", number, None, 5)
    assert not list((run.path / "control").iterdir())


def test_save_writes_a_checkpoint_now(new_run, prepared):
    events = told(new_run(log_interval=1, save_interval=0), prepared, 5, ("save",))
    assert next(event.step for event in events if isinstance(event, Saved) and not event.best) == 5


def test_stop_saves_and_the_run_can_go_on(new_run, prepared):
    run = new_run(log_interval=1)
    events = told(run, prepared, 7, ("stop",))
    assert isinstance(events[-1], Finished)
    assert (events[-1].status, events[-1].step) == ("interrupted", 7)
    assert load_newest_checkpoint(run.checkpoints).progress.step == 7


def test_discard_ends_without_a_checkpoint(new_run, prepared):
    run = new_run(log_interval=1)
    events = told(run, prepared, 3, ("discard",))
    assert events[-1].status == "discarded"
    assert not list_checkpoints(run.checkpoints)


def test_the_learning_rate_changes_from_the_next_step_on_and_the_change_is_in_checkpoints(new_run, prepared):
    run, other = new_run("changed", log_interval=1), new_run("plain", log_interval=1)
    events = told(run, prepared, 10, ("rate", 0.5))
    rates = {event.step: event.learning_rate for event in events if isinstance(event, Step)}
    planned = {event.step: event.learning_rate for event in train(other, prepared) if isinstance(event, Step)}
    assert rates[10] == planned[10]
    assert rates[11] == pytest.approx(planned[11] / 2, rel=1e-12)
    assert load_newest_checkpoint(run.checkpoints).progress.rate_factor == 0.5


def test_a_note_is_in_the_record_at_its_step(new_run, prepared):
    events = told(new_run(log_interval=1), prepared, 4, ("note", "the loss jumps"))
    assert [(event.step, event.value) for event in acknowledged(events)] == [(4, "the loss jumps")]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"command": "format the disk"}', b'{"command": ["a"]}', b"\xff\xfe", b'{"command": null}'],
)
def test_nonsense_is_refused_in_the_log_and_training_goes_on(new_run, prepared, content):
    run = new_run(log_interval=1)
    events = []
    for event in train(run, prepared):
        events.append(event)
        if isinstance(event, Step) and event.step == 3:
            (run.path / "control").mkdir(exist_ok=True)
            (run.path / "control" / "9.json").write_bytes(content)
    (answer,) = acknowledged(events)
    assert answer.refused
    assert events[-1].status == "completed"


@pytest.mark.parametrize("factor", [0, -1, 1e9, None, "much"])
def test_a_learning_rate_that_makes_no_sense_is_refused(new_run, prepared, factor):
    run = new_run()
    (answer,) = acknowledged(told(run, prepared, 10, ("rate", factor)))
    assert answer.refused
    assert load_newest_checkpoint(run.checkpoints).progress.rate_factor == 1.0


def test_commands_of_an_earlier_training_are_forgotten(new_run, prepared):
    run = new_run()
    control.send_command(run, control.STOP)
    assert list(train(run, prepared))[-1].status == "completed"


def test_a_paused_training_waits_and_ends_with_the_same_weights(new_run, prepared):
    paused, whole = new_run("paused", log_interval=1), new_run("whole", log_interval=1)
    states = []

    def resume():
        while not states or states[-1] != PAUSED:
            status = read_status(paused)
            states.append(status.state if status else None)
        control.send_command(paused, control.NOTE, "while paused")
        control.send_command(paused, control.RESUME)

    waiting = threading.Thread(target=resume)
    waiting.start()
    events = told(paused, prepared, 5, ("pause",))
    waiting.join()
    list(train(whole, prepared))
    assert [event.command for event in acknowledged(events)] == ["pause", "note", "resume"]
    assert {event.step for event in acknowledged(events)} == {5}
    for name, tensor in final_tensors(whole).items():
        assert torch.equal(tensor, final_tensors(paused)[name]), name


def test_a_paused_training_can_be_stopped(new_run, prepared):
    events = told(new_run(log_interval=1), prepared, 5, ("pause",), ("stop",))
    assert (events[-1].status, events[-1].step) == ("interrupted", 5)


def test_the_status_tells_who_trains_and_how_it_ended(new_run, prepared):
    run = new_run(log_interval=1)
    training = train(run, prepared)
    assert isinstance(next(training), Started)
    status = read_status(run)
    assert (status.pid, status.state) == (os.getpid(), TRAINING)
    assert LivenessCheck(run).look(status).is_alive
    last = list(training)[-1]
    status = read_status(run)
    assert (status.state, status.step) == ("completed", last.step)


def test_the_status_tells_why_a_training_failed(new_run, prepared, monkeypatch):
    run = new_run()
    training = train(run, prepared)
    next(training)
    monkeypatch.setattr("txt.training.loop.score_split", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        list(training)
    status = read_status(run)
    assert status.state == "failed"
    assert "division by zero" in status.reason


def test_a_status_that_cannot_be_read_is_none(new_run):
    run = new_run()
    assert read_status(run) is None
    (run.path / "status.json").write_text('{"pid": 1}')
    assert read_status(run) is None
    (run.path / "status.json").write_text("[")
    assert read_status(run) is None


def test_a_dead_process_and_an_earlier_boot_are_no_life(new_run):
    run = new_run()
    run.events_path.touch()
    now = make_own_status(os.getpid(), TRAINING)
    old = Status(**{**vars(now), "heartbeat": now.heartbeat - 60})
    assert not LivenessCheck(run).look(old).is_alive
    earlier = Status(**{**vars(now), "boot_id": "another"})
    assert not LivenessCheck(run).look(earlier).is_alive or not boot_id()


def test_on_another_machine_whose_clock_is_wrong_new_signs_of_life_count(new_run):
    liveness = LivenessCheck(new_run())
    there = Status(pid=1, host="elsewhere", boot_id="b", heartbeat=1000.0, state=TRAINING)
    assert not liveness.look(there, now=0.0).is_alive
    later = Status(**{**vars(there), "heartbeat": 1001.0})
    assert liveness.look(later, now=1.0).is_alive
    assert liveness.look(later, now=60.0).is_alive
    assert not liveness.look(later, now=62.0).is_alive
    assert liveness.look(Status(**{**vars(there), "heartbeat": 1063.0}), now=63.0).is_alive


def test_a_process_that_ended_and_was_not_reaped_does_not_run():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert not is_process_running(pid)
    os.waitpid(pid, 0)
    assert is_process_running(os.getpid())


def test_a_status_is_replaced_as_a_whole(new_run):
    run = new_run()
    write_status(run, make_own_status(1, TRAINING))
    write_status(run, make_own_status(2, PAUSED))
    assert json.loads((run.path / "status.json").read_text())["pid"] == 2
    assert not list(run.path.glob(".*.part"))
