"""Prints the data report of `txt prepare`, readable at 80 columns and without colour."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from txt.cli.console import make_literal, out, talk
from txt.sanitize import clip

if TYPE_CHECKING:
    from txt.data.report import DataReport

_SHOWN_CLASSES = 12
_SHOWN_CONFLICTS = 3
_SHOWN_COLUMNS = 12
_TEXT_WIDTH = 58
_ROLES = {"text": "text", "label": "label", "split": "split", "group": "group", "row_id": "row id"}


def show_report(report: "DataReport") -> None:
    """Print the whole report on stdout."""
    _print_parts(
        out,
        report,
        [
            _build_facts_table(_describe_columns(report)),
            _build_class_table(report),
            _build_facts_table(_describe_findings(report)),
        ],
    )


def say_report(report: "DataReport") -> None:
    """Print a short report on stderr before a training: the chosen columns, the splits and the warnings."""
    rows = ", ".join(f"{count:,} {name}" for name, count in report.rows.items() if count)
    _print_parts(talk, report, [_build_facts_table([*_describe_columns(report), ("rows", Text(rows))])])


def _print_parts(console: Console, report: "DataReport", parts: list[RenderableType]) -> None:
    for part in parts:
        console.print(part)
        console.print()
    for warning in report.warnings:
        console.print(Text("warning: ", style="yellow").append(make_literal(warning, style="default")))


def _build_facts_table(facts: Iterable[tuple[str, RenderableType]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, value in facts:
        table.add_row(name, value)
    return table


def _describe_columns(report: "DataReport") -> Iterator[tuple[str, Text]]:
    yield "data", make_literal(", ".join(report.sources))
    for role, name in _ROLES.items():
        column = report.columns.get(role)
        if column:
            yield name, make_literal(f"column `{column['name']}`, {column['why']}")
    if report.metadata:
        rest = len(report.metadata) - _SHOWN_COLUMNS
        more = f" and {rest:,} more" if rest > 0 else ""
        yield "kept too", make_literal(", ".join(report.metadata[:_SHOWN_COLUMNS]) + more)
    yield "splits", make_literal(report.split_by)
    for why, rows in report.dropped.items():
        yield "left out", make_literal(f"{rows:,} of {report.rows_read:,} rows: {why}")


def _build_class_table(report: "DataReport") -> Table:
    splits = [name for name in report.class_counts if report.rows[name]]
    labeled = sum(report.rows[name] for name in splits)
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("class")
    for name in (*splits, "share"):
        table.add_column(name, justify="right")
    totals = {label: sum(report.class_counts[name][label] for name in splits) for label in report.class_counts["train"]}
    labels = (
        _choose_classes(sorted(totals, key=lambda label: -totals[label]))
        if len(totals) > _SHOWN_CLASSES
        else list(totals)
    )
    for label in labels:
        if label is None:
            table.add_row(Text(f"… {len(totals) - len(labels) + 1} more", style="dim"))
        else:
            counts = (f"{report.class_counts[name][label]:,}" for name in splits)
            table.add_row(Text(clip(label, 32)), *counts, f"{totals[label] / labeled:.1%}")
    table.add_row("all", *(f"{report.rows[name]:,}" for name in splits), style="bold")
    if report.rows["unlabeled"]:
        table.caption = f"and {report.rows['unlabeled']:,} rows without a label, as split `unlabeled`"
        table.caption_justify = "left"
    return table


def _choose_classes(labels: list[str]) -> list[str | None]:
    """Return the largest and the smallest classes, and None for those between."""
    return [*labels[:8], None, *labels[-3:]]


def _describe_findings(report: "DataReport") -> Iterator[tuple[str, RenderableType]]:
    at = report.lengths
    yield (
        "tokens",
        Text(
            f"median {at[50]}, 90 % have up to {at[90]}, 99 % up to {at[99]}, the longest {at[100]:,}; "
            f"{report.truncated:.1%} of the texts are cut at --max-length {report.max_length}"
        ),
    )
    yield "tokenizer", _describe_tokenizer(report)
    repeated = f"{report.duplicates:,} rows repeat an earlier text" if report.duplicates else "no text comes twice"
    if report.alike > report.duplicates:
        repeated += f"; {report.alike - report.duplicates:,} more do but for case, spaces, signs and links"
    if report.near_duplicates:
        repeated += f"; {report.near_duplicates:,} share most of their words with an earlier one"
    yield "duplicates", Text(repeated)
    if report.conflicting_texts:
        yield "conflicts", _describe_conflicts(report)
    if report.imbalance >= 1.5:
        yield "imbalance", Text(f"the largest class has {report.imbalance:,.1f} × the rows of the smallest")
    yield "suggested", Text(f"--max-length {report.suggested_max_length}")


def _describe_tokenizer(report: "DataReport") -> Text:
    about = report.tokenizer
    made = f"trained on {about['texts']:,} train texts" if about["trained"] else f"from {about['name']}"
    unknown = "" if report.unknown_on_val is None else f"; {report.unknown_on_val:.2%} unknown on val"
    return make_literal(f"{about['kind']}, {report.vocab_size:,} entries, {made}{unknown}")


def _describe_conflicts(report: "DataReport") -> Group:
    count = report.conflicting_texts
    lines = [Text("1 text has" if count == 1 else f"{count:,} texts have").append(" different labels:")]
    for conflict in report.conflicts[:_SHOWN_CONFLICTS]:
        labels = ", ".join(f"{name} × {rows}" for name, rows in conflict.labels.items())
        lines.append(Text(f"  {clip(conflict.text, _TEXT_WIDTH)}", no_wrap=True, overflow="ellipsis"))
        lines.append(Text(f"    {clip(labels, _TEXT_WIDTH)}", style="dim"))
    if count > _SHOWN_CONFLICTS:
        lines.append(Text(f"  … report.json lists {len(report.conflicts)}", style="dim"))
    return Group(*lines)
