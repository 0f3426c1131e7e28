"""How a file that is augmented writes several labels of a row, where it does."""

import json
from collections import Counter
from collections.abc import Collection, Iterable

from txt.config import PrepareConfig
from txt.data import labels
from txt.data.label_kinds import LabelForm
from txt.data.labels import LabelRules
from txt.errors import InputError


def find_form(cells: Iterable[str], reading: PrepareConfig) -> LabelForm | None:
    """Return how cells write several labels; None where each is one class, or they can be read either way."""
    if reading.label_separator is not None:
        return LabelForm(sign=reading.label_separator)
    rules = LabelRules(whole=reading.multi_label is False)
    try:
        found = labels.find_form(Counter(cells), rules, bool(reading.multi_label))
    except InputError:  # a cell as it is says what a copy's label must be, too
        return None
    return None if found is None else found[0]


def write_set(names: Collection[str]) -> str:
    """Return labels as a list that is the same for the same labels."""
    return json.dumps(sorted(names), ensure_ascii=False)
