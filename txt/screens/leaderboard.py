"""The leaderboard of a search: ranked trials with their curves, while it runs and at the end."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static

from txt.actions import Action
from txt.charts.plot import Series, draw_line_chart
from txt.durations import format_duration, format_estimate
from txt.sanitize import clip, sanitize
from txt.screens.app import ThemedApp
from txt.screens.keys import make_bindings
from txt.search.board import Board, TrialRow
from txt.search.ranking import format_param_name, format_param_value, format_params

_STOP = Action("stop", "q", "", "stop and save", calls={"ctrl+c,ctrl+q": "stop"})
_SPARKS = "▁▂▃▄▅▆▇█"
_SPARK_WIDTH = 12
_MARKS = {"done": "✓", "paused": "‖", "pruned": "✂", "running": "▸", "waiting": "·", "failed": "✗"}
_STYLES = {"done": "", "paused": "", "pruned": "dim", "running": "bold", "waiting": "dim", "failed": "red"}
_SLICE_HEIGHT = 10
_FEW_VALUES = 6  # of an option that are shown as places, and not as a line


def describe_board(board: Board) -> str:
    """Say in one line how a study stands."""
    counts = [
        f"{len(board.of(state))} {state}" for state in ("running", "paused", "pruned", "failed") if board.of(state)
    ]
    parts = [f"{board.ended:,} of {board.total:,} trials ended", *counts]
    if board.left_out:
        parts.append(f"{sum(board.left_out.values()):,} left out that cannot be built")
    if board.lost:
        parts.append(f"{board.lost} taken up again after a crash")
    parts.append(f"cost so far {format_duration(board.cost_seconds)}")
    if board.seconds_left is not None:
        parts.append(f"about {format_estimate(board.seconds_left)} left")
    return ", ".join(parts)


def build_trials_table(board: Board, most: int, width: int) -> Table:
    """Return the first trials of a board as a table; what all have alike is not repeated in each line."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("", board.metric, "by epoch", "options", "run"):
        table.add_column(Text(sanitize(heading)), no_wrap=True, overflow="ellipsis")
    names = sorted({name for trial in board.trials for name in trial.params})
    room = max(width - 24 - _SPARK_WIDTH - 14, 10)
    scale = find_scale([trial.curve for trial in board.trials])
    for trial in board.trials[:most]:
        told = (
            trial.reason
            if trial.state == "failed"
            else format_params(trial.params, [n for n in names if n in trial.params])
        )
        run = trial.runs[0] if trial.runs else ""
        table.add_row(
            _MARKS[trial.state],
            format_score(trial),
            draw_sparkline(trial.curve, *scale),
            Text(clip(told or "", room)),
            Text(clip(run, 16)),
            style=_STYLES[trial.state],
        )
    return table


def draw_slices(
    slices: Mapping[str, Sequence[tuple[Any, float, float]]], metric: str, width: int
) -> Iterator[Text | Table]:
    """Yield a chart for each option: the mean and the best score at each of its values."""
    for name, entries in slices.items():
        values = [value for value, _, _ in entries]
        is_numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
        if is_numeric and len(values) > _FEW_VALUES:
            yield Text(f"\n{metric} by {format_param_name(name)}", style="bold")
            yield _draw_numeric_slice(values, [mean for _, mean, _ in entries], [best for _, _, best in entries], width)
        else:
            yield Text(f"\n{metric} by {format_param_name(name)}", style="bold")
            yield draw_places(entries, width)


def draw_places(entries: Sequence[tuple[Any, float, float]], width: int) -> Text:
    """Draw the mean and the best score of each value of an option as two places on one scale, a value a line.

    A few values are places of their own: a line between two of them would show what nobody has tried.
    """
    names = [clip(format_param_value(value), 20) for value, _, _ in entries]
    scores = [score for _, mean, best in entries for score in (mean, best)]
    low, high = min(scores), max(scores)
    label = max(map(len, names))
    room = max(min(width, 80) - label - 20, 10)
    lines = [Text.assemble(" " * (label + 2), ("mean • best ◆", "dim"), no_wrap=True)]
    for name, (_, mean, best) in zip(names, entries, strict=True):
        places = [round((score - low) / ((high - low) or 1.0) * (room - 1)) for score in (mean, best)]
        row = ["┈"] * room
        row[places[0]] = "•"
        row[places[1]] = "◆"
        drawn = Text.assemble(f"{name:>{label}}  ", no_wrap=True)
        for letter in row:
            drawn.append(letter, {"•": "bright_blue", "◆": "bright_green"}.get(letter, "dim"))
        lines.append(drawn.append(f"  {mean:.4f}  {best:.4f}"))
    ends = f"{low:.4f}".ljust(room - 6) + f"{high:.4f}" if high > low else f"{low:.4f}"
    lines.append(Text(" " * (label + 2) + ends, style="dim", no_wrap=True))
    return Text("\n").join(lines)


