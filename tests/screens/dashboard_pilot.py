"""The dashboard under test, and waiting for what it shows, however slow the machine is."""

import asyncio
import time

from textual.pilot import Pilot

from tests.screens.conftest import read_screen
from txt.runs.folder import Run
from txt.runs.live import WatchedRun
from txt.runs.replay import RecordReplay
from txt.screens.dashboard.app import DashboardApp

PATIENCE_SECONDS = 300.0


def app_on(run: Run, replay: RecordReplay | None = None, **options) -> DashboardApp:
    """Return the app on a run, or on a replay of it."""
    app = DashboardApp(WatchedRun(run, replay, replayed=replay is not None), replay, **options)
    app.theme = "txt-dark"
    return app


async def wait_for_text(pilot: Pilot, text: str) -> str:
    """Wait until a text is on the screen, and return all that is on it."""
    until = time.monotonic() + PATIENCE_SECONDS
    while text not in read_screen(pilot.app):
        assert time.monotonic() < until, f"{text!r} is not on the screen:\n{read_screen(pilot.app)}"
        await pilot.pause(0.05)
    return read_screen(pilot.app)


async def wait_until(pilot: Pilot, fact) -> None:
    """Wait until something is so."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not fact():
        assert time.monotonic() < until, read_screen(pilot.app)
        await pilot.pause(0.05)


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
