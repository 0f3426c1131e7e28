"""The screen of all runs: sorts, filters, shows, compares, annotates and removes them."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Static

from txt.actions import Action, list_help
from txt.errors import InputError, TxtError
from txt.runs.folder import RUNS, Run
from txt.runs.listing import SORTS, filter_runs, sort_runs
from txt.runs.live import WatchedRun
from txt.runs.notes import change_tags, write_note
from txt.runs.pruning import check_idle, check_removable, describe_importance, find_borrowers
from txt.runs.summary import RunSummary, find_leaders, summarize_runs
from txt.sanitize import sanitize, sanitize_colored
from txt.screens.app import ThemedApp
from txt.screens.dashboard.screen import DashboardScreen
from txt.screens.keys import make_bindings, make_chips
from txt.screens.runs.table import RunTable
from txt.screens.widgets.chips import Chip, Chips
from txt.screens.widgets.dialogs import ChoiceDialog, LineDialog, PageDialog, WaitingPage
from txt.wording.key_page import format_key_page
from txt.wording.run_table import format_remarks_line, format_size

_RELOAD_SECONDS = 5.0
RUNS_ACTIONS = (
    Action("move", "↑ ↓, k j", "", "choose a run", calls={"up,k": "move(-1)", "down,j": "move(1)"}),
    Action("ends", "home end, g G", "", "first, last", calls={"home,g": "move(-1000000)", "end,G": "move(1000000)"}),
    Action("turn", "PgUp PgDn", "", "turn the page", calls={"pageup": "turn(-1)", "pagedown": "turn(1)"}),
    Action("show", "enter", "show", "show all about the run"),
    Action(
        "mark",
        "space",
        "mark",
        "mark the run for comparing or deleting, or take its mark away; esc takes all away",
        calls={"escape": "unmark"},
    ),
    Action("watch", "w", "watch", "watch the run, with the marked ones drawn over it"),
    Action("compare", "c", "compare", "compare the marked runs with the first marked"),
    Action("filter", "/", "filter", "show only some: words, or lr>=0.001 best>0.8 state=died tag=keep"),
    Action("sort", "s", "sort", "sort by the next column; reverse the order", shown="s, S", calls={"S": "reverse"}),
    Action("note", "n", "note", "write a note on the run"),
    Action("tags", "t", "tags", "change the tags; `keep` protects from prune"),
    Action("rename", "r", "rename", "rename the run"),
    Action("remove", "d", "delete", "delete the marked runs, or this one, after asking"),
    Action("help", "?", "help", "this page", other="f1", shown="?, f1"),
    Action("quit", "q", "quit", "quit"),
)


class RunsScreen(Screen[None]):
    """The table, the remarks on the chosen run, and the keys."""

    BINDINGS = make_bindings(RUNS_ACTIONS)

    def __init__(self, folder: Path = RUNS, *, by: str = "when", reverse: bool = False, terms: str = "") -> None:
        super().__init__()
        self._folder = folder
        self._runs: list[RunSummary] = []
        self._shown: list[RunSummary] = []
        self._by, self._reverse, self._terms = by, reverse, terms
        self._marked: dict[str, None] = {}

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield Static(id="runs-top", classes="title")
        yield RunTable()
        yield Static(id="runs-below", classes="quiet")
        yield Chips(make_chips(RUNS_ACTIONS), gap=2, id="keys")

    def on_mount(self) -> None:
        """Show the runs, and look again from time to time."""
        self.query_one("#runs-top", Static).update(Text("reading the runs …"))
        self.reload()
        self.set_interval(_RELOAD_SECONDS, self.reload)

    # What is shown

    @work(thread=True, exclusive=True)
    def reload(self) -> None:
        """Read all runs anew."""
        runs = summarize_runs(self._folder)
        self.app.call_from_thread(self._set_runs, runs)

    def _set_runs(self, runs: list[RunSummary]) -> None:
        self._runs = runs
        self._marked = {name: None for name in self._marked if any(run.name == name for run in runs)}
        self._show_runs()

    def _show_runs(self) -> None:
        self._shown = sort_runs(filter_runs(self._runs, self._terms), self._by, self._reverse)
        self.query_one(RunTable).show(self._shown, find_leaders(self._runs), self._marked)

    @on(RunTable.Chosen)
    def _show_remarks(self) -> None:
        """Write the line above the table, and what there is to say about the chosen run below it."""
        table = self.query_one(RunTable)
        of = f"{len(self._shown):,} of " if len(self._shown) < len(self._runs) else ""
        parts = [f"{of}{len(self._runs):,} runs", f"by {self._by}{', reversed' if self._reverse else ''}"]
        parts += [f"filter: {sanitize(self._terms)}"] if self._terms else []
        parts += [f"{len(self._marked)} marked"] if self._marked else []
        parts += [table.page] if table.page else []
        self.query_one("#runs-top", Static).update(Text(" · ".join(parts)))
        self.query_one("#runs-below", Static).update(format_remarks_line(table.chosen) if table.chosen else Text())

    # Moving

    def action_move(self, rows: int) -> None:
        """Choose another run."""
        self.query_one(RunTable).move(rows)

    def action_turn(self, pages: int) -> None:
        """Turn the page."""
        self.query_one(RunTable).move_pages(pages)

    def action_sort(self) -> None:
        """Sort by the next column."""
        keys = list(SORTS)
        self._by = keys[(keys.index(self._by) + 1) % len(keys)]
        self._show_runs()

    def action_reverse(self) -> None:
        """Reverse the order."""
        self._reverse = not self._reverse
        self._show_runs()

    def action_filter(self) -> None:
        """Ask which runs to show."""
        hint = "words, or lr>=0.001 best>0.8 state=died tag=keep · empty shows all"
        self.app.push_screen(LineDialog("Show only", self._terms, hint, partial(filter_runs, self._runs)), self._filter)

    def _filter(self, terms: str | None) -> None:
        if terms is not None:
            self._terms = terms.strip()
            self._show_runs()

    # Marking and comparing

    def action_mark(self) -> None:
        """Mark the chosen run for comparing, or take its mark away, and go on to the next."""
        run = self._get_chosen()
        if run is None:
            return
        if run.name in self._marked:
            del self._marked[run.name]
        else:
            self._marked[run.name] = None
        self._show_runs()
        self.action_move(1)

    def action_unmark(self) -> None:
        """Take all marks away."""
        self._marked.clear()
        self._show_runs()

    def action_compare(self) -> None:
        """Compare the marked runs, the first marked being the one that others are compared with."""
        run = self._get_chosen()
        names = list(self._marked)
        if run and len(names) == 1 and run.name not in names:
            names.append(run.name)
        if len(names) < 2:
            self.notify("mark two or more runs with space first", severity="warning")
            return
        self._open_page("compare", [str(self._folder / name) for name in names])

    def action_show(self) -> None:
        """Show all about the chosen run."""
        run = self._get_chosen()
        if run:
            self._open_page("show", [str(run.path)])

    @on(RunTable.Opened)
    def _open_clicked(self) -> None:
        self.action_show()

    def action_watch(self) -> None:
        """Open the dashboard of the chosen run, with the marked runs over it."""
        run = self._get_chosen()
        if run is None or not run.is_run:
            self.notify("that is not a run that can be watched", severity="warning")
            return
        over = [self._folder / name for name in self._marked if name != run.name]
        self.app.push_screen(DashboardScreen(WatchedRun(Run(run.path)), over=over))

    def _open_page(self, command: str, names: Sequence[str]) -> None:
        """Open the page of a command at once, and fill it when the command is done."""
        page = WaitingPage(f"txt runs {command} {' '.join(Path(name).name for name in names)}")
        self.app.push_screen(page)
        self._read_page(page, command, names)

    @work(thread=True, group="page")
    def _read_page(self, page: WaitingPage, command: str, names: Sequence[str]) -> None:
        """Show what a command prints; it runs in its own process, so that loading a model does not block keys."""
        columns = {"COLUMNS": str(max(self.size.width - 6, 40)), "FORCE_COLOR": "1", "TXT_NO_CONFIG": "1"}
        process = subprocess.Popen(
            [sys.executable, "-m", "txt", "runs", command, *names],
            env=os.environ | columns,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        page.on_close(process.terminate)
        shown, said = process.communicate()
        if not page.is_closed:
            body = Text.from_ansi(sanitize_colored(shown if process.returncode == 0 else shown + said))
            self.app.call_from_thread(page.fill, body)

    # Changing

    def action_note(self) -> None:
        """Ask for the note on the chosen run."""
        run = self._get_chosen()
        if run:
            ask = LineDialog(
                f"Note on {sanitize(run.name)}", run.notes.note, "enter keeps it · empty removes it · esc goes back"
            )
            self.app.push_screen(ask, self._make_answer_handler(lambda note: write_note(run.path, note)))

    def action_tags(self) -> None:
        """Ask for the tags of the chosen run."""
        run = self._get_chosen()
        if run is None:
            return

        def change(text: str) -> None:
            tags = tuple(text.replace(",", " ").split())
            change_tags(run.path, tags, tuple(tag for tag in run.notes.tags if tag not in tags))

        hint = "words between spaces; `keep` protects from prune"
        self.app.push_screen(
            LineDialog(f"Tags of {sanitize(run.name)}", " ".join(run.notes.tags), hint),
            self._make_answer_handler(change),
        )

    def action_rename(self) -> None:
        """Ask for another name for the chosen run."""
        run = self._get_chosen()
        if run is None:
            return

        def change(name: str) -> None:
            check_idle(run)
            if find_borrowers(run, self._runs):
                raise InputError("another run trained on the data inside it, and would no longer find it")
            Run(run.path).rename(name.strip())

        self.app.push_screen(
            LineDialog(f"Another name for {sanitize(run.name)}", run.name), self._make_answer_handler(change)
        )

    def action_remove(self) -> None:
        """Ask whether to remove the marked runs that are shown, or the chosen one."""
        chosen = self._get_chosen()
        going = [run for run in self._shown if run.name in self._marked] or ([chosen] if chosen else [])
        try:
            for run in going:
                check_removable(run, self._runs, [other.path for other in going])
        except TxtError as error:
            self.notify(_format_error(error), severity="warning", markup=False)
            return
        if going:
            choices = [Chip("yes", "y", "remove"), Chip("no", "esc", "keep")]
            self.app.push_screen(
                ChoiceDialog("Remove for good?", _describe_removal(going, self._runs), choices),
                self._make_answer_handler(lambda answer: _remove_runs(going) if answer == "yes" else None),
            )

    def _make_answer_handler(self, change: Callable[[str], object]) -> Callable[[str | None], None]:
        """Return a callback that applies a change with a dialog's answer, and shows its errors."""

        def apply_answer(answer: str | None) -> None:
            if answer is None:
                return
            try:
                change(answer)
            except TxtError as error:
                self.notify(_format_error(error), severity="error", markup=False)
            except OSError as error:
                self.notify(f"{error.strerror}: {sanitize(str(error.filename))}", severity="error", markup=False)
            self.reload()

        return apply_answer

    def _get_chosen(self) -> RunSummary | None:
        return self.query_one(RunTable).chosen

    def action_help(self) -> None:
        """Show all keys."""
        self.app.push_screen(PageDialog("Keys", format_key_page(list_help(RUNS_ACTIONS))))

    def action_quit(self) -> None:
        """Leave."""
        self.app.exit()

    @on(events.Resize)
    def _resize(self) -> None:
        self.call_after_refresh(self.query_one(RunTable).move, 0)

    @on(Chips.Pressed)
    def _press(self, event: Chips.Pressed) -> None:
        getattr(self, f"action_{event.name}")()


class RunsApp(ThemedApp[None]):
    """Runs the screen."""

    TITLE = "txt runs"
    BINDINGS = [Binding("ctrl+q,ctrl+c", "quit", "Leave", show=False, priority=True)]  # noqa: RUF012

    def __init__(self, screen: RunsScreen) -> None:
        super().__init__(screen)
        self.runs = screen


def _describe_removal(going: Sequence[RunSummary], every: Sequence[RunSummary]) -> Text:
    """Return what is about to be removed, and what is special about it."""
    lines = []
    for run in going[:12]:
        line = Text(sanitize(run.name), style="bold").append(f"  {format_size(run.size)}", style="not bold")
        lines.append(
            line.append("".join(f"; {reason}" for reason in describe_importance(run, every)), style="not bold")
        )
    if len(going) > 12:
        lines.append(Text(f"and {len(going) - 12} more"))
    return Text("\n").join(lines)


def _remove_runs(runs: Sequence[RunSummary]) -> None:
    for run in runs:
        with Run(run.path).lock():
            Run(run.path).delete()


def _format_error(error: TxtError) -> str:
    return sanitize(error.message + (f" ({error.hint})" if error.hint else ""))
