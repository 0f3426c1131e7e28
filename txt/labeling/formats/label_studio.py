"""Label Studio's JSON: tasks with `data`, `annotations` by people, `predictions` by rules and models."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from txt.errors import InputError
from txt.labeling.formats.json_lines import json_bytes, names_of, text_of
from txt.labeling.formats.record import LabelTask, Record, as_texts, provenance, provenance_from, renamed
from txt.labeling.store.decision import BY_MACHINES

RESERVED = frozenset({"text"})


def write(file: IO[bytes], records: Iterable[Record], _task: LabelTask) -> None:
    """Write a list of tasks, one a line, for a config with `<Choices name="label" toName="text">`.

    People's labels are annotations, a skip is a cancelled one; labels of rules and models are predictions with their
    score. Annotators' names, notes and flags stand under `meta`, since an annotation's `completed_by` must be an
    account there.
    """
    for number, record in enumerate(records):
        file.write((b"[\n" if number == 0 else b",\n") + json_bytes(_task_of(number + 1, record)))
    file.write(b"\n]\n" if file.tell() else b"[]\n")


def read(path: Path, _task: LabelTask) -> Iterator[Record]:
    """Yield the tasks of an export; of several annotations the first one counts, and before any prediction.

    Raises:
        InputError: it is not a list of tasks.
    """
    try:
        tasks = json.loads(path.read_bytes().decode("utf-8-sig"))
    except ValueError as error:
        raise InputError(f"`{path}` is not JSON: {error}", "export as JSON, not as JSON-MIN or CSV") from None
    if not isinstance(tasks, list):
        raise InputError(f"`{path}` is no list of tasks", "export as JSON, not as JSON-MIN or CSV")
    for number, task in enumerate(tasks, 1):
        where = f"`{path}` task {number}"
        if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
            raise InputError(f"{where} has no `data`", "export as JSON, not as JSON-MIN or CSV")
        yield _record_of(task, where)


def _task_of(number: int, record: Record) -> dict[str, Any]:
    task: dict[str, Any] = {"id": number, "data": {"text": record.text, **renamed(record.columns, RESERVED)}}
    about = provenance(record)
    result = [_choices(record.labels)] if record.labels else []
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


def _choices(labels: tuple[str, ...]) -> dict[str, Any]:
    return {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": list(labels)}}


def _record_of(task: dict[str, Any], where: str) -> Record:
    data = {name: value for name, value in task["data"].items() if name != "text"}
    about = provenance_from(task.get("meta"))
    text, columns = text_of(task["data"], where), as_texts(data, where)
    if annotations := task.get("annotations"):
        annotation = annotations[0]
        about |= provenance_from({"time": annotation.get("created_at")})
        skipped = bool(annotation.get("was_cancelled"))
        labels = () if skipped else _labels(annotation.get("result"), where)
        return Record(text, labels, "skipped" if skipped else "labeled", columns=columns, **about)
    if predictions := task.get("predictions"):
        prediction = predictions[0]
        found = {"by": prediction.get("model_version"), "confidence": prediction.get("score"), "how": "model"}
        about = {**provenance_from(found), **about}
        return Record(text, _labels(prediction.get("result"), where), "labeled", columns=columns, **about)
    return Record(text, columns=columns, **about)


def _labels(result: Any, where: str) -> tuple[str, ...]:
    choices = [each for each in result or [] if isinstance(each, dict) and each.get("type") == "choices"]
    return names_of([name for each in choices for name in each.get("value", {}).get("choices", [])], where)
