"""`txt config`: shows the value of each option in this folder, and where it was set."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text
from typer.core import TyperGroup, TyperOption

from txt.cli.console import make_literal, out, print_json, say
from txt.cli.options import GivenOptions, check_setting, get_option_schema
from txt.cli.runs.arguments import JsonOption
from txt.cli.settings import (
    FILE,
    CommandPath,
    Setting,
    convert_setting,
    find_unknown_variables,
    list_settable_options,
    read_settings,
    spell_option,
)
from txt.cli.training_options import merge_settings, take_auto_rate
from txt.errors import InputError, nearest
from txt.training.options import build_training_options

if TYPE_CHECKING:
    from rich.table import Table

BUILT_IN, RECIPE = "built in", "recipe"


@dataclass(frozen=True)
class _OptionValue:
    """An option of a command, its value, and where it was set; None means that the command chooses a value itself."""

    command: str
    option: str
    value: Any
    origin: str


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("config")(config)


def config(
    context: typer.Context,
    command: Annotated[
        list[str] | None,
        typer.Argument(help="Only this command, with all its options.", metavar="[COMMAND]", show_default=False),
    ] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All options of all commands, not only what is set.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what each option is set to here, and where: in txt.toml, by a variable, or built in.

    txt.toml in the folder has one table for each command, `[train]` or `[runs.show]`; a key outside of a table is meant
    for every command with that option. A variable wins over the file: TXT_TRAIN_EPOCHS=5, or TXT_SEED=7 for all. What
    is typed wins over both, and TXT_NO_CONFIG=1 ignores both.

    Example: `txt config` or `txt config train`
    """
    root = context.find_root().command
    assert isinstance(root, TyperGroup)
    settings, commands = read_settings(root), list_settable_options(root)
    path = tuple(command or ())
    if path and path not in commands:
        close = nearest(" ".join(path), [" ".join(each) for each in commands])
        raise InputError(
            f"there is no command `{' '.join(path)}`", f"did you mean `txt config {close}`?" if close else None
        )
    values = [
        value
        for each, options in commands.items()
        if not path or each == path
        for value in _resolve_values(each, options, settings.get(each, {}), context)
    ]
    for name in find_unknown_variables(root):
        say(f"note: {name} is not an option of any command")
    if as_json:
        print_json({"values": [_encode_value(value) for value in values]})
        return
    chosen = [value for value in values if every or path or value.origin not in (BUILT_IN, RECIPE)]
    if chosen:
        out.print(_build_table(chosen, bool(path)))
    else:
        say(f"Nothing is set here; `txt config train` shows what is built in. {FILE} with these lines would set some:")
        say("\n  seed = 7\n\n  [train]\n  epochs = 5")


def _resolve_values(
    path: CommandPath, options: list[TyperOption], settings: dict[str, Setting], context: typer.Context
) -> list[_OptionValue]:
    """Return the value of each option of a command; a wrong value raises the same error as the command itself."""
    command = _find_command(context, path)
    declared = get_option_schema(command)
    found = {
        option.name: convert_setting(option, settings[option.name], context, command)
        for option in options
        if option.name in settings
    }
    for name, value in found.items():
        if name in declared:
            check_setting(declared[name], value, settings[name].origin)
    recipe = _resolve_recipe(found) if path in (("train",), ("lrfind",)) else {}
    values = []
    for option in options:
        value = declared[option.name].default if option.name in declared else option.get_default(context)
        origin = BUILT_IN
        if option.name in found:
            value, origin = found[option.name], settings[option.name].origin.strip("`")
        elif recipe.get(option.name, value) != value:
            value, origin = recipe[option.name], RECIPE
        values.append(_OptionValue(" ".join(path), spell_option(option), value, origin))
    return values


def _find_command(context: typer.Context, path: CommandPath) -> Any:
    command: Any = context.find_root().command
    for name in path:
        command = command.commands[name]
    return command


def _resolve_recipe(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a training that is started without typed options, given the settings `found`."""
    given = GivenOptions({}, found)
    preset, recipe, options = merge_settings(found.get("preset"), found.get("recipe"), {}, given)
    take_auto_rate(options, given)
    return asdict(build_training_options(preset, recipe, options, given))


def _build_table(values: list[_OptionValue], is_one: bool) -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for heading in (*(() if is_one else ("command",)), "option", "value", "from"):
        table.add_column(heading, overflow="fold")
    for value in values:
        style = "" if value.origin == BUILT_IN else "bold"
        told = "–" if value.value is None else _format_value(value.value)
        where = () if is_one else (Text(value.command, style="dim"),)
        table.add_row(*where, make_literal(value.option, style), make_literal(told, style), make_literal(value.origin))
    return table


def _format_value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _encode_value(value: _OptionValue) -> dict[str, Any]:
    plain = (
        value.value if isinstance(value.value, bool | int | float | list) or value.value is None else str(value.value)
    )
    return {"command": value.command, "option": value.option, "value": plain, "from": value.origin}
