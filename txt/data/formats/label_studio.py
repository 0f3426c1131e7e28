"""Label Studio's JSON: tasks with `data`, `annotations` by people, `predictions` by rules and models."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from txt.data.formats.json_lines import encode_json, get_text, read_label_names
from txt.data.formats.record import (
    BY_MACHINES,
    LabelRecord,
    LabelTask,
    collect_provenance,
    convert_to_texts,
    parse_provenance,
    rename_reserved,
)
from txt.errors import InputError

RESERVED = frozenset({"text"})


def write(file: IO[bytes], records: Iterable[LabelRecord], _task: LabelTask) -> None:
    """Write a list of tasks, one a line, for a config with `<Choices name="label" toName="text">`.

    People's labels are annotations, a skip is a cancelled one; labels of rules and models are predictions with their
    score. Annotators' names, notes and flags stand under `meta`, since an annotation's `completed_by` must be an
    account there.
    """
    for number, record in enumerate(records):
        file.write((b"[\n" if number == 0 else b",\n") + encode_json(_make_task(number + 1, record)))
    file.write(b"\n]\n" if file.tell() else b"[]\n")


def read(path: Path, _task: LabelTask) -> Iterator[LabelRecord]:
    """Yield the tasks of an export; of several annotations the first one counts, and before any prediction.

    Raises:
        InputError: it is not a list of tasks.
    """
    try:
        tasks = json.loads(path.read_bytes().decode("utf-8-sig"))
    except ValueError as error:
        raise InputError(f"`{path}` is not JSON: {error}", "export as JSON, not as JSON-MIN or CSV") from None
    if not isinstance(tasks, list):
        raise InputError(f"`{path}` is not a list of tasks", "export as JSON, not as JSON-MIN or CSV")
    for number, task in enumerate(tasks, 1):
        where = f"`{path}` task {number}"
        if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
            raise InputError(f"{where} has no `data`", "export as JSON, not as JSON-MIN or CSV")
        yield _read_record(task, where)


def _make_task(number: int, record: LabelRecord) -> dict[str, Any]:
    task: dict[str, Any] = {"id": number, "data": {"text": record.text, **rename_reserved(record.columns, RESERVED)}}
    about = collect_provenance(record)
    result = [_make_choices(record.labels)] if record.labels else []
    if record.status == "labeled" and record.how in BY_MACHINES:
        prediction = {"model_version": about.pop("by", ""), "score": about.pop("confidence", None), "result": result}
        task["predictions"] = [prediction]
    elif record.status != "unlabeled":
        cancelled = record.status == "skipped"
        annotation: dict[str, Any] = {"result": result, "was_cancelled": cancelled}
        if "time" in about:
            annotation["created_at"] = about.pop("time")
        task["annotations"] = [annotation]
    return {**task, "meta": about} if about else task


def _make_choices(labels: tuple[str, ...]) -> dict[str, Any]:
    return {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": list(labels)}}


def _read_record(task: dict[str, Any], where: str) -> LabelRecord:
    data = {name: value for name, value in task["data"].items() if name != "text"}
    about = parse_provenance(task.get("meta"))
    text, columns = get_text(task["data"], where), convert_to_texts(data, where)
    if annotations := task.get("annotations"):
        annotation = annotations[0]
        about |= parse_provenance({"time": annotation.get("created_at")})
        skipped = bool(annotation.get("was_cancelled"))
        labels = () if skipped else _read_labels(annotation.get("result"), where)
        return LabelRecord(text, labels, "skipped" if skipped else "labeled", columns=columns, **about)
    if predictions := task.get("predictions"):
        prediction = predictions[0]
        found = {"by": prediction.get("model_version"), "confidence": prediction.get("score"), "how": "model"}
        about = {**parse_provenance(found), **about}
        return LabelRecord(text, _read_labels(prediction.get("result"), where), "labeled", columns=columns, **about)
    return LabelRecord(text, columns=columns, **about)


def _read_labels(result: Any, where: str) -> tuple[str, ...]:
    choices = [each for each in result or [] if isinstance(each, dict) and each.get("type") == "choices"]
    return read_label_names([name for each in choices for name in each.get("value", {}).get("choices", [])], where)
