"""Argilla's records: `fields` with `responses`, or as its first versions wrote them `inputs` with `annotation`."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from txt.data.formats.controlled import (
    Answerer,
    ControlledTask,
    choose_control,
    choose_text,
    read_controlled,
)
from txt.data.formats.json_lines import encode_json, read_label_names, read_objects
from txt.data.formats.record import (
    LabelRecord,
    LabelTask,
    choose_status,
    collect_opinions,
    collect_provenance,
    parse_opinions,
    parse_provenance,
    rename_reserved,
)
from txt.errors import InputError
from txt.json_input import load_json

_QUESTION = "label"  # of the first versions, which had one, and of what `write` writes
_STATUS, _ABOUT = "label_status", "label_about"
RESERVED = frozenset({"text", _STATUS, _ABOUT})


def write(file: IO[bytes], records: Iterable[LabelRecord], task: LabelTask) -> None:
    """Write a list of records, one a line, as `dataset.records.from_json` takes them, for a question `label`.

    Labels are suggestions with their agent, since a response must be of an account there. What Argilla has no field for
    stands under `metadata`.
    """
    for number, record in enumerate(records):
        file.write((b"[\n" if number == 0 else b",\n") + encode_json(_make_record(number + 1, record, task)))
    file.write(b"\n]\n" if file.tell() else b"[]\n")


def read(path: Path, task: LabelTask) -> Iterator[LabelRecord]:
    """Yield the records of a list, or of lines of JSON; of several responses the first one counts.

    Raises:
        InputError: it is not a list of records, or it is not clear what the label is, or the text.
    """
    found = list(_read_objects(path))
    tasks = [parse(value, where) for where, value in found]
    if not tasks:
        return
    control = choose_control(tasks, str(path), task.label_column)
    text = choose_text(tasks, str(path), task.text_column)
    for (where, _), each in zip(found, tasks, strict=True):
        yield read_controlled(each, text, control, where)


def _read_objects(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with path.open("rb") as file:
        is_list = file.read(64).lstrip(b" \t\r\n\xef\xbb\xbf").startswith(b"[")
    if not is_list:
        yield from read_objects(path)
        return
    try:
        found = load_json(path.read_bytes().decode("utf-8-sig"))
    except ValueError as error:
        raise InputError(f"`{path}` is not JSON: {error}", "export as JSON") from None
    for number, value in enumerate(found, 1):
        where = f"`{path}` record {number}"
        if not isinstance(value, dict):
            raise InputError(f"{where} is not a JSON object", "dataset.records.to_json writes a list of them")
        yield where, value


def _make_record(number: int, record: LabelRecord, task: LabelTask) -> dict[str, Any]:
    about = collect_provenance(record)
    if record.opinions:
        about["others"] = collect_opinions(record)
    metadata = rename_reserved(record.columns, RESERVED)
    suggestions: dict[str, Any] = {}
    if record.status == "labeled":
        value: Any = list(record.labels) if task.multi_label else "".join(record.labels[:1]) or None
        suggestion = {"value": value, "agent": about.pop("by", None), "score": about.pop("confidence", None)}
        suggestions = {_QUESTION: suggestion} if value is not None else {}
    elif record.status == "skipped":
        metadata[_STATUS] = record.status
    if about:
        metadata[_ABOUT] = json.dumps(about)
    return {
        "id": str(number),
        "fields": {"text": record.text},
        "metadata": metadata,
        "suggestions": suggestions,
        "responses": {},
    }


def parse(record: dict[str, Any], where: str) -> ControlledTask:
    """Return a record with the responses that people submitted, or else with what was suggested."""
    return _parse_new(record, where) if isinstance(record.get("fields"), dict) else _parse_old(record, where)


def _parse_new(record: dict[str, Any], where: str) -> ControlledTask:
    metadata = dict(_as_object(record.get("metadata")))
    own, written = metadata.pop(_STATUS, None), _read_about(metadata.pop(_ABOUT, None))
    fields = {**record["fields"], **metadata}
    responses = [
        (name, each, Answerer(str(each.get("user_id") or "")))
        for name, given in _as_object(record.get("responses")).items()
        for each in (given if isinstance(given, list) else [given])
        if isinstance(each, dict)
    ]
    answered: dict[Answerer, dict[str, tuple[str, ...]]] = {}
    unread: dict[str, str] = {}
    for name, each, who in responses:
        if each.get("status", "submitted") != "submitted" or each.get("value") is None:
            continue
        if kind := _find_kind(each["value"]):
            unread[name] = kind
        else:
            found = answered.setdefault(who if who.by else Answerer(f"\0{len(answered)}"), {})
            found[name] = read_label_names(each["value"], where)
    skipped_by = [who for _, each, who in responses if each.get("status") == "discarded"]
    skipped_by = [who for who in dict.fromkeys(skipped_by) if who not in answered]
    if answered or unread:
        people = [who if not who.by.startswith("\0") else Answerer() for who in answered]
        return ControlledTask(fields, list(answered.values()), "labeled", {}, people, skipped_by, unread=unread)
    if skipped_by:
        return ControlledTask(fields, (), "skipped", {}, skipped_by=skipped_by)
    suggested = {
        name: each
        for name, each in _as_object(record.get("suggestions")).items()
        if isinstance(each, dict) and each.get("value") is not None
    }
    if not suggested:
        about = parse_provenance(written)
        return ControlledTask(fields, (), choose_status((), own), about, opinions=parse_opinions(written.get("others")))
    first = next(iter(suggested.values()))
    about = parse_provenance({"by": first.get("agent"), "confidence": first.get("score"), "how": "model"} | written)
    unread = {name: kind for name, each in suggested.items() if (kind := _find_kind(each["value"]))}
    answers = {name: read_label_names(each["value"], where) for name, each in suggested.items() if name not in unread}
    opinions = parse_opinions(written.get("others"))
    return ControlledTask(fields, [answers], "labeled", about, opinions=opinions, unread=unread)


def _parse_old(record: dict[str, Any], where: str) -> ControlledTask:
    fields = {**_as_object(record.get("inputs")), **_as_object(record.get("metadata"))}
    if record.get("status") == "Discarded":
        return ControlledTask(fields, status="skipped")
    if record.get("annotation") is not None:
        about = parse_provenance({"by": record.get("annotation_agent")})
        return ControlledTask(fields, [{_QUESTION: read_label_names(record["annotation"], where)}], "labeled", about)
    return ControlledTask(fields)


def _find_kind(value: Any) -> str | None:
    """Return the kind of a question whose answer is no label, None where it can be one."""
    first = value[0] if isinstance(value, list) and value else None
    return None if not isinstance(first, dict) else "ranking" if "rank" in first else "span"


def _read_about(written: Any) -> dict[str, Any]:
    """Return what `write` put under `metadata` as JSON."""
    try:
        return _as_object(load_json(written)) if isinstance(written, str) else {}
    except ValueError:
        return {}


def _as_object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
