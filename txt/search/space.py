"""The space of a search: for some options a list or a range of values, and the combinations that can be built."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from txt.config import TrainConfig
from txt.errors import InputError, did_you_mean
from txt.option_schema import Option, find_option, list_options, list_spellings, read_toml

MAX_COMBINATIONS = 10_000
_LOG_FROM = 10.0  # times the lower end: a range as wide as this is drawn from by its logarithm


@dataclass(frozen=True)
class Choices:
    """A list of values."""

    values: tuple[Any, ...]

    def to_json(self) -> Any:
        """Return the list."""
        return list(self.values)


@dataclass(frozen=True)
class Range:
    """All numbers from `low` to `high`, both included; `log` draws by the logarithm."""

    low: float
    high: float
    log: bool
    whole: bool

    def to_json(self) -> Any:
        """Return the range as an object."""
        return {"low": self.low, "high": self.high, "log": self.log, "whole": self.whole}


Dimension = Choices | Range
Space = Mapping[str, Dimension]
Params = dict[str, Any]

GUIDE_GRID: Space = {
    "d_model": Choices((256, 512, 768)),
    "nhead": Choices((4, 8, 12)),
    "num_layers": Choices((4, 6, 8)),
    "learning_rate": Choices((1e-5, 1e-4, 5e-4)),
    "batch_size": Choices((16, 32, 64)),
}
"""The default grid of `txt grid`."""


def space_to_json(space: Space) -> dict[str, Any]:
    """Return a space as a JSON object."""
    return {name: dimension.to_json() for name, dimension in space.items()}


def space_from_json(value: Mapping[str, Any]) -> dict[str, Dimension]:
    """Return the space that `space_to_json` wrote."""
    return {name: Choices(tuple(each)) if isinstance(each, list) else Range(**each) for name, each in value.items()}


def read_values(texts: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Dimension]]:
    """Sort options written as text, by field name, into those with one value and those with a list or a range.

    `a,b,c` is a list, `1e-5..1e-3` a range.

    Raises:
        InputError: a list is empty, a range is reversed, or an option does not take a value.
    """
    items = list_options(TrainConfig)
    fixed, space = dict[str, Any](), dict[str, Dimension]()
    for name, text in texts.items():
        _add_option(items[name], _parse_option(items[name], text), fixed, space)
    return fixed, space


def read_space_file(path: Path) -> tuple[dict[str, Any], dict[str, Dimension]]:
    """Read a TOML file: `lr = [1e-4, 5e-4]` is a list, `dropout = "0.0..0.5"` a range, all else a single value.

    Raises:
        InputError: the file cannot be read, names an unknown option (the nearest is suggested), or holds a wrong value.
    """
    fixed, space = dict[str, Any](), dict[str, Dimension]()
    for written, value in read_toml(path).items():
        item = find_option(TrainConfig, written)
        if item is None:
            hint = did_you_mean(written.replace("-", "_"), list_spellings(TrainConfig))
            raise InputError(f"`{path}` has an unknown parameter `{written}`", hint)
        read = _parse_choices(item, [_spell_value(each) for each in value]) if isinstance(value, list) else None
        _add_option(item, read or _parse_option(item, _spell_value(value)), fixed, space)
    return fixed, space


class Combinations:
    """Every combination of a space without ranges of real numbers, numbered from 0, without building them all."""

    def __init__(self, space: Space) -> None:
        self._axes = {name: _list_values(name, dimension) for name, dimension in space.items()}

    def __len__(self) -> int:
        return math.prod(len(values) for values in self._axes.values())

    def __getitem__(self, number: int) -> Params:
        params = {}
        for name, values in reversed(self._axes.items()):
            number, place = divmod(number, len(values))
            params[name] = values[place]
        return {name: params[name] for name in self._axes}


@dataclass(frozen=True)
class SearchPoints:
    """The combinations to try, and how many could not be built, by the reason."""

    params: tuple[Params, ...]
    left_out: Mapping[str, int]


def grid_points(space: Space, base: TrainConfig, trials: int | None, seed: int) -> SearchPoints:
    """Return every combination that can be built, or `trials` of them drawn at random.

    Raises:
        InputError: there are too many, or none can be built.
    """
    combinations = Combinations(space)
    if trials is None and len(combinations) > MAX_COMBINATIONS:
        raise InputError(
            f"the space has {len(combinations):,} combinations, more than {MAX_COMBINATIONS:,}",
            "--trials 50 tries fifty of them; or shorten the lists",
        )
    found: list[Params] = []
    left_out = Counter[str]()
    for number in _order_numbers(len(combinations), trials, seed):
        params = combinations[number]
        reason = explain_impossible(base, params)
        if reason is None:
            found.append(params)
        else:
            left_out[reason] += 1
        if len(found) == trials:
            break
    if not found:
        raise InputError("no combination of the space can be built", next(iter(left_out), None))
    return SearchPoints(tuple(found), left_out)


def find_base_config(values: Mapping[str, Any], space: Space) -> TrainConfig:
    """Return the options that all combinations share; those of the space in it are of one that can be built.

    Raises:
        InputError: a value is wrong, or no combination can be built with the others.
    """
    ends = {name: Choices((each.low, each.high)) if isinstance(each, Range) else each for name, each in space.items()}
    combinations = Combinations(ends)
    refused: InputError | None = None
    for number in range(min(len(combinations), MAX_COMBINATIONS)):
        try:
            return TrainConfig(**{**values, **combinations[number]})
        except InputError as error:
            refused = refused or error
    assert refused is not None
    raise refused


def explain_impossible(base: TrainConfig, params: Params) -> str | None:
    """Return why no model can be built with these options, or None."""
    try:
        base.with_options(**params)
    except InputError as error:
        return error.message
    return None


def has_real_ranges(space: Space) -> bool:
    """Return whether the space cannot be counted."""
    return any(isinstance(dimension, Range) and not dimension.whole for dimension in space.values())


def span_numbers(choices: Choices) -> Range | None:
    """Return the range from the lowest to the highest of a list of numbers; None for a list with other values."""
    values = choices.values
    kinds = {type(value) for value in values}
    if not values or not kinds <= {int, float}:
        return None
    low, high = min(values), max(values)
    return Range(low, high, log=low > 0 and high / low >= _LOG_FROM, whole=kinds == {int})


def _order_numbers(count: int, trials: int | None, seed: int) -> Iterator[int]:
    """Yield the numbers below `count`: in order, or, where only some are wanted, at random without repeats."""
    if trials is None:
        yield from range(count)
        return
    import numpy as np  # here: whoever names a space wrongly need not wait for it

    rng = np.random.default_rng(seed)
    if count <= MAX_COMBINATIONS:
        yield from rng.permutation(count).tolist()
        return
    seen = set[int]()
    while len(seen) < count:
        number = int(rng.integers(count))
        if number not in seen:
            seen.add(number)
            yield number


def _add_option(item: Option, read: Any, fixed: dict[str, Any], space: dict[str, Dimension]) -> None:
    if isinstance(read, Choices | Range):
        space[item.name] = read
    else:
        fixed[item.name] = read


def _parse_option(item: Option, text: str) -> Any:
    """Return a value, Choices or a Range."""
    if ".." in text:
        return _parse_range(item, text)
    if "," not in text:
        return _parse_value(item, text)
    return _parse_choices(item, [part.strip() for part in text.split(",") if part.strip()])


def _parse_choices(item: Option, parts: Sequence[str]) -> Choices:
    if not parts:
        raise InputError(f"{item.flag} is an empty list", f"values are separated by commas: {item.flag} a,b,c")
    return Choices(tuple(dict.fromkeys(_parse_value(item, part) for part in parts)))


def _parse_range(item: Option, text: str) -> Range:
    if not item.is_number:
        raise InputError(f"{item.flag} does not take a range, as its values are not numbers", "list them: a,b,c")
    low_text, _, high_text = text.partition("..")
    low, high = _parse_value(item, low_text), _parse_value(item, high_text)
    if low is None or high is None:
        raise InputError(f"{item.flag} `{text}` is not a range of numbers")
    if low >= high:
        raise InputError(
            f"{item.flag} {text} is reversed: {low:g} is not below {high:g}", f"try {item.flag} {high:g}..{low:g}"
        )
    return Range(low, high, log=low > 0 and high / low >= _LOG_FROM, whole=item.kind is int)


def _parse_value(item: Option, text: str) -> Any:
    """Return one value of an option, checked."""
    text = text.strip()
    try:
        value = item.parse(text)
    except ValueError:
        kind = {int: "whole numbers", float: "numbers", bool: "true or false"}.get(item.kind, "a name")
        if text == "":
            raise InputError(f"{item.flag} is an empty list", f"it takes {kind}: {item.flag} a,b,c") from None
        raise InputError(f"{item.flag} takes {kind}, not `{text}`") from None
    item.check(value)
    return value


def _spell_value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _list_values(name: str, dimension: Dimension) -> Sequence[Any]:
    if isinstance(dimension, Choices):
        return dimension.values
    if not dimension.whole:
        raise InputError(
            f"{list_options(TrainConfig)[name].flag} is a range of real numbers, which a grid cannot try one by one",
            "list values, or take --sampler tpe or random",
        )
    return range(int(dimension.low), int(dimension.high) + 1)
