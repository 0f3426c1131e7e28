"""The app that runs the labeling screen."""

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.screen import Screen

from txt.labeling.session import LabelSession
from txt.screens.labeling import LabelScreen, Sitting
from txt.screens.palette import theme_for
from txt.screens.themes import THEMES


class LabelApp(App[Path | None]):
    """Runs the screen; the result is the file that was exported on leaving, if any."""

    CSS_PATH = "txt.tcss"
    TITLE = "txt label"
    BINDINGS = [  # noqa: RUF012
        Binding("ctrl+q", "leave", "Leave", show=False, priority=True),
        Binding("ctrl+c", "leave", "Leave", show=False, priority=True),
    ]

    def __init__(self, session: LabelSession, sitting: Sitting) -> None:
        super().__init__(ansi_color=True if os.environ.get("NO_COLOR") else None)  # else it would paint in greys
        self.labeling = LabelScreen(session, sitting)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = theme_for(self.console.color_system)

    def get_default_screen(self) -> Screen[Any]:
        """Return the screen to begin with."""
        return self.labeling

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Yield what the command palette offers: every action, and the themes."""
        if screen is self.labeling:
            for action in self.labeling.actions:
                title = action.help[0].upper() + action.help[1:]
                yield SystemCommand(title, f"key {action.key}", partial(self.labeling.run_action_named, action.name))
            yield SystemCommand("Export the data file with its labels", "", self.labeling.ask_export)
        yield SystemCommand("Dark or light", "Choose the colours", self.action_change_theme)

    def action_leave(self) -> None:
        """Leave the screen, or what lies over it."""
        if self.screen is self.labeling:
            self.labeling.run_action_named("leave")
        else:
            self.screen.dismiss(None)
