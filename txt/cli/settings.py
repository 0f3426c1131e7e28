"""Defaults of one's own: txt.toml in the folder, and variables TXT_…; what is typed stands above both.

They are looked at when a command begins and not before, so that help and completion work beside a broken file. Values
go through the options' own checks; a file only ever gives values to options, and can do nothing else.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup, TyperOption

from txt.errors import InputError, did_you_mean, nearest
from txt.option_schema import read_toml

if TYPE_CHECKING:
    from typer._click import Context

FILE = Path("txt.toml")
WITHOUT = "TXT_NO_CONFIG"
"""Set to 1, this variable leaves the file and all others aside; the processes that txt starts itself have it."""

_PREFIX = "TXT_"
_OTHERS = ("TXT_DEBUG", WITHOUT)
_TYPED_EACH_TIME = ("yes", "force", "overwrite")
"""Options that let something be removed or replaced: no file that lies about may say so."""

CommandPath = tuple[str, ...]
"""The words that call a command, without `txt`: `("runs", "show")`."""


@dataclass(frozen=True)
class Setting:
    """What was written for an option: a TOML value, or the text of a variable, and where it stands."""

    written: Any
    origin: str


def commands_of(root: TyperGroup) -> dict[CommandPath, list[TyperOption]]:
    """Return the options that can be set for each command."""
    return {path: _settable(command) for path, command in _walk(root, ())}


def settings_of(root: TyperGroup) -> dict[CommandPath, dict[str, Setting]]:
    """Return what is set for each command, by the names of its parameters; a variable stands above the file.

    A key outside of a table, and a variable that names no command, are meant for every command with such an option.

    Raises:
        InputError: the file is not valid TOML, or a name is unknown (the nearest one is suggested).
    """
    if os.environ.get(WITHOUT) == "1":
        return {}
    variables = {name: text for name, text in sorted(os.environ.items()) if name.startswith(_PREFIX) and text}
    for name in _OTHERS:
        variables.pop(name, None)
    if not variables and not FILE.exists():
        return {}
    names = {path: _names(options) for path, options in commands_of(root).items()}
    found: dict[CommandPath, dict[str, Setting]] = {path: {} for path in names}
    if FILE.exists():
        _read_table(read_toml(FILE), (), names, found)
    for everywhere in (True, False):
        for name, text in variables.items():
            _read_variable(name, text, names, found, everywhere)
    return found


def unknown_variables(root: TyperGroup) -> list[str]:
    """Return the variables TXT_… that are about no option of any command."""
    names = {path: _names(options) for path, options in commands_of(root).items()}
    general = set().union(*names.values())
    variables = [name for name in sorted(os.environ) if name.startswith(_PREFIX) and name not in _OTHERS]
    return [name for name in variables if _command_of(name, names) is None and _spelled(name) not in general]


def apply_settings(context: "Context") -> None:
    """Give a command's parameters what is set for them, where nothing was typed.

    Raises:
        InputError: a name or a value is wrong.
    """
    root = context.find_root().command
    assert isinstance(root, TyperGroup)
    found = settings_of(root).get(path_of(context), {})
    options = {option.name: option for option in _settable(context.command)}
    origins = context.meta.setdefault("txt.origins", {})
    for name, setting in found.items():
        if name not in typed_names(context):
            context.params[name] = value_of(options[name], setting, context)
            origins[name] = setting.origin


def origins_of(context: "Context") -> Mapping[str, str]:
    """Return where the values of a command's parameters stand that neither were typed nor are built in."""
    return context.meta.get("txt.origins", {})  # type: ignore[no-any-return]


def typed_names(context: "Context") -> frozenset[str]:
    """Return the parameters that were typed."""
    sources = {option.name: context.get_parameter_source(option.name) for option in context.command.params}
    return frozenset(name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE")


def path_of(context: "Context") -> CommandPath:
    """Return the words that called a command."""
    if context.parent is None:
        return ()
    return (*path_of(context.parent), str(context.info_name))


def spelling(option: TyperOption) -> str:
    """Return the name under which an option is written in the file."""
    return _spelled(next(flag for flag in option.opts if flag.startswith("--")))


def value_of(option: TyperOption, setting: Setting, context: "Context") -> Any:
    """Return a setting as the option's own value.

    Raises:
        InputError: it is none that the option takes.
    """
    try:
        return option.process_value(context, _as_typed(option, setting))
    except typer.TyperException as error:
        raise InputError(f"{setting.origin}: `{spelling(option)}` is {setting.written!r}: {_reason(error)}") from None


def _reason(error: typer.TyperException) -> str:
    return error.format_message().partition(": ")[2].rstrip(".") or error.format_message()


def _walk(group: TyperGroup, path: CommandPath) -> Iterator[tuple[CommandPath, Any]]:
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, TyperGroup):
            yield from _walk(command, (*path, name))


