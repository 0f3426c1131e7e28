"""Sends commands to the process of a training, keeps those without an answer yet, and asks before some."""

from rich.text import Text

from txt.files import LinkedError
from txt.runs.live import WatchedRun
from txt.runs.state import STARTING
from txt.screens.widgets.chips import Chip
from txt.screens.widgets.dialogs import ChoiceDialog
from txt.training.control import send_command
from txt.wording import run as run_words


class Steering:
    """Sends commands to the process of a watched run; `notice` says what became of the last one."""

    def __init__(self, watched: WatchedRun) -> None:
        self._watched = watched
        self._waiting: set[str] = set()
        self.notice = ""

    def ask(self, command: str, told: str, value: float | str | None = None) -> bool:
        """Send a command; its answer comes through the event log. Returns whether it could be sent."""
        if not self.is_possible():
            return False
        try:
            self._waiting.add(send_command(self._watched.run, command, value))
        except OSError as error:
            self.notice = f"this run can only be watched from here: {(error.strerror or str(error)).lower()}"
            return False
        except LinkedError as error:
            self.notice = f"this run can only be watched from here: {error.message}"
            return False
        self.notice = f"{told} …"
        return True

    def is_possible(self) -> bool:
        """Return whether a process hears commands; `notice` says why where none does."""
        if self._watched.is_training:
            return True
        starting = self._watched.state == STARTING
        self.notice = (
            "it is still starting" if starting else f"it is not running: {run_words.describe_state(self._watched)}"
        )
        return False

    def hear(self) -> bool:
        """Take in answers; returns whether one of this screen's commands was answered."""
        heard = [answer for answer in self._watched.answers if answer.number in self._waiting]
        for answer in heard:
            self._waiting.remove(answer.number)
            self.notice = f"refused: {answer.refused}" if answer.refused else ""
        return bool(heard)


def ask_to_stop() -> ChoiceDialog:
    """Return the question before a training is stopped; its answer is `stop`."""
    body = Text("The step is finished, everything is saved, and --resume goes on with it.")
    return ChoiceDialog(
        "Stop the training?", body, [Chip("stop", "enter", "stop and save"), Chip("stay", "esc", "go on")]
    )


def ask_to_discard(watched: WatchedRun) -> ChoiceDialog:
    """Return the question before a run is removed; its answer is `discard`."""
    body = Text(f"Everything in {watched.run.path} is removed, its checkpoints and its best model too.")
    return ChoiceDialog(
        "Discard this run?", body, [Chip("discard", "D", "stop and remove it"), Chip("stay", "esc", "keep it")]
    )


def ask_to_leave(watch_again: str) -> ChoiceDialog:
    """Return the question before a screen is left whose training goes on; its answer is `detach` or `stop`."""
    body = Text(f"The training goes on without this screen; {watch_again} opens it again.")
    choices = [
        Chip("detach", "enter", "leave it running"),
        Chip("stop", "x", "stop and save"),
        Chip("stay", "esc", "stay"),
    ]
    return ChoiceDialog("Leave?", body, choices)
