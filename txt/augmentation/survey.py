"""The first pass over a data file: its columns, which rows may be copied, the size of each class, each text's key."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from txt.augmentation.originals import Originals, hash_keys, make_key
from txt.augmentation.spans import is_one_word
from txt.config import PrepareConfig
from txt.data.reading.columns import find_label, find_row_id, find_text
from txt.data.reading.split_column import SplitColumn, find_split, parse_split_values
from txt.data.reading.table import Table
from txt.data.split import Hashes
from txt.errors import InputError

ADDED = ("augmented", "method", "source_id")
"""The columns that copies and originals get."""

NO_TEXT = "without text"
ONE_WORD = "of one word"
OTHER_SPLIT = "of another split"
NO_LABEL = "without a label"
ALREADY = "copies already"

_SAMPLE_ROWS = 1000
_TRUE = frozenset({"true", "1", "yes"})

CellRecord = dict[str, str | None]


@dataclass(frozen=True)
class Columns:
    """The column for each role; None where there is none."""

    text: str
    label: str | None
    split: SplitColumn | None
    row_id: str | None

    def why_not(self, row: Mapping[str, str | None], split: str) -> str | None:
        """Return why a row gets no copies, or None if it may."""
        text = row.get(self.text)
        if text is None or not text.strip():
            return NO_TEXT
        if (row.get(ADDED[0]) or "").strip().lower() in _TRUE:
            return ALREADY
        if self.split is not None and self.split.parse(row.get(self.split.name) or "train") != split:
            return OTHER_SPLIT
        if self.label is not None and not (row.get(self.label) or "").strip():
            return NO_LABEL
        return ONE_WORD if is_one_word(text) else None

    def source_id(self, row: Mapping[str, str | None], number: int) -> str:
        """Return what names the original of a row: what it says itself, its id, or its number in the file."""
        return row.get(ADDED[2]) or (row.get(self.row_id) if self.row_id else None) or str(number)


@dataclass
class Survey:
    """What the first pass found: `classes` counts train rows with a text by label, `eligible` those to be copied."""

    columns: Columns
    names: list[str]
    rows: int = 0
    classes: Counter[str] = field(default_factory=Counter)
    eligible: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    sample: list[str] = field(default_factory=list)


def find_columns(table: Table, reading: PrepareConfig) -> Columns:
    """Find the text, label, split and id columns by option, name and content.

    Raises:
        InputError: the file has no rows, or the columns' roles are not clear.
    """
    if table.joined:
        raise InputError(
            f"copies of `{table.source}` would have one text for {len(table.joined)} columns", "name one: --text-column"
        )
    sample, source = table.sample(), str(table.source)
    text = find_text(sample, table.text_column(reading.text_column), source).name
    others = {name: values for name, values in sample.items() if name not in ADDED}
    label = find_label(others, text, reading.label_column, source)
    rest = {name: values for name, values in others.items() if name != text and (not label or name != label.name)}
    split = find_split(rest, reading.split_column, source, parse_split_values(reading.split_values))
    row_id = find_row_id(rest)
    return Columns(text, label.name if label else None, split, row_id.name if row_id else None)


def survey_file(
    table: Table,
    columns: Columns,
    split: str,
    keys: Path,
    see: Callable[[CellRecord], None],
    progress: Callable[[int], None],
) -> Survey:
    """Read the whole file once, and write the keys of all its texts to the file `keys`.

    `see` is shown every row that may be copied.
    """
    found = Survey(columns, [])
    names: dict[str, None] = {}
    hashes: list[Hashes] = []
    for batch in table.batches():
        names.update(dict.fromkeys(batch.schema.names))
        rows: list[CellRecord] = batch.to_pylist()
        hashes.append(hash_keys([make_key(row.get(columns.text) or "") for row in rows]))
        for row in rows:
            _count_row(found, row, split, see)
        found.rows += len(rows)
        progress(found.rows)
    Originals.write(keys, np.concatenate(hashes) if hashes else np.zeros(0, np.uint64))
    found.names = list(names)
    if not found.eligible:
        raise InputError(f"no row of `{table.source}` can be copied", _explain_none(found, split))
    return found


def read_rows(table: Table) -> Iterator[list[CellRecord]]:
    """Yield the rows of the file in batches, by column name."""
    for batch in table.batches():
        yield batch.to_pylist()


def _count_row(found: Survey, row: CellRecord, split: str, see: Callable[[CellRecord], None]) -> None:
    columns = found.columns
    label = (row.get(columns.label) or "") if columns.label else ""
    why_not = columns.why_not(row, split)
    if why_not is None:
        found.eligible[label] += 1
        if len(found.sample) < _SAMPLE_ROWS:
            found.sample.append(row[columns.text] or "")
        see(row)
    else:
        found.passed[why_not] += 1
    if why_not in (None, ONE_WORD, ALREADY) and label.strip():
        found.classes[label] += 1


def _explain_none(found: Survey, split: str) -> str:
    reasons = ", ".join(f"{count:,} are {reason}" for reason, count in found.passed.most_common())
    hint = "; --split names another split" if found.passed[OTHER_SPLIT] else ""
    return f"of its {found.rows:,} rows {reasons}" + (hint and f" than {split}{hint}")
