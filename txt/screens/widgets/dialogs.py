"""Dialogs for a line, a choice or a page. Each answers once, and receives keys that were typed before it opened."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from txt.errors import InputError
from txt.sanitize import sanitize
from txt.screens.widgets.chips import Chip, Chips

DialogAnswer = TypeVar("DialogAnswer")


class TypedAhead(Message):
    """A key for a dialog that arrived while the screen below still had the focus."""

    def __init__(self, event: events.Key) -> None:
        super().__init__()
        self.key, self.character = event.key, event.character
        self.is_printable = event.is_printable


class Dialog(ModalScreen[DialogAnswer]):
    """A dialog that answers only once: otherwise keys typed ahead would also close the screen below."""

    _answered = False

    def dismiss(self, result: DialogAnswer | None = None) -> AwaitComplete:
        """Close the dialog with its answer; a second one is ignored."""
        closing: AwaitComplete = AwaitComplete.nothing() if self._answered else super().dismiss(result)
        self._answered = True
        return closing

    @on(TypedAhead)
    async def _replay_key(self, event: TypedAhead) -> None:
        """Handle a key that was typed just before the dialog opened."""
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


def make_steady_input(value: str = "", placeholder: str = "") -> Input:
    """Return a line to type in whose cursor does not blink."""
    line = Input(value, placeholder=placeholder, select_on_focus=bool(placeholder))
    line.cursor_blink = False
    return line


class LineDialog(Dialog[str | None]):
    """Asks for a line of text; every key types, none is a shortcut. None if it was cancelled."""

    BINDINGS = [("escape", "dismiss(None)", "Back")]  # noqa: RUF012

    def __init__(
        self, title: str, value: str = "", hint: str = "", check: Callable[[str], object] = lambda _text: None
    ) -> None:
        super().__init__()
        self._title, self._value, self._hint, self._check = title, value, hint, check

    def compose(self) -> ComposeResult:
        """Lay out the title, the line and the hint."""
        with Vertical(classes="dialog"):
            yield Static(Text(self._title), classes="title")
            yield make_steady_input(self._value)
            yield Static(Text(self._hint or "enter keeps it · esc goes back"), classes="quiet", id="hint")

    @on(Input.Submitted)
    def _submit_line(self, event: Input.Submitted) -> None:
        try:
            self._check(event.value)
        except InputError as error:
            self.query_one("#hint", Static).update(Text(error.message, style="bold"))
        else:
            self.dismiss(event.value)


class ChoiceDialog(Dialog[str]):
    """Shows something and asks for one of a few keys."""

    def __init__(self, title: str, body: Text, choices: Sequence[Chip]) -> None:
        super().__init__()
        self._title, self._body, self._choices = title, body, choices

    def compose(self) -> ComposeResult:
        """Lay out the title, the body and the keys."""
        with Vertical(classes="dialog"):
            yield Static(Text(self._title), classes="title")
            yield Static(self._body, id="body")
            yield Chips(self._choices)

    @on(events.Key)
    def _press(self, event: events.Key) -> None:
        event.stop()
        pressed = {event.key, event.character, "esc" if event.key == "escape" else None}
        chosen = next((chip.name for chip in self._choices if chip.key in pressed), None)
        if chosen is not None:
            self.dismiss(chosen)

    @on(Chips.Pressed)
    def _click(self, event: Chips.Pressed) -> None:
        self.dismiss(event.name)


_SCROLLING = ("up", "k", "down", "j", "pageup", "pagedown", "space", "home", "g", "end", "G")


class PageDialog(Dialog[None]):
    """A page to read; any key but those that scroll goes back."""

    BINDINGS = [  # noqa: RUF012
        ("up,k", "scroll(-1)", "Up"),
        ("down,j", "scroll(1)", "Down"),
        ("pageup", "scroll(-10)", "PageDialog up"),
        ("pagedown,space", "scroll(10)", "PageDialog down"),
        ("home,g", "scroll(-1000000)", "First"),
        ("end,G", "scroll(1000000)", "Last"),
    ]

    def __init__(self, title: str, body: Text) -> None:
        super().__init__()
        self._title, self._body = title, body

    def compose(self) -> ComposeResult:
        """Lay out the page."""
        with Vertical(classes="page"):
            yield Static(Text(self._title), classes="title")
            with VerticalScroll(can_focus=False):
                yield Static(self._body)
            yield Static(Text("any key goes back"), classes="quiet", id="page-back")

    @on(events.Click, "#page-back")
    def _close_on_click(self) -> None:
        self.dismiss(None)

    def action_scroll(self, lines: int) -> None:
        """Scroll the page."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    @on(events.Key)
    def _close_on_key(self, event: events.Key) -> None:
        if event.key not in _SCROLLING:
            event.stop()
            self.dismiss(None)


class WaitingPage(PageDialog):
    """A page that opens at once, says how long it has been waited for, and is filled when what it shows is there."""

    def __init__(self, title: str) -> None:
        super().__init__(sanitize(title), Text("reading …", style="dim"))
        self.is_closed = False
        self._begun = time.monotonic()
        self._filled = False
        self._stop: Callable[[], object] = lambda: None

    def on_mount(self) -> None:
        """Say how long it takes."""
        self.set_interval(0.5, self._tell_waiting)

    def on_unmount(self) -> None:
        """End what is still being waited for."""
        self.is_closed = True
        if not self._filled:
            self._stop()

    def on_close(self, stop: Callable[[], object]) -> None:
        """Call `stop` where the page is closed before it is filled."""
        self._stop = stop
        if self.is_closed:
            stop()

    def fill(self, body: Text) -> None:
        """Show what was waited for."""
        self._filled = True
        self._show(body)

    def _tell_waiting(self) -> None:
        if not self._filled:
            self._show(Text(f"reading … {time.monotonic() - self._begun:.0f} s, any key goes back", style="dim"))

    def _show(self, body: Text) -> None:
        if not self.is_closed:
            self.query_one(VerticalScroll).query_one(Static).update(body)
