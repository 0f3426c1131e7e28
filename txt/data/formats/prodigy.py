"""Prodigy's JSON lines for choices: `options`, `accept`, `answer`, `meta`; single labels are read as well."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from txt.data.formats.json_lines import encode_json, get_text, read_label_names, read_objects
from txt.data.formats.record import (
    LabelRecord,
    LabelTask,
    Opinion,
    RowStatus,
    collect_provenance,
    convert_to_texts,
    parse_provenance,
)

_ANSWERS: dict[str, RowStatus] = {"accept": "labeled", "ignore": "skipped", "reject": "unlabeled"}
_ORDER: tuple[RowStatus, ...] = ("labeled", "skipped", "unlabeled")


def write(file: IO[bytes], records: Iterable[LabelRecord], task: LabelTask) -> None:
    """Write a task a line; unlabeled ones come without an answer, as Prodigy takes them to be labeled.

    What Prodigy has no field for stands under `txt`, which it hands through.
    """
    options = [{"id": name, "text": name} for name in task.classes]
    config = {"choice_style": "multiple" if task.multi_label else "single"}
    for number, record in enumerate(records, 1):
        task_of_row: dict[str, Any] = {"text": record.text, "options": options, "config": config}
        if record.columns:
            task_of_row["meta"] = dict(record.columns)
        row = {"row": number} if record.opinions else {}
        about = collect_provenance(record) | row
        answer = _make_answer(record.labels, record.status == "skipped") if record.status != "unlabeled" else {}
        _write_line(file, task_of_row | answer | _make_origin(about))
        for opinion in record.opinions:
            about = {"by": opinion.by, **({"time": opinion.time} if opinion.time else {}), **row}
            _write_line(file, task_of_row | _make_answer(opinion.labels, opinion.skipped) | _make_origin(about))


def _write_line(file: IO[bytes], value: dict[str, Any]) -> None:
    file.write(encode_json(value) + b"\n")


def _make_answer(labels: tuple[str, ...], skipped: bool) -> dict[str, Any]:
    return {"accept": list(labels), "answer": "ignore" if skipped else "accept"}


def _make_origin(about: dict[str, Any]) -> dict[str, Any]:
    """Return who answered and when as Prodigy has it; what it has no field for stands under `txt`."""
    origin: dict[str, Any] = {}
    if "by" in about:
        origin["_annotator_id"] = about.pop("by")
    if "time" in about and (seconds := _parse_seconds(about["time"])) is not None:
        origin["_timestamp"] = seconds
        del about["time"]
    return {**origin, "txt": about} if about else origin


def read(path: Path, _task: LabelTask) -> Iterator[LabelRecord]:
    """Yield the tasks of a file of choices, or of one label a line with `answer`; rejected labels do not count.

    What several sessions said of a text is one record.
    """
    parsed = ((value, parse(value, where)) for where, value in read_objects(path))
    return (record for _, record in join_sessions(parsed))


def parse(value: dict[str, Any], where: str) -> LabelRecord:
    """Return a task as a labeled row, whoever else had it."""
    answer = value.get("answer")
    labels = (
        read_label_names(value.get("accept"), where)
        if "accept" in value
        else read_label_names(value.get("label"), where)
    )
    status: RowStatus = _ANSWERS.get(str(answer), "labeled" if labels and answer is None else "unlabeled")
    about = {
        "by": value.get("_annotator_id") or value.get("_session_id"),
        "time": _format_time(value.get("_timestamp")),
    }
    return LabelRecord(
        get_text(value, where),
        labels if status == "labeled" else (),
        status,
        columns=convert_to_texts(value.get("meta"), where),
        **parse_provenance({**about, **_as_object(value.get("txt"))}),
    )


def join_sessions(
    found: Iterable[tuple[dict[str, Any], LabelRecord]],
) -> Iterator[tuple[dict[str, Any], LabelRecord]]:
    """Yield one task for each text that the sessions were asked about, and a record of what each of them said of it.

    Prodigy writes a line an answer. Lines of one text are known by `_input_hash`; those of one session, about one label
    each, make up its labels, and of two answers to the same task the later one counts. Before somebody's skip comes
    somebody else's label, before a later label the earlier one.
    """
    tasks: dict[Any, tuple[dict[str, Any], dict[str, LabelRecord]]] = {}
    for number, (value, record) in enumerate(found):
        _, sessions = tasks.setdefault(_find_key(value, number), (value, {}))
        before = sessions.get(record.by)
        about_one_label = "accept" not in value and "label" in value
        if before is not None and about_one_label:
            labels = tuple(dict.fromkeys((*before.labels, *record.labels)))
            status: RowStatus = "labeled" if labels else before.status if before.status == "skipped" else record.status
            record = replace(record, labels=labels, status=status)
        sessions[record.by] = record
    for value, sessions in tasks.values():
        first, *others = sorted(sessions.values(), key=lambda each: _ORDER.index(each.status))
        opinions = tuple(
            Opinion(each.by, each.labels, each.status == "skipped", each.time)
            for each in others
            if each.status != "unlabeled"
        )
        yield value, replace(first, opinions=opinions)


def _find_key(value: dict[str, Any], number: int) -> Any:
    """Return what the lines about one text have in common; that of a line for itself is its number."""
    row = _as_object(value.get("txt")).get("row")
    if isinstance(row, int):
        return ("row", row)
    answered = value.get("answer") is not None
    known = value.get("_input_hash")
    return ("text", known) if answered and isinstance(known, int) else ("line", number)


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
