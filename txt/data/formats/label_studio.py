"""Label Studio's JSON: tasks with `data`, `annotations` by people, `predictions` by rules and models."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from txt.data.formats.controlled import ControlledTask, choose_control, choose_text, read_controlled
from txt.data.formats.json_lines import encode_json, read_label_names
from txt.data.formats.record import (
    BY_MACHINES,
    LabelRecord,
    LabelTask,
    collect_provenance,
    list_objects,
    parse_provenance,
    rename_reserved,
)
from txt.errors import InputError
from txt.json_input import load_json

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


def read(path: Path, task: LabelTask) -> Iterator[LabelRecord]:
    """Yield the tasks of an export; of several annotations the first one counts, and before any prediction.

    Raises:
        InputError: it is not a list of tasks, or it is not clear what the label is, or the text.
    """
    try:
        found = load_json(path.read_bytes().decode("utf-8-sig"))
    except ValueError as error:
        raise InputError(f"`{path}` is not JSON: {error}", "export as JSON") from None
    if not isinstance(found, list):
        raise InputError(f"`{path}` is not a list of tasks", "export as JSON")
    places = [f"`{path}` task {number}" for number in range(1, len(found) + 1)]
    tasks = [parse(each, where) for each, where in zip(found, places, strict=True)]
    if not tasks:
        return
    control = choose_control(tasks, str(path), task.label_column)
    text = choose_text(tasks, str(path), task.text_column)
    for each, where in zip(tasks, places, strict=True):
        yield read_controlled(each, text, control, where)


def parse(task: Any, where: str) -> ControlledTask:
    """Return a task with what people answered, or with a model's prediction where nobody did.

    A skip is a skip only where nobody labeled the task.

    Raises:
        InputError: it is not a task.
    """
    if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
        raise InputError(f"{where} has no `data`", "leave --format out: JSON-MIN and CSV are read as tables")
    about = parse_provenance(task.get("meta"))
    annotations = list_objects(task.get("annotations") or task.get("completions"))
    given = [each for each in annotations if not each.get("was_cancelled")]
    given.sort(key=lambda each: not each.get("ground_truth"))  # stable: the first of equals stays the first
    spans = any(_has_spans(each.get("result")) for each in annotations)
    if given:
        answers = [_read_answers(each.get("result"), where) for each in given]
        first = next((each for each, found in zip(given, answers, strict=True) if found), given[0])
        about |= parse_provenance({"time": first.get("created_at")})
        return ControlledTask(task["data"], answers, "labeled", about, spans)
    if annotations:
        about |= parse_provenance({"time": annotations[0].get("created_at")})
        return ControlledTask(task["data"], (), "skipped", about)
    if predictions := list_objects(task.get("predictions")):
        best = predictions[0]
        found = {"by": best.get("model_version"), "confidence": best.get("score"), "how": "model"}
        about = {**parse_provenance(found), **about}
        return ControlledTask(task["data"], [_read_answers(best.get("result"), where)], "labeled", about)
    return ControlledTask(task["data"], about=about)


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


def _read_answers(result: Any, where: str) -> dict[str, tuple[str, ...]]:
    """Return what was chosen for the whole text, by control."""
    answers: dict[str, tuple[str, ...]] = {}
    for each in list_objects(result):
        if not isinstance(value := each.get("value"), dict) or "start" in value:
            continue
        read = _VALUES.get(str(each.get("type")))
        if read is not None:
            name = str(each.get("from_name", each["type"]))
            answers[name] = (*answers.get(name, ()), *read_label_names(read(value), where))
    return answers


def _has_spans(result: Any) -> bool:
    return any(isinstance(value := each.get("value"), dict) and "start" in value for each in list_objects(result))


def _read_taxonomy(value: dict[str, Any]) -> list[str]:
    paths = value.get("taxonomy")
    paths = paths if isinstance(paths, list) else []
    return [" > ".join(map(str, path)) if isinstance(path, list) else str(path) for path in paths]


_VALUES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "choices": lambda value: value.get("choices"),
    "rating": lambda value: value.get("rating"),
    "number": lambda value: value.get("number"),
    "taxonomy": _read_taxonomy,
}
"""How to read the value of each type of control whose answer is a label."""
