"""The home screen: lists what is in this folder, shows the chosen thing beside it, and the next command for it."""

import shlex
from collections.abc import Callable, Sequence

from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Static

from txt.actions import Action, list_help
from txt.errors import InputError
from txt.folder.entry import BEGIN, FolderEntry, NextStep
from txt.runs.folder import Run
from txt.runs.live import WatchedRun
from txt.sanitize import sanitize
from txt.screens.app import ThemedApp
from txt.screens.dashboard.screen import DashboardScreen
from txt.screens.home.detail import DetailPane, find_run_path
from txt.screens.home.list import HomeList
from txt.screens.keys import make_bindings, make_chips
from txt.screens.widgets.chips import Chips
from txt.screens.widgets.dialogs import LineDialog, PageDialog
from txt.wording.key_page import format_key_page

_LOOK_SECONDS = 5.0
_WIDE = 110  # columns from which the chosen thing has room beside the list
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
    Action("drill", "enter", "open", "open it in the whole window; there enter runs the command"),
    Action("run", "r", "run it", "run the command that is shown, and come back"),
    Action("watch", "w", "watch", "watch a run, here"),
    Action("edit", "e", "edit", "change the command that is shown, then run it"),
    Action("filter", "/", "filter", "show only what has these words; esc shows all again", calls={"escape": "back"}),
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
        self._entries: Sequence[FolderEntry] = ()
        self._words = ""

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield Static(id="home-top", classes="title")
        with Horizontal(id="home-middle"):
            yield HomeList()
            yield DetailPane()
        yield Static(id="home-told", classes="quiet")
        yield Static(id="home-command")
        yield Static(id="home-steps", classes="quiet")
        yield Chips(make_chips(HOME_ACTIONS), gap=2, id="keys")

    def on_mount(self) -> None:
        """Look at the folder, and again from time to time."""
        self.query_one("#home-top", Static).update(Text(f"txt · {sanitize(self._place)}"))
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
        self._entries = entries
        self._show_entries()

    def _show_entries(self) -> None:
        words = self._words.casefold().split()
        shown = [each for each in self._entries if all(word in _list_words(each) for word in words)]
        where = f"txt · {sanitize(self._place)}"
        where += f" · filter: {sanitize(self._words)}, {len(shown):,} of {len(self._entries):,}" if words else ""
        self.query_one("#home-top", Static).update(Text(where))
        self.query_one(HomeList).show(shown, self._before)
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
        self._show_detail()

    def _show_detail(self) -> None:
        """Show the chosen thing beside the list, where there is room for it or it fills the window."""
        pane = self.query_one(DetailPane)
        pane.display = self.has_class("drilled") or self.app.size.width >= _WIDE
        pane.show_entry(self.query_one(HomeList).chosen if pane.display else None)

    @on(events.Resize)
    def _fit(self) -> None:
        self.call_after_refresh(self._show_detail)

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

    def action_drill(self) -> None:
        """Open what is chosen in the whole window; run its command when it is open, or has nothing to open."""
        chosen = self.query_one(HomeList).chosen
        if chosen is None:
            return
        if self.has_class("drilled") or chosen.kind == BEGIN:
            self.action_run()
            return
        self.add_class("drilled")
        self._show_detail()

    @on(HomeList.Opened)
    def _open_clicked(self) -> None:
        self.action_drill()

    def action_back(self) -> None:
        """Close what is open, or show all again."""
        if self.has_class("drilled"):
            self.remove_class("drilled")
            self._show_detail()
        elif self._words:
            self._words = ""
            self._show_entries()

    def action_filter(self) -> None:
        """Ask what to show."""
        hint = "words of the name, the state or the kind · empty shows all"
        self.app.push_screen(LineDialog("Show only", self._words, hint), self._filter)

    def _filter(self, words: str | None) -> None:
        if words is not None:
            self._words = words.strip()
            self._show_entries()

    def action_watch(self) -> None:
        """Open the dashboard of a run over this screen."""
        chosen = self.query_one(HomeList).chosen
        path = find_run_path(chosen) if chosen is not None else None
        if path is None:
            self.query_one("#home-command", Static).update(Text("only a run can be watched", style="bold"))
            return
        self.app.push_screen(DashboardScreen(WatchedRun(Run(path))))

    def action_edit(self) -> None:
        """Ask for another form of the command that is shown, and run that."""
        step = self.step
        if step is not None:
            ask = LineDialog("Run this", step.command, "enter runs it · esc goes back", _parse_command)
            self.app.push_screen(ask, self._run_edited)

    def _run_edited(self, command: str | None) -> None:
        chosen = self.query_one(HomeList).chosen
        if command is not None and chosen is not None:
            self.app.exit((NextStep(_parse_command(command), "as edited"), (chosen.kind, chosen.name)))

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


def _list_words(entry: FolderEntry) -> str:
    return f"{entry.kind} {entry.name} {entry.state}".casefold()


def _parse_command(typed: str) -> tuple[str, ...]:
    """Return the arguments of a command of txt.

    Raises:
        InputError: it is another command, or its quotes do not close.
    """
    try:
        name, *arguments = shlex.split(typed) or [""]
    except ValueError as error:
        raise InputError(f"that cannot be read: {error}".lower()) from None
    if name != "txt" or not arguments:
        raise InputError("only a command that begins with `txt` can be run here")
    return tuple(arguments)


def _build_help(about: str) -> Text:
    return Text("\n").join(
        [format_key_page(list_help(HOME_ACTIONS)), Text(), *(Text(sanitize(line)) for line in about.splitlines())]
    )
