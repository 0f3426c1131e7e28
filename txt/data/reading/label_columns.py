"""The columns in which an export of `txt label` says what was decided, and how to find them again in a file."""

from collections.abc import Iterable, Sequence

COLUMNS = (
    "label",
    "label_status",
    "label_by",
    "label_time",
    "label_how",
    "label_confidence",
    "label_flagged",
    "label_note",
)
"""The columns that an export adds: the label (several are joined by `|`), `labeled`, `skipped` or `unlabeled`, who gave
it, when (UTC), how (`manual`, `bulk`, `duplicate`, … or `file` for one that was there before), `flagged` or nothing,
and the note. Where rules or a model gave the label, `label_by` names them, and `label_confidence` says how sure they
are. Where the file has a column of such a name, ours are called `final_label` and so on."""

_PREFIX = "final_"
_MOST_EXPORTS = 5  # of an export that was labeled and exported again


def choose_column_names(taken: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the label columns beside those that the file has."""
    names: tuple[str, ...] = COLUMNS
    present = set(taken)
    while set(names) & present:
        names = tuple(_PREFIX + name for name in names)
    return names


def find_export_columns(names: Iterable[str]) -> tuple[str, ...] | None:
    """Return the label columns of the last export of a file with these columns, None where it is not an export."""
    present = set(names)
    sets = [tuple(_PREFIX * times + name for name in COLUMNS) for times in range(_MOST_EXPORTS)]
    return next((each for each in reversed(sets) if present.issuperset(each)), None)


def leave_out_provenance(names: Sequence[str]) -> list[str]:
    """Return the names without the columns of exports that say where labels come from: they are no texts or labels."""
    about = set()
    for times in range(_MOST_EXPORTS):
        own = {_PREFIX * times + name for name in COLUMNS}
        about |= own - {_PREFIX * times + COLUMNS[0]} if own <= set(names) else set()
    return [name for name in names if name not in about]
