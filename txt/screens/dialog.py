"""What all dialogs share: they answer once, and they get the keys that were typed before they were there."""

from typing import TypeVar

from textual import events, on
from textual.await_complete import AwaitComplete
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input

Answer = TypeVar("Answer")


class TypedAhead(Message):
    """A key that was meant for a dialog, and came while the screen below still had the keys."""

    def __init__(self, event: events.Key) -> None:
        super().__init__()
        self.key, self.character = event.key, event.character
        self.is_printable = event.is_printable


class Dialog(ModalScreen[Answer]):
    """A dialog whose first answer counts: keys typed ahead would otherwise close what lies under it."""

    _answered = False

    def dismiss(self, result: Answer | None = None) -> AwaitComplete:
        """Close the dialog with its answer; a second one is ignored."""
        closing: AwaitComplete = AwaitComplete.nothing() if self._answered else super().dismiss(result)
        self._answered = True
        return closing

    @on(TypedAhead)
    async def _take(self, event: TypedAhead) -> None:
        """Do with a key what would have been done with it a moment later."""
        line = next(iter(self.query(Input)), None)
        if line is None:
            self.post_message(events.Key(event.key, event.character))
        elif event.is_printable and event.character:
            line.insert_text_at_cursor(event.character)
        elif event.key == "enter":
            await line.action_submit()
        elif event.key == "backspace":
            line.action_delete_left()
        elif event.key == "escape":
            self.dismiss(None)
