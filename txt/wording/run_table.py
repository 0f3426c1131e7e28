"""Formats runs as a table: one line per run on a wide terminal, two on a narrow one."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text

from txt.durations import format_duration
from txt.metrics import format_unit
from txt.sanitize import clip, sanitize

if TYPE_CHECKING:
    from txt.runs.summary import RunSummary

WIDE = 150  # columns from which everything stands in one line
_GAP = "  "
_MARKS = {
    "starting": ("▶", "green"),
    "running": ("▶", "green"),
    "paused": ("‖", "green"),
    "finished": ("✓", ""),
    "early-stopped": ("✓", ""),
    "interrupted": ("‖", "yellow"),
    "died": ("✗", "red"),
    "diverged": ("✗", "red"),
    "failed": ("✗", "red"),
}


def format_runs(
    runs: Sequence["RunSummary"], width: int, now: datetime, best: frozenset[str] = frozenset(), *, below: bool = True
) -> Iterator[Text]:
    """Yield the table line by line; a ★ stands beside the score of those named in `best`.

    Where it is narrow, what has no room stands in a second line `below` each run.
    """
    wide = width >= WIDE
    headings = ["name", "state", "when", "data", "best val", "test", *(["took", "size"] if wide else [])]
    rows = [_format_cells(run, wide, now, run.name in best) for run in runs]
    widths = [max([len(heading), *(row[c].cell_len for row in rows)]) for c, heading in enumerate(headings)]
    head = _align_cells([Text(heading) for heading in headings], widths)
    head.append(f"{_GAP}differs, tags, note" if wide else "")
    head.stylize("dim")
    yield _cut_line(head, width)
    for run, cells in zip(runs, rows, strict=True):
        line, words = _align_cells(cells, widths), list_remarks(run)
        if wide:
            yield _cut_line(line.append(_GAP).append_text(Text(" · ").join(words)), width)
            continue
        yield _cut_line(line, width)
        if below:
            yield _cut_line(Text(_GAP, style="dim").append_text(format_remarks_line(run)), width)


def _format_cells(run: "RunSummary", wide: bool, now: datetime, is_best: bool) -> list[Text]:
    return [
        _make_literal(clip(run.name, 24 if wide else 16), "bold"),
        format_state(run),
        Text(format_when(run.created, now)),
        _make_literal(clip(run.data or "–", 24 if wide else 14)),
        format_best(run, is_best),
        Text(_format_test_score(run, wide)),
        *([Text(_format_duration(run)), Text(format_size(run.size))] if wide else []),
    ]


def _align_cells(cells: Sequence[Text], widths: Sequence[int]) -> Text:
    line = Text()
    for cell, width in zip(cells, widths, strict=True):
        padded = cell.copy()
        padded.pad_right(width - cell.cell_len)
        line.append(_GAP if line else "").append_text(padded)
    return line


def _make_literal(text: str, style: str = "") -> Text:
    """Return text from data as it is: no markup, no control codes."""
    return Text(sanitize(text), style=style)


def _cut_line(line: Text, width: int) -> Text:
    line.rstrip()
    line.truncate(width, overflow="ellipsis")
    return line


def format_state(run: "RunSummary") -> Text:
    """Return the state with its mark; how far it came where it did not come to its end."""
    mark, style = _MARKS.get(run.state.kind, ("?", "yellow"))
    words = run.state.kind.replace("-", " ")
    if run.state.total_steps and run.state.kind not in ("finished", "early-stopped", "starting"):
        words += f" {100 * run.state.step // run.state.total_steps} %"
    return Text(f"{mark} {words}", style=style)


def format_best(run: "RunSummary", is_best: bool = False) -> Text:
    """Return the best score on val, with the metric's name where it is not accuracy."""
    if run.best is None:
        return Text("–")
    return Text(" ".join(filter(None, [f"{run.best:.3f}", sanitize(format_unit(run.metric or "")), "★" * is_best])))


def format_when(moment: datetime, now: datetime) -> str:
    """Return when something was, as short as can be: `14:31`, `24 Nov`, `Nov 2025`."""
    if moment.date() == now.date():
        return f"{moment:%H:%M}"
    return f"{moment:%d %b}" if (now - moment).days < 300 else f"{moment:%b %Y}"


def format_size(count: int) -> str:
    """Return bytes as people read them: `23 MB`."""
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= factor:
            return f"{count / factor:.{0 if count >= 10 * factor else 1}f} {unit}"
    return f"{count} B"


def format_remarks_line(run: "RunSummary") -> Text:
    """Return how long a run took, how large it is, and its remarks, in a line."""
    return Text(" · ").join(
        [Text(part) for part in (_format_duration(run), format_size(run.size)) if part != "–"] + list_remarks(run)
    )


def list_remarks(run: "RunSummary") -> list[Text]:
    """Return what differs from the defaults, the tags, the note, and what is wrong with a folder."""
    parts = [_make_literal(", ".join(run.option_words))] if run.option_words else []
    parts += [_make_literal(" ".join(f"#{tag}" for tag in run.notes.tags), "cyan")] if run.notes.tags else []
    parts += [_make_literal(run.notes.note, "italic")] if run.notes.note else []
    return parts + ([_make_literal(run.problem, "yellow")] if run.problem else [])


def _format_duration(run: "RunSummary") -> str:
    return "–" if run.seconds is None else format_duration(run.seconds)


def _format_test_score(run: "RunSummary", wide: bool) -> str:
    if run.test is None:
        return "–"
    value, low, high = run.test
    return f"{value:.3f} [{low:.3f}, {high:.3f}]" if wide else f"{value:.3f} ±{(high - low) / 2:.3f}"
