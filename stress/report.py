"""Results of the stress tests: kept as JSON with the machine that they ran on, and shown as a table."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine

RESULTS = Path(__file__).with_name("results.json")
PAGE = Path(__file__).resolve().parents[1] / "docs" / "reliability.md"

Result = dict[str, Any]

_BEGIN, _END = "<!-- figures: begin -->\n", "<!-- figures: end -->\n"


def add_result(path: Path, new: Result) -> None:
    """Put a result in the place of the earlier one of the same kind."""
    new = {**new, "machine": describe_machine()}
    kinds = {(each["fault"], each["command"]): each for each in read_results(path)}
    kinds[new["fault"], new["command"]] = new
    path.write_text(json.dumps({"results": list(kinds.values())}, indent=2) + "\n")


def read_results(path: Path) -> list[Result]:
    """Return the results that were kept, the last of each kind."""
    return list(json.loads(path.read_text())["results"]) if path.exists() else []


def table(results: Sequence[Result]) -> str:
    """Return a Markdown table with a line for each kind of trial, and below it where the figures are from."""
    lines = ["| fault | command | trials | survived | lost |", "|---|---|---|---|---|"]
    for each in results:
        if each["skipped"]:
            lines.append(f"| {each['fault']} | `{each['command']}` | – | skipped | {each['skipped']} |")
            continue
        lost = len(each["lost"])
        lines.append(f"| {each['fault']} | `{each['command']}` | {each['trials']} | {each['trials'] - lost} | {lost} |")
    return "\n".join([*lines, "", *_places(results)]) + "\n"


def write_page(results: Sequence[Result], page: Path = PAGE) -> None:
    """Put the table into the page on reliability, between its marks."""
    text = page.read_text()
    before, _, rest = text.partition(_BEGIN)
    after = rest.partition(_END)[2]
    page.write_text(f"{before}{_BEGIN}{table(results)}{_END}{after}")


def _places(results: Sequence[Result]) -> Iterator[str]:
    for machine in dict.fromkeys(each["machine"] for each in results):
        dates = sorted({each["date"] for each in results if each["machine"] == machine})
        yield f"{dates[0]} to {dates[-1]}: {machine}." if len(dates) > 1 else f"{dates[0]}: {machine}."
