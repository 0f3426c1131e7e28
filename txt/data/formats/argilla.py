"""Argilla's records: `fields` with `responses`, or as its first versions wrote them `inputs` with `annotation`."""

from typing import Any

from txt.data.formats.controlled import Answers, ControlledTask
from txt.data.formats.json_lines import read_label_names
from txt.data.formats.record import parse_provenance

_QUESTION = "label"  # of the first versions, which had one


def parse(record: dict[str, Any], where: str) -> ControlledTask:
    """Return a record with the responses that people submitted, or else with what was suggested."""
    return _parse_new(record, where) if isinstance(record.get("fields"), dict) else _parse_old(record, where)


def _parse_new(record: dict[str, Any], where: str) -> ControlledTask:
    fields = {**record["fields"], **_as_object(record.get("metadata"))}
    responses = [
        (name, each)
        for name, given in _as_object(record.get("responses")).items()
        for each in (given if isinstance(given, list) else [given])
        if isinstance(each, dict)
    ]
    submitted: list[Answers] = [
        {name: read_label_names(each.get("value"), where)}
        for name, each in responses
        if each.get("status", "submitted") == "submitted" and each.get("value") is not None
    ]
    if submitted:
        return ControlledTask(fields, submitted, "labeled")
    if any(each.get("status") == "discarded" for _, each in responses):
        return ControlledTask(fields, status="skipped")
    suggested = {
        name: each
        for name, each in _as_object(record.get("suggestions")).items()
        if isinstance(each, dict) and each.get("value") is not None
    }
    if not suggested:
        return ControlledTask(fields)
    first = next(iter(suggested.values()))
    about = parse_provenance({"by": first.get("agent"), "confidence": first.get("score"), "how": "model"})
    answers = {name: read_label_names(each["value"], where) for name, each in suggested.items()}
    return ControlledTask(fields, [answers], "labeled", about)


def _parse_old(record: dict[str, Any], where: str) -> ControlledTask:
    fields = {**_as_object(record.get("inputs")), **_as_object(record.get("metadata"))}
    if record.get("status") == "Discarded":
        return ControlledTask(fields, status="skipped")
    if record.get("annotation") is not None:
        about = parse_provenance({"by": record.get("annotation_agent")})
        return ControlledTask(fields, [{_QUESTION: read_label_names(record["annotation"], where)}], "labeled", about)
    return ControlledTask(fields)


def _as_object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
