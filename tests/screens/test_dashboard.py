"""The dashboard: every key on a real training, what it shows of runs in all states, and what it must never do."""

import asyncio
import json
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest
from textual.events import MouseScrollDown, MouseScrollUp

from tests.screens.conftest import read_screen
from tests.screens.dashboard_pilot import app_on, shown_after, wait_until_still
from tests.screens.pilot import wait_for_text, wait_until
from tests.screens.run_record import BEGUN, make_run, record, say_training, started, step
from tests.training.conftest import new_run, prepared, topics  # noqa: F401
from tests.waiting import PATIENCE_SECONDS
from txt.runs.events import Acknowledged, Evaluation, Finished, Step, from_json
from txt.runs.feed import RunFeed
from txt.runs.folder import EventLog, Run
from txt.runs.live import WatchedRun
from txt.runs.replay import RecordReplay
from txt.runs.state import TRAINING, Status, read_status, write_status
from txt.training.checkpoint import list_checkpoints
from txt.training.loop import train


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@contextmanager
def training(run, data):
    """Train in a thread while the block works; stopped at its end."""
    leave = threading.Event()
    thread = threading.Thread(target=lambda: list(train(run, data, leave.is_set)))
    thread.start()
    try:
        yield thread
    finally:
        leave.set()
        thread.join()


async def left(app):
    """Wait until a screen has closed by itself."""
    until = time.monotonic() + PATIENCE_SECONDS
    while app.is_running:
        assert time.monotonic() < until
        await asyncio.sleep(0.05)


def answers(run):
    return [event for event in run.events() if isinstance(event, Acknowledged)]


def commands(run):
    return [event.command for event in answers(run)]


LONG = {"num_epochs": 20_000, "log_interval": 1, "d_model": 16, "num_layers": 1}


async def test_every_key_steers_a_real_training(new_run, prepared):  # noqa: F811
    run = new_run("steered", **LONG)
    app = app_on(run)
    with training(run, prepared) as thread:
        async with app.run_test(size=(120, 40)) as pilot:
            await wait_for_text(pilot, " training ")
            await pilot.press("p")
            await wait_for_text(pilot, " paused ")
            await wait_for_text(pilot, "p go on")
            await pilot.press("s")
            await wait_for_text(pilot, "saved, as asked")
            await pilot.press("minus")
            await wait_for_text(pilot, "learning rate × 0.5")
            await pilot.press("plus")
            await wait_for_text(pilot, "learning rate × 2")
            await pilot.press("n", *"a note", "enter")
            await wait_for_text(pilot, "note: a note")
            await pilot.press("space")
            await wait_until(pilot, lambda: "resume" in commands(run))  # its line is soon out of sight
            await pilot.press("x", "escape")
            await pilot.press("X", "escape")
            await pilot.press("q", "escape")
            assert thread.is_alive()
            await pilot.press("x", "enter")
            await wait_for_text(pilot, "stopped, saved")
            await pilot.press("p")
            await wait_for_text(pilot, "it is not running")
            await pilot.press("q")
    assert commands(run) == ["pause", "save", "rate", "rate", "note", "resume", "stop"]
    assert not any(event.refused for event in answers(run))
    assert json.loads((run.path / "notes.json").read_text())["note"] == "a note"
    assert list_checkpoints(run.checkpoints)
    assert run.finished().status == "interrupted"
    assert app.return_value is None


async def test_discarding_asks_for_another_key_and_leaves(new_run, prepared):  # noqa: F811
    run = new_run("discarded", **LONG)
    app = app_on(run)
    with training(run, prepared):
        async with app.run_test(size=(100, 30)) as pilot:
            await wait_for_text(pilot, " training ")
            await pilot.press("X")
            await wait_for_text(pilot, "Discard this run?")
            await pilot.press("enter", "x", "y")
            assert "Discard this run?" in read_screen(app)
            await pilot.press("D")
            await left(app)
    assert run.finished().status == "discarded"


async def test_leaving_asks_and_stop_from_there_saves(new_run, prepared):  # noqa: F811
    run = new_run("left", **LONG)
    app = app_on(run)
    with training(run, prepared) as thread:
        async with app.run_test(size=(80, 24)) as pilot:
            await wait_for_text(pilot, " training ")
            await pilot.press("ctrl+c")
            await wait_for_text(pilot, "leave it running")
            await pilot.press("x")
            await left(app)
        thread.join()
    assert run.finished().status == "interrupted"


