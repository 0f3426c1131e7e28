"""JSON lines of our own: every field by its name; and the reading and writing that other formats of JSON share."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from txt.data.formats.record import (
    LabelRecord,
    LabelTask,
    choose_status,
    collect_opinions,
    collect_provenance,
    convert_to_texts,
    parse_opinions,
    parse_provenance,
    rename_reserved,
)
from txt.errors import InputError
from txt.json_input import load_json

RESERVED = frozenset({"text", "label", "label_status", "label_about"})


def encode_json(value: Any) -> bytes:
    """Return a value as JSON in UTF-8; everything is escaped if it has lone surrogates, which UTF-8 cannot encode."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(", ", ": ")).encode()
    except UnicodeEncodeError:
        return json.dumps(value).encode()


def read_objects(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each line's place, for messages, and the JSON object that it holds; blank lines are left out.

    Raises:
        InputError: a line is not a JSON object.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            where = f"`{path}` line {number}"
            if not line.strip(b" \t\r\n\xef\xbb\xbf"):
                continue
            try:
                value = load_json(line.decode("utf-8-sig"))
            except ValueError as error:
                raise InputError(f"{where} is not JSON: {error}", "each line holds one JSON object") from None
            if not isinstance(value, dict):
                raise InputError(f"{where} is not a JSON object", 'a line looks like {"text": "…", …}')
            yield where, value


def get_text(value: dict[str, Any], where: str, key: str = "text") -> str:
    """Return the text of a JSON object.

    Raises:
        InputError: it has none.
    """
    text = value.get(key)
    if not isinstance(text, str):
        raise InputError(f"{where} has no text under `{key}`", f"there are {', '.join(map(str, value)) or 'no keys'}")
    return text


def read_label_names(value: Any, where: str) -> tuple[str, ...]:
    """Return the labels that a JSON value holds: a string, a list of them, or nothing.

    Raises:
        InputError: it is something else.
    """
    labels = [] if value is None else value if isinstance(value, list) else [value]
    if not all(isinstance(label, str | int) and not isinstance(label, bool) for label in labels):
        raise InputError(f"{where} has labels that are not strings", "labels are for whole texts here, not for spans")
    return tuple(str(label) for label in labels)


def write(file: IO[bytes], records: Iterable[LabelRecord], task: LabelTask) -> None:
    """Write a record a line."""
    for record in records:
        several = list(record.labels)
        label = several if task.multi_label else several[0] if several else None
        about = collect_provenance(record) | ({"others": collect_opinions(record)} if record.opinions else {})
        file.write(
            encode_json(
                {
                    "text": record.text,
                    **rename_reserved(record.columns, RESERVED),
                    "label": None if record.status != "labeled" else label,
                    "label_status": record.status,
                    **({"label_about": about} if about else {}),
                }
            )
            + b"\n"
        )


def read(path: Path, _task: LabelTask) -> Iterator[LabelRecord]:
    """Yield the records of a file that `write` wrote, or of any other with `text` and `label`."""
    return (parse(value, where) for where, value in read_objects(path))


def parse(value: dict[str, Any], where: str) -> LabelRecord:
    """Return an object as a labeled row."""
    labels = read_label_names(value.get("label"), where)
    status = choose_status(labels, value.get("label_status"))
    others = {name: each for name, each in value.items() if name not in RESERVED}
    written = value.get("label_about")
    about = parse_provenance(written)
    opinions = parse_opinions(written.get("others")) if isinstance(written, dict) else ()
    columns = convert_to_texts(others, where)
    return LabelRecord(get_text(value, where), labels, status, columns=columns, opinions=opinions, **about)
