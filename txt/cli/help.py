"""Help in plain text, its options in groups.

Typer's own Rich help loads a Markdown parser and a syntax highlighter, and takes longer than all else `txt` does to
show it. This one needs neither, reads the same in a pipe, and fits 80 columns.
"""

import os
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from txt.cli.settings import apply_settings

_COMPLETING = "_TXT_COMPLETE"
"""The variable with which a shell asks for completions; without it, nothing has to be ready for them."""


class GroupedCommand(TyperCommand):
    """A command whose help shows each option under its group, those without one first."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; options that were not typed take their settings."""
        apply_settings(ctx)
        return super().invoke(ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the typed words; when a shell asks for completions, keep them for what is completed."""
        if ctx.resilient_parsing:
            from txt.cli.completion import TYPED

            ctx.meta[TYPED] = list(args)
        return super().parse_args(ctx, args)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options, in sections."""
        sections: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                is_argument = parameter.param_type_name == "argument"
                group = getattr(parameter, "rich_help_panel", None) or ("Arguments" if is_argument else "Options")
                sections[group].append(record)
        for title in sorted(sections, key=lambda title: title not in ("Arguments", "Options")):
            with formatter.section(title):
                formatter.write_dl(sections[title], col_max=34)


class SettableGroup(TyperGroup):
    """A group of commands whose own options can be set, as those of its commands."""

    def invoke(self, ctx: Any) -> Any:
        """Run the group; options that were not typed take their settings."""
        if ctx.parent is not None:
            apply_settings(ctx)
        return super().invoke(ctx)


class App(typer.Typer):
    """A Typer app with plain help, whose commands group their options."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(cls=SettableGroup, rich_markup_mode=None, pretty_exceptions_enable=False, **settings)

    def command(self, name: str | None = None, **settings: Any) -> Any:
        """Register a command, whose parameters a shell can complete."""
        register = super().command(name, cls=GroupedCommand, **settings)

        def connect(command: Callable[..., Any]) -> Callable[..., Any]:
            if _COMPLETING in os.environ:
                from txt.cli.completion import connect_completion

                connect_completion(command)
            return register(command)

        return connect
