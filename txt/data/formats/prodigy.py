"""Prodigy's JSON lines for choices: `options`, `accept`, `answer`, `meta`; single labels are read as well."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from txt.data.formats.json_lines import encode_json, get_text, read_label_names, read_objects
from txt.data.formats.record import (
    LabelRecord,
    LabelTask,
    RowStatus,
    collect_provenance,
    convert_to_texts,
    parse_provenance,
)

_ANSWERS: dict[str, RowStatus] = {"accept": "labeled", "ignore": "skipped", "reject": "unlabeled"}


def write(file: IO[bytes], records: Iterable[LabelRecord], task: LabelTask) -> None:
    """Write a task a line; unlabeled ones come without an answer, as Prodigy takes them to be labeled.

    What Prodigy has no field for stands under `txt`, which it hands through.
    """
    options = [{"id": name, "text": name} for name in task.classes]
    config = {"choice_style": "multiple" if task.multi_label else "single"}
    for record in records:
        value: dict[str, Any] = {"text": record.text, "options": options, "config": config}
        if record.status != "unlabeled":
            value["accept"] = list(record.labels)
            value["answer"] = "accept" if record.status == "labeled" else "ignore"
        if record.columns:
            value["meta"] = dict(record.columns)
        about = collect_provenance(record)
        if "by" in about:
            value["_annotator_id"] = about.pop("by")
        if "time" in about and (seconds := _parse_seconds(about["time"])) is not None:
            value["_timestamp"] = seconds
            about.pop("time")
        if about:
            value["txt"] = about
        file.write(encode_json(value) + b"\n")


def read(path: Path, _task: LabelTask) -> Iterator[LabelRecord]:
    """Yield the tasks of a file of choices, or of one label a line with `answer`; rejected labels do not count."""
    return (parse(value, where) for where, value in read_objects(path))


def parse(value: dict[str, Any], where: str) -> LabelRecord:
    """Return a task as a labeled row."""
    answer = value.get("answer")
    labels = (
        read_label_names(value.get("accept"), where)
        if "accept" in value
        else read_label_names(value.get("label"), where)
    )
    status: RowStatus = _ANSWERS.get(str(answer), "labeled" if labels and answer is None else "unlabeled")
    about = {"by": value.get("_annotator_id"), "time": _format_time(value.get("_timestamp"))}
    return LabelRecord(
        get_text(value, where),
        labels if status == "labeled" else (),
        status,
        columns=convert_to_texts(value.get("meta"), where),
        **parse_provenance({**about, **_as_object(value.get("txt"))}),
    )


def _as_object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _parse_seconds(time: str) -> int | None:
    """Return a time as Prodigy keeps it, in seconds; None where that would lose something."""
    try:
        seconds = int(datetime.fromisoformat(time).timestamp())
    except ValueError:
        return None
    return seconds if _format_time(seconds) == time else None


def _format_time(seconds: Any) -> str | None:
    if not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):  # a year that no calendar has
        return None
