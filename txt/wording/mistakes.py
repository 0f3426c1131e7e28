"""The page of rows that a model gets wrong, grouped by what they are taken for."""

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from txt.sanitize import clip, sanitize, sanitize_lines

_MOST_LETTERS = 600  # of a text
_MOST_EACH = 10  # rows of a confusion


def build_mistakes_page(report: Mapping[str, Any] | None, run: str) -> Text:
    """Return the surest mistakes of a report as report.json has it, those of the most frequent confusion first."""
    mistakes = report.get("mistakes") if report else None
    rows = [each for each in mistakes if isinstance(each, dict)] if isinstance(mistakes, list) else []
    if report is None:
        return Text(f"There is no report with rows yet: txt eval {sanitize(run)} makes one.")
    if not rows:
        return Text(f"The report on {sanitize(str(report.get('split', 'test')))} holds no row that it got wrong.")
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for each in rows:
        groups.setdefault((str(each.get("label", "")), str(each.get("prediction", ""))), []).append(each)
    total = report.get("mistaken_rows")
    of = f" of {total:,}" if isinstance(total, int) else ""
    parts = [Text(f"{len(rows):,}{of} mistakes on {sanitize(str(report.get('split', 'test')))}, the surest ones")]
    for (label, prediction), found in sorted(groups.items(), key=lambda item: -len(item[1])):
        head = f"\n{clip(label, 40)} taken for {clip(prediction, 40)}: {len(found):,}"
        parts.append(Text(head, style="bold"))
        parts += [_format_row(each) for each in found[:_MOST_EACH]]
        if len(found) > _MOST_EACH:
            parts.append(Text(f"      and {len(found) - _MOST_EACH:,} more", style="dim"))
    return Text("\n").join(parts)


def _format_row(row: Mapping[str, Any]) -> Text:
    confidence, text = row.get("confidence"), str(row.get("text", ""))
    sure = f"{confidence:>4.0%}  " if isinstance(confidence, int | float) else "      "
    shown = " ".join(sanitize_lines(text[:_MOST_LETTERS]).split())
    return Text.assemble((sure, "dim"), shown + ("…" if len(text) > _MOST_LETTERS else ""))
