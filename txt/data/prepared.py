"""The prepared folder: token ids and labels of each split in memory-mapped Arrow files, a tokenizer, a manifest.

prepared/
  manifest.json        labels, columns, sizes, checksums, options (see `Manifest`)
  report.json          what `txt prepare` reported about the data
  tokenizer/           in Hugging Face layout
  train.arrow …        columns token_ids, label (or labels, where a row may have several), text, row_id and
                       metadata.NAME for every other column
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from tokenizers import Tokenizer

from txt.data.arrow_arrays import read_numbers
from txt.data.label_kinds import KINDS, SEVERAL, SINGLE, LabelForm, LabelSets, refuse_several
from txt.data.reading.split_column import SPLITS, refuse_unknown_split
from txt.data.soft_labels import read_soft_labels
from txt.data.token_encoder import open_tokenizer
from txt.errors import InputError
from txt.files import FORMAT, read_json, sha256, write_json
from txt.json_input import take_field, take_list

MANIFEST = "manifest.json"
REPORT = "report.json"
TOKENIZER = "tokenizer"
METADATA = "metadata."
"""Begins the name of a column that was none of text, label and id in the source."""

NO_LABEL = -1

_ALWAYS_VERIFIED = 32 << 20  # bytes: checking this much takes a few hundredths of a second


@dataclass(frozen=True)
class PreparedFile:
    """A file of the folder, as it was written; the tokenizer has no rows."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a prepared folder holds and how it was made.

    `labels` are in the order of their ids. `columns` says for each role which column of the source plays it and why.
    `fingerprint` is the SHA-256 of all token ids, labels and texts: two folders with the same one are the same data.
    `reading` says how each source was read (encoding, delimiter, quotes, header), and the options that do so again.
    `kind` says what labels are (see label_kinds), and `label_form` how the source writes several.
    Token ids of special tokens are None where the tokenizer has no such token.
    """

    labels: tuple[str, ...]
    columns: dict[str, dict[str, str] | None]
    metadata: tuple[str, ...]
    splits: dict[str, tuple[PreparedFile, ...]]
    class_counts: dict[str, dict[str, int]]
    sources: dict[str, str]
    fingerprint: str
    tokenizer: dict[str, Any]
    tokenizer_file: PreparedFile
    vocab_size: int
    max_length: int
    pad_token_id: int
    unk_token_id: int | None
    cls_token_id: int | None
    sep_token_id: int | None
    mask_token_id: int | None
    config: dict[str, Any]
    created: str
    version: str
    reading: dict[str, Any] = field(default_factory=dict)
    kind: str = SINGLE
    label_form: dict[str, Any] | None = None

    @property
    def has_several(self) -> bool:
        """Whether a row may have several labels."""
        return self.kind == SEVERAL

    @property
    def form(self) -> LabelForm:
        """How the source writes several labels of a row."""
        return LabelForm.from_json(self.label_form)

    def rows(self, split: str) -> int:
        """Return the number of rows in a split, 0 where there is none."""
        return sum(file.rows for file in self.splits.get(split, ()))

    def to_json(self) -> dict[str, Any]:
        """Return the manifest as a JSON object."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Manifest":
        """Make a manifest of what `to_json` returned."""
        later: dict[str, Any] = {
            "reading": {},
            "kind": SINGLE,
            "label_form": None,
        }  # the first version did not keep them
        known = {name: value[name] for name in cls.__dataclass_fields__ if name not in later}
        known |= {name: value.get(name, default) for name, default in later.items()}
        known["labels"] = tuple(value["labels"])
        known["metadata"] = tuple(value["metadata"])
        known["tokenizer_file"] = PreparedFile(**value["tokenizer_file"])
        known["splits"] = {
            name: tuple(PreparedFile(**file) for file in files) for name, files in value["splits"].items()
        }
        return cls(**known)


