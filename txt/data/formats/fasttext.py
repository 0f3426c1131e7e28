"""fastText's lines: `__label__positive` for each label, then the text."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from txt.data.formats.record import LabelRecord, LabelTask
from txt.errors import InputError

MARK = "__label__"
_SPACE = re.compile(r"[ \n\r\t\v\f\0]")  # what ends a word for fastText
_LABEL = re.compile(rf"{MARK}([^ \n\r\t\v\f\0]*)(?: |\Z)")


def spell_label(label: str) -> str:
    """Return a label as fastText can have it, without spaces."""
    return _SPACE.sub("_", label)


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
                text = line.decode().removesuffix("\n")
            except UnicodeDecodeError:
                raise InputError(f"`{path}` line {number} is not UTF-8 text", "save it as UTF-8") from None
            labels: list[str] = []
            while found := _LABEL.match(text):
                labels.append(spellings.get(found[1], found[1]))
                text = text[found.end() :]
            yield LabelRecord(text, tuple(labels), "labeled" if labels else "unlabeled")
