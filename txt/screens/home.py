"""The home screen: lists what is in this folder with its state, and the next command for each entry."""

from collections.abc import Callable, Sequence
from itertools import groupby

from rich.cells import cell_len
from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from txt.actions import Action, list_help
from txt.folder.entry import BEGIN, DATA, LABELS, PREPARED, RUN, STUDY, FolderEntry, NextStep
from txt.sanitize import clip, sanitize
from txt.screens.app import ThemedApp
from txt.screens.keys import make_bindings, make_chips
from txt.screens.widgets.chips import Chips
from txt.screens.widgets.dialogs import PageDialog
from txt.wording.key_page import format_key_page

_LOOK_SECONDS = 5.0
_HEADINGS = {
    DATA: "Data files",
    PREPARED: "Prepared folders",
    LABELS: "Label stores",
    RUN: "Runs",
    STUDY: "Studies",
    BEGIN: "How to begin",
}
_EMPTY = """\
There is nothing here yet that txt works on. Put a CSV, TSV, JSON lines or Parquet file with a column of texts into this
folder, and it shows up here. Enter, and the line below is run: it trains on reviews that come with txt."""
HOME_ACTIONS = (
    Action(
        "move",
        "↑ ↓, k j",
        "",
        "choose",
        calls={"up,k": "move(-1)", "down,j": "move(1)", "pageup": "move(-10)", "pagedown": "move(10)"},
    ),
    Action("run", "enter", "run it", "run the command that is shown, and come back"),
    Action(
        "other",
        "→",
        "another step",
        "another command for the same thing",
        shown="→ ←, tab",
        calls={"tab": "other(1)", "left,shift+tab": "other(-1)"},
    ),
    Action("ends", "home end, g G", "", "first, last", calls={"home,g": "move(-1000000)", "end,G": "move(1000000)"}),
    Action("help", "?", "help", "this page", other="f1", shown="?, f1"),
    Action("quit", "q", "quit", "quit"),
)


