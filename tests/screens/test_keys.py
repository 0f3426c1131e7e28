"""One key map: the keys that every screen needs are the same on all of them."""

import pytest
from textual.binding import Binding

from txt.labeling.actions import ACTIONS
from txt.screens.home import _KEYS as HOME_KEYS
from txt.screens.home import HomeApp, HomeScreen
from txt.screens.leaderboard import LeaderboardApp
from txt.screens.lrfind import LRFindApp
from txt.screens.runs import _KEYS as RUNS_KEYS
from txt.screens.runs import RunsApp, RunsScreen

LISTS = {"home": HomeScreen, "runs": RunsScreen}


def keys_of(kind) -> dict[str, str]:
    """Each key that a screen or an app binds, with its action."""
    bound = {}
    for binding in kind.BINDINGS:
        keys, action = (binding.key, binding.action) if isinstance(binding, Binding) else binding[:2]
        bound |= dict.fromkeys(keys.split(","), action)
    return bound


@pytest.mark.parametrize("kind", [HomeScreen, RunsScreen, LeaderboardApp, LRFindApp])
def test_q_leaves_every_screen(kind):
    assert keys_of(kind)["q"] in ("quit", "leave", "stop")


@pytest.mark.parametrize("kind", [HomeApp, RunsApp, LeaderboardApp, LRFindApp])
def test_ctrl_c_leaves_every_screen(kind):
    assert keys_of(kind)["ctrl+c"] in ("quit", "leave", "stop")


@pytest.mark.parametrize("keys", ["up,k", "down,j", "pageup", "pagedown", "home,g", "end,G"])
def test_the_same_keys_move_in_every_list(keys):
    for key in keys.split(","):
        assert {keys_of(kind)[key].partition("(")[0] for kind in LISTS.values()} <= {"move", "turn"}


def test_labeling_finds_writes_notes_helps_and_leaves_by_the_keys_of_the_runs():
    labeling = {action.name: action.key for action in ACTIONS}
    runs = {chip.name: chip.key for chip in RUNS_KEYS}
    home = {chip.name: chip.key for chip in HOME_KEYS}
    assert labeling["find"] == runs["filter"] == "/"
    assert labeling["note"] == runs["note"] == "n"
    assert labeling["leave"] == runs["quit"] == home["quit"] == "q"
    assert labeling["help"] == home["help"] == "?"
