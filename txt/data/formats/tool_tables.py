"""The files of other tools as tables: a row with text, label and the other columns for each of their records."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from txt.data.formats import argilla, json_lines, label_studio, prodigy, spacy_cats
from txt.data.formats.controlled import ControlledTask, choose_control, choose_text, read_controlled
from txt.data.formats.recognition import SAMPLE, recognize_records
from txt.data.formats.record import LabelRecord, collect_provenance, rename_reserved
from txt.json_input import load_json

_PLAIN = {"prodigy": prodigy.parse, "spacy": spacy_cats.parse, "jsonl": json_lines.parse}
_CONTROLLED = {"label-studio": label_studio.parse, "argilla": argilla.parse}
_ADDED = ("augmented", "method", "source_id")  # what `txt augment` adds: its copies must stay in train
_SPOKEN = {
    "label-studio": "Label Studio",
    "argilla": "Argilla",
    "prodigy": "Prodigy",
    "spacy": "spaCy's text classifier",
    "jsonl": "`txt label`",
}


@dataclass(frozen=True)
class ToolLayout:
    """How to make rows of a tool's records: the names of the columns for text and label, and where each comes from."""

    tool: str
    text: str
    label: str
    control: str | None = None

    @property
    def spoken(self) -> str:
        """The tool's name, for people."""
        return _SPOKEN[self.tool]


def find_tool_layout(
    written: Iterable[str], source: str, text_column: str | None = None, label_column: str | None = None
) -> ToolLayout | None:
    """Return the layout of a file with such records, None where it is a plain table.

    Raises:
        InputError: it is not clear which of a task's answers is the label, or which of its fields the text.
    """
    records = [record for each in islice(written, SAMPLE) if isinstance(record := load_json(each), dict)]
    tool = recognize_records(records)
    if tool is None:
        return None
    if tool in _PLAIN:
        return ToolLayout(tool, text_column or "text", label_column or "label")
    parse = _CONTROLLED[tool]
    tasks = [parse(record, f"`{source}` record {number}") for number, record in enumerate(records, 1)]
    control = choose_control(tasks, source, label_column)
    return ToolLayout(tool, choose_text(tasks, source, text_column), label_column or "label", control)


def read_tool_rows(
    written: Iterable[str], layout: ToolLayout, source: str, notes: list[str]
) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield a row for each record, and its text; several labels are a list.

    Raises:
        InputError: a record is not one of the tool's.
    """
    disputed = 0
    read = ((load_json(each), f"`{source}` record {number}") for number, each in enumerate(written, 1))
    for record, parsed, is_disputed in _parse_records(read, layout):
        disputed += is_disputed
        added = {name: record[name] for name in _ADDED if name in record}
        yield {**_make_row(parsed, layout), **added}, parsed.text
    if disputed:
        notes.append(f"{disputed:,} records of `{source}` have answers that differ; the first of each counts")


def _parse_records(
    read: Iterable[tuple[dict[str, Any], str]], layout: ToolLayout
) -> Iterator[tuple[dict[str, Any], LabelRecord, bool]]:
    """Yield each record as it is, as a labeled row, and whether people gave it different labels."""
    if layout.tool == "prodigy":
        parsed = ((record, prodigy.parse(record, where)) for record, where in read)
        for record, row in prodigy.join_sessions(parsed):
            yield record, row, any(each.labels != row.labels and not each.skipped for each in row.opinions)
    elif layout.tool in _PLAIN:
        for record, where in read:
            yield record, _PLAIN[layout.tool](record, where), False
    else:
        for record, where in read:
            task: ControlledTask = _CONTROLLED[layout.tool](record, where)
            yield record, read_controlled(task, layout.text, layout.control, where), task.is_disputed(layout.control)


def _make_row(record: LabelRecord, layout: ToolLayout) -> dict[str, Any]:
    labels = list(record.labels)
    about: Mapping[str, Any] = {
        f"label_{name}": "flagged" if value is True else value for name, value in collect_provenance(record).items()
    }
    if record.status == "skipped":
        about = {"label_status": "skipped", **about}
    columns = rename_reserved(record.columns, frozenset({layout.text, layout.label, *about}))
    label = labels[0] if len(labels) == 1 else labels or None
    return {layout.text: record.text, **columns, layout.label: label, **about}
