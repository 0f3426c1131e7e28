"""Dataclasses whose fields are options: each field has a type, default, help, limits and choices, and is checked.

The command line makes its flags from these dataclasses, and run folders store them as JSON.
"""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields, replace
from pathlib import Path
from types import NoneType
from typing import Any, Self, TypeVar, get_args

from txt.errors import InputError, did_you_mean, nearest


def option(
    default: Any,
    help: str,
    *,
    group: str,
    flags: tuple[str, ...] = (),
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    choices: Collection[str] = (),
    words: tuple[str, ...] = (),
) -> Any:
    """Declare an option with inclusive limits `low` and `high` and an exclusive lower limit `above`.

    `words` are accepted on the command line instead of a value; the command replaces them with a value.

    `flags` replaces the flag made from the field's name (`max_length` → `--max-length`); the first one is quoted in
    error messages.
    """
    limits = {"low": low, "high": high, "above": above, "choices": choices, "words": words}
    return field(default=default, metadata={"help": help, "group": group, "flags": flags, **limits})


@dataclass(frozen=True)
class Option:
    """An option of a configuration, with everything that commands, files and settings need to know of it.

    `kind` is the type of its values: int, float, bool, str or Path; `is_optional` says that None is a value too. The
    other fields are those of `option`.
    """

    name: str
    kind: type
    is_optional: bool
    default: Any
    help: str
    group: str
    flags: tuple[str, ...]
    low: float | None
    high: float | None
    above: float | None
    choices: Collection[str]
    words: tuple[str, ...]

    @property
    def flag(self) -> str:
        """The flag under which users know the option."""
        return self.flags[0]

    @property
    def short_flag(self) -> str:
        """The shortest flag."""
        return min(self.flags, key=len)

    @property
    def spellings(self) -> tuple[str, ...]:
        """The names under which it may be written in a file: its own, and its flags without dashes."""
        return tuple(dict.fromkeys((self.name, *map(_normalize, self.flags))))

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers."""
        return self.kind in (int, float)

    def describe_values(self) -> str:
        """Say what its values are."""
        return _KIND_WORDS.get(self.kind, "a string")

    def negate_flag(self) -> str:
        """Return the flag that switches it off."""
        return f"--no-{self.flag.removeprefix('--')}"

    def check(self, value: Any) -> None:
        """Refuse a value outside the limits that the option was declared with.

        Raises:
            InputError: it is too low, too high, not finite, or none of the choices.
        """
        if value is None:
            return
        usual = None if self.default is None else f"the default is {self.default}"
        if self.choices and value not in self.choices:
            message = f"{self.flag} is `{value}`, and must be one of {', '.join(self.choices)}"
            raise InputError(message, did_you_mean(str(value), self.choices))
        if isinstance(value, float) and not abs(value) < float("inf"):
            raise InputError(f"{self.flag} must be a finite number, not {value}", usual)
        if self.low is not None and value < self.low:
            raise InputError(f"{self.flag} must be at least {self.low:g}, not {value:g}", usual)
        if self.above is not None and value <= self.above:
            raise InputError(f"{self.flag} must be above {self.above:g}, not {value:g}", usual)
        if self.high is not None and value > self.high:
            raise InputError(f"{self.flag} must be at most {self.high:g}, not {value:g}", usual)

    def convert(self, value: Any, source: str) -> Any:
        """Return a JSON or TOML value in the option's type; the limits are not checked.

        Raises:
            InputError: it is of another type; `source` says where it stands.
        """
        if value is None and (self.is_optional or self.default is MISSING):
            return None
        if self.kind is Path and isinstance(value, str):
            return Path(value)
        if self.kind is float and type(value) is int:
            return float(value)
        if type(value) is not self.kind:
            raise InputError(f"{source}: `{self.name}` must be {self.describe_values()}, not {value!r}")
        return value

    def parse(self, text: str) -> Any:
        """Return the value of a text, in the option's type; the limits are not checked.

        Raises:
            ValueError: the text is not such a value.
        """
        if text.lower() == "none" and self.is_optional:
            return None
        if self.kind is bool:
            return _BOOLEANS[text.lower()]
        if not text:
            raise ValueError("an empty text")
        return self.kind(text)


_KIND_WORDS = {int: "a whole number", float: "a number", bool: "true or false"}


class _Booleans(dict[str, bool]):
    """What stands for true and false in texts."""

    def __missing__(self, text: str) -> bool:
        raise ValueError(f"{text} is neither true nor false")


_BOOLEANS = _Booleans({"true": True, "yes": True, "false": False, "no": False})


_options: dict[type["Config"], dict[str, Option]] = {}
_spellings: dict[type["Config"], dict[str, str]] = {}


def list_options(kind: type["Config"]) -> dict[str, Option]:
    """Return the options of a configuration by their names, in the order of its fields."""
    if kind not in _options:
        _options[kind] = {item.name: _make_option(item) for item in fields(kind)}
    return _options[kind]


def _map_spellings(kind: type["Config"]) -> dict[str, str]:
    """Return each name under which an option of a configuration may be written in a file, with its own."""
    if kind not in _spellings:
        by_flag = {spelling: each.name for each in list_options(kind).values() for spelling in each.spellings}
        _spellings[kind] = by_flag | {name: name for name in list_options(kind)}
    return _spellings[kind]


def find_option(kind: type["Config"], written: str) -> Option | None:
    """Return the option of a configuration that is meant by a name or a flag's spelling; None where there is none."""
    name = _map_spellings(kind).get(_normalize(written))
    return None if name is None else list_options(kind)[name]


