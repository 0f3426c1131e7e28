"""Finds the text, label, split and id columns by name and content; an error when two columns fit equally well.

Works on the names and a sample of the rows, so that any command can ask before it reads a whole file.
"""

import ast
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from txt.data.reading.column_names import (
    COUNT_NAMES,
    HEADING_NAMES,
    ID_NAMES,
    LABEL_NAMES,
    METADATA_ENDS,
    METADATA_NAMES,
    NUMBER_NAMES,
    SPLIT_COLUMNS,
    TEXT_NAMES,
    TEXT_PAIRS,
    find_unspaced_end,
    fold_name,
)
from txt.data.reading.how_read import JOINT
from txt.data.reading.label_columns import find_export_columns, leave_out_provenance
from txt.data.reading.not_classes import are_other_things
from txt.errors import InputError, nearest

Sample = Mapping[str, Sequence[str | None]]
"""The first rows of a file, column by column; None and "" are missing."""


_ID_ROWS = 1000
_JOINTS_OF_LABELS = ("|", ";", ",")
_MOST_CLASSES = 200  # a column with more values in the sample is a label only by its name


_ROLE_NAMES = TEXT_NAMES | LABEL_NAMES | ID_NAMES
_ALL_NAMES = _ROLE_NAMES | SPLIT_COLUMNS | METADATA_NAMES | COUNT_NAMES | NUMBER_NAMES
_LONGEST_NAME = 30  # characters; the last word of a longer one says nothing: it may be a sentence


@dataclass(frozen=True)
class Column:
    """A column chosen for a role, and why."""

    name: str
    why: str


def is_usual_name(name: str) -> bool:
    """Tell whether this is a common name for a column."""
    return fold_name(name) in _ALL_NAMES


def ends_usually(name: str) -> bool:
    """Tell whether a word of a short name is a usual one, as the last of `reviewText` or the first of `Yorum Metni`."""
    words = fold_name(name).split("_")
    usual = words[-1] in _ROLE_NAMES or (len(words) < 4 and words[0] in _ROLE_NAMES)
    return len(name) <= _LONGEST_NAME and (usual or find_unspaced_end(words[-1], _ROLE_NAMES) is not None)


def has_text_name(name: str) -> bool:
    """Tell whether a column is named like a text: `reviewText`."""
    return _is_named(name, TEXT_NAMES)


def find_text(sample: Sample, wanted: str | None = None, source: str = "the file") -> Column:
    """Return the column that holds the text: `wanted`, the one so named, or the one with the longest texts.

    Raises:
        InputError: `wanted` does not exist, no column holds texts, or two are equally good.
    """
    if wanted is not None:
        return find_named_column(sample, wanted, "--text-column", source)
    if len(sample) == 1:
        only = next(iter(sample))
        _refuse_lists(only, sample[only], source)
        return Column(only, "the only column")
    if exact := _match_names(sample, {"text"}):
        _refuse_lists(exact[0], sample[exact[0]], source)
        if (twin := _find_twin(exact[0], sample)) and _is_prose(sample[twin]):
            raise _explain_texts([exact[0], twin], source)
        return Column(exact[0], "by its name")
    sample = {name: sample[name] for name in leave_out_provenance(list(sample))}
    words = {name: _count_mean_words(values) for name, values in sample.items() if _is_prose(values)}
    by_name = [name for name in words if _is_named(name, TEXT_NAMES)]
    by_name = by_name or [name for name in _match_names(sample, TEXT_NAMES) if _may_be_text(sample[name])]
    candidates = sorted(by_name or words, key=lambda name: words.get(name, 0.0), reverse=True)
    if not candidates:
        raise InputError(
            f"no column of `{source}` looks like text", f"name it: {_format_options('--text-column', sample)}"
        )
    pair = next((each for each in _find_pairs(words) if candidates[0] in each), None)
    if pair is not None:
        raise _explain_texts(pair, source)
    best, rest = candidates[0], candidates[1:]
    _refuse_lists(best, sample[best], source)
    if rest and words.get(best, 0.0) <= 2 * words.get(rest[0], 0.0):
        raise _explain_texts(candidates, source)
    if by_name and _is_named(best.rsplit(".", 1)[-1], HEADING_NAMES):
        longer = [name for name, count in words.items() if name not in by_name and count > 2 * words.get(best, 0.0)]
        if longer:
            raise _explain_texts([*longer, best], source)
    if not rest:
        return Column(best, "by its name" if by_name else f"the longest texts, {words[best]:.0f} words a row")
    return Column(best, f"the longest texts, {words[best]:.0f} words a row; {_list_names(rest)} may be texts too")


