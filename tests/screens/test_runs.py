"""The screen of runs: every key does what it says to the folders it is about."""

import subprocess
import threading
from pathlib import Path

import pytest

from tests.runs.made_runs import make_run_folder, make_training_events, started, step
from tests.screens.conftest import read_screen
from tests.screens.pilot import wait_for_text as until
from tests.screens.pilot import wait_until
from tests.waiting import PATIENCE_SECONDS
from txt.runs.folder import EventLog
from txt.runs.notes import Notes, change_tags, read_notes, write_note
from txt.screens.runs.screen import RunsApp, RunsScreen

WHEN = ["a", "b", "c"]


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch):
    """Three runs, of which `b` is the best and `a` is the newest."""
    monkeypatch.chdir(tmp_path)
    write_note(make_run_folder("c", [started(), step(30)], day=1, dropout=0.3).path, "died of \x1b[31mheat [bold]")
    change_tags(
        make_run_folder("b", make_training_events(0.9), day=2, test=0.85, learning_rate=5e-4).path, add=("paper",)
    )
    make_run_folder("a", make_training_events(0.8), day=3, test=0.8)


def app(**options) -> RunsApp:
    made = RunsApp(RunsScreen(**options))
    made.theme = "txt-dark"
    return made


def names() -> list[str]:
    return sorted(path.name for path in Path("runs").iterdir())


def order(screen: str) -> list[str]:
    lines = [line.strip("● ").split() for line in screen.splitlines()]
    return [line[0] for line in lines if line and line[0] in WHEN]


async def test_all_runs_are_shown_and_the_chosen_one_is_told_about():
    async with app().run_test(size=(80, 24), notifications=True) as pilot:
        screen = await until(pilot, "3 runs")
        assert order(screen) == ["a", "b", "c"]
        await pilot.press("end")
        screen = await until(pilot, "died of ␛[31mheat [bold]")
        assert "dropout 0.3" in screen
        await pilot.press("home", "down")
        assert "#paper" in await until(pilot, "lr 0.0005")


async def test_sorting_and_reversing_change_the_order_and_keep_the_choice():
    async with app().run_test(notifications=True) as pilot:
        await until(pilot, "3 runs")
        await pilot.press("end", "s")
        assert order(await until(pilot, "by name")) == ["a", "b", "c"]
        assert pilot.app.screen.query_one("#run-table").chosen.name == "c"
        await pilot.press("S")
        assert order(await until(pilot, "reversed")) == ["c", "b", "a"]


async def test_a_filter_narrows_the_list_and_one_that_makes_no_sense_is_told():
    async with app().run_test(notifications=True) as pilot:
        await until(pilot, "3 runs")
        await pilot.press("slash", *"best>", "enter")
        await until(pilot, "needs a number")
        await pilot.press(*"0.85", "enter")
        assert order(await until(pilot, "1 of 3 runs")) == ["b"]
        await pilot.press("slash", *["backspace"] * 9, "enter")
        assert order(await until(pilot, " 3 runs")) == ["a", "b", "c"]


async def test_note_and_tags_are_written_into_the_folder():
    async with app().run_test(notifications=True) as pilot:
        await until(pilot, "3 runs")
        await pilot.press("down", "n", *"good", "enter")
        await until(pilot, "· good")
        await pilot.press("t", *" keep", "enter")
        await until(pilot, "#keep #paper")
        assert read_notes(Path("runs/b")) == Notes("good", ("keep", "paper"))
        await pilot.press("t", *["backspace"] * 5, "enter")
        await wait_until(pilot, lambda: read_notes(Path("runs/b")).tags == ("keep",))


async def test_a_run_gets_another_name_unless_it_is_taken():
    async with app().run_test(notifications=True) as pilot:
        await until(pilot, "3 runs")
        await pilot.press("r", "backspace", "b", "enter")
        await until(pilot, "exists already")
        assert names() == ["a", "b", "c"]
        await pilot.press("r", "backspace", *"best", "enter")
        await until(pilot, "best ")
        assert names() == ["b", "best", "c"]