class Prepared:
    """A prepared folder, open for reading. Splits are mapped into memory when they are first asked for."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self._open: dict[str, Split] = {}

    @classmethod
    def open(cls, path: Path, verify: bool = False) -> "Prepared":
        """Open a prepared folder.

        Each file's size is compared with the manifest, and its checksum too where it is small or `verify` is given.

        Raises:
            InputError: there is none at `path`, it is of a newer format, or a file is missing, truncated or changed.
        """
        if not (path / MANIFEST).is_file():
            raise InputError(f"`{path}` is not a prepared folder", f"`txt prepare DATA -o {path}` makes one")
        value = read_json(path / MANIFEST)
        try:
            manifest = Manifest.from_json(value)
            _check_types(manifest, f"`{path / MANIFEST}`")
        except (KeyError, TypeError, AttributeError):
            raise InputError(f"`{path / MANIFEST}` is not a manifest", "make the folder again") from None
        for file in chain([manifest.tokenizer_file], *manifest.splits.values()):
            if PurePath(file.name).is_absolute() or ".." in PurePath(file.name).parts:
                raise InputError(f"`{path / MANIFEST}` names a file outside its folder: `{file.name}`", "make it again")
            _check_file(path / file.name, file, verify)
        return cls(path, manifest)

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes' names, in the order of their ids."""
        return self.manifest.labels

    @property
    def vocab_size(self) -> int:
        """One more than the largest token id."""
        return self.manifest.vocab_size

    @property
    def pad_token_id(self) -> int:
        """The token id that fills up short rows."""
        return self.manifest.pad_token_id

    @property
    def fingerprint(self) -> str:
        """A hash that identifies this data, whatever its folder is called."""
        return self.manifest.fingerprint

    @property
    def splits(self) -> tuple[str, ...]:
        """The names of the splits that have rows."""
        return tuple(name for name in SPLITS if self.manifest.rows(name))

    def split(self, name: str) -> "Split":
        """Return a split; one that was not made has no rows.

        Raises:
            InputError: `name` is none of train, val, test, unlabeled.
        """
        refuse_unknown_split(name)
        if name not in self._open:
            files = [self.path / file.name for file in self.manifest.splits.get(name, ())]
            self._open[name] = Split(name, files, self.manifest.kind, self.vocab_size, len(self.labels), self.path)
        return self._open[name]

    def tokenizer(self) -> Tokenizer:
        """Return the tokenizer that made the token ids, cutting texts as they were cut."""
        tokenizer = open_tokenizer(self.path / TOKENIZER / "tokenizer.json")
        tokenizer.enable_truncation(self.manifest.max_length)
        tokenizer.no_padding()
        return tokenizer