def find_label(
    sample: Sample, text: str, wanted: str | None = None, source: str = "the file", by_content: bool = True
) -> Column | None:
    """Return the column that holds the label, or None: `wanted`, the one so named, or the only one of few values.

    With `by_content` False only the names count, for files that may well have no labels.

    Raises:
        InputError: `wanted` does not exist, or two columns are equally good.
    """
    if wanted is not None:
        return find_named_column(sample, wanted, "--label-column", source)
    if exported := find_export_columns(sample):
        return Column(exported[0], "as an export of `txt label` says")
    answers = [name for name in sample if name.endswith(".responses") and f"{name}.status" in sample]
    if len(answers) == 1:
        return Column(answers[0], "the responses to Argilla's only question")
    others = {name: values for name, values in sample.items() if name != text}
    if exact := _match_names(others, {"label"}):
        twin = _find_twin(exact[0], others)
        if twin and {value for value in others[twin] if value} & set(others[exact[0]]):
            raise _explain_labels([exact[0], twin], source)
        named = _find_class_names(exact[0], others)
        return Column(exact[0], "by its name" + (f"; `{named}` has names for its numbers" if named else ""))
    candidates = [name for name in others if _is_named(name, LABEL_NAMES) and _measure_filled(others[name]) >= 0.1]
    why = "by its name"
    if not candidates and by_content:
        candidates = [name for name, values in others.items() if _may_be_label(name, values)]
        why = "the only other column of few values"
    if not candidates and by_content:
        candidates = [name for name, values in others.items() if _may_be_joined_labels(name, values)]
        why = "the only other column of which parts recur, several in a row"
    if len(candidates) == 1 and why == "by its name" and (named := _find_class_names(candidates[0], others)):
        why = f"{why}; `{named}` has names for its numbers"
    if len(candidates) > 1:
        ones = [name for name in candidates if {value for value in others[name] if value} <= {"0", "1"}]
        if len(ones) == len(candidates) > 2:
            raise InputError(
                f"`{source}` has {len(ones)} columns of 0 and 1, several labels a row: {_list_names(ones)}",
                f"choose one to learn alone: {_format_options('--label-column', candidates)}",
            )
        raise _explain_labels(candidates, source)
    return Column(candidates[0], why) if candidates else None


def _find_twin(name: str, sample: Sample) -> str | None:
    """Return the column that was renamed since it had the same name, None where there is none or both say the same."""
    twin = f"{name}_2"
    return twin if twin in sample and list(sample[twin]) != list(sample[name]) else None


def _find_pairs(names: Iterable[str]) -> list[tuple[str, str]]:
    """Return the pairs of columns whose texts are judged together, as a premise and a hypothesis."""
    folded = {fold_name(name.rsplit(".", 1)[-1]): name for name in names}
    return [(folded[one], folded[other]) for one, other in TEXT_PAIRS if one in folded and other in folded]


def _find_class_names(label: str, sample: Sample) -> str | None:
    """Return the column that has a name for each number of the label's, as `label_text` beside `label`."""
    if not all(value.strip().lstrip("-").isdigit() for value in sample[label] if value and value.strip()):
        return None
    for name, values in sample.items():
        pairs = {(a, b) for a, b in zip(sample[label], values, strict=True) if a and b}
        apart = len({a for a, _ in pairs}) == len({b for _, b in pairs}) == len(pairs) > 1
        if name != label and apart and not any(map(str.isdigit, (b for _, b in pairs))):
            return name
    return None


def _explain_texts(names: Sequence[str], source: str) -> InputError:
    return InputError(
        f"`{source}` has {len(names)} columns that may be the text: {_list_names(names)}",
        f"choose one: {_format_options('--text-column', names)}, or read several as one text: "
        f"--text-column {_quote_name(JOINT.join(names[:2]))}",
    )


def _explain_labels(names: Sequence[str], source: str) -> InputError:
    return InputError(
        f"`{source}` has {len(names)} columns that may be the label: {_list_names(names)}",
        f"choose one: {_format_options('--label-column', names)}",
    )


def find_row_id(sample: Sample) -> Column | None:
    """Return the column that identifies each row, or None: it has an id's name and no value twice in the sample."""
    for name in _match_names(sample, ID_NAMES):
        values = sample[name][:_ID_ROWS]  # whether one repeats far down is told when all rows have been read
        if values and all(values) and len(set(values)) == len(values):
            return Column(name, "by its name")
    return None


def find_named_column(sample: Iterable[str], wanted: str, flag: str, source: str) -> Column:
    """Return the column that the user named with `flag`; case matters only where two names differ by nothing else.

    Raises:
        InputError: there is none; the nearest name is suggested.
    """
    names = list(sample)
    if wanted in names:
        return Column(wanted, f"as {flag} says")
    if len(folded := [name for name in names if name.casefold() == wanted.casefold()]) == 1:
        return Column(folded[0], f"as {flag} says")
    close = nearest(wanted, names)
    hint = f"it has {_list_names(names)}" + (f"; try {flag} {_quote_name(close)}" if close else "")
    raise InputError(f"column `{wanted}` not found in `{source}`", hint)


