"""The labels that a TextClassifier learns: one a row, or several, as lists or as a matrix of 0 and 1."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.multiclass import check_classification_targets

from txt.data.labels import LabelRules, name_classes
from txt.errors import InputError
from txt.library.texts import is_table, list_values


@dataclass(frozen=True)
class Target:
    """The label of each row, or with `several` a tuple of them; None where there is none.

    `columns` are the classes of a matrix, in its order.
    """

    labels: Sequence[Any]
    several: bool = False
    columns: Sequence[Any] | None = None


@dataclass(frozen=True)
class Classes:
    """The classes as they were given, sorted, and what txt calls each."""

    values: npt.NDArray[Any]
    names: Sequence[str]


def read_target(y: Any) -> Target:
    """Return the labels of rows.

    Raises:
        InputError: they are no labels, or of different kinds.
    """
    if y is None:
        raise InputError("requires y to be passed, but the target y is None")
    if is_table(y):
        names = list(getattr(y, "column_names", None) or y.columns)
        if len(names) != 1:
            return _read_matrix(np.column_stack([np.asarray(list_values(y[name])) for name in names]), names)
        y = y[names[0]]
    if isinstance(y, str | bytes):
        raise InputError("y is one text, and a list of labels is needed", "give one label for each text")
    if hasattr(y, "toarray"):  # a sparse matrix
        y = y.toarray()
    if isinstance(y, np.ndarray) and y.ndim == 2:
        if y.shape[1] > 1:
            return _read_matrix(y, range(y.shape[1]))
        y = y[:, 0]
    values = list_values(y)
    several = [isinstance(value, list | tuple | set | frozenset | np.ndarray) for value in values if value is not None]
    if any(several):
        if not all(several):
            raise InputError("y has single labels and lists of labels", "give a list for each row")
        sets = [None if value is None else tuple(dict.fromkeys(list_values(list(value)))) for value in values]
        _check_kinds([label for each in sets if each for label in each])
        return Target(sets, several=True)
    return Target(_check_kinds(values))


def list_classes(labels: Sequence[Any]) -> Classes:
    """Return the classes among labels, sorted.

    Raises:
        InputError: there are fewer than two, or two that would be one.
    """
    if not labels:
        raise InputError("no row has a text and a label")
    values = np.unique(np.asarray(labels))
    if len(values) < 2:
        raise InputError(f"there is one class only: {values[0]!r}", "a classifier needs rows of two at least")
    written = [str(value) for value in values.tolist()]
    rules = LabelRules("the labels", "y", missing=frozenset(), whole=True)
    naming = name_classes(dict.fromkeys(written, 1), rules)
    if len(naming.class_of) < len(written) or len(naming.names) < len(written):
        told = [each for each in written if each not in naming.class_of] or [
            each for each in written if naming.names[naming.class_of[each]] != each
        ]
        raise InputError(f"labels that look alike would be one class: {told[0]!r}", "spell each class otherwise")
    return Classes(values, [naming.names[naming.class_of[each]] for each in written])


def order_classes(classes: Classes, columns: Sequence[Any]) -> Classes:
    """Return classes in the order of a matrix's columns.

    Raises:
        InputError: no row has one of them.
    """
    places = {value: place for place, value in enumerate(classes.values.tolist())}
    missing = next((each for each in columns if each not in places), None)
    if missing is not None:
        raise InputError(f"column {missing!r} of y has no 1", "leave that column out, or give rows that have the label")
    return Classes(np.array(columns), [classes.names[places[each]] for each in columns])


def write_label(label: Any) -> str:
    """Return a row's label as a data file has it, several as a list in JSON."""
    return json.dumps([str(each) for each in label], ensure_ascii=False) if isinstance(label, tuple) else str(label)


def _read_matrix(matrix: npt.NDArray[Any], columns: Iterable[Any]) -> Target:
    """Return the labels of a matrix of 0 and 1, (N, C).

    Raises:
        InputError: it has other values.
    """
    names = list(columns)
    if not np.isin(matrix, (0, 1)).all():
        raise InputError(f"y has {len(names)} columns, and values other than 0 and 1", "give one column of labels")
    return Target([tuple(names[place] for place in np.flatnonzero(row)) for row in matrix == 1], True, names)


def _check_kinds(values: list[Any]) -> list[Any]:
    """Return single labels, whole numbers as such.

    Raises:
        InputError: they are of different kinds.
        ValueError: they are no classes: numbers with fractions.
    """
    known = [value for value in values if value is not None]
    kinds = {str if isinstance(value, str) else "number" for value in known}
    if len(kinds) > 1:
        raise InputError("y has texts and numbers as labels", "give texts or numbers")
    if known:
        check_classification_targets(np.asarray(known))
        if all(isinstance(value, float | np.floating) for value in known) and len(known) < len(values):
            return [None if value is None else int(value) for value in values]  # whole numbers beside NaN
    return values