class Split:
    """The rows of one split, in the source's order, mapped into memory and not read before they are needed."""

    def __init__(
        self,
        name: str,
        paths: Sequence[Path],
        kind: str = SINGLE,
        vocab_size: int | None = None,
        classes: int | None = None,
        folder: Path | None = None,
    ) -> None:
        self.name, self.kind, self._folder = name, kind, folder
        self._vocab_size, self._classes = vocab_size, classes
        self._batches = [batch for path in paths for batch in _map_file(path)]
        sizes = [len(batch) for batch in self._batches]
        self._starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])  # (batches + 1,)
        self._checked: set[tuple[int, str]] = set()
        try:
            lists = [batch.column("token_ids") for batch in self._batches]
            self._token_ids = [read_numbers(array.values) for array in lists]  # each (tokens of the batch,)
            self._offsets = [read_numbers(array.offsets) for array in lists]  # each (rows of the batch + 1,)
        except (KeyError, TypeError, AttributeError, ValueError):  # columns of other types
            raise InputError(
                f"the split `{name}` is not one that txt prepare made", "run `txt prepare` again"
            ) from None

    def __len__(self) -> int:
        return int(self._starts[-1])

    @cached_property
    def lengths(self) -> npt.NDArray[np.int32]:
        """The number of tokens of each row, (rows,)."""
        return np.concatenate([np.empty(0, np.int32), *map(np.diff, self._offsets)]).astype(np.int32)

    @cached_property
    def shares(self) -> npt.NDArray[np.float32] | None:
        """The probability of each class in each row, (rows, C), where several people labeled and that was asked for."""
        if self._folder is None or self._classes is None:
            return None
        return read_soft_labels(self._folder, self.name, len(self), self._classes)

    @property
    def has_several(self) -> bool:
        """Whether rows may have several labels."""
        return any("labels" in batch.schema.names for batch in self._batches)

    @cached_property
    def labels(self) -> npt.NDArray[np.int64]:
        """The label id of each row, (rows,); -1 where there is no label.

        Raises:
            InputError: one is none of the manifest's classes; or rows may have several labels, see `label_sets`.
        """
        if self.has_several:
            raise refuse_several("this command")
        columns = [read_numbers(batch.column("label")) for batch in self._batches]
        found = np.concatenate([np.empty(0, np.int64), *columns])
        self._check_range("label", found, NO_LABEL, self._classes)
        return found

    @cached_property
    def label_sets(self) -> LabelSets:
        """The labels of each row, where rows may have several; none where there is no label."""
        columns = [batch.column("labels") for batch in self._batches]
        parts = []
        for column in columns:
            sizes = np.asarray(pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False), np.int64)
            offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
            parts.append(LabelSets(offsets, read_numbers(column.flatten()).astype(np.int32)))
        return LabelSets.join(parts)

    def gather(self, rows: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the token ids of some rows laid end to end, (N,), and each row's number of tokens, (B,).

        Raises:
            InputError: one is none of the tokenizer's: a model would read beyond its weights.
        """
        pieces = [
            self._token_ids[batch][self._offsets[batch][row] : self._offsets[batch][row + 1]]
            for batch, row in self._locate_rows(rows)
        ]
        lengths = np.fromiter(map(len, pieces), np.int64, len(pieces))
        found = np.concatenate([np.empty(0, np.int64), *pieces], dtype=np.int64)
        self._check_range("token id", found, 0, self._vocab_size)
        return found, lengths

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows as they lie in the files, each batch with its texts checked."""
        for number, batch in enumerate(self._batches):
            self._column(number, "text")
            yield batch

    def texts(self, rows: npt.ArrayLike | None = None) -> list[str]:
        """Return the texts of some rows, or of all."""
        return self._read_values("text", rows)

    def row_ids(self, rows: npt.ArrayLike | None = None) -> list[str | int]:
        """Return what names some rows, or all, in the source: its id column, or the row's number from 1."""
        return self._read_values("row_id", rows)

    def metadata(self) -> pa.Table:
        """Return all other columns of the source, under their own names."""
        table = pa.Table.from_batches(self._batches) if self._batches else pa.table({})
        kept = [name for name in table.column_names if name.startswith(METADATA)]
        return table.select(kept).rename_columns([name.removeprefix(METADATA) for name in kept])

    def _check_range(self, what: str, found: npt.NDArray[np.int64], low: int, high: int | None) -> None:
        if len(found) and not (low <= found.min() and (high is None or found.max() < high)):
            raise InputError(f"the split `{self.name}` is damaged: it has a {what} that is not one", "prepare it again")

    def _locate_rows(self, rows: npt.ArrayLike) -> list[tuple[int, int]]:
        """Return each row's batch, and its place there."""
        wanted = np.asarray(rows, np.int64)
        batches = np.searchsorted(self._starts, wanted, side="right") - 1
        return list(zip(batches.tolist(), (wanted - self._starts[batches]).tolist(), strict=True))

    def _read_values(self, column: str, rows: npt.ArrayLike | None) -> list[Any]:
        if rows is None:
            return [value for batch in range(len(self._batches)) for value in self._column(batch, column).to_pylist()]
        return [self._column(batch, column)[row].as_py() for batch, row in self._locate_rows(rows)]

    def _column(self, batch: int, name: str) -> Any:
        """Return a column of a batch; when it is first asked for, its texts are checked to lie within it."""
        column = self._batches[batch].column(name)
        if (batch, name) not in self._checked:
            try:
                column.validate(full=True)
            except pa.ArrowException as error:
                raise InputError(f"the split `{self.name}` is damaged: {error}", "run `txt prepare` again") from None
            self._checked.add((batch, name))
        return column


def describe_file(folder: Path, name: str, rows: int = 0) -> PreparedFile:
    """Return the size and checksum of a file of a prepared folder."""
    path = folder / name
    return PreparedFile(name, rows, path.stat().st_size, sha256(path))


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of a prepared folder."""
    write_json(folder / MANIFEST, manifest.to_json())


def _map_file(path: Path) -> list[pa.RecordBatch]:
    try:
        reader = pa.ipc.open_file(pa.memory_map(str(path)))
        batches = [reader.get_batch(number) for number in range(reader.num_record_batches)]
        for batch in batches:
            batch.validate()  # that no array reaches out of the file; what is in them is checked when it is read
        return batches
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"`{path}` is damaged: {error}", "run `txt prepare` again") from None


_MOST_TOKENS = 10_000_000


def _check_types(manifest: Manifest, source: str) -> None:
    """Check the fields of a manifest that others rely on.

    Raises:
        InputError: one of them is of another type, or a size that no folder has; it names file and field.
    """
    values = vars(manifest)
    for name in ("columns", "class_counts", "sources", "tokenizer", "config", "splits"):
        take_field(values, name, dict, source)
    for name in ("fingerprint", "created", "version"):
        take_field(values, name, str, source)
    if take_field(values, "kind", str, source) not in KINDS:
        raise InputError(f"{source}: `kind` is `{values['kind']}`, and kinds are {', '.join(KINDS)}")
    take_field(values, "label_form", dict | None, source)
    for name in ("labels", "metadata"):
        take_list({name: list(values[name])}, name, str, source)
    for name in ("vocab_size", "max_length", "pad_token_id"):
        if not 0 <= take_field(values, name, int, source) <= _MOST_TOKENS:
            raise InputError(f"{source}: `{name}` is {values[name]}, which no folder has")
    for name in ("unk_token_id", "cls_token_id", "sep_token_id", "mask_token_id"):
        take_field(values, name, int | None, source)
    for split, files in manifest.splits.items():
        if split not in SPLITS:
            raise InputError(f"{source} has a split `{split}`, and splits are {', '.join(SPLITS)}")
        for file in files:
            _check_described(file, f"{source}, `splits`")
    _check_described(manifest.tokenizer_file, f"{source}, `tokenizer_file`")
    for counts in manifest.class_counts.values():
        for label in counts:
            take_field(counts, label, int, f"{source}, `class_counts`")


def _check_described(file: PreparedFile, source: str) -> None:
    for name, kind in (("name", str), ("rows", int), ("bytes", int), ("sha256", str)):
        take_field(vars(file), name, kind, source)
    if file.rows < 0:
        raise InputError(f"{source}: `rows` is {file.rows}")


def _check_file(path: Path, file: PreparedFile, verify: bool) -> None:
    if not path.is_file():
        raise InputError(f"`{path}` is missing", "run `txt prepare` again")
    size = path.stat().st_size
    if size != file.bytes:
        what = "truncated" if size < file.bytes else "changed"
        raise InputError(f"`{path}` was {what}: {size:,} bytes, not {file.bytes:,}", "run `txt prepare` again")
    if (verify or size <= _ALWAYS_VERIFIED) and sha256(path) != file.sha256:
        raise InputError(f"`{path}` was changed: its checksum is not the manifest's", "run `txt prepare` again")
