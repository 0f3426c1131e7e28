"""Turns configuration dataclasses into Typer options, so that each option is declared once, in txt.config."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from txt.cli.settings import find_typed_names, get_setting_origins
from txt.config import PrepareConfig, TrainConfig
from txt.errors import InputError
from txt.option_schema import Config, Option, find_option, list_options, read_toml


class GivenOptions(dict[str, Any]):
    """The options that were typed, by field name.

    `settings` are options set in txt.toml or by variables, and not typed; `typed` has the names of all parameters that
    were typed, those of the command itself too.
    """

    def __init__(
        self, values: Mapping[str, Any], settings: Mapping[str, Any] | None = None, typed: frozenset[str] = frozenset()
    ) -> None:
        super().__init__(values)
        self.settings = settings or {}
        self.typed = typed

    def with_settings(self) -> dict[str, Any]:
        """Return the settings, overridden by the typed options."""
        return {**self.settings, **self}


def takes(
    *kinds: type[Config], without: tuple[str, ...] = (), listed: tuple[str, ...] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorate a command that has a parameter `given` so that it takes every option of the configurations `kinds`.

    An option that two of them share (`--seed`) is one flag. The command receives the options as `given`, and makes its
    configurations from them with `build`. Those `listed` come as the text that was typed, since it may hold several
    values.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        items: dict[str, Option] = {}
        for item in (each for kind in kinds for each in list_options(kind).values() if each.name not in without):
            items.setdefault(item.name, item)  # the help text of the first configuration is used

        def with_options(context: typer.Context, **values: Any) -> None:
            options = {name: values.pop(name) for name in items}
            options = {name: value for name, value in options.items() if value is not None}
            origins = get_setting_origins(context)
            settings = {name: value for name, value in options.items() if name in origins}
            for name, value in settings.items():
                if name not in listed:
                    check_setting(items[name], value, origins[name])
            typed = {name: value for name, value in options.items() if name not in origins}
            command(**values, given=GivenOptions(typed, settings, find_typed_names(context)))

        own = [item for item in inspect.signature(command, eval_str=True).parameters.values() if item.name != "given"]
        context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
        parameters = [*own, context, *(_build_parameter(item, item.name in listed) for item in items.values())]
        with_options.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        with_options.__annotations__ = {item.name: item.annotation for item in parameters}
        with_options.__name__, with_options.__doc__ = command.__name__, command.__doc__
        with_options.option_schema = {name: item for name, item in items.items() if name not in listed}  # type: ignore[attr-defined]
        with_options.listed = frozenset(listed)  # type: ignore[attr-defined]
        return with_options

    return decorate


DataArgument = Annotated[
    list[str],
    typer.Argument(
        help="File: CSV, TSV, JSON, Parquet, Excel, SQLite … (docs/your-file.md), also packed; a folder of texts; "
        "- is standard input. Several are read as one.",
        metavar="DATA",
    ),
]
"""The argument of a command that reads a data file."""


def read_config_file(path: Path | None, *kinds: type[Config]) -> Mapping[str, Any]:
    """Return the options that `--config FILE.toml` sets, checked against the configurations `kinds`.

    Raises:
        InputError: the file cannot be read, or names an option that none of them has.
    """
    if path is None:
        return {}
    table = read_toml(path)
    options: dict[str, Any] = {}
    for written, value in table.items():
        kind = next((each for each in kinds if find_option(each, written)), kinds[0])
        found = find_option(kind, written)
        if found and isinstance(value, str) and value in found.words:
            options[found.name] = value  # such as `auto`
        else:
            options |= kind.parse_values({written: value}, source=f"`{path}`")
    return options


def is_prepared_folder(source: str) -> bool:
    """Tell a prepared folder from a data file, and from a folder of texts or a saved data set."""
    path = Path(source)
    if not path.is_dir():
        return False
    from txt.data.prepared import MANIFEST
    from txt.data.reading.kinds.text_folder import holds_data

    return (path / MANIFEST).exists() or not holds_data(path)


def refuse_prepare_options(given: GivenOptions) -> None:
    """Refuse options for preparing data where a prepared folder is given."""
    for item in list_options(PrepareConfig).values():
        if item.name in given and item.name not in list_options(TrainConfig):
            raise InputError(
                f"{item.flag} is for preparing data, and this folder is prepared already",
                "give it to `txt prepare`, or train on the data file itself",
            )


def get_option_schema(command: Any) -> Mapping[str, Option]:
    """Return the declarations of the options that a command `takes`, by field name, without those `listed`."""
    return getattr(command.callback, "option_schema", {})


def check_setting(item: Option, value: Any, origin: str) -> None:
    """Raise an error for a setting that is out of range.

    Raises:
        InputError: it is out of range; `origin` names the place where it was set.
    """
    if isinstance(value, str) and value in item.words:
        return
    try:
        item.check(value)
    except InputError as error:
        raise InputError(f"{origin}: {error.message}", error.hint) from None


def _build_parameter(item: Option, listed: bool) -> inspect.Parameter:
    kind = str if listed else item.kind
    spellings = (f"{item.flag}/{item.negate_flag()}",) if kind is bool else item.flags
    words = () if listed else item.words
    declared = typer.Option(
        *spellings,
        parser=partial(_parse_value_or_word, kind, words) if words else None,
        help=_format_help(item),
        rich_help_panel=item.group,
        show_default=False,
        metavar="LIST" if listed else "|".join(item.choices) or _format_metavar(kind, words),
    )
    return inspect.Parameter(
        item.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, declared]
    )


def _parse_value_or_word(kind: type, words: tuple[str, ...], text: str) -> Any:
    """Convert a typed value; one of the special `words` stays as it is."""
    return text if text in words else kind(text)


def _format_metavar(kind: type, words: tuple[str, ...]) -> str | None:
    return "|".join((f"<{kind.__name__}>", *words)) if words else None


def _format_help(item: Option) -> str:
    """Return an option's help with its default in brackets, where the help does not say it in words."""
    told = item.help
    if item.default is None or item.default is False:
        return told
    shown = (
        f"{item.default:g}" if isinstance(item.default, float) else "on" if item.default is True else str(item.default)
    )
    return f"{told.removesuffix('.')} [{shown}]."