def _settable(command: Any) -> list[TyperOption]:
    return [
        option
        for option in command.params
        if isinstance(option, TyperOption) and not option.required and option.name not in _TYPED_EACH_TIME
    ]


def _names(options: Sequence[TyperOption]) -> dict[str, str]:
    """Return each name under which an option may be written, with its parameter's."""
    names = {option.name: option.name for option in options if not option.name.startswith("as_")}
    return names | {_spelled(flag): option.name for option in options for flag in option.opts if flag.startswith("--")}


def _spelled(name: str) -> str:
    return name.removeprefix(_PREFIX).strip("-").replace("-", "_").lower()


def _read_table(
    table: Mapping[str, Any],
    path: CommandPath,
    names: Mapping[CommandPath, Mapping[str, str]],
    found: dict[CommandPath, dict[str, Setting]],
) -> None:
    """Sort in what stands in a table of the file; values first, as the tables within are about fewer commands."""
    for written, value in sorted(table.items(), key=lambda item: isinstance(item[1], dict)):
        if isinstance(value, dict):
            if (*path, written) not in names:
                raise _no_command((*path, written), names)
            _read_table(value, (*path, written), names, found)
            continue
        meant = [path] if path else [each for each in names if _spelled(written) in names[each]]
        for each in meant:
            if _spelled(written) not in names[each]:
                raise _no_option(f"`{FILE}`: [{'.'.join(path)}]", written, names[each])
            found[each][names[each][_spelled(written)]] = Setting(value, f"`{FILE}`")
        if not meant:
            raise _no_option(f"`{FILE}`: txt", written, set().union(*names.values()))


def _read_variable(
    name: str,
    text: str,
    names: Mapping[CommandPath, Mapping[str, str]],
    found: dict[CommandPath, dict[str, Setting]],
    everywhere: bool,
) -> None:
    """Sort in a variable, if it is one that is meant for all commands (`everywhere`), or else one for a single one."""
    path = _command_of(name, names)
    option = _spelled(name)[len("_".join(path)) + 1 :] if path else ""
    everyones = [each for each in names if _spelled(name) in names[each]]
    if path and option in names[path]:
        if not everywhere:
            found[path][names[path][option]] = Setting(text, name)
    elif everyones:
        for each in everyones if everywhere else ():
            found[each][names[each][_spelled(name)]] = Setting(text, name)
    elif path:
        close = nearest(option, names[path])
        better = "_".join(("TXT", *path, close or "")).upper()
        raise InputError(
            f"{name}: `txt {' '.join(path)}` has no option `{option}`", f"did you mean {better}?" if close else None
        )


def _command_of(name: str, names: Mapping[CommandPath, Any]) -> CommandPath | None:
    """Return the command that a variable's name begins with, the longest of several."""
    begun = [path for path in names if _spelled(name).startswith("_".join(path) + "_")]
    return max(begun, key=len, default=None)


def _no_command(path: CommandPath, names: Mapping[CommandPath, Any]) -> InputError:
    close = nearest(".".join(path), [".".join(each) for each in names])
    hint = f"did you mean [{close}]?" if close else "`txt --help` lists the commands"
    return InputError(f"`{FILE}`: there is no command for the table [{'.'.join(path)}]", hint)


def _no_option(where: str, written: str, known: Any) -> InputError:
    if _spelled(written) in _TYPED_EACH_TIME:
        return InputError(f"{where} cannot set `{written}`", "what removes or replaces is typed each time")
    return InputError(f"{where} has no option `{written}`", did_you_mean(_spelled(written), known))


def _as_typed(option: TyperOption, setting: Setting) -> Any:
    """Return what was written as the command line would have it.

    Raises:
        InputError: it is a truth value where none is wanted, or the other way round; or a list where one value is.
    """
    written, from_file = setting.written, setting.origin == f"`{FILE}`"
    if option.is_bool_flag:
        yes, no = ("true", "1", "yes", "on"), ("false", "0", "no", "off")
        if isinstance(written, bool) or (not from_file and written.lower() in (*yes, *no)):
            return written if isinstance(written, bool) else written.lower() in yes
        raise InputError(f"{setting.origin}: `{spelling(option)}` must be true or false, not {written!r}")
    if option.multiple:
        several = written.split(",") if isinstance(written, str) else written
        return [str(each) for each in several] if isinstance(several, list) else [str(several)]
    if isinstance(written, list) and option.metavar == "LIST":
        return ",".join(str(each).lower() if isinstance(each, bool) else str(each) for each in written)
    if isinstance(written, bool) and option.metavar == "LIST":
        return str(written).lower()
    if not isinstance(written, str | int | float) or isinstance(written, bool):
        raise InputError(f"{setting.origin}: `{spelling(option)}` takes one value, not {written!r}")
    return str(written)
