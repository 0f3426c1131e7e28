"""The questions that labeling asks: a line of text, a choice of keys, what to do with a whole view, all keys."""

from collections.abc import Callable, Sequence

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Input, Static

from txt.errors import InputError
from txt.screens.chips import Chip, Chips
from txt.screens.dialog import Dialog


def still_input(value: str = "", placeholder: str = "") -> Input:
    """Return a line to type in whose cursor does not blink."""
    line = Input(value, placeholder=placeholder, select_on_focus=bool(placeholder))
    line.cursor_blink = False
    return line


class AskLine(Dialog[str | None]):
    """Asks for a line of text; every key types, none is a shortcut. None when the annotator thought better of it."""

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
            yield still_input(self._value)
            yield Static(Text(self._hint or "enter keeps it · esc goes back"), classes="quiet", id="hint")

    @on(Input.Submitted)
    def _answer(self, event: Input.Submitted) -> None:
        try:
            self._check(event.value)
        except InputError as error:
            self.query_one("#hint", Static).update(Text(error.message, style="bold"))
        else:
            self.dismiss(event.value)


class Choose(Dialog[str]):
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


class Page(Dialog[None]):
    """A page to read; any key but those that scroll goes back."""

    BINDINGS = [  # noqa: RUF012
        ("up,k", "scroll(-1)", "Up"),
        ("down,j", "scroll(1)", "Down"),
        ("pageup", "scroll(-10)", "Page up"),
        ("pagedown,space", "scroll(10)", "Page down"),
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
            yield Static(Text("any key goes back"), classes="quiet")

    def action_scroll(self, lines: int) -> None:
        """Scroll the page."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    @on(events.Key)
    def _back(self, event: events.Key) -> None:
        if event.key not in _SCROLLING:
            event.stop()
            self.dismiss(None)
