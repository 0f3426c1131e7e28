"""Waiting for what a screen shows, however slow the machine is."""

import time
from collections.abc import Callable

from textual.pilot import Pilot

from tests.screens.conftest import read_screen
from tests.waiting import PATIENCE_SECONDS


async def wait_for_text(pilot: Pilot, text: str) -> str:
    """Wait until a text is on the screen, and return all that is on it."""
    until = time.monotonic() + PATIENCE_SECONDS
    while text not in read_screen(pilot.app):
        assert time.monotonic() < until, f"{text!r} is not on the screen:\n{read_screen(pilot.app)}"
        await pilot.pause(0.05)
    return read_screen(pilot.app)


async def wait_until(pilot: Pilot, fact: Callable[[], object]) -> None:
    """Wait until something is so."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not fact():
        assert time.monotonic() < until, read_screen(pilot.app)
        await pilot.pause(0.05)
