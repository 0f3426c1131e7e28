"""The app that runs the dashboard."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from textual import on

from txt.runs.live import WatchedRun
from txt.runs.replay import RecordReplay
from txt.sanitize import sanitize
from txt.screens.app import ActingApp
from txt.screens.dashboard.screen import DashboardScreen, Ended


class DashboardApp(ActingApp[None]):
    """Runs the screen."""

    TITLE = "txt watch"

    def __init__(
        self,
        watched: WatchedRun,
        replay: RecordReplay | None = None,
        *,
        notifies: bool = False,
        over: Sequence[Path] = (),
    ) -> None:
        self.dashboard = DashboardScreen(watched, replay, notifies=notifies, over=over)
        super().__init__(self.dashboard)

    @on(Ended)
    def _notify(self, event: Ended) -> None:
        """Ring the bell and show a desktop notification, by the terminal (works over ssh) and by notify-send."""
        message = sanitize(event.message)
        self.bell()
        if self._driver is not None:
            self._driver.write(f"\x1b]9;{message}\x07")
        if shutil.which("notify-send") and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            subprocess.Popen(["notify-send", "txt", message], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
