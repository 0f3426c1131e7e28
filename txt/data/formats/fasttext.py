"""fastText's lines: `__label__positive` for each label, then the text."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

from txt.data.formats.record import LabelRecord, LabelTask
from txt.errors import InputError

MARK = "__label__"
_SPACE = re.compile(r"[ \n\r\t\v\f\0]")  # what ends a word for fastText
_LABEL = re.compile(rf"{MARK}([^ \n\r\t\v\f\0]*)(?:[ \t]|\Z)")
_LAST_LABELS = re.compile(rf"(?<![ \t])(?:[ \t]+{MARK}[^ \n\r\t\v\f\0]+)+[ \t]*\Z")
_WORD_LABEL = re.compile(rf"{MARK}([^ \n\r\t\v\f\0]+)")


def spell_label(label: str) -> str:
    """Return a label as fastText can have it, without spaces."""
    return _SPACE.sub("_", label)


def spell_text(text: str) -> str:
    """Return a text as a line of a file has it, and as it comes back from there."""
    return text.replace("\n", " ").removesuffix("\r")


def write(file: IO[bytes], records: Iterable[LabelRecord], task: LabelTask) -> None:
    """Write a line a record, line breaks as spaces; unlabeled rows are a text without a label.

    Raises:
        InputError: two classes are the same without spaces.
    """
    spellings = {spell_label(name): name for name in task.classes}
    twice = next((name for name in task.classes if spellings[spell_label(name)] != name), None)
    if twice is not None:
        raise InputError(
            f"`{twice}` and `{spellings[spell_label(twice)]}` are the same to fastText, which has no spaces"
        )
    for record in records:
        labels = "".join(f"{MARK}{spell_label(label)} " for label in record.labels)
        file.write((labels + record.text.replace("\n", " ")).encode("utf-8", "replace") + b"\n")


def read(path: Path, task: LabelTask) -> Iterator[LabelRecord]:
    """Yield the lines of a file; labels get their spaces back where the classes are known."""
    spellings = {spell_label(name): name for name in task.classes}
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                raise InputError(f"`{path}` line {number} is not UTF-8 text", "save it as UTF-8") from None
            yield parse_line(text, spellings)


def parse_line(line: str, spellings: Mapping[str, str] | None = None) -> LabelRecord:
    """Return a line as a labeled row: its labels stand before the text, in some files behind it."""
    text = line.removesuffix("\n").removesuffix("\r")
    labels: list[str] = []
    while found := _LABEL.match(text):
        labels.append(found[1])
        text = text[found.end() :]
    while not labels and (found := _LAST_LABELS.search(text)):
        labels = _WORD_LABEL.findall(found[0])
        text = text[: found.start()]
    known = spellings or {}
    return LabelRecord(text, tuple(known.get(each, each) for each in labels), "labeled" if labels else "unlabeled")
