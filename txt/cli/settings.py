"""The user's own defaults: txt.toml in the folder and environment variables TXT_…; typed options override both.

They are read only when a command begins, so that help and completion work even if the file is broken. Values
go through the same checks as typed options; a file can only set values of options, and do nothing else. Since it lies
in a folder that may come from elsewhere, it sets how something is done, and never where to or from whom; what it set is
said, and a file that is new or has changed is asked about once.
"""

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup, TyperOption

from txt.cli.consent import require_consent
from txt.cli.console import say
from txt.consent import ALLOWED, TRUSTED_DATA
from txt.errors import InputError, did_you_mean, nearest
from txt.files import read_small_file_about
from txt.option_schema import parse_toml
from txt.sanitize import sanitize

FILE = Path("txt.toml")
WITHOUT = "TXT_NO_CONFIG"
"""If this variable is 1, the file and all other variables are ignored; txt sets it for the processes it starts."""

_PREFIX = "TXT_"
TRUST = "TXT_TRUST_SETTINGS"
"""If this variable is 1, the file is obeyed without a question: for scripts, which have no terminal to ask on."""

_OTHERS = ("TXT_DEBUG", "TXT_TOKEN", "TXT_LLM_KEY", WITHOUT, TRUST, ALLOWED, TRUSTED_DATA)
_TYPED_EACH_TIME = ("yes", "force", "overwrite")
"""Options that remove or replace something: they have to be typed, and cannot be set in a file."""

_WHERE_OR_WHOM = frozenset(
    (
        *("out", "to", "svg", "export", "to_label", "store", "label_store", "storage", "space", "rules", "stopwords"),
        *("config", "import_from", "merge", "merge_as", "from_study", "resume", "recover", "pretrained", "model"),
        *(
            "masked_model",
            "translators",
            "check",
            "guide",
            "llm_url",
            "llm_model",
            "host",
            "port",
            "token_file",
            "log_to",
        ),
    )
)
"""Options that say where something goes or comes from: they are typed, or set by a variable, and not by a file."""

_TRAINED_TOKENIZERS = ("wordpiece", "bpe")
_MOST_BYTES = 1 << 20  # of the file

CommandPath = tuple[str, ...]
"""The words that call a command, without `txt`: `("runs", "show")`."""


@dataclass(frozen=True)
class Setting:
    """The value set for an option: a TOML value or the text of a variable, and where it was set."""

    written: Any
    origin: str


@dataclass(frozen=True)
class SettingsFile:
    """The file as it was read, once: what is asked about is what is obeyed, whoever changes it meanwhile."""

    content: bytes
    owner: int
    mode: int


def list_settable_options(root: TyperGroup) -> dict[CommandPath, list[TyperOption]]:
    """Return the options that can be set for each command."""
    return {path: _list_settable(command) for path, command in _walk_commands(root, ())}


def read_settings(root: TyperGroup, file: SettingsFile | None = None) -> dict[CommandPath, dict[str, Setting]]:
    """Return the settings of each command, by the names of its parameters; variables override the file.

    `file` is read anew where it was not read before. A key outside of a table, and a variable without the name of a
    command, set the option of every command that has it.

    Raises:
        InputError: the file is not valid TOML, or a name is unknown (the nearest one is suggested).
    """
    if os.environ.get(WITHOUT) == "1":
        return {}
    variables = {name: text for name, text in sorted(os.environ.items()) if name.startswith(_PREFIX) and text}
    for name in _OTHERS:
        variables.pop(name, None)
    file = file or read_settings_file()
    if not variables and file is None:
        return {}
    names = {path: _map_names(options) for path, options in list_settable_options(root).items()}
    found: dict[CommandPath, dict[str, Setting]] = {path: {} for path in names}
    if file is not None:
        _read_table(parse_toml(file.content, FILE), (), names, found)
    for everywhere in (True, False):
        for name, text in variables.items():
            _read_variable(name, text, names, found, everywhere)
    return found


def find_unknown_variables(root: TyperGroup) -> list[str]:
    """Return the variables TXT_… that do not match an option of any command."""
    names = {path: _map_names(options) for path, options in list_settable_options(root).items()}
    general = set().union(*names.values())
    variables = [name for name in sorted(os.environ) if name.startswith(_PREFIX) and name not in _OTHERS]
    return [name for name in variables if _match_command(name, names) is None and _normalize_name(name) not in general]


