"""The dashboard under test, and waiting for what it shows, however slow the machine is."""

import asyncio
import time

from textual.pilot import Pilot

from tests.screens.conftest import read_screen
from tests.screens.pilot import wait_until
from tests.waiting import PATIENCE_SECONDS
from txt.runs.folder import Run
from txt.runs.live import WatchedRun
from txt.runs.replay import RecordReplay
from txt.screens.dashboard.app import DashboardApp


def app_on(run: Run, replay: RecordReplay | None = None, **options) -> DashboardApp:
    """Return the app on a run, or on a replay of it."""
    app = DashboardApp(WatchedRun(run, replay, replayed=replay is not None), replay, **options)
    app.theme = "txt-dark"
    return app


async def wait_until_still(pilot: Pilot) -> str:
    """Wait until all that is known is drawn and nothing moves any more, and return what is on the screen."""
    until, before = time.monotonic() + PATIENCE_SECONDS, ""
    while (now := read_screen(pilot.app)) != before or not pilot.app.dashboard.shows_all:
        assert time.monotonic() < until, now
        before = now
        await pilot.pause(0.05)
    return now


def shown_after(app, *keys, size=(120, 40), until=lambda _app: True) -> str:
    async def show() -> str:
        async with app.run_test(size=size) as pilot:
            await wait_until_still(pilot)
            await pilot.press(*keys)
            await wait_until(pilot, lambda: until(app))
            return await wait_until_still(pilot)

    return asyncio.run(show())