class HomeList(Widget):
    """The things in the folder under the headings of their kinds, one of them chosen."""

    class Chosen(Message):
        """Another thing was chosen."""

    def __init__(self) -> None:
        super().__init__(id="home-list")
        self._entries: Sequence[FolderEntry] = ()
        self._at = 0
        self._first = 0

    @property
    def chosen(self) -> FolderEntry | None:
        """The thing that the keys are about."""
        return self._entries[self._at] if self._entries else None

    def show(self, entries: Sequence[FolderEntry], chosen: tuple[str, str] | None = None) -> None:
        """Show other things; the one chosen, or named as kind and name, stays so if it is among them."""
        before = chosen or ((self.chosen.kind, self.chosen.name) if self.chosen else None)
        self._entries = entries
        places = [place for place, entry in enumerate(entries) if (entry.kind, entry.name) == before]
        self.move_to(places[0] if places else self._at)

    def move_to(self, place: int) -> None:
        """Choose the thing at a place, or the nearest there is."""
        self._at = max(0, min(place, len(self._entries) - 1))
        self.refresh()
        self.post_message(self.Chosen())

    def move(self, places: int) -> None:
        """Choose the thing so many places further."""
        self.move_to(self._at + places)

    def render(self) -> Text:
        """Draw the part of the list in which the chosen thing is."""
        lines = self._build_lines()
        at = next((number for number, (place, _) in enumerate(lines) if place == self._at), 0)
        self._first = min(max(self._first, at - self.size.height + 1), max(at - 1, 0))
        shown = lines[self._first : self._first + self.size.height]
        return Text("\n", no_wrap=True, overflow="ellipsis").join(line for _, line in shown)

    def _build_lines(self) -> list[tuple[int | None, Text]]:
        """Return each line with the place of the thing it is about; headings are about none."""
        widest = max(self.size.width // 3, 12)
        name_widths = {
            kind: min(max(cell_len(sanitize(entry.name)) for entry in entries), widest)
            for kind, entries in groupby(self._entries, lambda entry: entry.kind)
        }
        lines: list[tuple[int | None, Text]] = []
        for place, entry in enumerate(self._entries):
            if place == 0 or self._entries[place - 1].kind != entry.kind:
                lines += [(None, Text())] if place else []
                lines.append((None, Text(_HEADINGS[entry.kind], style="bold")))
            line = _format_entry(entry, name_widths[entry.kind], self.size.width)
            if place == self._at:
                line.stylize("reverse")
            lines.append((place, line))
        return lines

    @on(events.Click)
    def _click(self, event: events.Click) -> None:
        lines = self._build_lines()[self._first :]
        place = lines[event.y][0] if event.y < len(lines) else None
        if place is not None:
            self.move_to(place)

    @on(events.MouseScrollDown)
    def _choose_next(self) -> None:
        self.move(1)

    @on(events.MouseScrollUp)
    def _choose_previous(self) -> None:
        self.move(-1)


class HomeScreen(Screen[None]):
    """The list, the command for what is chosen, and the keys."""

    BINDINGS = make_bindings(HOME_ACTIONS)

    def __init__(
        self,
        look: Callable[[], list[FolderEntry]],
        place: str,
        chosen: tuple[str, str] | None = None,
        problem: str = "",
        about: str = "",
    ) -> None:
        super().__init__()
        self._look, self._place, self._problem, self._about = look, place, problem, about
        self._before = chosen
        self._step = 0

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield Static(Text(f"txt · {sanitize(self._place)}"), id="home-top", classes="title")
        yield HomeList()
        yield Static(id="home-told", classes="quiet")
        yield Static(id="home-command")
        yield Static(id="home-steps", classes="quiet")
        yield Chips(make_chips(HOME_ACTIONS), gap=2, id="keys")

    def on_mount(self) -> None:
        """Look at the folder, and again from time to time."""
        self.query_one("#home-told", Static).update(Text("looking at this folder …"))
        self.look()
        self.set_interval(_LOOK_SECONDS, self.look)

    @work(thread=True, exclusive=True)
    def look(self) -> None:
        """Look at the folder anew."""
        entries = self._look()
        self.app.call_from_thread(self._take, entries)

    def _take(self, entries: list[FolderEntry]) -> None:
        told = self._problem or (_EMPTY if entries[0].kind == BEGIN else "")
        self.query_one("#home-told", Static).update(Text(sanitize(" ".join(told.split()))))
        self.query_one(HomeList).show(entries, self._before)
        self._before = None

    @on(HomeList.Chosen)
    def _tell(self) -> None:
        """Write the command for what is chosen, and what else can be done with it."""
        step, steps = self.step, self._list_steps()
        told = (
            Text("$ ").append(sanitize(step.command), style="bold")
            if step
            else Text("nothing can be done with it here")
        )
        if self.query_one(HomeList).chosen is None:
            told = Text()
        self.query_one("#home-command", Static).update(told)
        others = [other.words for number, other in enumerate(steps) if number != self._step % len(steps)]
        self.query_one("#home-steps", Static).update(Text(f"→ also: {', '.join(others)}" if others else ""))

    @property
    def step(self) -> NextStep | None:
        """The step that Enter takes."""
        steps = self._list_steps()
        return steps[self._step % len(steps)] if steps else None

    def _list_steps(self) -> Sequence[NextStep]:
        chosen = self.query_one(HomeList).chosen
        return chosen.steps if chosen else ()

    def action_move(self, places: int) -> None:
        """Choose another thing, and its first step."""
        self._step = 0
        self.query_one(HomeList).move(places)

    def action_other(self, places: int = 1) -> None:
        """Choose another step for the same thing."""
        self._step += places
        self._tell()

    def action_run(self) -> None:
        """Leave the screen for the command that is shown."""
        step, chosen = self.step, self.query_one(HomeList).chosen
        if step is not None and chosen is not None:
            self.app.exit((step, (chosen.kind, chosen.name)))

    def action_help(self) -> None:
        """Show the keys and all commands."""
        self.app.push_screen(PageDialog("txt", _build_help(self._about)))

    def action_quit(self) -> None:
        """Leave."""
        self.app.exit(None)

    @on(events.Click, "HomeList")
    def _click(self) -> None:
        self._step = 0

    @on(Chips.Pressed)
    def _press(self, event: Chips.Pressed) -> None:
        getattr(self, f"action_{event.name}")()


class HomeApp(ThemedApp[tuple[NextStep, tuple[str, str]] | None]):
    """Runs the screen; the result is the step that was chosen and what it is about, or None."""

    TITLE = "txt"
    BINDINGS = [Binding("ctrl+q,ctrl+c", "quit", "Leave", show=False, priority=True)]  # noqa: RUF012

    def __init__(self, screen: HomeScreen) -> None:
        super().__init__(screen)
        self.home = screen


def _format_entry(entry: FolderEntry, name_width: int, width: int) -> Text:
    """Return a thing as one line: a mark where it is broken, its name, its state, and the step that Enter takes."""
    step = f"→ {entry.steps[0].words}" if entry.steps else ""
    room = max(width - name_width - 4 - (cell_len(step) + 2 if step else 0), 8)
    line = Text("✗ " if entry.is_broken else "  ").append(_fit_text(entry.name, name_width)).append("  ")
    line.append(_fit_text(entry.state, room), style="dim" if entry.is_broken else "")
    return line.append(f"  {step}" if step else "")


def _fit_text(text: str, width: int) -> str:
    """Return text cut or filled to a width in cells."""
    shown = Text(clip(text, width))
    shown.truncate(width, overflow="ellipsis", pad=True)
    return shown.plain


def _build_help(about: str) -> Text:
    return Text("\n").join(
        [format_key_page(list_help(HOME_ACTIONS)), Text(), *(Text(sanitize(line)) for line in about.splitlines())]
    )
