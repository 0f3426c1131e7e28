"""Search queries: words, a regular expression, and filters such as `is:flagged label:pos airline:Delta`."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType

import numpy as np

from txt.data.reading.row_index import RowIndex
from txt.data.reading.rows import Form, parse_row, parse_rows
from txt.errors import InputError, nearest
from txt.labeling.row_states import FLAGGED, NOTED, SKIPPED, Mask, RowNumbers, RowStates

STATES: dict[str, Callable[[RowStates], Mask]] = {
    "unlabeled": lambda states: ~states.decided,
    "labeled": lambda states: states.labeled,
    "skipped": lambda states: states.mask_bit(SKIPPED),
    "flagged": lambda states: states.mask_bit(FLAGGED),
    "noted": lambda states: states.mask_bit(NOTED),
    "twin": lambda states: states.mask_how("duplicate"),
}
"""What `is:` can ask for."""

_TERM = re.compile(r'(?<!\S)(-?)("[^"]+"|[^\s":/]+):("[^"]*"|[^\s"]+)(?!\S)')
_MEANING = re.compile(r"~\s+\S")
_RUN = re.compile(r"[A-Za-z0-9 ]+")
_FIRST_BLOCK, _BLOCK = 1 << 18, 1 << 22  # bytes; a small first one, so that the first hits are there at once


@dataclass(frozen=True)
class Filter:
    """One `name:value` of a query, or its opposite with a `-` before it."""

    name: str
    value: str
    negated: bool = False


@dataclass(frozen=True)
class Query:
    """What was typed, taken apart: filters on states, filters on columns, and what the text must hold, or must mean.

    `fired` has the rows on which each rule fires that `rule:` asks for, (N,).
    """

    typed: str
    states: tuple[Filter, ...] = ()
    columns: tuple[Filter, ...] = ()
    text: str = ""
    regex: bool = False
    meaning: str = ""
    fired: Mapping[str, Mask] = field(default_factory=dict, compare=False)

    @property
    def reads_file(self) -> bool:
        """Tell whether rows have to be read, beyond what is known of each."""
        return bool(self.text or self.columns or self.meaning)

    def pattern(self) -> re.Pattern[str] | None:
        """Return what the text must match, for finding and for highlighting."""
        if not self.text:
            return None
        return re.compile(self.text if self.regex else re.escape(self.text), re.IGNORECASE)


def parse_query(
    typed: str,
    columns: Sequence[str],
    classes: Sequence[str],
    annotators: Sequence[str],
    fired: Mapping[str, Mask] = MappingProxyType({}),
) -> Query:
    """Take apart what was typed: `name:value` filters, and the rest: words, a `/regular expression/` or `~ a meaning`.

    Filters are `is:`, `label:`, `by:` and a column's name; `*` in a column's value stands for anything. Where there are
    rules, `rule:` asks for the rows on which one fires; `fired` has these rows, (N,), by the rule's name.

    Raises:
        InputError: an unknown state, class, annotator or rule, a wrong regular expression, or a column with `~`.
    """
    known = {"is": list(STATES), "label": list(classes), "by": list(annotators)}
    if fired:
        known["rule"] = list(fired)
    by_folded = {name.casefold(): name for name in columns}
    states: list[Filter] = []
    in_columns: list[Filter] = []

    def take(term: re.Match[str]) -> str:
        negated, name, value = bool(term[1]), term[2].strip('"'), term[3].strip('"')
        if name.casefold() in known:
            states.append(Filter(name.casefold(), _check_known(value, known[name.casefold()], name), negated))
        elif name.casefold() in by_folded:
            in_columns.append(Filter(by_folded[name.casefold()], value, negated))
        else:
            return term[0]
        return ""

    rest = _TERM.sub(take, typed).strip()
    asked = {each.value: fired[each.value] for each in states if each.name == "rule"}
    if _MEANING.match(rest):
        if in_columns:
            what = f"~ looks at the meaning of all texts, and takes no {in_columns[0].name}:"
            raise InputError(what, "is:, label: and by: go with it")
        return Query(typed.strip(), tuple(states), meaning=rest[1:].strip(), fired=asked)
    regex = len(rest) > 2 and rest.startswith("/") and rest.endswith("/")
    query = Query(typed.strip(), tuple(states), tuple(in_columns), rest[1:-1] if regex else rest, regex, fired=asked)
    try:
        query.pattern()
    except re.error as error:
        raise InputError(f"/{query.text}/ is not a regular expression: {error}") from None
    return query


def mask_states(query: Query, states: RowStates) -> Mask:
    """Return which rows pass the filters on states (N,)."""
    mask = np.ones(len(states), np.bool_)
    for each in query.states:
        mask &= (_rule_mask(each, query, states) if each.name == "rule" else _state_mask(each, states)) ^ each.negated
    return mask


def scan_rows(path: Path, form: Form, index: RowIndex, query: Query) -> Iterator[tuple[RowNumbers, int]]:
    """Look through a file for rows whose columns and text match, a few megabytes at a time.

    Yields the rows found, in order, and how many rows were looked at so far.
    """
    matches = _make_matcher(query, form)
    needle = _find_needle(query, form.codec)
    first, size = 0, _FIRST_BLOCK
    with form.locate(path).open("rb") as file:
        while first < len(index):
            wanted = int(index.offsets[first]) + size
            last = max(int(np.searchsorted(index.offsets, wanted, "right")) - 1, first + 1)
            file.seek(int(index.offsets[first]))
            block = file.read(int(index.offsets[last] - index.offsets[first]))
            bounds = index.offsets[first : last + 1] - index.offsets[first]
            found = _find_hits(block, bounds, needle, form, matches)
            yield found + first, last
            first, size = last, _BLOCK


def _find_hits(
    block: bytes, bounds: RowNumbers, needle: bytes, form: Form, matches: Callable[[Sequence[str]], bool]
) -> RowNumbers:
    """Return which rows of a block match; if only a few contain the needle, only these are parsed."""
    count = len(bounds) - 1
    places = _find_rows_with(needle, block.lower(), bounds) if needle else np.arange(count)
    if len(places) > count // 4:
        rows = parse_rows(block, form)
        if len(rows) == count:
            return np.array([place for place in places.tolist() if matches(rows[place])], np.int64)
    return np.array(
        [place for place in places.tolist() if matches(parse_row(block[bounds[place] : bounds[place + 1]], form))],
        np.int64,
    )


def _find_rows_with(needle: bytes, block: bytes, bounds: RowNumbers) -> RowNumbers:
    starts = [found.start() for found in re.finditer(re.escape(needle), block)]
    return np.unique(np.searchsorted(bounds, starts, "right") - 1)


def _find_needle(query: Query, codec: str) -> bytes:
    """Return bytes in lower case that every matching row must contain: the longest run of plain letters in the query.

    Rows without them are skipped before they are decoded. It is empty if the query has no such run, as with a regular
    expression.
    """
    texts = [each.value for each in query.columns if not each.negated and "*" not in each.value]
    texts += [query.text] if not query.regex else []
    runs = [run for text in texts for run in _RUN.findall(text)]
    return max(runs, key=len, default="").lower().encode(codec)


def _make_matcher(query: Query, form: Form) -> Callable[[Sequence[str]], bool]:
    """Return what tells whether a row's cells match."""
    pattern = query.pattern()
    text_place = form.columns.index(form.text_column)
    filters = [(form.columns.index(each.name), each.value.casefold(), each.negated) for each in query.columns]

    def matches(cells: Sequence[str]) -> bool:
        if not all(fnmatchcase(cells[place].casefold(), value) ^ negated for place, value, negated in filters):
            return False
        return pattern is None or pattern.search(cells[text_place]) is not None

    return matches


def _state_mask(wanted: Filter, states: RowStates) -> Mask:
    if wanted.name == "is":
        return STATES[wanted.value](states)
    return states.mask_labeled(wanted.value) if wanted.name == "label" else states.mask_annotator(wanted.value)


def _rule_mask(wanted: Filter, query: Query, states: RowStates) -> Mask:
    """Return where a rule fires; rows that came since the rules voted are not among them."""
    mask = np.zeros(len(states), np.bool_)
    fires = query.fired[wanted.value][: len(mask)]
    mask[: len(fires)] = fires
    return mask


def _check_known(value: str, known: Sequence[str], name: str) -> str:
    by_folded = {each.casefold(): each for each in known}
    if value.casefold() in by_folded:
        return by_folded[value.casefold()]
    close = nearest(value, known)
    hint = f"did you mean {name}:{close}?" if close else f"there are {', '.join(known)}"
    raise InputError(f"{name}:{value} is unknown", hint)
