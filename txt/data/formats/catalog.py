"""All formats by name: how each is written and read, and what each can hold."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from txt.data.formats import (
    argilla,
    doccano,
    fasttext,
    json_lines,
    label_studio,
    parquet,
    prodigy,
    spacy_bin,
    spacy_cats,
    table,
)
from txt.data.formats.recognition import SAMPLE, is_fasttext, recognize_records
from txt.data.formats.record import LabelRecord, LabelTask
from txt.errors import InputError
from txt.json_input import load_json

_HEAD_BYTES = 1 << 16
_JOINED = "rows with several labels, which doccano's own import of CSV takes for one (--format doccano keeps them)"
_PartTest = Callable[[LabelRecord], bool]


@dataclass(frozen=True)
class Format:
    """How records are written and read, and which of PARTS get lost; `reserved` columns get a `_`."""

    suffix: str
    write: Callable[[IO[bytes], Iterable[LabelRecord], LabelTask], None]
    read: Callable[[Path, LabelTask], Iterator[LabelRecord]]
    loses: tuple[str, ...] = ()
    reserved: frozenset[str] = frozenset()


PARTS: dict[str, _PartTest] = {
    "skips": lambda record: record.status == "skipped",
    "rows with no class": lambda record: record.status == "labeled" and not record.labels,
    "names of who labeled": lambda record: bool(record.by),
    "times": lambda record: bool(record.time),
    "ways the labels came": lambda record: bool(record.how),
    "confidences": lambda record: record.confidence is not None,
    "answers of others": lambda record: bool(record.opinions),
    "flags": lambda record: record.flagged,
    "notes": lambda record: bool(record.note),
    "rows with other columns": lambda record: bool(record.columns),
    "line breaks in texts": lambda record: "\n" in record.text or record.text.endswith("\r"),
    "texts that hold a label": lambda record: fasttext.MARK in record.text or record.text.startswith("\ufeff"),
    "labels with spaces": lambda record: any(fasttext.spell_label(label) != label for label in record.labels),
    "labels with `#` among several": lambda record: len(record.labels) > 1 and doccano.JOINT in "".join(record.labels),
    _JOINED: lambda record: len(record.labels) > 1,
    "labels with `|` among several": lambda record: len(record.labels) > 1 and "|" in "".join(record.labels),
    "halves of characters": lambda record: not _is_encodable(record),
}
"""What some formats cannot hold, and the test for whether a row has it."""

_ABOUT = (
    "names of who labeled",
    "times",
    "ways the labels came",
    "confidences",
    "answers of others",
    "flags",
    "notes",
)
_BARE = ("skips", "rows with no class", *_ABOUT)

FORMATS: dict[str, Format] = {
    "csv": Format(
        ".csv",
        table.write,
        table.read,
        ("answers of others", "labels with `|` among several", "halves of characters"),
        table.RESERVED,
    ),
    "jsonl": Format(".jsonl", json_lines.write, json_lines.read, (), json_lines.RESERVED),
    "prodigy": Format(".jsonl", prodigy.write, prodigy.read),
    "doccano": Format(".jsonl", doccano.write, doccano.read, _BARE, doccano.RESERVED),
    "doccano-csv": Format(
        ".csv",
        doccano.write_csv,
        doccano.read_csv,
        (*_BARE, "labels with `#` among several", _JOINED, "halves of characters"),
        doccano.RESERVED,
    ),
    "label-studio": Format(".json", label_studio.write, label_studio.read, (), label_studio.RESERVED),
    "spacy": Format(".jsonl", spacy_cats.write, spacy_cats.read, ("skips", *_ABOUT)),
    "spacy-docbin": Format(
        spacy_bin.ENDING, spacy_bin.write, spacy_bin.read, ("skips", *_ABOUT, "halves of characters")
    ),
    "argilla": Format(".json", argilla.write, argilla.read, (), argilla.RESERVED),
    "fasttext": Format(
        ".txt",
        fasttext.write,
        fasttext.read,
        (
            *_BARE,
            "rows with other columns",
            "line breaks in texts",
            "texts that hold a label",
            "labels with spaces",
            "halves of characters",
        ),
    ),
    "parquet": Format(
        ".parquet", parquet.write, parquet.read, ("answers of others", "halves of characters"), parquet.RESERVED
    ),
}
"""The formats of `--format`."""

_LISTS = ("label-studio", "argilla")  # formats that are one list


def count_losses(records: Iterable[LabelRecord], form: Format, losses: Counter[str]) -> Iterator[LabelRecord]:
    """Yield the records, and count in `losses` what the format cannot hold of them."""
    tests = [(part, PARTS[part]) for part in form.loses]
    for record in records:
        losses.update(part for part, test in tests if test(record))
        yield record


def find_format(path: Path) -> str:
    """Return the format of a file by its suffix and its content; `csv` stands for any table.

    Raises:
        InputError: it cannot be told.
    """
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return "parquet" if parquet.is_readable(path) else "csv"
    if suffix == ".txt":
        with path.open("rb") as file:
            return "fasttext" if is_fasttext(file.read(_HEAD_BYTES).decode("utf-8", "replace")) else "csv"
    if suffix == spacy_bin.ENDING:
        return "spacy-docbin"
    if suffix in (".jsonl", ".ndjson"):
        records = [value for _, value in islice(json_lines.read_objects(path), SAMPLE)]
        named = recognize_records(records)
        is_list = any(isinstance(value.get("label"), list) for value in records)
        plain = "doccano" if is_list else "jsonl" if all("text" in value for value in records) else "csv"
        return named if named in FORMATS else "csv" if named else plain
    if suffix == ".json":
        return _recognize_list(path) or "csv"
    if suffix in (".xml", ".html", ".pdf", ".docx"):
        raise InputError(f"the format of `{path}` is not clear", f"--format {'|'.join(FORMATS)}")
    return "csv"


def _recognize_list(path: Path) -> str | None:
    """Return the format of a list of tasks or records of another tool, None where the list is something else."""
    try:
        found = load_json(path.read_bytes().decode("utf-8-sig"))
    except ValueError:
        return None
    records = [each for each in found[:SAMPLE] if isinstance(each, dict)] if isinstance(found, list) else []
    named = recognize_records(records)
    return named if named in _LISTS else None


def _is_encodable(record: LabelRecord) -> bool:
    """Tell whether all of a record can be written in UTF-8."""
    texts = (record.text, record.by, record.note, *record.columns.values(), *record.labels)
    return all(text.isascii() or text == text.encode("utf-8", "replace").decode() for text in texts)
