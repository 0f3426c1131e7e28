"""A report on the terminal: readable at 80 columns, without colour and in a pipe."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from txt.charts.palette import RIGHT_SHADES, WRONG_SHADES
from txt.cli.console import make_literal
from txt.sanitize import clip, sanitize

if TYPE_CHECKING:
    from txt.evaluation.report import MisclassifiedRow, Report, WholeFile
    from txt.evaluation.slices import Slice
    from txt.proportions import Bin

MAX_CLASSES = 30
MAX_MATRIX_CLASSES = 12
MAX_PAIRS = 12
MAX_MISTAKES = 10

_MARKS = {1: ("▲", "green"), 0: ("≈", "bold"), -1: ("▼", "yellow")}
_BAR = 30


def show_report(report: "Report", console: Console) -> None:
    """Print the whole report."""
    for part in _build_parts(report, console.width):
        console.print(part)


def _build_parts(report: "Report", width: int) -> Iterator[RenderableType]:
    yield from _build_title(report)
    yield build_scores_table(report, width)
    yield from format_verdict(report)
    yield from build_levels_table(report, width)
    yield from build_classes_table(report, width)
    yield from draw_confusion(report, width)
    yield from draw_calibration(report, width)
    yield from build_slices_table(report.slices, width)
    yield from list_mistakes(report, width)
    if report.whole_file:
        yield from list_mistakes(report.whole_file, width, f"{report.whole_file.rows:,} rows")


def _build_title(report: "Report") -> Iterator[Text]:
    from txt.evaluation.wording import describe_left_out, warn_of_seen_rows

    title = (
        Text("Evaluation of ")
        .append(make_literal(report.run, "bold"))
        .append(" on ")
        .append(make_literal(report.where, "bold"))
    )
    yield title.append(f": {report.rows:,} rows, {len(report.labels)} {report.noun}, intervals at 95 %")
    if warning := warn_of_seen_rows(report):
        yield Text(f"▼ {warning}", style="yellow")
    if left_out := describe_left_out(report):
        yield Text(left_out)
    yield Text()


def build_scores_table(report: "Report", width: int) -> Table:
    """Lay out each score of the model, the baseline's, and the difference in points."""
    from txt.evaluation.differences import format_difference
    from txt.evaluation.wording import format_with_span
    from txt.metrics import format_label, format_short_label

    several = report.sets is not None
    if report.baseline is None:
        return _build_table(
            ["", "model"],
            [[format_label(name, several), format_with_span(score)] for name, score in report.metrics.items()],
            width,
        )
    rows = []
    for name, score in report.metrics.items():
        other, above = report.baseline.metrics.get(name), report.difference.get(name)
        compared = [format_with_span(other) if other else "–", format_difference(name, above) if above else "–"]
        rows.append([format_short_label(name, several), format_with_span(score), *compared])
    return _build_table(["", "model", "baseline", "points above"], rows, width)


def format_verdict(report: "Report") -> Iterator[Text]:
    """Say how the model stands to the baseline and to the most frequent answer."""
    from txt.evaluation.differences import sign
    from txt.evaluation.wording import describe_embeddings, describe_majority, describe_whole_file

    if report.verdict is None or report.baseline is None:
        return
    mark, style = _MARKS[sign(report.difference[report.main_metric])]
    yield Text(f"\n{mark} {report.verdict}.", style=style)
    yield Text(f"Baseline: {report.baseline.name}, fitted on the same train split.")
    if whole_file := describe_whole_file(report):
        yield Text(whole_file)
    if report.embeddings:
        yield Text(describe_embeddings(report.embeddings))
    if report.majority:
        yield make_literal(describe_majority(report.majority))


def build_levels_table(report: "Report", width: int) -> Iterator[RenderableType]:
    """Lay out the scores of each level of nested classes, and where mistakes stay."""
    from txt.evaluation.wording import describe_branches, format_with_span

    if report.nested is None:
        return
    yield _build_heading("Levels, from the top")
    rows = [
        [
            f"level {entry.level}",
            f"{entry.classes:,}",
            format_with_span(entry.metrics["accuracy"]),
            f"{entry.metrics['macro_f1'].value:.3f}",
            f"{entry.baseline['accuracy'].value:.3f}" if entry.baseline else "–",
        ]
        for entry in report.nested.levels
    ]
    yield _build_table(["", "classes", "accuracy", "macro-F1", "baseline's accuracy"], rows, width)
    yield Text(describe_branches(report.nested))