def find_scale(curves: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Return the lowest and the highest value of all curves as they are shown, so that they can be compared."""
    shown = [value for curve in curves for value in list(curve)[-_SPARK_WIDTH:]]
    return (min(shown), max(shown)) if shown else (0.0, 1.0)


def draw_sparkline(values: Sequence[float], low: float, high: float) -> str:
    """Draw the last values as a row of blocks, on a scale from `low` to `high`."""
    reach = (high - low) or 1.0
    return "".join(
        _SPARKS[min(max(round((value - low) / reach * (len(_SPARKS) - 1)), 0), len(_SPARKS) - 1)]
        for value in list(values)[-_SPARK_WIDTH:]
    )


def format_score(trial: TrialRow) -> str:
    """Return a score with its interval, or an empty string where there is none yet."""
    if trial.score is None:
        return ""
    reach = f" ± {trial.half_width:.4f}" if trial.half_width is not None else ""
    return f"{trial.score:.4f}{reach}"


def _draw_numeric_slice(values: Sequence[float], means: Sequence[float], bests: Sequence[float], width: int) -> Text:
    log = min(values) > 0 and max(values) / min(values) >= 10
    series = [Series(values, bests, "best", "bright_green"), Series(values, means, "mean", "bright_blue")]
    return draw_line_chart(series, width, _SLICE_HEIGHT, log_x=log)


class Advanced(Message):
    """A new board came from the search."""

    def __init__(self, board: Board) -> None:
        super().__init__()
        self.board = board


class LeaderboardApp(ThemedApp[Board | None]):
    """Shows a search while it runs; the result is its last board."""

    TITLE = "txt grid"
    BINDINGS = make_bindings((_STOP,), priority=True)

    def __init__(self, boards: Callable[[Callable[[], bool]], Iterator[Board]]) -> None:
        super().__init__()
        self._boards = boards
        self._stopping = False
        self._board: Board | None = None

    def compose(self) -> ComposeResult:
        """Lay out the study's state above its trials."""
        with Vertical():
            yield Static("starting the workers …", id="state", classes="title")
            yield Static(id="best")
            yield Static(id="trials")
            yield Static("q, or a click here, stops and saves", id="hint", classes="quiet")

    @on(events.Click, "#hint")
    def _stop_on_click(self) -> None:
        self.action_stop()

    def on_mount(self) -> None:
        """Begin the search."""
        self._begun = time.monotonic()
        self._waiting = self.set_interval(1, self._tell_waiting)
        self._run_search()

    @work(thread=True, exit_on_error=True)
    def _run_search(self) -> None:
        last: Board | None = None
        for last in self._boards(lambda: self._stopping):
            self.post_message(Advanced(last))
        self.call_from_thread(self.exit, last)

    def _tell_waiting(self) -> None:
        """Say how long the workers have been starting; a machine with other work takes its time."""
        told = f"starting the workers … {time.monotonic() - self._begun:.0f} s"
        self.query_one("#state", Static).update(told)

    def on_advanced(self, message: Advanced) -> None:
        """Draw the board."""
        self._waiting.stop()
        self._board = message.board
        self._draw()

    def on_resize(self) -> None:
        """Draw the board in the new size."""
        self._draw()

    def action_stop(self) -> None:
        """Let the workers save, then leave."""
        self._stopping = True
        self.query_one("#hint", Static).update("saving what is being trained …")

    def leave_on_signal(self) -> None:
        """Let the workers save first."""
        self.action_stop()

    def _draw(self) -> None:
        board = self._board
        if board is None:
            return
        self.query_one("#state", Static).update(Text(f"{sanitize(board.name)}: {describe_board(board)}"))
        best = board.best
        told = (
            f"best {format_score(best)}  {format_params(best.params)}"
            if best
            else "no trial has been trained to the end yet"
        )
        self.query_one("#best", Static).update(Text(told))
        self.query_one("#trials", Static).update(
            build_trials_table(board, max(self.size.height - 6, 3), self.size.width)
        )
