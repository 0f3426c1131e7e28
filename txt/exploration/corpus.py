"""The texts of a data file in memory, as Arrow holds them, with their labels where the file or its store has some."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from txt.config import PrepareConfig
from txt.data.progress import ProgressWatcher, RowProgress
from txt.data.reading.columns import Column, find_label, find_text
from txt.data.reading.how_read import Dialect
from txt.data.reading.row_index import hash_content
from txt.data.reading.table import Table, open_table
from txt.data.row_facts import get_column
from txt.data.several_labels import find_several, split_list
from txt.data.staging import DecidedLabels
from txt.errors import InputError

_NO_LABEL = -1


@dataclass
class Corpus:
    """The rows of a file, all of them, in its order; rows without a text have an empty one.

    `path` is the name that was typed, `source` what the file is called. `hashes` (N,) name texts as `txt label` does.
    `label_codes` (N,) are places in `label_names`, -1 for none; `label_sets` has the labels of each name, as a name may
    be several.
    """

    path: str
    source: str
    text: Column
    label: Column | None
    dialect: Dialect
    parts: list[pa.Array] = field(default_factory=list)
    hashes: npt.NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    label_codes: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    label_names: list[str] = field(default_factory=list)
    label_sets: list[tuple[str, ...]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ends = np.empty(0, np.int64)

    def __len__(self) -> int:
        return len(self.hashes)

    @property
    def has_labels(self) -> bool:
        """Whether any row has a label."""
        return bool((self.label_codes >= 0).any())

    def read(self) -> Iterator[Sequence[str]]:
        """Yield all texts in batches."""
        for part in self.parts:
            yield ["" if text is None else text for text in part.to_pylist()]

    def text_of(self, row: int) -> str:
        """Return the text of a row."""
        place = int(np.searchsorted(self._ends, row, "right"))
        begin = int(self._ends[place - 1]) if place else 0
        value = self.parts[place][row - begin].as_py()
        return "" if value is None else str(value)

    def texts_of(self, rows: npt.NDArray[np.int64]) -> list[str]:
        """Return the texts of some rows."""
        return [self.text_of(row) for row in rows.tolist()]

    def settle(self) -> None:
        """Find out where each part ends, and which labels are several."""
        self._ends = np.cumsum([len(part) for part in self.parts]).astype(np.int64)
        several = find_several(self.label_names)
        for name in self.label_names:
            listed = split_list(name) if several else None
            if listed is None and several and several.sign:
                listed = name.split(several.sign)
            self.label_sets.append(tuple(part.strip() for part in listed) if listed is not None else (name,))


def read_corpus(
    source: str, options: PrepareConfig, decided: DecidedLabels | None, progress: ProgressWatcher
) -> Corpus:
    """Read a data file, or standard input as `-`.

    Args:
        source: a name that `open_table` knows.
        options: how to read it, and which column is the text.
        decided: what people decided about its labels, see `stage_rows`.
        progress: hears how many rows were read.

    Raises:
        InputError: the file cannot be read, has no rows, or its text column is not clear.
    """
    if decided is not None:
        changed = options.changed()
        known = {name: value for name, value in decided.reading.items() if name not in changed}
        options = options.with_options(**known)
    with open_table(source, options) as table:
        corpus = _open_corpus(source, table, options, decided)
        _fill(corpus, table, decided, progress)
    if decided is not None:
        corpus.warnings.extend(decided.warnings())
    corpus.settle()
    return corpus


def _open_corpus(path: str, table: Table, options: PrepareConfig, decided: DecidedLabels | None) -> Corpus:
    sample, name = table.sample(), str(table.source)
    text = find_text(sample, table.text_column(options.text_column), name)
    corpus = Corpus(path, name, text, None, table.dialect, warnings=list(table.dialect.warnings))
    try:
        corpus.label = find_label(sample, text.name, options.label_column, name, by_content=False)
    except InputError as error:
        if options.label_column is not None:
            raise
        hint = f" ({error.hint})" if error.hint else ""
        corpus.warnings.append(f"no shares of classes: {error.message}{hint}")
    if corpus.label is None and decided is not None:
        corpus.label = Column("label", f"from `{decided.source}`")
    return corpus


def _fill(corpus: Corpus, table: Table, decided: DecidedLabels | None, progress: ProgressWatcher) -> None:
    codes: dict[str, int] = {}
    hashes, labels, done = [], [], 0
    for batch in table.batches():
        part = get_column(batch, corpus.text.name)
        texts = part.to_pylist()
        corpus.parts.append(part)
        hashes.append(np.fromiter((hash_content(text or "") for text in texts), np.uint64, len(texts)))
        known = corpus.label is not None and corpus.label.name in batch.schema.names
        cells = batch.column(corpus.label.name).to_pylist() if known and corpus.label else [None] * len(texts)
        cells = cells if decided is None else decided(texts, cells)
        found = ((cell or "").strip() for cell in cells)
        labels.append(
            np.fromiter(
                (codes.setdefault(each, len(codes)) if each else _NO_LABEL for each in found), np.int64, len(texts)
            )
        )
        done += len(texts)
        progress(RowProgress("reading", done, None))
    corpus.hashes = np.concatenate([np.empty(0, np.uint64), *hashes])
    corpus.label_codes = np.concatenate([np.empty(0, np.int64), *labels])
    corpus.label_names = list(codes)
    corpus.warnings.extend(table.notes)
    if not (corpus.hashes != np.uint64(hash_content(""))).any():
        raise InputError(f"`{corpus.source}` has no text in column `{corpus.text.name}`", "--text-column names another")
