"""What all dialogs share: they answer once."""

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer]):
    """A dialog whose first answer counts: keys typed ahead would otherwise close what lies under it."""

    _answered = False

    def dismiss(self, result: Answer | None = None) -> AwaitComplete:
        """Close the dialog with its answer; a second one is ignored."""
        closing: AwaitComplete = AwaitComplete.nothing() if self._answered else super().dismiss(result)
        self._answered = True
        return closing
