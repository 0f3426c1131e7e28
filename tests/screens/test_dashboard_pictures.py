"""The dashboard pixel by pixel, at the three sizes it is made for."""

import time
from types import SimpleNamespace

import pytest

from tests.screens.conftest import read_screen
from tests.screens.dashboard_pilot import app_on, wait_until_still
from tests.screens.pilot import wait_until
from tests.screens.run_record import BEGUN, make_run, record, say_training
from txt.runs.feed import RunFeed
from txt.runs.folder import EventLog
from txt.runs.replay import RecordReplay
from txt.wording import run as run_words

SIZES = [(80, 24), (120, 40), (200, 60)]


@pytest.fixture(params=SIZES, ids=["80x24", "120x40", "200x60"])
def size(request) -> tuple[int, int]:
    return request.param


@pytest.fixture(autouse=True)
def clock(monkeypatch, tmp_path):
    """Make it always the same time of day."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    still = SimpleNamespace(time=lambda: BEGUN + 160, strftime=time.strftime, localtime=time.localtime)
    monkeypatch.setattr(run_words, "time", still)


def pressed(*keys, until):
    """Return what presses keys once nothing moves, and waits until something is so of the app."""

    async def press(pilot):
        await wait_until_still(pilot)
        await pilot.press(*keys)
        await wait_until(pilot, lambda: until(pilot.app))
        await wait_until_still(pilot)

    return press


def shows(text):
    return lambda app: text in read_screen(app)


@pytest.fixture
def live(tmp_path):
    """A run in its fourth epoch, trained by this process as far as anyone can see."""
    run = make_run(tmp_path, "airline", list(record(150, ends=False)))
    with EventLog(run):
        say_training(run)
        yield run


@pytest.fixture
def finished(tmp_path):
    return make_run(tmp_path, "airline", list(record()))


def test_training(snap_compare, live, size):
    assert snap_compare(app_on(live), terminal_size=size, run_before=wait_until_still)


def test_leaving_a_training(snap_compare, live, size):
    assert snap_compare(app_on(live), terminal_size=size, run_before=pressed("q", until=shows("Leave?")))


def test_finished_with_an_earlier_run_behind(snap_compare, finished, tmp_path, size):
    make_run(tmp_path, "before", list(record(110)))
    assert snap_compare(
        app_on(finished),
        terminal_size=size,
        run_before=pressed(
            "o", "space", "enter", until=lambda app: app.dashboard.earlier and app.screen is app.dashboard
        ),
    )


def test_one_plot_alone_over_epochs_and_logarithmic(snap_compare, finished, size):
    assert snap_compare(
        app_on(finished), terminal_size=size, run_before=pressed("1", "a", "l", until=shows("logarithmic"))
    )


def test_confusion(snap_compare, finished, size):
    assert snap_compare(app_on(finished), terminal_size=size, run_before=pressed("5", until=shows("confusion")))


def test_died(snap_compare, tmp_path, size):
    run = make_run(tmp_path, "airline", list(record(90, ends=False)))
    assert snap_compare(app_on(run), terminal_size=size, run_before=wait_until_still)


def test_help(snap_compare, finished, size):
    assert snap_compare(
        app_on(finished), terminal_size=size, run_before=pressed("question_mark", until=shows("any key goes back"))
    )


def test_choosing_earlier_runs(snap_compare, finished, tmp_path, size):
    for name in ("second", "third"):
        make_run(tmp_path, name, list(record(50)))
    (tmp_path / "runs" / "second" / "config.json").touch()
    assert snap_compare(
        app_on(finished), terminal_size=size, run_before=pressed("o", "down", "space", until=shows("●"))
    )


def test_a_replay_that_holds(snap_compare, finished, size):
    replay = RecordReplay(RunFeed(finished.events_path), 1.0, clock=lambda: 0.0)
    replay._shown_until = BEGUN + 100
    replay.paused = True
    assert snap_compare(app_on(finished, replay), terminal_size=size, run_before=wait_until_still)


@pytest.mark.parametrize("theme", ["txt-light", "ansi-dark"])
def test_other_colours(snap_compare, finished, theme, size):
    app = app_on(finished)
    app.theme = theme
    assert snap_compare(app, terminal_size=size, run_before=wait_until_still)


def test_the_crosshair_over_three_runs(snap_compare, finished, tmp_path, size):
    others = [make_run(tmp_path, name, list(record(steps))).path for name, steps in (("before", 110), ("short", 60))]
    app = app_on(finished, over=others)
    assert snap_compare(app, terminal_size=size, run_before=pressed("i", "left", until=shows("│ 9")))