async def test_detaching_leaves_the_training_alone(new_run, prepared):  # noqa: F811
    run = new_run("detached", **LONG)
    with training(run, prepared) as thread:
        for key in (["d"], ["q", "enter"]):
            app = app_on(run)
            async with app.run_test(size=(80, 24)) as pilot:
                await wait_for_text(pilot, " training ")
                await pilot.press(*key)
            assert thread.is_alive()
    assert not answers(run)


async def test_two_dashboards_show_the_same_run_and_both_steer_it(new_run, prepared):  # noqa: F811
    run = new_run("shared", **LONG)
    one, other = app_on(run), app_on(run)
    with training(run, prepared):
        async with one.run_test(size=(100, 30)) as first, other.run_test(size=(80, 24)) as second:
            await wait_for_text(first, " training ")
            await wait_for_text(second, " training ")
            await first.press("p")
            await wait_for_text(second, " paused ")
            await second.press("p")
            await wait_until(first, lambda: len(answers(run)) == 2)
            await wait_for_text(first, " training ")
    assert commands(run) == ["pause", "resume"]


@pytest.fixture
def finished(tmp_path, monkeypatch) -> Run:
    monkeypatch.chdir(tmp_path)
    return make_run(tmp_path, "one", list(record()))


def test_a_finished_run_shows_its_numbers_and_advice(finished):
    shown = shown_after(app_on(finished))
    for text in (
        "finished",
        "epoch 5/5",
        "step 200/200",
        "val 2.150",
        "best 0.7800 at epoch 3",
        "→ The val loss rises since epoch 1, from 0.67 to 2.15",
        "1.12 GiB",
        "checkpoint at step 160",
    ):
        assert text in shown, text
    assert "pause" not in shown.splitlines()[-1]


def test_what_to_try_and_which_is_best_are_never_cut_off_where_a_line_is_too_long(finished):
    lines = shown_after(app_on(finished)).splitlines()
    advice = [line.strip() for line in lines if "→ The val loss rises" in line]
    assert len(advice) == 2  # as the line of advice, and in the log
    assert all(
        "…" in line and line.endswith("Try --patience 3 or --dropout 0.3 or --preset small.") for line in advice
    ), advice
    assert not [line for line in lines if "◆ be…" in line]


