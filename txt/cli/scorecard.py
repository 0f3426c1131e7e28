"""A report on the terminal: readable at 80 columns, without colour and in a pipe."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from txt.charts.palette import RIGHT_SHADES, WRONG_SHADES
from txt.cli.console import shown
from txt.sanitize import clip, sanitize

if TYPE_CHECKING:
    from txt.evaluation.report import Mistake, Report
    from txt.evaluation.slices import Slice
    from txt.proportions import Bin

MAX_CLASSES = 30
MAX_MATRIX_CLASSES = 12
MAX_PAIRS = 12
MAX_MISTAKES = 10

_SHORT = {"balanced_accuracy": "balanced acc."}  # with all intervals in the table, 80 columns hold no more
_MARKS = {1: ("▲", "green"), 0: ("≈", "bold"), -1: ("▼", "yellow")}
_BAR = 30


def show_report(report: "Report", console: Console) -> None:
    """Print the whole report."""
    for part in _parts(report, console.width):
        console.print(part)


def _parts(report: "Report", width: int) -> Iterator[RenderableType]:
    yield from _title(report)
    yield scores_table(report, width)
    yield from verdict_lines(report)
    yield from classes_table(report, width)
    yield from confusion(report, width)
    yield from calibration(report, width)
    yield from slices_table(report.slices, width)
    yield from mistakes(report, width)


def _title(report: "Report") -> Iterator[Text]:
    from txt.evaluation.wording import left_out_line, seen_line

    title = Text("Evaluation of ").append(shown(report.run, "bold")).append(" on ").append(shown(report.where, "bold"))
    yield title.append(f": {report.rows:,} rows, {len(report.labels)} classes, intervals at 95 %")
    if warning := seen_line(report):
        yield Text(f"▼ {warning}", style="yellow")
    if left_out := left_out_line(report):
        yield Text(left_out)
    yield Text()


def scores_table(report: "Report", width: int) -> Table:
    """Lay out each score of the model, the baseline's, and the difference in points."""
    from txt.evaluation.wording import points_with_span, with_span
    from txt.metrics import METRIC_NAMES

    if report.baseline is None:
        return _table(
            ["", "model"], [[METRIC_NAMES[name], with_span(score)] for name, score in report.metrics.items()], width
        )
    rows = []
    for name, score in report.metrics.items():
        other, above = report.baseline.metrics.get(name), report.difference.get(name)
        compared = [with_span(other) if other else "–", points_with_span(above) if above else "–"]
        rows.append([_SHORT.get(name, METRIC_NAMES[name]), with_span(score), *compared])
    return _table(["", "model", "baseline", "points above"], rows, width)


def verdict_lines(report: "Report") -> Iterator[Text]:
    """Say how the model stands to the baseline and to the most frequent answer."""
    from txt.evaluation.wording import embeddings_line, majority_line, sign

    if report.verdict is None or report.baseline is None:
        return
    mark, style = _MARKS[sign(report.difference["accuracy"])]
    yield Text(f"\n{mark} {report.verdict}.", style=style)
    yield Text(f"Baseline: {report.baseline.name}, fitted on the same train split.")
    if report.embeddings:
        yield Text(embeddings_line(report.embeddings))
    if report.majority:
        yield shown(majority_line(report.majority))


