"""Label Studio's JSON: tasks with `data`, `annotations` by people, `predictions` by rules and models."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from txt.data.formats.controlled import Answerer, ControlledTask, choose_control, choose_text, read_controlled
from txt.data.formats.json_lines import encode_json, read_label_names
from txt.data.formats.record import (
    BY_MACHINES,
    LabelRecord,
    LabelTask,
    Opinion,
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

    People's labels are annotations, one each, a skip is a cancelled one; labels of rules and models are predictions
    with their score. Annotators' names, notes and flags stand under `meta`, since an annotation's `completed_by` must
    be an account there.
    """
    for number, record in enumerate(records):
        file.write((b"[\n" if number == 0 else b",\n") + encode_json(_make_task(number + 1, record)))
    file.write(b"\n]\n" if file.tell() else b"[]\n")


def read(path: Path, task: LabelTask) -> Iterator[LabelRecord]:
    """Yield the tasks of an export; of several annotations the first one counts, the ground truth before it.

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
    """Return a task with what people answered, each by name, or with a model's prediction where nobody did.

    The ground truth comes first. A skip is a skip only where nobody labeled the task.

    Raises:
        InputError: it is not a task.
    """
    if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
        raise InputError(f"{where} has no `data`", "leave --format out: JSON-MIN and CSV are read as tables")
    meta = task.get("meta")
    about = parse_provenance(meta)
    annotations = list_objects(task.get("annotations") or task.get("completions"))
    if annotations:
        return _parse_annotations(task["data"], annotations, about, meta, where)
    if predictions := list_objects(task.get("predictions")):
        best = predictions[0]
        found = {"by": best.get("model_version"), "confidence": best.get("score"), "how": "model"}
        answers = [_read_answers(best.get("result"), where)]
        unread = _find_unread([best])
        return ControlledTask(task["data"], answers, "labeled", {**parse_provenance(found), **about}, unread=unread)
    return ControlledTask(task["data"], about=about)


def _parse_annotations(
    data: dict[str, Any], annotations: list[dict[str, Any]], about: dict[str, Any], meta: Any, where: str
) -> ControlledTask:
    people = list(zip(annotations, _name_people(annotations, meta), strict=True))
    if len(annotations) > 1:
        about = {name: value for name, value in about.items() if name not in ("by", "time")}
    given = [pair for pair in people if not pair[0].get("was_cancelled")]
    given.sort(key=lambda pair: not pair[0].get("ground_truth"))  # stable: the first of equals stays the first
    skipped_by = [who for each, who in people if each.get("was_cancelled")]
    if not given:
        return ControlledTask(data, (), "skipped", about, skipped_by=skipped_by)
    answers = [_read_answers(each.get("result"), where) for each, _ in given]
    unread = _find_unread([each for each, _ in given])
    named = [who for _, who in given]
    return ControlledTask(data, answers, "labeled", about, named, skipped_by, unread=unread)


def _name_people(annotations: list[dict[str, Any]], meta: Any) -> list[Answerer]:
    """Return who made each annotation: the account, or whom `write` named, if that file has been nowhere else."""
    accounts = [_name_account(each.get("completed_by")) for each in annotations]
    ours = meta.get("annotators") if isinstance(meta, dict) else None
    if isinstance(ours, list) and len(ours) == len(annotations) and len(set(accounts)) == 1:
        accounts = [each if isinstance(each, str) else "" for each in ours]
    times = [parse_provenance({"time": each.get("created_at")}).get("time", "") for each in annotations]
    return [Answerer(by, time) for by, time in zip(accounts, times, strict=True)]


def _name_account(account: Any) -> str:
    """Return the name of an account, which is a number or an object with more or less in it; "" for none."""
    if isinstance(account, dict):
        names = (account.get(name) for name in ("email", "username", "id"))
        account = next((each for each in names if each not in (None, "")), None)
    return str(account) if isinstance(account, str | int) and not isinstance(account, bool) else ""


def _make_task(number: int, record: LabelRecord) -> dict[str, Any]:
    task: dict[str, Any] = {"id": number, "data": {"text": record.text, **rename_reserved(record.columns, RESERVED)}}
    about = collect_provenance(record)
    result = [_make_choices(record.labels)] if record.labels else []
    if record.status == "labeled" and record.how in BY_MACHINES:
        prediction = {"model_version": about.pop("by", ""), "score": about.pop("confidence", None), "result": result}
        task["predictions"] = [prediction]
    elif record.status != "unlabeled":
        if not result and record.status == "labeled" and record.opinions:
            result = [_make_choices(())]  # else somebody else's answer would be the only one
        own = _make_annotation(result, record.status == "skipped", str(about.pop("time", "")))
        task["annotations"] = [own, *map(_make_opinion, record.opinions)]
        if record.opinions:
            about["annotators"] = [record.by, *(each.by for each in record.opinions)]
    return {**task, "meta": about} if about else task


def _make_opinion(opinion: Opinion) -> dict[str, Any]:
    return _make_annotation([] if opinion.skipped else [_make_choices(opinion.labels)], opinion.skipped, opinion.time)


def _make_annotation(result: list[dict[str, Any]], cancelled: bool, time: str) -> dict[str, Any]:
    return {"result": result, "was_cancelled": cancelled, **({"created_at": time} if time else {})}


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


def _find_unread(annotations: list[dict[str, Any]]) -> dict[str, str]:
    """Return the controls whose answers are no labels of the whole text, each with its kind."""
    unread: dict[str, str] = {}
    for result in (result for each in annotations for result in list_objects(each.get("result"))):
        value, kind = result.get("value"), str(result.get("type"))
        if isinstance(value, dict) and (kind not in _VALUES or "start" in value):
            unread[str(result.get("from_name", kind))] = kind
    return unread


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
