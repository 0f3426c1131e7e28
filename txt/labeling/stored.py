"""The labels of a store, put onto the rows of its data file as they are read."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from txt.labeling.journal import current_labels, row_id, store_path


class StoredLabels:
    """Gives rows their labels: a person's in the store where there is one, else the file's own.

    Call it with the rows of the whole file, in order: among rows with the same text, the store tells the first from the
    second.
    """

    def __init__(self, store: Path) -> None:
        self.source = store.name
        self.used = 0
        self._labels = current_labels(store)
        self._seen: Counter[str] = Counter()

    def __call__(self, texts: Sequence[str | None], labels: Sequence[str | None]) -> list[str | None]:
        """Return the labels of some rows with these texts, and these labels in the file."""
        return [self._label(text, label) for text, label in zip(texts, labels, strict=True)]

    def _label(self, text: str | None, label: str | None) -> str | None:
        written = text or ""
        stored = self._labels.get(row_id(written, self._seen[written]))
        self._seen[written] += 1
        if stored is None or stored.how in ("rule", "model"):  # an export says which those are; here it would be lost
            return label
        self.used += 1
        return stored.label


def stored_labels(data: Path | str) -> StoredLabels | None:
    """Return the labels in the store beside a data file, or None where there is no store.

    Raises:
        InputError: the store is damaged, or of a newer format.
    """
    if not Path(data).is_file():  # standard input, or a mistake that reading it will tell
        return None
    store = store_path(Path(data))
    return StoredLabels(store) if store.is_file() else None
