"""Gives the rows of a data file, while it is read, the labels of its store."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from txt.config import PrepareConfig
from txt.data.reading.source import exists
from txt.errors import InputError
from txt.labeling.probable_labels import ProbableLabels, find_best
from txt.labeling.store.decision import BY_MACHINES, row_id
from txt.labeling.store.journal import Journal, read_current_labels, store_path
from txt.labeling.store.reading_options import read_reading_options


class StoredLabels:
    """Gives rows their labels: a person's in the store where there is one, else the file's own.

    With `whole` several labels of a row are one class, a combination. With `probable` a row has the label that is most
    probable given all people, whose probabilities are in `probable` then. After `--relabel` the file's own count for
    nothing. `reading` is how the file was read when it was labeled.

    Call it with the rows of the whole file, in order: among rows with the same text, the store tells the first from the
    second.
    """

    def __init__(self, store: Path, whole: bool = False, probable: bool = False) -> None:
        self.source = store.name
        self.probable = ProbableLabels.read(store) if probable else None
        self.used = 0
        self._whole = whole
        self._labels = read_current_labels(store)
        with Journal.open(store, write=False) as journal:
            settings, added = journal.settings(), journal.added_classes()
        self.several = settings.get("multi_label") == "true"
        # where rows have several labels, what stands in the store is not a class
        named = () if self.several else (*json.loads(settings.get("classes", "[]")), *added.values())
        self.classes = frozenset(named)
        self._file_labels = settings.get("relabel") != "true"
        self.reading: Mapping[str, Any] = read_reading_options(settings)
        self._seen: Counter[str] = Counter()

    def __call__(self, texts: Sequence[str | None], labels: Sequence[str | None]) -> list[str | None]:
        """Return the labels of some rows with these texts, and these labels in the file."""
        return [self._label(text, label) for text, label in zip(texts, labels, strict=True)]

    def warnings(self) -> Iterator[str]:
        """Yield what is odd about the labels, once all rows have theirs."""
        if self._labels and not self.used:
            yield f"no row has a label in `{self.source}`: is it about another file?"

    def _label(self, text: str | None, label: str | None) -> str | None:
        written = text or ""
        stored = self._labels.get(row_id(written, self._seen[written]))
        self._seen[written] += 1
        if stored is None or stored.how in BY_MACHINES:  # an export says which those are; here it would be lost
            return label if self._file_labels else None
        self.used += 1
        if self.probable is not None and (shares := self.probable.find(written)) is not None:
            return find_best(shares)[0]
        if not self.several or self._whole:
            return stored.label
        return json.dumps(stored.labels, ensure_ascii=False)  # `[]` says that none of them holds


def open_stored_labels(data: Path | str, config: PrepareConfig, probable: bool = False) -> StoredLabels | None:
    """Return the labels in the store that is named, or else in the one beside a data file; None where there is none.

    `probable` asks for the most probable labels given all people, for which there must be a store.

    Raises:
        InputError: the store that is named does not exist or is not to be used; it is damaged, or of a newer format;
            or it holds no labels of two people where the most probable ones are asked for.
    """
    named = config.label_store
    if named is not None and not config.use_labels:
        raise InputError("--no-labels ignores the labels of --store", "leave one of them out")
    if named is not None and not named.is_file():
        raise InputError(f"there is no label store `{named}`", "`txt label DATA --store PATH` makes one")
    whole = config.multi_label is False
    if probable and not config.use_labels:
        raise InputError("--soft-labels learns from the store, which --no-labels ignores", "leave one of them out")
    if not config.use_labels or not exists(str(data)):  # standard input, or a mistake that reading it will tell
        if probable and named is None:
            raise _refuse_no_store(str(data))
        return StoredLabels(named, whole, probable) if named is not None else None
    store = named or store_path(Path(data))
    if probable and not store.is_file():
        raise _refuse_no_store(str(data))
    return StoredLabels(store, whole, probable) if store.is_file() else None


def _refuse_no_store(data: str) -> InputError:
    return InputError(
        f"--soft-labels learns from the labels of several people, and `{data}` has no label store",
        "txt label makes one, and --import takes in labels of other tools; or leave --soft-labels out",
    )
