"""The app that runs the dashboard."""

import os
import shutil
import subprocess
from collections.abc import Iterable
from functools import partial
from typing import Any

from textual import on
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.screen import Screen

from txt.run_replay import Replay
from txt.screens.dashboard import DashboardScreen, Ended
from txt.screens.palette import theme_for
from txt.screens.themes import THEMES
from txt.screens.watched_run import WatchedRun
from txt.visible import visible


class DashboardApp(App[None]):
    """Runs the screen."""

    CSS_PATH = "txt.tcss"
    TITLE = "txt watch"
    BINDINGS = [  # noqa: RUF012
        Binding("ctrl+q", "leave", "Leave", show=False, priority=True),
        Binding("ctrl+c", "leave", "Leave", show=False, priority=True),
    ]

    def __init__(self, watched: WatchedRun, replay: Replay | None = None, *, notifies: bool = False) -> None:
        super().__init__(ansi_color=True if os.environ.get("NO_COLOR") else None)
        self.dashboard = DashboardScreen(watched, replay, notifies=notifies)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = theme_for(self.console.color_system)

    def get_default_screen(self) -> Screen[Any]:
        """Return the screen to begin with."""
        return self.dashboard

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Yield what the command palette offers: every action, and the themes."""
        if screen is self.dashboard:
            for action in self.dashboard.actions:
                title = action.help[0].upper() + action.help[1:]
                yield SystemCommand(title, f"key {action.key}", partial(self.dashboard.run_action_named, action.name))
        yield SystemCommand("Dark or light", "Choose the colours", self.action_change_theme)

    def action_leave(self) -> None:
        """Leave the screen, or what lies over it."""
        if self.screen is self.dashboard:
            self.dashboard.run_action_named("leave")
        else:
            self.screen.dismiss(None)

    @on(Ended)
    def _notify(self, event: Ended) -> None:
        """Ring, and tell the desktop as far as terminal or system can do that; over ssh the terminal may."""
        message = visible(event.message)
        self.bell()
        if self._driver is not None:
            self._driver.write(f"\x1b]9;{message}\x07")
        if shutil.which("notify-send") and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            subprocess.Popen(["notify-send", "txt", message], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