def list_spellings(kind: type["Config"]) -> list[str]:
    """Return every name under which an option of a configuration may be written in a file."""
    return list(_map_spellings(kind))


def _normalize(written: str) -> str:
    return written.lstrip("-").replace("-", "_")


def _make_option(item: Field[Any]) -> Option:
    kinds = get_args(item.type) or (item.type,)
    (kind,) = (each for each in kinds if each is not NoneType)
    meta = dict(item.metadata)
    meta["flags"] = meta["flags"] or ("--" + item.name.replace("_", "-"),)
    return Option(name=item.name, kind=kind, is_optional=NoneType in kinds, default=item.default, **meta)


@dataclass(frozen=True)
class Config:
    """Base of all configurations: checks its values when it is made, and converts to and from JSON."""

    def __post_init__(self) -> None:
        for each in list_options(type(self)).values():
            each.check(getattr(self, each.name))

    def to_json(self) -> dict[str, Any]:
        """Return the options as a JSON object."""
        return {name: str(value) if isinstance(value, Path) else value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], source: str = "the configuration") -> Self:
        """Make a configuration from a JSON object; see `parse_values` for what is refused."""
        return cls(**cls.parse_values(values, source))

    @classmethod
    def parse_values(cls, values: Mapping[str, Any], source: str) -> dict[str, Any]:
        """Return the values of a JSON or TOML table by field name; flags' spellings (`lr`, `epochs`) are taken too.

        Raises:
            InputError: an unknown name (the nearest one is suggested) or a value of the wrong type.
        """
        taken: dict[str, Any] = {}
        for written, value in values.items():
            found = find_option(cls, written)
            if found is None:
                hint = did_you_mean(written.replace("-", "_"), list_spellings(cls))
                raise InputError(f"{source} has an unknown option `{written}`", hint)
            taken[found.name] = found.convert(value, source)
        return taken

    def changed(self) -> dict[str, Any]:
        """Return the options that differ from their defaults."""
        values = [(each, getattr(self, each.name)) for each in list_options(type(self)).values()]
        return {each.name: value for each, value in values if value != each.default}

    def with_options(self, **values: Any) -> Self:
        """Return a copy with some options changed."""
        return replace(self, **values)


Kind = TypeVar("Kind", bound=Config)


def build_config(kind: type[Kind], given: Mapping[str, Any], *below: Mapping[str, Any]) -> Kind:
    """Build a configuration from the given options; the tables in `below` fill in the rest, the first one first.

    Raises:
        InputError: a value is out of range.
    """
    names = list_options(kind)
    values: dict[str, Any] = {}
    for table in (*reversed(below), given):
        values |= {name: value for name, value in table.items() if name in names}
    return kind(**values)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a table of options from a TOML file.

    Raises:
        InputError: the file is missing or not valid TOML.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read `{path}`: {(error.strerror or '').lower()}", _suggest_file(path)) from None
    return parse_toml(content, path)


def parse_toml(content: bytes, path: Path) -> dict[str, Any]:
    """Return the table that the content of a TOML file holds.

    Raises:
        InputError: it is not valid TOML.
    """
    try:
        return tomllib.loads(content.decode())
    except RecursionError:
        raise InputError(f"`{path}` is not valid TOML: it is nested too deeply") from None
    except ValueError as error:  # UnicodeDecodeError and TOMLDecodeError are ValueErrors, and a number may be too long
        raise InputError(f"`{path}` is not valid TOML: {error}", "a line of it is `max_length = 128`") from None


def _suggest_file(path: Path) -> str | None:
    """Return a hint that names a TOML file in the same folder with a similar name, if there is one."""
    near = [each.name for each in path.parent.glob("*.toml")] if path.parent.is_dir() else []
    close = nearest(path.name, near)
    return f"did you mean `{path.parent / close}`?" if close else None
