"""The app that runs the labeling screen."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from textual.app import SystemCommand
from textual.screen import Screen

from txt.labeling.session import LabelSession
from txt.screens.app import ActingApp
from txt.screens.label.leave_questions import Restart, TrainNow
from txt.screens.label.options import LabelScreenOptions
from txt.screens.label.screen import LabelScreen


class LabelApp(ActingApp[Path | Restart | TrainNow | None]):
    """Runs the screen; the result is the file exported on leaving, the wish to begin again or to train, or None."""

    TITLE = "txt label"

    def __init__(self, session: LabelSession, sitting: LabelScreenOptions) -> None:
        self.labeling = LabelScreen(session, sitting)
        super().__init__(self.labeling)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Yield what the command palette offers: every action, the export, and the themes."""
        if screen is self.labeling:
            yield SystemCommand("Export the data file with its labels", "", self.labeling.ask_export)
        yield from super().get_system_commands(screen)