def apply_settings(context: typer.Context) -> None:
    """Apply the settings to the parameters of a command that were not typed.

    Raises:
        InputError: a name or a value is wrong.
    """
    root = context.find_root().command
    assert isinstance(root, TyperGroup)
    file = None if os.environ.get(WITHOUT) == "1" else read_settings_file()
    found = read_settings(root, file).get(get_command_path(context), {})
    options = {option.name: option for option in _list_settable(context.command)}
    origins = context.meta.setdefault("txt.origins", {})
    used = {name: setting for name, setting in found.items() if name not in find_typed_names(context)}
    written = {spell_option(options[name]): each.written for name, each in used.items() if _is_from_file(each)}
    if written and file is not None:
        _check_trust(file)
    for name, setting in used.items():
        context.params[name] = convert_setting(options[name], setting, context, context.command)
        origins[name] = setting.origin
    if written:
        said = ", ".join(f"{name} = {value!r}" for name, value in written.items())
        say(sanitize(f"{FILE} sets {said}"))


def _is_from_file(setting: Setting) -> bool:
    return setting.origin == f"`{FILE}`"


def read_settings_file() -> SettingsFile | None:
    """Return the file; None where there is none.

    Raises:
        InputError: it is too large, cannot be read, or is not a plain file.
    """
    if not os.path.lexists(FILE):
        return None
    content, about = read_small_file_about(FILE, _MOST_BYTES)
    return SettingsFile(content, about.st_uid, about.st_mode)


def _check_trust(file: SettingsFile) -> None:
    """Refuse a file that others may write, and ask about one that is new or has changed.

    Raises:
        InputError: it is not to be obeyed.
    """
    if os.environ.get(TRUST) == "1":
        return
    leave_aside = f"{WITHOUT}=1 leaves it aside, {TRUST}=1 obeys it"
    if file.owner not in (os.geteuid(), 0):
        raise InputError(f"`{FILE}` belongs to another user, and is not obeyed", leave_aside)
    if file.mode & stat.S_IWOTH:
        raise InputError(f"`{FILE}` may be written by every user of this machine, and is not obeyed", leave_aside)
    digest = hashlib.sha256(file.content).hexdigest()
    require_consent(
        "settings",
        (str(FILE.resolve()), digest),
        f"`{FILE}` in this folder is new to txt, or has changed",
        "Obey it from now on? (`txt config` shows what it sets)",
        leave_aside,
    )


def get_setting_origins(context: typer.Context) -> Mapping[str, str]:
    """Return the origin of each parameter that has its value from a setting."""
    return context.meta.get("txt.origins", {})  # type: ignore[no-any-return]


def find_typed_names(context: typer.Context) -> frozenset[str]:
    """Return the parameters that were typed."""
    sources = {option.name: context.get_parameter_source(option.name) for option in context.command.params}
    return frozenset(name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE")


def get_command_path(context: typer.Context) -> CommandPath:
    """Return the words that called a command."""
    if context.parent is None:
        return ()
    parent: Any = context.parent
    return (*get_command_path(parent), str(context.info_name))


def spell_option(option: TyperOption) -> str:
    """Return the name under which an option is written in the file."""
    return _normalize_name(next(flag for flag in option.opts if flag.startswith("--")))


def convert_setting(option: TyperOption, setting: Setting, context: typer.Context, command: Any) -> Any:
    """Return a setting as the value of an option of `command`.

    Raises:
        InputError: the option does not accept it.
    """
    try:
        return option.process_value(context, _convert_written(option, setting, _takes_list(option, command)))
    except typer.TyperException as error:
        raise InputError(
            f"{setting.origin}: `{spell_option(option)}` is {setting.written!r}: {_extract_reason(error)}"
        ) from None


def _extract_reason(error: typer.TyperException) -> str:
    return error.format_message().partition(": ")[2].rstrip(".") or error.format_message()


def _walk_commands(group: TyperGroup, path: CommandPath) -> Iterator[tuple[CommandPath, Any]]:
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, TyperGroup):
            yield from _walk_commands(command, (*path, name))


def _list_settable(command: Any) -> list[TyperOption]:
    return [
        option
        for option in command.params
        if isinstance(option, TyperOption) and not option.required and option.name not in _TYPED_EACH_TIME
    ]


def _map_names(options: Sequence[TyperOption]) -> dict[str, str]:
    """Return each name under which an option may be written, with its parameter's."""
    names = {option.name: option.name for option in options if not option.name.startswith("as_")}
    return names | {
        _normalize_name(flag): option.name for option in options for flag in option.opts if flag.startswith("--")
    }


def _normalize_name(name: str) -> str:
    return name.removeprefix(_PREFIX).strip("-").replace("-", "_").lower()


