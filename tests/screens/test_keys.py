"""One key map: the keys that every screen needs are the same on all of them; where others differ, it is on purpose."""

from collections import defaultdict

import pytest
from textual.binding import Binding

from tests.screens.conftest import MakeApp, read_screen
from tests.screens.dashboard_pilot import app_on, wait_until_still
from tests.screens.pilot import wait_for_text as until
from tests.screens.run_record import make_run, record
from txt.folder.survey import survey
from txt.labeling.actions import ACTIONS, RULES
from txt.screens.dashboard.app import DashboardApp
from txt.screens.home.screen import HOME_ACTIONS, HomeApp, HomeScreen
from txt.screens.label.app import LabelApp
from txt.screens.label.rule_table import RuleTable
from txt.screens.leaderboard import LeaderboardApp
from txt.screens.lrfind import LRFindApp
from txt.screens.runs.screen import RunsApp, RunsScreen
from txt.screens.widgets.dialogs import PageDialog
from txt.wording.run import RUN_ACTIONS

LISTS = {"home": HomeScreen, "runs": RunsScreen}
SAME = {"filter": "find", "quit": "leave"}  # two names of one thing

# What a key does on each screen where screens differ. Each is the first letter of a word that the screen is about and
# that its users press all day; a key that meant the same everywhere would be the first letter of nothing.
DIFFERENT = {
    "s": {"labeling": "skip", "dashboard": "save", "runs": "sort"},  # each undone or harmless: no data is lost by habit
    "space": {"labeling": "skip", "dashboard": "pause", "runs": "mark"},  # the large key for what is done most
    "r": {"labeling": "rules", "home": "run", "runs": "rename"},  # renaming asks for the name first
    "t": {"labeling": "train", "runs": "tags"},  # both ask first
    "d": {"dashboard": "detach", "runs": "remove"},  # removing asks first, and detaching loses nothing
    "c": {"dashboard": "picture", "runs": "compare"},
    "p": {"labeling": "progress", "dashboard": "pause"},  # a pause is ended by the same key
    "m": {"labeling": "similar", "dashboard": "metric"},  # the list asks for a class first
    "g": {"labeling": "jump", "dashboard": "smooth", "runs": "move", "home": "move"},  # to go somewhere, in all but one
    "+": {"labeling": "add_class", "dashboard": "faster"},
    "tab": {"labeling": "columns", "home": "other"},  # what else there is to what is chosen
}


def keys_of(kind) -> dict[str, str]:
    """Each key that a screen or an app binds, with its action."""
    bound = {}
    for binding in kind.BINDINGS:
        keys, action = (binding.key, binding.action) if isinstance(binding, Binding) else binding[:2]
        bound |= dict.fromkeys(keys.split(","), action)
    return bound


def screens() -> dict[str, dict[str, str]]:
    """What each key does on each screen; arrows, enter and esc, which are about what is chosen, left out."""
    labeling = {key: action.name for action in (*ACTIONS, RULES) for key in (action.key, action.other)}
    dashboard = {key: action.name for action in RUN_ACTIONS for key in (action.key, action.other) if key}
    lists = {
        name: {key: action.partition("(")[0] for key, action in keys_of(kind).items()} for name, kind in LISTS.items()
    }
    moving = {"up", "down", "left", "right", "pageup", "pagedown", "home", "end", "enter", "escape"}
    every = {"labeling": labeling, "dashboard": dashboard, **lists}
    return {
        screen: {key: SAME.get(name, name) for key, name in keys.items() if key not in moving}
        for screen, keys in every.items()
    }


def test_keys_that_differ_between_screens_are_those_that_are_listed():
    meanings = defaultdict(dict)
    for screen, keys in screens().items():
        for key, name in keys.items():
            meanings[key][screen] = name
    assert {key: found for key, found in meanings.items() if len(set(found.values())) > 1} == DIFFERENT


@pytest.mark.parametrize("kind", [HomeScreen, RunsScreen, LeaderboardApp, LRFindApp])
def test_q_leaves_every_screen(kind):
    assert keys_of(kind)["q"] in ("quit", "leave", "stop")


@pytest.mark.parametrize("key", ["ctrl+c", "ctrl+q"])
@pytest.mark.parametrize("kind", [HomeApp, RunsApp, LeaderboardApp, LRFindApp, LabelApp, DashboardApp])
def test_ctrl_c_and_ctrl_q_leave_every_screen(kind, key):
    assert keys_of(kind)[key] in ("quit", "leave", "stop")


@pytest.mark.parametrize("keys", ["up,k", "down,j", "pageup", "pagedown", "home,g", "end,G"])
def test_the_same_keys_move_in_every_list_and_page(keys):
    kinds = (*LISTS.values(), PageDialog, RuleTable)
    for key in keys.split(","):
        assert {keys_of(kind)[key].partition("(")[0] for kind in kinds} <= {"move", "turn", "scroll"}


def test_finding_notes_help_and_leaving_have_the_same_keys_on_every_screen():
    for name, key in {"find": "/", "note": "n", "help": "?", "leave": "q"}.items():
        bound = {screen: {each for each, what in keys.items() if what == name} for screen, keys in screens().items()}
        for screen, keys in bound.items():
            written = {"slash": "/", "question_mark": "?"}
            assert not keys or key in {written.get(each, each) for each in keys}, (screen, name)
    assert {action.key for action in HOME_ACTIONS if action.name == "help"} == {"?"}


@pytest.mark.parametrize("key", ["question_mark", "f1"])
async def test_help_opens_and_any_key_goes_back(key, make_app: MakeApp, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dashboard = app_on(make_run(tmp_path, "airline", list(record(40))))
    for app in (make_app(), dashboard, RunsApp(RunsScreen()), HomeApp(HomeScreen(survey, "~"))):
        async with app.run_test(size=(100, 40), notifications=True) as pilot:
            if app is dashboard:
                await wait_until_still(pilot)
            await pilot.press(key)
            await until(pilot, "any key goes back")
            await pilot.press("x")
            await pilot.pause()
            assert "any key goes back" not in read_screen(app)