async def test_removing_asks_and_takes_the_marked_runs_that_are_shown():
    async with app().run_test(notifications=True) as pilot:
        await until(pilot, "3 runs")
        await pilot.press("space", "space", "d")
        screen = await until(pilot, "Remove for good?")
        assert "the newest" in screen
        assert "the best of 3 runs" in screen
        await pilot.press("escape")
        assert names() == ["a", "b", "c"]
        await pilot.press("slash", *"best>0.85", "enter")
        await until(pilot, "1 of 3 runs")
        await pilot.press("d", "y")
        await until(pilot, "0 of 2 runs")
        assert names() == ["a", "c"]


async def test_a_running_run_is_not_removed():
    with EventLog(make_run_folder("d", [started()], day=9)):
        async with app().run_test(notifications=True) as pilot:
            await until(pilot, "4 runs")
            await pilot.press("d")
            await until(pilot, "is running")
            assert "d" in names()


async def test_a_run_that_appears_meanwhile_is_shown():
    async with app().run_test(notifications=True) as pilot:
        await until(pilot, "3 runs")
        make_run_folder("e", make_training_events(), day=9)
        pilot.app.runs.reload()
        await until(pilot, "4 runs")
        assert pilot.app.screen.query_one("#run-table").chosen.name == "a"


async def test_enter_shows_the_run_and_comparing_needs_two():
    async with app().run_test(size=(80, 40), notifications=True) as pilot:
        await until(pilot, "3 runs")
        await pilot.press("c")
        await until(pilot, "mark two or more")
        await pilot.press("enter")
        await until(pilot, "best on val")
        await pilot.press("q")
        await pilot.press("space", "space", "c")
        await until(pilot, "Options that differ")
        await pilot.press("q", "q")
    assert names() == ["a", "b", "c"]


async def test_many_runs_are_turned_page_by_page():
    for number in range(30):
        make_run_folder(f"n{number:02}", day=4, seed=number)
    async with app().run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, "33 runs · by when · page 1 of 3")
        await pilot.press("pagedown", "pagedown", "pagedown")
        assert "a " in await until(pilot, "page 3 of 3")
        await pilot.resize_terminal(80, 50)
        await until(pilot, "33 runs · by when  ")
        assert pilot.app.screen.query_one("#run-table").page == ""


@pytest.fixture
def same_size(monkeypatch):
    """Files that grow with every new option would change the picture."""
    monkeypatch.setattr("txt.runs.summary.folder_size", lambda _path: 23_000_000)


async def test_a_run_is_watched_with_the_marked_ones_over_it_and_q_comes_back():
    async with app().run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, "3 runs")
        await pilot.press("space", "w")
        screen = await until(pilot, "learning rate")
        assert "a a" in screen
        await pilot.press("q")
        await until(pilot, "1 marked")


async def test_a_slow_page_opens_at_once_and_not_over_what_came_later(monkeypatch):
    started = threading.Event()
    release = threading.Event()

    class Slow(subprocess.Popen):
        def communicate(self, *_args, **_options):
            started.set()
            release.wait(PATIENCE_SECONDS)
            return "the page", ""

    monkeypatch.setattr("txt.screens.runs.screen.subprocess.Popen", Slow)
    async with app().run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, "3 runs")
        await pilot.press("enter")
        await until(pilot, "reading …")
        await wait_until(pilot, started.is_set)
        await pilot.press("x")
        await until(pilot, "3 runs")
        release.set()
        await pilot.pause(0.2)
        assert "the page" not in read_screen(pilot.app)
        await pilot.press("enter")
        await until(pilot, "the page")


@pytest.mark.usefixtures("same_size")
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=["80x24", "120x40", "200x60"])
def test_runs(snap_compare, size):
    async def mark(pilot):
        await until(pilot, "3 runs")
        await pilot.press("space")
        await until(pilot, "1 marked")

    assert snap_compare(app(), terminal_size=size, run_before=mark)


@pytest.mark.usefixtures("same_size")
@pytest.mark.parametrize("theme", ["txt-light", "ansi-dark"])
def test_other_colours(snap_compare, theme):
    async def loaded(pilot):
        await until(pilot, "3 runs")

    made = app()
    made.theme = theme
    assert snap_compare(made, terminal_size=(80, 24), run_before=loaded)
