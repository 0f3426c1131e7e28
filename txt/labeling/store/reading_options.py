"""How a data file was read, kept in its label store: rows are known by their texts, and these depend on the reading."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from txt.data.reading.how_read import ReadingOptions
from txt.json_input import Kind, parse_json, take_field

_SETTING = "reading"
_KINDS: Mapping[str, Kind] = {
    **{each.name: str | None for each in fields(ReadingOptions)},
    "header": bool | None,
    "skip_lines": int | None,
    "header_rows": int | None,
}
_TEXT = "text_column"  # a setting of its own since the first stores


def read_reading_options(settings: Mapping[str, str]) -> dict[str, Any]:
    """Return the options with which the file of a store was read, by name, without those that were left open.

    Options that only a later version knows are left out.

    Raises:
        InputError: they are not as `txt` writes them.
    """
    known = {each.name for each in fields(ReadingOptions)}
    source = f"the setting `{_SETTING}` of the label store"
    kept = parse_json(settings.get(_SETTING, "{}"), source)
    options = {name: take_field(kept, name, _KINDS[name], source) for name in kept if name in known}
    return options | ({_TEXT: settings[_TEXT]} if _TEXT in settings else {})


def write_reading_options(asked: ReadingOptions) -> dict[str, str]:
    """Return the settings that keep the options of reading, without those that are at their defaults."""
    defaults = ReadingOptions()
    kept = {name: value for name, value in asdict(asked).items() if name != _TEXT and value != getattr(defaults, name)}
    return {_SETTING: json.dumps(kept, ensure_ascii=False)}


def add_reading_options(asked: ReadingOptions, settings: Mapping[str, str]) -> ReadingOptions:
    """Return what the user asked for, and where that is nothing, what was asked for in an earlier sitting."""
    defaults = ReadingOptions()
    given = {name: value for name, value in asdict(asked).items() if value != getattr(defaults, name)}
    return ReadingOptions(**{**read_reading_options(settings), **given})
