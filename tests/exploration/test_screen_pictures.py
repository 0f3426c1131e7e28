"""The screen of clusters pixel by pixel, at three sizes, dark and light."""

import pytest

from tests.screens.pilot import wait_for_text
from txt.charts.palette import DARK, LIGHT
from txt.screens.explore.screen import ExploreApp

SIZES = {"80x24": (80, 24), "120x40": (120, 40), "200x60": (200, 60)}


@pytest.mark.parametrize("theme", [DARK, LIGHT])
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_clusters(snap_compare, explored, size, theme):
    app = ExploreApp(*explored)
    app.theme = theme

    async def choose(pilot):
        await pilot.press("down")
        await wait_for_text(pilot, "classes: ")

    assert snap_compare(app, terminal_size=size, run_before=choose)


@pytest.mark.parametrize("key", ["enter", "m"])
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_texts_and_map(snap_compare, explored, size, key):
    app = ExploreApp(*explored)
    app.theme = DARK
    awaited = {"enter": "esc goes back", "m": "Map"}[key]

    async def look(pilot):
        await pilot.press(key)
        await wait_for_text(pilot, awaited)

    assert snap_compare(app, terminal_size=size, run_before=look)
