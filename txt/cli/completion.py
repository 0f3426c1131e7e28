"""Shell completion of runs, prepared folders, columns, labels and methods, without heavy imports."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import typer
from typer.models import ParameterInfo

from txt import config
from txt.data.reading.source import FORMATS
from txt.errors import InputError
from txt.files import open_plain
from txt.recipes import PRESETS
from txt.runs.notes import read_notes

TYPED = "txt.typed"
"""The key of `context.meta` under which the words typed so far are kept.

While an option still lacks its value, parsing fails and the context has no parsed parameters.
"""

_HEAD_BYTES = 1 << 16
_MOST = 1000

_MORE_METHODS = ("back-translation", "contextual", "antonym")  # of `txt augment`


def complete(context: typer.Context, name: str, begun: str) -> list[str]:
    """Return the possible values of a parameter that begin with what was typed, without those with control codes."""
    found = _find_candidates(context, name, begun)
    return sorted({each for each in found if each.startswith(begun) and each.isprintable()})[:_MOST]


def _find_candidates(context: typer.Context, name: str, begun: str) -> Iterable[str]:
    match name:
        case "run" | "runs" | "resume" if context.info_name != "grid":
            return _list_folders("runs", "config.json")
        case "resume" | "from_study":
            return _list_folders("studies", "study.json")
        case "pretrained":
            return ["minilm", "mpnet", "multilingual", *_list_folders("runs", "config.json")]
        case "model" | "check":
            return ["tfidf", *(["forest", "minilm"] if name == "model" else []), *_list_folders("runs", "config.json")]
        case "source":
            return [*_list_prepared(), *_list_data(begun)]
        case "data" | "what":
            return _list_data(begun)
        case "text_column" | "label_column" | "split_column" | "group_column":
            return _read_columns(_find_data_file(context))
        case "labels" | "keys":
            return _read_labels(_find_data_file(context))
        case "method":
            return (*config.EDITS, *_MORE_METHODS)
        case "preset":
            return PRESETS
        case "recipe":
            return ("auto", "guide")
        case "tag":
            return _read_tags()
        case "command":
            return getattr(context.find_root().command, "commands", {})
    return ()


def _find_data_file(context: typer.Context) -> str:
    """Return the data file among the words typed so far."""
    typed = [each for each in context.meta.get(TYPED, ()) if each.lower().endswith((*FORMATS, ".gz"))]
    return typed[0] if typed else ""


def _list_folders(parent: str, file: str) -> list[str]:
    return [path.parent.name for path in islice(Path(parent).glob(f"*/{file}"), _MOST)]


def _list_prepared() -> list[str]:
    return [path.parent.name for path in islice(Path().glob("*/manifest.json"), _MOST)]


def _list_data(begun: str) -> Iterator[str]:
    """Yield data files and folders in the folder that was typed so far."""
    typed, slash, _ = begun.rpartition("/")
    folder = Path(typed + slash) if slash else Path()
    with suppress(OSError):
        for path in islice(folder.iterdir(), 20 * _MOST):
            if path.name.startswith("."):
                continue
            if path.name.lower().endswith((*FORMATS, ".gz")):
                yield f"{typed}{slash}{path.name}"
            elif path.is_dir():
                yield f"{typed}{slash}{path.name}/"


def _read_columns(data: str) -> list[str]:
    """Return the columns of a text file by its first line."""
    head = _read_head(Path(data))
    first, _, _ = head.partition("\n")
    with suppress(ValueError):
        record = json.loads(first)
        return list(record) if isinstance(record, dict) else []
    with suppress(csv.Error):
        delimiter = max((",", ";", "\t", "|"), key=first.count)
        return next(csv.reader([first], delimiter=delimiter), [])
    return []


def _read_labels(data: str) -> list[str]:
    """Return the values of the column that is called `label`, in the first rows."""
    lines = _read_head(Path(data)).split("\n")[:-1]
    columns = _read_columns(data)
    if "label" not in columns:
        return []
    delimiter = max((",", ";", "\t", "|"), key=lines[0].count)
    with suppress(csv.Error):
        place = columns.index("label")
        return [row[place] for row in csv.reader(lines[1:], delimiter=delimiter) if len(row) == len(columns)]
    return []


def _read_tags() -> Iterator[str]:
    for path in islice(Path("runs").glob("*/notes.json"), _MOST):
        with suppress(InputError):
            yield from read_notes(path.parent).tags


def _read_head(path: Path) -> str:
    with suppress(OSError), open_plain(path) as file:
        return file.read(_HEAD_BYTES).decode("utf-8-sig", "replace").replace("\r\n", "\n")
    return ""


def connect_completion(command: Callable[..., Any]) -> None:
    """Let a shell complete every parameter of a command: from its choices, or else from the contents of this folder."""
    schema = getattr(command, "option_schema", {})
    for name, annotation in command.__annotations__.items():
        for declared in getattr(annotation, "__metadata__", ()):
            if isinstance(declared, ParameterInfo):
                choices = tuple(schema[name].choices) if name in schema else tuple((declared.metavar or "").split("|"))
                declared.autocompletion = _make_completer(name, choices)


def _make_completer(name: str, choices: Sequence[str]) -> Callable[..., list[str]]:
    """Return the function that Typer calls with the context and what was typed of a parameter's value."""

    def complete_value(context: typer.Context, begun: str) -> list[str]:
        if len(choices) > 1 and all(each.isidentifier() or "-" in each for each in choices):
            return [each for each in choices if each.startswith(begun)]
        return complete(context, name, begun)

    return complete_value
