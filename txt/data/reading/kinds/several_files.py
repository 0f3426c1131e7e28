"""Several files read one after the other, as `2024-*.csv` or the tables of an archive; a column says which."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Protocol

import pyarrow as pa

from txt.data.arrow_arrays import build_strings
from txt.data.reading.how_read import Dialect
from txt.data.reading.kinds.text_folder import find_split_name
from txt.data.reading.source import PACKINGS, PART_MARK, Source
from txt.errors import InputError

SOURCE = "source"
"""The column that says which file a row is from; `source_file` where the files have such a column."""

_SPLIT = "split"
_SHOWN = 5


class FileRows(Protocol):
    """What is asked of each file; a `Table` answers it."""

    @property
    def source(self) -> Source:
        """Return the file."""

    @property
    def dialect(self) -> Dialect:
        """Return how it is read."""

    @property
    def notes(self) -> list[str]:
        """Return what its last reading to the end found that the user should know."""

    def columns(self) -> Sequence[str]:
        """Return the names of its columns."""

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield its rows."""


def detect_several(source: Source, files: Sequence[FileRows]) -> Dialect:
    """Return how each file is read, and the columns, which all must have.

    Raises:
        InputError: a file lacks a column that another has.
    """
    parts = tuple((file.source, file.dialect) for file in files)
    columns = [file.columns() for file in files]
    first = columns[0]
    for (member, _), names in zip(parts, columns, strict=True):
        if set(names) != set(first):
            raise _explain_columns(source, (parts[0][0], first), (member, names))
    warnings = [warning for _, dialect in parts for warning in dialect.warnings]
    added = [SOURCE if SOURCE not in first else "source_file"]
    splits = _read_splits(source.members)
    if splits and _SPLIT not in first:
        added.append(_SPLIT)
        told = ", ".join(
            f"{name} is {split}" for name, split in zip(_name_members(source.members), splits, strict=True)
        )
        warnings.append(f"the files' names say which split they are: {told}")
    stores = [member.path.with_name(f"{member.path.name}.labels.db") for member in source.members]
    warnings.extend(
        f"the labels in `{store}` are not used here: several files have one store, which --store names"
        for store in dict.fromkeys(stores)
        if store.is_file() and source.copy is None
    )
    guesses = tuple(dict.fromkeys(guess for _, dialect in parts for guess in dialect.guesses))
    return Dialect("several", (*first, *added), warnings=tuple(dict.fromkeys(warnings)), guesses=guesses, parts=parts)


def read_several(
    source: Source, dialect: Dialect, files: Sequence[FileRows], notes: list[str]
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of each file, with the file's name, and its split where the names say that.

    Raises:
        InputError: a file cannot be read.
    """
    first = files[0].columns()
    added = dialect.columns[len(first) :]
    names = _name_members(source.members)
    splits = _read_splits(source.members) or [None] * len(names)
    for file, *about in zip(files, names, splits, strict=True):
        for batch in file.batches():
            present = batch.schema.names
            columns = [*(name for name in first if name in present), *(name for name in present if name not in first)]
            values = [build_strings([value] * len(batch)) for value in about[: len(added)]]
            arrays = [*(batch.column(name) for name in columns), *values]
            yield pa.RecordBatch.from_arrays(arrays, names=[*columns, *added])
        notes.extend(note for note in file.notes if note not in notes)


def _name_members(members: Sequence[Source]) -> list[str]:
    """Return a name for each file: short, where that tells them apart."""
    full = [member.name.rpartition(PART_MARK)[2] for member in members]
    short = [PurePosixPath(name).name for name in full]
    return short if len(set(short)) == len(short) else full


def _read_splits(members: Sequence[Source]) -> list[str | None] | None:
    """Return the split that each file's name says; None unless each says one, and not all the same."""
    found = [find_split_name(_cut_endings(name)) for name in _name_members(members)]
    return found if all(found) and len(set(found)) > 1 else None


def _cut_endings(name: str) -> str:
    path = PurePosixPath(name)
    return PurePosixPath(path.stem).stem if path.suffix.lower() in PACKINGS else path.stem


def _explain_columns(
    source: Source, one: tuple[Source, Sequence[str]], other: tuple[Source, Sequence[str]]
) -> InputError:
    (first, names), (second, others) = one, other
    lacking = [(second, first, [name for name in names if name not in others])]
    lacking.append((first, second, [name for name in others if name not in names]))
    for without, having, columns in lacking:
        if columns:
            shown = ", ".join(f"`{name}`" for name in columns[:_SHOWN]) + (" …" if len(columns) > _SHOWN else "")
            kind = "column" if len(columns) == 1 else "columns"
            return InputError(
                f"`{without}` lacks the {kind} {shown} of `{having}`, and files read together need the same columns",
                f"read one alone: '{first}'",
            )
    raise AssertionError(f"the files of {source} have the same columns")
