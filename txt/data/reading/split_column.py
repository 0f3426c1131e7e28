"""Finds the column that says train, val or test, and reads its values; none that names no split is passed over.

A file whose test rows are called something unknown must not be trained on without a word: under a name such as `split`
every value has to be known, or mapped by the user.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from txt.data.reading.column_names import fold_name
from txt.data.reading.columns import Column, Sample, find_named_column
from txt.errors import InputError, nearest

SPLITS = ("train", "val", "test", "unlabeled")
"""Our own names for splits."""

SPLIT_NAMES: Mapping[str, str] = {
    "train": "train",
    "training": "train",
    "trn": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "validate": "val",
    "dev": "val",
    "devel": "val",
    "development": "val",
    "test": "test",
    "testing": "test",
    "tst": "test",
    "unlabeled": "unlabeled",
    "unlabelled": "unlabeled",
    "unsupervised": "unlabeled",
}
"""The names that files use for splits, in lower case, and our own name for each."""

NO_SPLIT = "none"
"""What `--split-column` takes to say that no column names splits."""

_SPLIT_COLUMNS = frozenset(
    {
        *("split", "splits", "set", "partition", "subset", "fold", "kfold", "data_split", "datasplit"),
        *("dataset_split", "split_name", "split_type"),
    }
)
_FLAG = re.compile(r"(?:is|in|for)_?(train|training|test|testing|val|valid|validation|dev|holdout)(?:_?(?:set|data))?")
"""Names of columns that say yes or no to one split."""

_BARE_FLAG = re.compile(r"(train|training|test|testing|validation|holdout|hold_out|held_out)(?:_?set)?")
"""Names that do so where the column holds 0 and 1, or yes and no."""

_HELD_OUT = re.compile(r"test|eval|valid|\bval|dev|hold.?out|held.?out", re.IGNORECASE)
_SPELLING = re.compile(r"[\s_\-]+")
_NOUNS = ("set", "split", "data", "dataset", "part")  # `Train set`, `test_data`, `validation split`
_YES = frozenset({"1", "1.0", "true", "yes", "y", "t"})
_NO = frozenset({"0", "0.0", "false", "no", "n", "f"})
_MOST_SPLITS = 20  # a column with more values than this names no splits
_SHOWN = 8


@dataclass(frozen=True)
class SplitColumn(Column):
    """A column that names the split of each row; `values` are the user's own names for splits."""

    values: Mapping[str, str] = field(default_factory=dict)

    def parse(self, cell: str | None) -> str | None:
        """Return the split that a cell names, None where it names none."""
        written = (cell or "").strip()
        return self.values.get(written) or parse_split(written)


def parse_split(cell: str | None) -> str | None:
    """Return the split that a cell of a split column names, None where it names none."""
    words = [word for word in _SPELLING.split((cell or "").strip().lower()) if word]
    if len(words) > 1 and words[-1] in _NOUNS:
        words.pop()
    if len(words) != 1:
        return None
    known = SPLIT_NAMES.get(words[0])
    return known or next(
        (SPLIT_NAMES.get(words[0].removesuffix(noun)) for noun in _NOUNS if words[0].endswith(noun)), None
    )


def refuse_unknown_split(name: str) -> None:
    """Refuse what is not one of our names for splits.

    Raises:
        InputError: it is not.
    """
    if name not in SPLITS:
        raise InputError(f"there is no split `{name}`", f"splits are {', '.join(SPLITS)}")


def is_held_out(cell: str | None) -> bool:
    """Tell whether a row is not to be learned from: a test row, or one of a split that is not known."""
    return bool((cell or "").strip()) and parse_split(cell) in (None, "test")


def parse_split_values(written: str | None) -> dict[str, str]:
    """Return the splits that `eval=val,Train set=train` names.

    Raises:
        InputError: a pair is not VALUE=SPLIT, or there is no such split.
    """
    values: dict[str, str] = {}
    for pair in (written or "").split(",") if written else ():
        value, equals, name = (part.strip() for part in pair.rpartition("="))
        split = parse_split(name)
        if not equals or not value or split is None:
            raise InputError(
                f"--split-values `{pair.strip()}` is not VALUE=SPLIT",
                "--split-values eval=val; splits: train, val, test",
            )
        values[value] = split
    return values


def find_split(
    sample: Sample,
    wanted: str | None = None,
    source: str = "the file",
    values: Mapping[str, str] | None = None,
    *,
    strict: bool = True,
) -> SplitColumn | None:
    """Return the column that says train, val or test, or None; `values` are the user's names for splits.

    Unless `strict`, a column with values that name no split is not refused: one that has some known values is taken.

    Raises:
        InputError: `wanted` does not exist, a value names no split, two columns fit, or `values` has no column.
    """
    known = dict(values or {})
    if wanted == NO_SPLIT:
        if known:
            raise InputError("--split-values has no effect with --split-column none", "leave one of them out")
        return None
    found = _choose_column(sample, wanted, source, known, strict)
    if found is None and known:
        raise InputError(f"--split-values: no column of `{source}` names splits", "name it: --split-column COLUMN")
    return found


