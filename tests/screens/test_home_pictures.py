"""The home screen pixel by pixel, at the three sizes it is made for and without colours."""

import pytest

from tests.screens.conftest import MakeApp, read_screen
from tests.screens.made_folder import fill_folder
from tests.screens.pilot import wait_for_text as until
from tests.screens.pilot import wait_until
from txt.folder.survey import survey
from txt.screens.home.screen import HomeApp, HomeScreen

SIZES = [(80, 24), (120, 40), (200, 60)]


@pytest.fixture(params=SIZES, ids=["80x24", "120x40", "200x60"])
def size(request) -> tuple[int, int]:
    return request.param


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)


def app(theme: str = "txt-dark", **options) -> HomeApp:
    made = HomeApp(HomeScreen(survey, "~/work", **options))
    made.theme = theme
    return made


def pressed(*keys, until_shown):
    """Return what waits until the folder is looked at, presses keys, and waits until something is shown."""

    async def press(pilot):
        await until(pilot, "$ txt ")
        await pilot.press(*keys)
        await until(pilot, until_shown)
        await wait_until(pilot, lambda: "reading " not in read_screen(pilot.app))

    return press


def fill(make_app: MakeApp) -> None:
    fill_folder()
    session = make_app(labels="good,bad").session
    for _ in range(3):
        session.label("good")


def test_a_folder_with_everything(snap_compare, make_app, size):
    fill(make_app)
    assert snap_compare(app(chosen=("run", "002")), terminal_size=size, run_before=pressed(until_shown="--resume 002"))


def test_another_step(snap_compare, make_app, size):
    fill(make_app)
    screen = app(chosen=("prepared", "prepared"))
    assert snap_compare(screen, terminal_size=size, run_before=pressed("right", until_shown="$ txt lrfind"))


def test_an_empty_folder(snap_compare, size):
    assert snap_compare(app(), terminal_size=size, run_before=pressed(until_shown="$ txt demo"))


def test_help(snap_compare, size):
    about = "Usage: txt COMMAND\n\nCommands: the list of them"
    run = pressed("question_mark", until_shown="any key goes back")
    assert snap_compare(app(about=about), terminal_size=size, run_before=run)


def test_without_colours(snap_compare, make_app, monkeypatch):
    fill(make_app)
    monkeypatch.setenv("NO_COLOR", "1")
    screen = app("ansi-dark", chosen=("run", "002"))
    assert screen.no_color
    assert snap_compare(screen, terminal_size=(80, 24), run_before=pressed(until_shown="--resume 002"))


def test_light_colours(snap_compare, make_app, size):
    fill(make_app)
    screen = app("txt-light", chosen=("run", "002"))
    assert snap_compare(screen, terminal_size=size, run_before=pressed(until_shown="--resume 002"))


def test_a_data_file(snap_compare, make_app, size):
    fill(make_app)
    screen = app(chosen=("data", "reviews.csv"))
    assert snap_compare(screen, terminal_size=size, run_before=pressed("enter", until_shown="words are usual"))


def test_a_run_opened(snap_compare, make_app, size):
    fill(make_app)
    screen = app(chosen=("run", "001"))
    assert snap_compare(screen, terminal_size=size, run_before=pressed("enter", until_shown="loss"))