def build_classes_table(report: "Report", width: int) -> Iterator[RenderableType]:
    """Lay out precision, recall, F1 and rows of the classes; of many, those with the lowest F1."""
    from txt.evaluation.wording import describe_thresholds

    ordered = sorted(report.per_class.items(), key=lambda entry: entry[1].f1)
    few = len(ordered) <= MAX_CLASSES
    noun = report.noun
    yield _build_heading(noun.capitalize() if few else f"The {MAX_CLASSES // 2} weakest of {len(ordered)} {noun}")
    shown = list(report.per_class.items() if few else ordered[: MAX_CLASSES // 2])
    rows = [
        [name, f"{entry.precision:.3f}", f"{entry.recall:.3f}", f"{entry.f1:.3f}", f"{entry.support:,}"]
        for name, entry in shown
    ]
    headings = ["", "precision", "recall", "F1", "rows"]
    if report.sets is not None:
        headings += ["AP", "threshold"]
        for (name, _), row in zip(shown, rows, strict=True):
            precision = report.sets.average_precision[name]
            row += ["–" if precision is None else f"{precision:.3f}", f"{report.sets.thresholds[name]:.3f}"]
    yield _build_table(headings, rows, width)
    if report.sets is not None:
        yield Text(describe_thresholds(report.sets), style="dim")


def draw_confusion(report: "Report", width: int) -> Iterator[RenderableType]:
    """Draw the confusion matrix as a heat map, or list the most confused pairs where classes are many."""
    if report.sets is not None:
        yield from _list_pairs(report, width)
        return
    if len(report.labels) <= MAX_MATRIX_CLASSES:
        yield _build_heading("Confusion: labels down, predictions across")
        yield draw_heat_map(report.labels, report.confusion, width)
        return
    pairs = report.confused_pairs()
    if not pairs:
        return
    yield _build_heading(f"The most confused of {len(report.labels)} classes")
    rows = [
        [label, prediction, f"{count:,}", f"{100 * count / report.per_class[label].support:.0f} %"]
        for label, prediction, count in pairs[:MAX_PAIRS]
    ]
    yield _build_table(["label", "predicted as", "rows", "of its"], rows, width, words=2)


def _list_pairs(report: "Report", width: int) -> Iterator[RenderableType]:
    """List labels that are given in place of others, and labels that go together."""
    assert report.sets is not None
    pairs = report.confused_pairs()[:MAX_PAIRS]
    if pairs:
        yield _build_heading("Labels given in place of others")
        rows = [[missing, extra, f"{count:,}"] for missing, extra, count in pairs]
        yield _build_table(["missing", "given", "rows"], rows, width, words=2)
    if report.sets.together:
        yield _build_heading("Labels that go together")
        rows = [[one, other, f"{has:,}", f"{said:,}"] for one, other, has, said in report.sets.together[:MAX_PAIRS]]
        yield _build_table(["", "", "rows with both", "answered"], rows, width, words=2)


def draw_heat_map(labels: Sequence[str], counts: Sequence[Sequence[int]], width: int) -> Text:
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
            drawing.append(
                f"{count:>{cell - 1}} ", style=f"not bold {_choose_shade(count / (sum(row) or 1), right=i == j)}"
            )
    return drawing


def draw_calibration(report: "Report", width: int) -> Iterator[RenderableType]:
    """Draw the reliability curve: accuracy as bars, confidence as a mark on them."""
    from txt.evaluation.wording import describe_calibration, describe_probabilities, describe_sets

    yield _build_heading("Probabilities")
    if scores := describe_probabilities(report):
        yield Text(scores)
    yield Text(describe_calibration(report.calibration, report.sets is not None))
    if sets := describe_sets(report.covering):
        yield make_literal(sets)
    rows: list[list[str | Text]] = [
        [f"{entry.low:.2f}–{entry.high:.2f}", f"{entry.rows:,}", f"{entry.accuracy:.3f}", _draw_bar(entry)]
        for entry in report.calibration.bins
    ]
    yield _build_table(["confidence", "rows", "accuracy", "█ accuracy   │ mean confidence"], rows, width)


def build_slices_table(slices: Sequence["Slice"], width: int) -> Iterator[RenderableType]:
    """Lay out the accuracy of each slice, column by column, and mark those clearly worse than the whole."""
    from txt.evaluation.wording import format_metadata_value, format_with_span

    for column in dict.fromkeys(entry.column for entry in slices):
        yield _build_heading("By ").append(make_literal(column))
        rows = [
            [
                format_metadata_value(entry.value),
                f"{entry.rows:,}",
                format_with_span(entry.accuracy),
                f"{entry.macro_f1:.3f}",
                "◀ clearly worse" if entry.worse else "",
            ]
            for entry in slices
            if entry.column == column
        ]
        yield _build_table(["", "rows", "accuracy", "macro-F1", ""], rows, width)


def list_mistakes(report: "Report | WholeFile", width: int, among: str = "") -> Iterator[RenderableType]:
    """List the most confident mistakes `among` some rows, each with its text."""
    if not report.mistakes:
        return
    chosen = report.mistakes[:MAX_MISTAKES]
    where = f" among all {among}" if among else ""
    yield _build_heading(f"The most confident mistakes{where}: {len(chosen)} of {report.mistaken_rows:,}")
    grid = Table.grid(padding=(0, 2))
    for entry in chosen:
        grid.add_row(f"{entry.confidence:.2f}", _format_mistake(entry, 2 * (width - 8)))
    yield grid
    if any(entry.baseline == entry.prediction for entry in chosen):
        yield Text("* The baseline gives the same answer: look whether the label is right.", style="dim")


def _format_mistake(entry: "MisclassifiedRow", letters: int) -> Text:
    agrees = " *" if entry.baseline == entry.prediction else ""
    if entry.missing or entry.extra:
        line = make_literal(f"{entry.label}", "bold")
        for word, names in (("missing", entry.missing), ("too much", entry.extra)):
            if names:
                line.append(f"; {word}: ").append(make_literal(", ".join(names), "bold"))
        line.append(agrees)
    else:
        line = (
            make_literal(entry.label, "bold")
            .append(" taken for ")
            .append(make_literal(entry.prediction, "bold"))
            .append(agrees)
        )
    return (
        line.append(make_literal(f"  row {entry.row_id}", "dim"))
        .append("\n")
        .append(make_literal(clip(entry.text, letters)))
    )


def _draw_bar(entry: "Bin") -> Text:
    filled, mark = round(entry.accuracy * _BAR), min(_BAR - 1, round(entry.confidence * _BAR))
    cells = ["█" if cell < filled else "·" for cell in range(_BAR)]
    return Text.assemble(("".join(cells[:mark]), "blue"), ("│", "bold"), ("".join(cells[mark + 1 :]), "blue"))


def _choose_shade(share: float, *, right: bool) -> str:
    return next((style for least, style in (RIGHT_SHADES if right else WRONG_SHADES) if share >= least), "")


def _build_heading(text: str) -> Text:
    return Text(f"\n{text}", style="bold")


def _build_table(headings: Sequence[str], rows: Sequence[Sequence[str | Text]], width: int, words: int = 1) -> Table:
    """Lay out rows: the first `words` columns are cut where the terminal is narrow, the numbers after them never."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    widths = [max(len(row[column]) for row in [headings, *rows]) for column in range(len(headings))]
    room = max(10, (width - sum(widths[words:]) - 2 * (len(widths) - 1)) // words)
    for column, heading in enumerate(headings):
        left = column < words or heading.startswith("█")
        table.add_column(Text(heading), justify="left" if left else "right", no_wrap=True)
    for row in rows:
        cells = (make_literal(cell) if isinstance(cell, str) else cell for cell in row)
        table.add_row(*(_cut_cell(cell, room) if column < words else cell for column, cell in enumerate(cells)))
    return table


def _cut_cell(cell: Text, width: int) -> Text:
    cell.truncate(width, overflow="ellipsis")
    return cell
