"""Dataclasses whose fields are options: each field has a type, default, help, limits and choices, and is checked.

The command line makes its flags from these dataclasses, and run folders store them as JSON.
"""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

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


def flag(item: Field[Any]) -> str:
    """Return the flag under which users know an option."""
    return str(item.metadata["flags"][0]) if item.metadata["flags"] else "--" + item.name.replace("_", "-")


def list_option_names(kind: type["Config"]) -> set[str]:
    """Return the names of a configuration's options."""
    return {item.name for item in fields(kind)}


@dataclass(frozen=True)
class Config:
    """Base of all configurations: checks its values when it is made, and converts to and from JSON."""

    def __post_init__(self) -> None:
        for item in fields(self):
            check_limits(item, getattr(self, item.name))

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
        known = {item.name: item for item in fields(cls)}
        by_flag = {
            spelling.lstrip("-").replace("-", "_"): item.name
            for item in known.values()
            for spelling in item.metadata["flags"]
        }
        taken: dict[str, Any] = {}
        for written, value in values.items():
            name = written.replace("-", "_")
            name = name if name in known else by_flag.get(name, name)
            if name not in known:
                raise InputError(f"{source} has an unknown option `{written}`", did_you_mean(name, [*known, *by_flag]))
            taken[name] = _convert_value(known[name], value, source)
        return taken

    def changed(self) -> dict[str, Any]:
        """Return the options that differ from their defaults."""
        return {
            item.name: getattr(self, item.name) for item in fields(self) if getattr(self, item.name) != item.default
        }

    def with_options(self, **values: Any) -> Self:
        """Return a copy with some options changed."""
        return replace(self, **values)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a table of options from a TOML file.

    Raises:
        InputError: the file is missing or not valid TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read `{path}`: {(error.strerror or '').lower()}", _suggest_file(path)) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"`{path}` is not valid TOML: {error}", "a line of it is `max_length = 128`") from None


def _suggest_file(path: Path) -> str | None:
    """Return a hint that names a TOML file in the same folder with a similar name, if there is one."""
    near = [each.name for each in path.parent.glob("*.toml")] if path.parent.is_dir() else []
    close = nearest(path.name, near)
    return f"did you mean `{path.parent / close}`?" if close else None


def check_limits(item: Field[Any], value: Any) -> None:
    """Refuse a value outside the limits that its option was declared with.

    Raises:
        InputError: it is too low, too high, not finite, or none of the choices.
    """
    low, high, above, choices = (item.metadata[key] for key in ("low", "high", "above", "choices"))
    if value is None:
        return
    usual = None if item.default is None else f"the default is {item.default}"
    if choices and value not in choices:
        message = f"{flag(item)} is `{value}`, and must be one of {', '.join(choices)}"
        raise InputError(message, did_you_mean(str(value), choices))
    if isinstance(value, float) and not abs(value) < float("inf"):
        raise InputError(f"{flag(item)} must be a finite number, not {value}", usual)
    if low is not None and value < low:
        raise InputError(f"{flag(item)} must be at least {low:g}, not {value:g}", usual)
    if above is not None and value <= above:
        raise InputError(f"{flag(item)} must be above {above:g}, not {value:g}", usual)
    if high is not None and value > high:
        raise InputError(f"{flag(item)} must be at most {high:g}, not {value:g}", usual)


def _convert_value(item: Field[Any], value: Any, source: str) -> Any:
    """Return a JSON or TOML value in the type that the option was declared with."""
    declared = str(item.type)
    if value is None and (item.default is None or item.default is MISSING):
        return None
    if "Path" in declared and isinstance(value, str):
        return Path(value)
    if "float" in declared and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    for name, kind in (("int", int), ("float", float), ("str", str), ("bool", bool)):
        if name in declared and type(value) is kind:
            return value
    raise InputError(f"{source}: `{item.name}` must be {_describe_type(declared)}, not {value!r}")


def _describe_type(declared: str) -> str:
    words = {"int": "a whole number", "float": "a number", "str": "a string", "bool": "true or false"}
    return next((spoken for name, spoken in words.items() if name in declared), declared)
