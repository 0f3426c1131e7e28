"""Prodigy's JSON lines for choices: `options`, `accept`, `answer`, `meta`; single labels are read as well."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from txt.labeling.answers import Status
from txt.labeling.formats.json_lines import json_bytes, names_of, objects, text_of
from txt.labeling.formats.record import LabelTask, Record, as_texts, provenance, provenance_from
from txt.labeling.store.decision import utc

_ANSWERS: dict[str, Status] = {"accept": "labeled", "ignore": "skipped", "reject": "unlabeled"}


def write(file: IO[bytes], records: Iterable[Record], task: LabelTask) -> None:
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
        about = provenance(record)
        if "by" in about:
            value["_annotator_id"] = about.pop("by")
        if "time" in about and (seconds := _seconds(about["time"])) is not None:
            value["_timestamp"] = seconds
            about.pop("time")
        if about:
            value["txt"] = about
        file.write(json_bytes(value) + b"\n")


def read(path: Path, _task: LabelTask) -> Iterator[Record]:
    """Yield the tasks of a file of choices, or of one label a line with `answer`; rejected labels are no answer."""
    for where, value in objects(path):
        answer = value.get("answer")
        labels = names_of(value.get("accept"), where) if "accept" in value else names_of(value.get("label"), where)
        status: Status = _ANSWERS.get(str(answer), "labeled" if labels and answer is None else "unlabeled")
        about = {"by": value.get("_annotator_id"), "time": _time(value.get("_timestamp"))}
        yield Record(
            text_of(value, where),
            labels if status == "labeled" else (),
            status,
            columns=as_texts(value.get("meta"), where),
            **provenance_from({**about, **_object(value.get("txt"))}),
        )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _seconds(time: str) -> int | None:
    """Return a time as Prodigy keeps it, in seconds; None where that would lose something."""
    try:
        seconds = int(datetime.fromisoformat(time).timestamp())
    except ValueError:
        return None
    return seconds if _time(seconds) == time else None


def _time(seconds: Any) -> str | None:
    if not isinstance(seconds, int | float):
        return None
    return utc(seconds)