def test_classes_have_their_whole_names_above_the_confusion_where_there_is_room(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = make_run(tmp_path, "one", list(record()), labels=("negative", "neutral", "positive"))
    head = next(line for line in shown_after(app_on(run), "5").splitlines() if "recall" in line)
    assert head.split() == ["negative", "neutral", "positive", "recall"]


@pytest.mark.parametrize(
    ("key", "title"), [("1", "loss"), ("2", "accuracy"), ("3", "learning rate"), ("4", "gap"), ("5", "confusion")]
)
def test_a_digit_shows_one_plot_alone_and_again_all(finished, key, title):
    alone = shown_after(app_on(finished), key)
    titles = [name for name in ("loss ", "accuracy ", "learning rate ", "gap ", "confusion ") if f"  {name} " in alone]
    assert titles == [f"{title} "]
    assert shown_after(app_on(finished), key, key) == shown_after(app_on(finished))
    assert shown_after(app_on(finished), key, "escape") == shown_after(app_on(finished))


def test_metrics_are_shown_in_turn_and_come_round(finished):
    names = ["balanced accuracy", "macro-F1", "MCC", "gradient norm", "rows/s", "tokens/s", "memory, GiB", "accuracy"]
    for count, name in enumerate(names, 1):
        assert f"  {name} " in shown_after(app_on(finished), *["m"] * count)


def test_the_axis_goes_over_steps_epochs_and_time(finished):
    assert "150" in shown_after(app_on(finished), "1")
    assert "over epochs" in shown_after(app_on(finished), "a")
    shown = shown_after(app_on(finished), "1", "a", "a")
    assert "over time" in shown
    assert "3:00" in shown
    assert shown_after(app_on(finished), *"aaa", "1") == shown_after(app_on(finished), "1")


def test_zooming_shows_less_and_moving_goes_along(finished):
    def marks(*keys):
        lines = [line.replace(" step", "") for line in shown_after(app_on(finished), "3", *keys).splitlines()]
        axis = [
            line for line in lines if line.split() and all(part.replace(",", "").isdigit() for part in line.split())
        ]
        return [int(part.replace(",", "")) for part in axis[-1].split()]

    assert marks()[0] == 0
    assert marks("up")[0] >= 100
    assert marks("up", "left")[0] < marks("up")[0]
    assert marks("up", "left", "end") == marks("up")
    assert marks("up", "down") == marks()
    assert marks("up", "up", "up", "home") == marks()


def test_a_logarithmic_axis_has_other_marks(finished):
    assert "1e-1" in shown_after(app_on(finished), "1", "l")
    assert "1e-1" not in shown_after(app_on(finished), "1", "l", "l")


def test_smoothing_changes_the_curve(finished):
    shown = [shown_after(app_on(finished), "1", *["g"] * count, "escape", "1") for count in range(3)]
    assert len(set(shown)) == 3


def test_earlier_runs_lie_behind_those_that_were_marked(finished, tmp_path):
    slow = [
        replace(event, learning_rate=event.learning_rate / 2) if isinstance(event, Step) else event
        for event in record()
    ]
    make_run(tmp_path, "other", slow)
    plain = shown_after(app_on(finished), "3")
    laid = shown_after(app_on(finished), "3", "o", "enter", until=lambda app: app.dashboard.earlier and no_dialog(app))
    assert plain != laid
    assert shown_after(app_on(finished), "3", "o", "escape", until=no_dialog) == plain


def test_other_runs_are_drawn_over_it_each_with_its_letter_and_name(finished, tmp_path):
    others = [make_run(tmp_path, name, list(record())).path for name in ("other", "third")]
    shown = shown_after(app_on(finished, over=others), "2")
    assert "a other" in shown
    assert "b third" in shown
    assert "train" in shown.rsplit("step", 1)[0]


def test_the_crosshair_shows_the_step_and_every_value_in_all_plots(finished, tmp_path):
    other = make_run(tmp_path, "other", list(record(120))).path
    shown = shown_after(app_on(finished, over=[other]), "i", "home", *["right"] * 60, size=(160, 40))
    assert shown.count("│ 120") == 4  # of 200 steps
    best = next(line for line in shown.splitlines() if "loss  │ 120" in line)
    assert "val 0.930" in best
    assert "accuracy  │ 120" in shown
    assert "val 0.780" in shown
    assert "a other 0.930" in shown
    assert "│ 120" not in shown_after(app_on(finished, over=[other]), "i", "escape", size=(160, 40))


async def test_the_wheel_zooms_where_the_mouse_is(finished):
    app = app_on(finished)
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_still(pilot)
        panel = app.dashboard.query_one("#plot-rate")
        left, columns = panel._field
        for _ in range(4):
            panel.post_message(MouseScrollUp(panel, left, 5, 0, 0, 0, False, False, False))
        await wait_until(pilot, lambda: app.dashboard.view.width < 0.3)
        assert app.dashboard.view.right - app.dashboard.view.width == pytest.approx(0, abs=0.02)
        for _ in range(4):
            panel.post_message(MouseScrollDown(panel, left + columns - 1, 5, 0, 0, 0, False, False, False))
        await wait_until(pilot, lambda: app.dashboard.view.width > 0.9)


def test_what_was_done_to_a_run_stands_on_its_curves(tmp_path):
    events = list(record())
    for step_number, command in ((50, "rate"), (90, "note"), (130, "pause")):
        event = Acknowledged(time=BEGUN + step_number, step=step_number, command=command, value=1.0, number=command)
        events.insert(next(at for at, each in enumerate(events) if getattr(each, "step", 0) > step_number), event)
    shown = shown_after(app_on(make_run(tmp_path, "steered", events)), "1")
    assert "÷" in shown
    assert "‖" in shown
    assert " n " in shown
    refused = [replace(each, refused="no") if isinstance(each, Acknowledged) else each for each in events]
    assert "÷" not in shown_after(app_on(make_run(tmp_path, "refused", refused)), "1")


def test_the_confusion_is_said_in_words_and_enter_shows_its_rows(finished):
    shown = shown_after(app_on(finished), "5")
    assert "neu is taken for pos: 4 of 93, 4%" in shown
    assert "96%" in shown
    told = shown_after(app_on(finished), "5", "enter", until=lambda app: app.screen is not app.dashboard)
    assert "There is no report with rows yet: txt eval" in told
    scores = {"accuracy": {"value": 0.9, "low": 0.8, "high": 1.0}}
    mistakes = [{"id": 1, "text": "so \x1b[31mgood", "label": "neu", "prediction": "pos", "confidence": 0.97}]
    report = {"format": 1, "split": "test", "rows": 10, "metrics": scores, "mistakes": mistakes, "mistaken_rows": 1}
    (finished.path / "report.json").write_text(json.dumps(report))
    told = shown_after(app_on(finished), "5", "enter", until=lambda app: app.screen is not app.dashboard)
    assert "neu taken for pos: 1" in told
    assert "97%  so ␛[31mgood" in told


@pytest.mark.parametrize("key", ["a", "g", "l", "m", "i", "up"])
def test_a_key_that_changes_nothing_in_the_confusion_says_so(finished, key):
    assert "the confusion has nothing to do with this key" in shown_after(app_on(finished), "5", key)


def no_dialog(app) -> bool:
    return app.screen is app.dashboard


def test_help_lists_every_key(finished):
    shown = shown_after(app_on(finished), "question_mark", size=(100, 40))
    app = app_on(finished)
    for action in app.dashboard.actions:
        assert action.help in shown


async def test_a_picture_is_an_svg_in_the_folder_where_one_is(finished, tmp_path):
    async with app_on(finished).run_test(size=(100, 30)) as pilot:
        await pilot.press("c")
        await wait_until(pilot, lambda: any("</svg>" in path.read_text() for path in tmp_path.glob("one-*.svg")))
    (picture,) = tmp_path.glob("one-*.svg")
    assert "<svg" in picture.read_text()[:200]


def test_an_unknown_key_is_told(finished):
    assert "z is not a key here" in shown_after(app_on(finished), "z")


def test_a_run_that_was_not_started_has_room_for_what_comes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "not started" in shown_after(app_on(make_run(tmp_path, "new")), size=(80, 24))


def test_a_run_without_end_and_without_process_died(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = make_run(tmp_path, "dead", list(record(90, ends=False)))
    shown = shown_after(app_on(run))
    assert "died at step 90" in shown
    assert "resume with: txt train --resume dead" in shown


def test_a_run_on_another_machine_lives_by_its_signs_of_life(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = make_run(tmp_path, "there", list(record(90, ends=False)))
    write_status(run, Status(1, socket.gethostname() + "-other", "b", time.time(), TRAINING, 90))
    watched = WatchedRun(run)
    watched.look()
    assert watched.state == "running"
    write_status(run, Status(1, socket.gethostname() + "-other", "b", time.time() - 61, TRAINING, 90))
    watched = WatchedRun(run)
    watched.look()
    assert watched.state == "died"


def test_text_from_a_run_reaches_the_screen_as_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    evil = "\x1b[31m[bold]x[/] \u202e"
    run = make_run(tmp_path, "evil", list(record(80, ends=False)), labels=[evil, "[/b]", "ok"])
    with EventLog(run) as log:
        log.write(Acknowledged(time=BEGUN, step=80, command="note", value=evil, number="1"))
        log.write(
            Finished(
                time=BEGUN + 90,
                step=80,
                status="diverged",
                best_step=None,
                best_epoch=None,
                best_score=None,
                seconds=1.0,
                rows_per_second=1.0,
                reason=evil,
            )
        )
    shown = shown_after(app_on(run), "5")
    assert "[bold]x[/]" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_a_resumed_run_shows_what_came_of_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    events = [*record(100, ends=False), started(80), *(step(number) for number in range(81, 86))]
    watched = WatchedRun(make_run(tmp_path, "again", events))
    watched.look()
    assert watched.last_step == 85
    assert watched.steps.span("step") == (1.0, 85.0)
    assert watched.scores.get_column("step").tolist() == [40.0, 80.0]


async def test_scores_without_train_steps_are_drawn(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    events = [started(), *(each for each in record(100, ends=False) if isinstance(each, Evaluation))]
    async with app_on(make_run(tmp_path, "ladder", events)).run_test(size=(120, 40)) as pilot:
        shown = await wait_for_text(pilot, "step 80/")
    titles = next(line for line in shown.splitlines() if "val" in line and "accuracy" in line and "best" in line)
    below = shown.splitlines()[shown.splitlines().index(titles) + 1]
    assert "nothing yet" not in below


def test_the_last_look_at_a_long_record_brings_its_advice(finished):
    watched = WatchedRun(finished)
    assert watched.look()
    while watched.share < 1.0:
        assert not watched.advice
        assert watched.look()
    assert watched.advice
    assert not watched.look()


def test_a_removed_run_is_told(finished):
    watched = WatchedRun(finished)
    watched.look()
    finished.delete()
    watched._pulse_checked -= 60
    watched.look()
    assert watched.state == "removed"


def test_many_classes_show_the_pairs_that_are_confused_most(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    labels = [f"intent_{number:02}" for number in range(30)]
    run = make_run(tmp_path, "many", list(record(40, ends=False, classes=30)), labels)
    shown = shown_after(app_on(run), "5", size=(80, 24))
    assert "intent_29 → intent_28" in shown


def test_a_replay_tells_the_record_in_its_own_time(finished):
    clock = iter([0.0, 0.0, 1.0, 2.0, 10.0, 1000.0, 1001.0, 1002.0]).__next__
    replay = RecordReplay(RunFeed(finished.events_path), 10.0, clock)
    watched = WatchedRun(finished, replay, replayed=True)
    watched.look()
    assert watched.last_step == 0
    watched.look()
    assert watched.last_step == 10
    watched.look()
    assert watched.last_step == 20
    replay.paused = True
    watched.look()
    assert watched.last_step == 20
    replay.paused = False
    for _ in range(3):
        watched.look()
    assert watched.state == "finished"
    assert replay.ended


async def test_a_replay_has_keys_of_its_own_and_never_asks_the_training(finished):
    replay = RecordReplay(RunFeed(finished.events_path), 1.0)
    app = app_on(finished, replay)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("p")
        await wait_for_text(pilot, "the replay holds")
        await pilot.press("plus")
        await wait_for_text(pilot, "2 times as fast")
        await pilot.press("minus", "minus", "p")
        assert replay.speed == 0.5
        assert not replay.paused
        await pilot.press("x", "X", "s")
        await pilot.press("q")
    assert not (finished.path / "control").exists()


async def test_an_end_is_told_when_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = make_run(tmp_path, "soon", list(record(90, ends=False)))
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    rung = []
    with EventLog(run) as log:
        say_training(run)
        app = app_on(run, notifies=True)
        monkeypatch.setattr(app, "bell", lambda: rung.append("bell"))
        async with app.run_test(size=(80, 24)) as pilot:
            await wait_for_text(pilot, "training")
            log.write(list(record())[-1])
            await wait_for_text(pilot, "finished")
            await wait_until(pilot, lambda: rung)
    assert rung == ["bell"]


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (132, 43), (200, 60), (60, 16)])
def test_every_size_has_all_plots_the_state_and_the_keys(finished, size):
    shown = shown_after(app_on(finished), size=size)
    lines = shown.splitlines()
    assert len(lines) == size[1]
    assert max(map(len, lines)) <= size[0]
    assert "finished" in lines[0]
    assert "leave" in "".join(lines[-3:])
    if size[1] >= 24:
        for title in ("loss", "accuracy", "learning rate", "gap"):
            assert title in shown


async def test_a_resize_redraws_all_plots(finished):
    async with app_on(finished).run_test(size=(160, 50)) as pilot:
        wide = await wait_until_still(pilot)
    app = app_on(finished)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_until_still(pilot)
        await pilot.resize_terminal(160, 50)
        await wait_until(pilot, lambda: read_screen(app) == wide)


def test_the_dashboard_loads_without_torch():
    import subprocess
    import sys

    code = "import sys, txt.screens.dashboard.app, txt.training.control; assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_status_and_events_that_are_half_written_are_waited_for(finished):
    (finished.path / "status.json").write_text("{")
    assert read_status(finished) is None
    assert from_json({"event": "unheard of"}) is None
    assert "finished" in shown_after(app_on(finished))
