"""Filters and sort orders for lists of runs, such as `lr>0.001 state=died kettle`."""

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from txt.config import TrainConfig
from txt.errors import InputError, did_you_mean
from txt.option_schema import find_option, list_spellings
from txt.runs.summary import ALL_STATES, RunSummary

Key = Callable[[RunSummary], Any]

SORTS: Mapping[str, Key] = {
    "when": lambda run: -run.created.timestamp(),
    "name": lambda run: run.name,
    "state": lambda run: (run.state.kind, -run.created.timestamp()),
    "data": lambda run: (run.data is None, run.data, -(run.rank or 0.0)),
    "best": lambda run: (run.rank is None, -(run.rank or 0.0)),
    "test": lambda run: (run.test is None, -run.test[0] if run.test else 0.0),
    "duration": lambda run: -(run.seconds or 0.0),
    "size": lambda run: -run.size,
}
"""What a list can be sorted by: newest, best, longest and largest first."""

FIELDS: Mapping[str, Key] = {
    "name": lambda run: run.name,
    "state": lambda run: run.state.kind,
    "data": lambda run: run.data,
    "metric": lambda run: run.metric,
    "best": lambda run: run.best,
    "test": lambda run: run.test[0] if run.test else None,
    "duration": lambda run: run.seconds,
    "size": lambda run: run.size,
    "note": lambda run: run.notes.note,
    "tag": lambda run: run.notes.tags,
}
"""What a term of a filter can compare, beside every option."""

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
_TERM = re.compile(r"([\w-]+)(<=|>=|!=|<|>|=)(.*)")


def sort_runs(runs: Iterable[RunSummary], by: str, reverse: bool = False) -> list[RunSummary]:
    """Sort runs by a key of SORTS.

    Raises:
        InputError: there is no such key.
    """
    if by not in SORTS:
        raise InputError(f"--sort `{by}` does not exist, choose from {', '.join(SORTS)}", did_you_mean(by, SORTS))
    return sorted(runs, key=SORTS[by], reverse=reverse)


def filter_runs(
    runs: Iterable[RunSummary],
    terms: str = "",
    states: Sequence[str] = (),
    tags: Sequence[str] = (),
    data: str | None = None,
) -> list[RunSummary]:
    """Return the runs that all terms hold for, in one of `states`, with all `tags`, on data whose name holds `data`.

    A term is a word, found in name, data, options, note or tags; or a comparison of a field or an option, `lr>=0.001`.

    Raises:
        InputError: an unknown state, field or option, or a number was expected.
    """
    for state in states:
        if state not in ALL_STATES:
            hint = did_you_mean(state, ALL_STATES)
            raise InputError(f"--state `{state}` does not exist, choose from {', '.join(ALL_STATES)}", hint)
    holds = [_compile_term(term) for term in terms.split()]
    return [
        run
        for run in runs
        if (not states or run.state.kind in states)
        and set(tags) <= set(run.notes.tags)
        and (data is None or data.casefold() in (run.data or "").casefold())
        and all(hold(run) for hold in holds)
    ]


def _compile_term(term: str) -> Callable[[RunSummary], bool]:
    """Return a function that tells whether a filter term holds for a run."""
    match = _TERM.fullmatch(term)
    if match is None:
        return lambda run: term.casefold() in _searchable_text(run)
    written, comparison, wanted = match.groups()
    value_of, compare = _make_value_reader(written), _COMPARISONS[comparison]
    number = _parse_number(wanted)
    if number is None and comparison not in ("=", "!="):
        raise InputError(f"the filter `{term}` needs a number, not `{wanted}`", "as in lr>=0.001")

    def holds(run: RunSummary) -> bool:
        value = value_of(run)
        if value is None:
            return comparison == "!="
        if isinstance(value, tuple):
            return (wanted in value) == (comparison == "=")
        if isinstance(value, str | bool):
            return compare(str(value).casefold(), wanted.casefold())
        return number is not None and compare(value, number)

    return holds


def _make_value_reader(written: str) -> Key:
    """Return a function that reads a field of FIELDS or an option, by its name or one of its flags."""
    if written in FIELDS:
        return FIELDS[written]
    option = find_option(TrainConfig, written)
    if option is None:
        known = [*FIELDS, *list_spellings(TrainConfig)]
        raise InputError(f"the filter has no field `{written}`", did_you_mean(written, known))
    return lambda run: (run.options or {}).get(option.name)


def _searchable_text(run: RunSummary) -> str:
    parts = [run.name, run.state.kind, run.data or "", *run.option_words, run.notes.note, *run.notes.tags]
    return "\n".join(parts).casefold()


def _parse_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