def _match_names(names: Iterable[str], known: Iterable[str]) -> list[str]:
    return [name for name in names if _match_name(name, known)]


def _match_name(name: str, known: Iterable[str]) -> bool:
    """Tell whether a name is known, or its last part where it is a path: `data.title`."""
    return fold_name(name) in known or fold_name(name.rsplit(".", 1)[-1]) in known


def _is_named(name: str, known: frozenset[str]) -> bool:
    """Tell whether the last word of a name is known: `airline_sentiment`, `Review Text`, `感情ラベル`."""
    folded = fold_name(name)
    return folded in known or folded.rsplit("_", 1)[-1] in known or find_unspaced_end(folded, known) is not None


def _is_prose(values: Sequence[str | None]) -> bool:
    """Tell texts from labels, ids, dates and addresses: they have letters, several words, and rarely repeat."""
    present = [value for value in values if value and value.strip()]
    if not present or len(set(present)) < 0.3 * len(present):
        return False
    if mean(value.startswith(("http://", "https://", "www.")) and " " not in value for value in present) > 0.5:
        return False
    letters = mean(sum(map(str.isalpha, value[:500])) / len(value[:500]) for value in present)
    wordy = mean(" " in value.strip() or not value.isascii() for value in present)
    return letters > 0.4 and wordy > 0.5


def _may_be_text(values: Sequence[str | None]) -> bool:
    """Tell whether a column that is named as a text has any: words, most of them different."""
    present = [value.strip() for value in values if value and value.strip()]
    worded = [value for value in present if any(map(str.isalpha, value))]
    return bool(worded) and len(worded) > 0.5 * len(present) and (len(present) < 10 or len(set(present)) > 1)


def _refuse_lists(name: str, values: Sequence[str | None], source: str) -> None:
    """Refuse a column of lists, as of tokens, to be taken for texts by a guess.

    Raises:
        InputError: nearly all its values are lists.
    """
    present = [value.strip() for value in values if value and value.strip()]
    lists = [value for value in present if value.startswith(("[", "{")) and _is_list(value)]
    if lists and len(lists) > 0.9 * len(present):
        raise InputError(
            f"column `{name}` of `{source}` has lists, not texts: `{lists[0][:40]}`",
            f"--text-column {_quote_name(name)} reads them as they are written; join the words of each for texts",
        )


def _is_list(value: str) -> bool:
    for read in (json.loads, ast.literal_eval):
        try:
            return isinstance(read(value), list | dict | tuple)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
    return False


def _count_mean_words(values: Sequence[str | None]) -> float:
    """Return the mean number of words; text without spaces, as in Chinese, counts two letters as a word."""
    present = [value for value in values if value and value.strip()]
    return mean(max(len(value.split()), 0 if value.isascii() else len(value) // 8) for value in present)


def _measure_filled(values: Sequence[str | None]) -> float:
    return mean(bool(value and value.strip()) for value in values) if values else 1.0


def _may_be_label(name: str, values: Sequence[str | None]) -> bool:
    present = [value for value in values if value and value.strip()]
    distinct = len(set(present))
    few = 2 <= distinct <= min(_MOST_CLASSES, max(2, len(present) // 2))
    if not few or _measure_filled(values) <= 0.5 or _says_something_else(name):
        return False
    words = fold_name(name).split("_")
    counts = words[0] in ("num", "n", "nb", "nr") or words[-1] in COUNT_NAMES
    return not counts and not are_other_things(present)


def _says_something_else(name: str) -> bool:
    """Tell whether a name, or its last word, says that a column describes where a text comes from, or counts."""
    known = METADATA_NAMES | ID_NAMES | COUNT_NAMES | NUMBER_NAMES
    return bool(_match_names([name], known)) or fold_name(name).rsplit("_", 1)[-1] in METADATA_ENDS


def _may_be_joined_labels(name: str, values: Sequence[str | None]) -> bool:
    """Tell whether cells are several labels each, as a few parts that recur say: `role::program, interface::x11`."""
    present = [value for value in values if value and value.strip()]
    if _measure_filled(values) <= 0.5 or _says_something_else(name) or are_other_things(present):
        return False
    for separator in _JOINTS_OF_LABELS:
        cells = [[part.strip() for part in value.split(separator) if part.strip()] for value in present]
        parts = [part for cell in cells for part in cell]
        distinct = len(set(parts))
        several = sum(len(cell) > 1 for cell in cells)
        if several >= len(cells) / 10 and 2 <= distinct <= min(_MOST_CLASSES, len(parts) // 5):
            return True
    return False


def _list_names(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:12])
    return shown + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def _format_options(flag: str, names: Iterable[str]) -> str:
    options = [f"{flag} {_quote_name(name)}" for name in names]
    return " or ".join(options[:4])


def _quote_name(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() else repr(name)