def _choose_column(
    sample: Sample, wanted: str | None, source: str, known: Mapping[str, str], strict: bool
) -> SplitColumn | None:
    if wanted is not None:
        column = find_named_column(sample, wanted, "--split-column", source)
        split = SplitColumn(column.name, column.why, known)
        if strict:
            _refuse_unknown(split, _list_values(sample, split.name), source)
        return split
    for name in sample:
        if _SPELLING.sub("_", name.strip().lower()) not in _SPLIT_COLUMNS:
            continue
        split, present = SplitColumn(name, "by its name", known), _list_values(sample, name)
        read = [split.parse(value) for value in present]
        if strict and 0 < len(present) <= _MOST_SPLITS:
            _refuse_unknown(split, present, source)
        if any(read):
            return split
    if strict:
        _refuse_flags(sample, known, source)
    return _find_by_values(sample, source, known, strict)


def _refuse_flags(sample: Sample, known: Mapping[str, str], source: str) -> None:
    """Refuse a column such as `is_test`, which says yes or no: its rows of another split are not to be trained on."""
    for name in sample:
        present = _list_values(sample, name)
        says_so = {value.lower() for value in present} <= _YES | _NO
        flag = _FLAG.fullmatch(fold_name(name)) or (_BARE_FLAG.fullmatch(fold_name(name)) if says_so else None)
        if not flag or len(present) != 2 or known:
            continue
        own = parse_split(flag[1]) or "test"
        pairs = ",".join(
            f"{value}={own if value.lower() in _YES else 'test' if own == 'train' else 'train'}" for value in present
        )
        raise InputError(
            f"column `{name}` of `{source}` says of each row whether it is of a split: {', '.join(present)}",
            f"--split-column {_quote(name)} --split-values {_quote(pairs)} divides by it, --split-column none does not",
        )


def _find_by_values(sample: Sample, source: str, known: Mapping[str, str], strict: bool) -> SplitColumn | None:
    """Return the column whose values name splits, `train` among them: `dev` and `test` alone can be machines.

    Raises:
        InputError: two columns do, or one has other values, too, that sound as if they were splits.
    """
    found = []
    for name in sample:
        present = _list_values(sample, name)
        split = SplitColumn(name, f"its values are {', '.join(sorted(value.lower() for value in present))}", known)
        read = {split.parse(value) for value in present} if len(present) <= _MOST_SPLITS else {None}
        if None not in read and "train" in read and len(read) > 1:
            found.append(split)
        elif (
            strict and "train" in read and any(split.parse(each) is None and _HELD_OUT.search(each) for each in present)
        ):
            _refuse_unknown(split, present, source)
    if len(found) > 1:
        names = " and ".join(f"`{split.name}`" for split in found)
        options = " or ".join(f"--split-column {_quote(split.name)}" for split in found[:3])
        raise InputError(f"the columns {names} of `{source}` may each name the splits", f"choose: {options}")
    return found[0] if found else None


def _refuse_unknown(split: SplitColumn, present: list[str], source: str) -> None:
    unknown = [value for value in present if split.parse(value) is None]
    if unknown:
        raise explain_unknown_split(split, unknown, source)


def explain_unknown_split(split: SplitColumn, unknown: list[str], source: str) -> InputError:
    """Return the error for values of a split column that name no split."""
    shown = ", ".join(f"`{value}`" for value in unknown[:_SHOWN]) + (" …" if len(unknown) > _SHOWN else "")
    names = "name no split" if len(unknown) > 1 else "names no split"
    pairs = ",".join(f"{value}={_suggest_split(value)}" for value in unknown[:_SHOWN])
    blank = ", with train, val or test for each ?" if "?" in pairs else ""
    return InputError(
        f"column `{split.name}` of `{source}` has the value{'s' * (len(unknown) > 1)} {shown}, which {names}",
        f"--split-values {_quote(pairs)} says what they mean{blank}, --split-column none that it names no splits",
    )


def _suggest_split(value: str) -> str:
    """Return the split that a value may mean, `?` where that is anybody's guess."""
    word = value.strip().lower()
    if word.startswith(("eval", "hold", "held")):
        return "val" if word.startswith("eval") else "test"
    close = nearest(word, list(SPLIT_NAMES))
    return SPLIT_NAMES[close] if close else "?"


def _list_values(sample: Sample, name: str) -> list[str]:
    return sorted({value.strip() for value in sample[name] if value and value.strip()})


def _quote(value: str) -> str:
    plain = value.replace("_", "").replace("-", "").replace("=", "").replace(",", "").replace(".", "")
    return value if plain.isalnum() else "'" + value.replace("'", "'\\''") + "'"