def classes_table(report: "Report", width: int) -> Iterator[RenderableType]:
    """Lay out precision, recall, F1 and rows of the classes; of many, those with the lowest F1."""
    ordered = sorted(report.per_class.items(), key=lambda entry: entry[1].f1)
    few = len(ordered) <= MAX_CLASSES
    yield _heading("Classes" if few else f"The {MAX_CLASSES // 2} weakest of {len(ordered)} classes")
    rows = [
        [name, f"{entry.precision:.3f}", f"{entry.recall:.3f}", f"{entry.f1:.3f}", f"{entry.support:,}"]
        for name, entry in (report.per_class.items() if few else ordered[: MAX_CLASSES // 2])
    ]
    yield _table(["", "precision", "recall", "F1", "rows"], rows, width)


def confusion(report: "Report", width: int) -> Iterator[RenderableType]:
    """Draw the confusion matrix as a heat map, or list the most confused pairs where classes are many."""
    if len(report.labels) <= MAX_MATRIX_CLASSES:
        yield _heading("Confusion: labels down, predictions across")
        yield heat_map(report.labels, report.confusion, width)
        return
    pairs = report.confused_pairs()
    if not pairs:
        return
    yield _heading(f"The most confused of {len(report.labels)} classes")
    rows = [
        [label, prediction, f"{count:,}", f"{100 * count / report.per_class[label].support:.0f} %"]
        for label, prediction, count in pairs[:MAX_PAIRS]
    ]
    yield _table(["label", "predicted as", "rows", "of its"], rows, width, words=2)


def heat_map(labels: Sequence[str], counts: Sequence[Sequence[int]], width: int) -> Text:
    """Draw counts with a shade by each row's shares; columns carry names where these fit, else numbers."""
    longest = max(cell_len(sanitize(label)) for label in labels)
    left = min(longest, 24) + 4
    cell = min(16, (width - left) // len(labels))
    named = longest + 2 <= cell
    cell = max(7, longest + 2) if named else min(7, cell)
    names = [sanitize(label) if named else f"{number:>2} {sanitize(label)}" for number, label in enumerate(labels, 1)]
    heads = [name if named else str(number) for number, name in enumerate(names, 1)]
    drawing = Text(" " * left + "".join(" " * (cell - 1 - cell_len(head)) + f"{head} " for head in heads), style="bold")
    for i, row in enumerate(counts):
        drawing.append("\n" + set_cell_size(names[i], left), style="not bold")
        for j, count in enumerate(row):
            drawing.append(f"{count:>{cell - 1}} ", style=f"not bold {_shade(count / (sum(row) or 1), right=i == j)}")
    return drawing


def calibration(report: "Report", width: int) -> Iterator[RenderableType]:
    """Draw the reliability curve: accuracy as bars, confidence as a mark on them."""
    from txt.evaluation.wording import calibration_line

    yield _heading("Calibration")
    yield Text(calibration_line(report.calibration))
    rows: list[list[str | Text]] = [
        [f"{entry.low:.2f}–{entry.high:.2f}", f"{entry.rows:,}", f"{entry.accuracy:.3f}", _bar(entry)]
        for entry in report.calibration.bins
    ]
    yield _table(["confidence", "rows", "accuracy", "█ accuracy   │ mean confidence"], rows, width)


def slices_table(slices: Sequence["Slice"], width: int) -> Iterator[RenderableType]:
    """Lay out the accuracy of each slice, column by column, and mark those clearly worse than the whole."""
    from txt.evaluation.wording import value_or_empty, with_span

    for column in dict.fromkeys(entry.column for entry in slices):
        yield _heading("By ").append(shown(column))
        rows = [
            [
                value_or_empty(entry.value),
                f"{entry.rows:,}",
                with_span(entry.accuracy),
                f"{entry.macro_f1:.3f}",
                "◀ clearly worse" if entry.worse else "",
            ]
            for entry in slices
            if entry.column == column
        ]
        yield _table(["", "rows", "accuracy", "macro-F1", ""], rows, width)


def mistakes(report: "Report", width: int) -> Iterator[RenderableType]:
    """List the most confident mistakes, each with its text."""
    if not report.mistakes:
        return
    chosen = report.mistakes[:MAX_MISTAKES]
    yield _heading(f"The most confident mistakes: {len(chosen)} of {report.mistaken_rows:,}")
    grid = Table.grid(padding=(0, 2))
    for entry in chosen:
        grid.add_row(f"{entry.confidence:.2f}", _mistake(entry, 2 * (width - 8)))
    yield grid
    if any(entry.baseline == entry.prediction for entry in chosen):
        yield Text("* The baseline gives the same answer: look whether the label is right.", style="dim")


def _mistake(entry: "Mistake", letters: int) -> Text:
    agrees = " *" if entry.baseline == entry.prediction else ""
    line = shown(entry.label, "bold").append(" taken for ").append(shown(entry.prediction, "bold")).append(agrees)
    return line.append(shown(f"  row {entry.row_id}", "dim")).append("\n").append(shown(clip(entry.text, letters)))


def _bar(entry: "Bin") -> Text:
    filled, mark = round(entry.accuracy * _BAR), min(_BAR - 1, round(entry.confidence * _BAR))
    cells = ["█" if cell < filled else "·" for cell in range(_BAR)]
    return Text.assemble(("".join(cells[:mark]), "blue"), ("│", "bold"), ("".join(cells[mark + 1 :]), "blue"))


def _shade(share: float, *, right: bool) -> str:
    return next((style for least, style in (RIGHT_SHADES if right else WRONG_SHADES) if share >= least), "")


def _heading(text: str) -> Text:
    return Text(f"\n{text}", style="bold")


def _table(headings: Sequence[str], rows: Sequence[Sequence[str | Text]], width: int, words: int = 1) -> Table:
    """Lay out rows: the first `words` columns are cut where the terminal is narrow, the numbers after them never."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    widths = [max(len(row[column]) for row in [headings, *rows]) for column in range(len(headings))]
    room = max(10, (width - sum(widths[words:]) - 2 * (len(widths) - 1)) // words)
    for column, heading in enumerate(headings):
        left = column < words or heading.startswith("█")
        table.add_column(Text(heading), justify="left" if left else "right", no_wrap=True)
    for row in rows:
        cells = (shown(cell) if isinstance(cell, str) else cell for cell in row)
        table.add_row(*(_cut(cell, room) if column < words else cell for column, cell in enumerate(cells)))
    return table


def _cut(cell: Text, width: int) -> Text:
    cell.truncate(width, overflow="ellipsis")
    return cell