def _read_table(
    table: Mapping[str, Any],
    path: CommandPath,
    names: Mapping[CommandPath, Mapping[str, str]],
    found: dict[CommandPath, dict[str, Setting]],
) -> None:
    """Add the settings of a table of the file: its values first, then its tables, which are more specific."""
    for written, value in sorted(table.items(), key=lambda item: isinstance(item[1], dict)):
        if isinstance(value, dict):
            if (*path, written) not in names:
                raise _build_command_error((*path, written), names)
            _read_table(value, (*path, written), names, found)
            continue
        meant = [path] if path else [each for each in names if _normalize_name(written) in names[each]]
        for each in meant:
            if _normalize_name(written) not in names[each]:
                raise _build_option_error(f"`{FILE}`: [{'.'.join(path)}]", written, names[each])
            _refuse_where_or_whom(each, names[each][_normalize_name(written)], value)
            found[each][names[each][_normalize_name(written)]] = Setting(value, f"`{FILE}`")
        if not meant:
            raise _build_option_error(f"`{FILE}`: txt", written, set().union(*names.values()))


def _refuse_where_or_whom(path: CommandPath, option: str, value: Any) -> None:
    """Refuse to let the file say where something goes or comes from; a tokenizer's name may be one of a hub.

    Raises:
        InputError: it does.
    """
    says_where = option in _WHERE_OR_WHOM or (path, option) == (("eval",), "data")
    if says_where or (option == "tokenizer" and value not in _TRAINED_TOKENIZERS):
        raise InputError(
            f"`{FILE}` cannot set `{option}`, which says where something goes or comes from",
            f"type it, or set the variable {'_'.join((*path, option)).upper().join(('TXT_', ''))}",
        )


def _read_variable(
    name: str,
    text: str,
    names: Mapping[CommandPath, Mapping[str, str]],
    found: dict[CommandPath, dict[str, Setting]],
    everywhere: bool,
) -> None:
    """Add the setting of a variable: with `everywhere` only those for all commands, else only those for one command."""
    path = _match_command(name, names)
    option = _normalize_name(name)[len("_".join(path)) + 1 :] if path else ""
    everyones = [each for each in names if _normalize_name(name) in names[each]]
    if path and option in names[path]:
        if not everywhere:
            found[path][names[path][option]] = Setting(text, name)
    elif everyones:
        for each in everyones if everywhere else ():
            found[each][names[each][_normalize_name(name)]] = Setting(text, name)
    elif path:
        close = nearest(option, names[path])
        better = "_".join(("TXT", *path, close or "")).upper()
        raise InputError(
            f"{name}: `txt {' '.join(path)}` has no option `{option}`", f"did you mean {better}?" if close else None
        )


def _match_command(name: str, names: Mapping[CommandPath, Any]) -> CommandPath | None:
    """Return the command that a variable's name begins with, the longest of several."""
    begun = [path for path in names if _normalize_name(name).startswith("_".join(path) + "_")]
    return max(begun, key=len, default=None)


def _build_command_error(path: CommandPath, names: Mapping[CommandPath, Any]) -> InputError:
    close = nearest(".".join(path), [".".join(each) for each in names])
    hint = f"did you mean [{close}]?" if close else "`txt --help` lists the commands"
    return InputError(f"`{FILE}`: there is no command for the table [{'.'.join(path)}]", hint)


def _build_option_error(where: str, written: str, known: Any) -> InputError:
    if _normalize_name(written) in _TYPED_EACH_TIME:
        return InputError(f"{where} cannot set `{written}`", "what removes or replaces something must be typed")
    return InputError(f"{where} has no option `{written}`", did_you_mean(_normalize_name(written), known))


def _takes_list(option: TyperOption, command: Any) -> bool:
    """Tell whether an option is one of those that a command `takes` as lists of values."""
    return option.name in getattr(command.callback, "listed", ())


def _convert_written(option: TyperOption, setting: Setting, takes_list: bool) -> Any:
    """Return what was written as the command line would have it.

    Raises:
        InputError: it is a boolean where another value is needed, or the reverse; or a list where one value is needed.
    """
    written, from_file = setting.written, _is_from_file(setting)
    if option.is_bool_flag:
        yes, no = ("true", "1", "yes", "on"), ("false", "0", "no", "off")
        if isinstance(written, bool) or (not from_file and written.lower() in (*yes, *no)):
            return written if isinstance(written, bool) else written.lower() in yes
        raise InputError(f"{setting.origin}: `{spell_option(option)}` must be true or false, not {written!r}")
    if option.multiple:
        several = written.split(",") if isinstance(written, str) else written
        return [str(each) for each in several] if isinstance(several, list) else [str(several)]
    if isinstance(written, list) and takes_list:
        return ",".join(str(each).lower() if isinstance(each, bool) else str(each) for each in written)
    if isinstance(written, bool) and takes_list:
        return str(written).lower()
    if not isinstance(written, str | int | float) or isinstance(written, bool):
        raise InputError(f"{setting.origin}: `{spell_option(option)}` takes one value, not {written!r}")
    return str(written)
