"""Columns of 0 and 1, a label each, read as one column: a list of the labels that hold in a row."""

import json
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import pyarrow as pa

from txt.config import PrepareConfig
from txt.data.reading.batches import make_string_array
from txt.data.reading.columns import Sample, find_named_column
from txt.data.reading.how_read import JOINT
from txt.errors import InputError
from txt.nested_classes import SEPARATOR

_YES = frozenset({"true", "yes", "t", "y"})
_NO = frozenset({"false", "no", "f", "n"})


def find_label_columns(sample: Sample, config: PrepareConfig, source: str, labeled: bool) -> tuple[str, ...]:
    """Return the columns that `--label-columns` names, none where it is not given.

    Args:
        sample: some rows of the file.
        config: the options.
        source: the file's name, for messages.
        labeled: people gave labels beside the file.

    Raises:
        InputError: a column does not exist or is named twice, or labels of a store would be mixed with the columns.
    """
    if config.label_columns is None:
        return ()
    if labeled:
        raise InputError(
            f"`{source}` has labels in its store, and --label-columns says where the file's own are",
            "--no-labels leaves the store aside",
        )
    wanted = [part.strip() for part in config.label_columns.split(JOINT) if part.strip()]
    found = [find_named_column(sample, part, "--label-columns", source).name for part in wanted]
    twice = next((name for name in found if found.count(name) > 1), None)
    if twice is not None or len(found) < 2:
        raise InputError(
            f"--label-columns names `{twice}` twice" if twice else "--label-columns names one column, and a label each",
            None if twice else f"--label-column {found[0] if found else 'NAME'} learns one column alone",
        )
    return tuple(found)


def join_label_columns(
    batch: pa.RecordBatch, columns: Sequence[str], at_least: float | None, source: str, rows_before: int
) -> pa.RecordBatch:
    """Return the rows with a column more, a JSON list of the labels that hold; nothing where all columns are empty.

    Raises:
        InputError: a cell is neither 0 nor 1, or some of a row's columns are empty and others are not.
    """
    cells = [batch.column(name).to_pylist() if name in batch.schema.names else [None] * len(batch) for name in columns]
    kept: list[dict[str | None, bool | None]] = [{} for _ in columns]
    lists = []
    for place, row in enumerate(zip(*cells, strict=True)):
        holds = []
        for known, name, cell in zip(kept, columns, row, strict=True):
            if cell not in known:
                known[cell] = _read_cell(cell, at_least, name, source, rows_before + place + 1)
            holds.append(known[cell])
        if None in holds and any(each is not None for each in holds):
            name = columns[holds.index(None)]
            raise InputError(
                f"row {rows_before + place + 1} of `{source}` has nothing in column `{name}`, and 0 or 1 in others",
                "write 0 where a label does not hold; a row without any label columns is an unlabeled one",
            )
        named = [name for name, each in zip(columns, holds, strict=True) if each]
        lists.append(None if None in holds else json.dumps(named, ensure_ascii=False))
    return batch.append_column(JOINT.join(columns), make_string_array(lists))


def find_levels(sample: Sample, config: PrepareConfig, source: str, labeled: bool) -> tuple[str, ...]:
    """Return the columns that `--levels` names, none where it is not given.

    Raises:
        InputError: a column does not exist, or there is one only; or labels of a store would be mixed with them.
    """
    if config.levels is None:
        return ()
    if labeled:
        raise InputError(
            f"`{source}` has labels in its store, and --levels says where the file's own are",
            "--no-labels leaves the store aside",
        )
    wanted = [part.strip() for part in config.levels.split(JOINT) if part.strip()]
    found = tuple(find_named_column(sample, part, "--levels", source).name for part in wanted)
    if len(set(found)) < 2 or len(set(found)) < len(found):
        raise InputError("--levels names the columns of at least two levels, from the top", "--levels area,topic")
    return found


def join_levels(batch: pa.RecordBatch, columns: Sequence[str], source: str, rows_before: int) -> pa.RecordBatch:
    """Return the rows with a column more: the names of all levels of a row, joined; missing where there is none.

    Raises:
        InputError: a level is given below one that is empty: the levels do not nest.
    """
    cells = [batch.column(name).to_pylist() if name in batch.schema.names else [None] * len(batch) for name in columns]
    joined: list[str | None] = []
    for place, row in enumerate(zip(*cells, strict=True)):
        parts = [(cell or "").strip() for cell in row]
        filled = [part for part in parts if part]
        if parts[: len(filled)] != filled:
            empty = parts.index("")
            name = columns[empty]
            below = next(each for each, part in zip(columns[empty:], parts[empty:], strict=True) if part)
            raise InputError(
                f"row {rows_before + place + 1} of `{source}` has `{below}` and no `{name}`: the levels do not nest",
                "--levels lists the columns from the top level down",
            )
        joined.append(SEPARATOR.join(filled) or None)
    return batch.append_column(JOINT.join(columns), make_string_array(joined))


def _read_cell(cell: str | None, at_least: float | None, name: str, source: str, row: int) -> bool | None:
    text = (cell or "").strip().lower()
    if not text:
        return None
    if text in _YES | _NO:
        return text in _YES
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if number.is_finite() and at_least is not None:
        return number >= Decimal(str(at_least))
    if number in (0, 1):
        return number == 1
    shown = (cell or "").strip()[:40]
    raise InputError(
        f"column `{name}` of `{source}` holds `{shown}` in row {row}, and a label's column holds 0 and 1",
        "--at-least 2 takes numbers for votes, and counts a label from two on"
        if number.is_finite()
        else "name columns of 0 and 1 with --label-columns, or one of names with --label-column",
    )
