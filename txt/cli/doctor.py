"""`txt doctor`: checks the installation and the machine, and says how to fix what is missing."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from txt.cli.console import make_literal, out, print_json, say

if TYPE_CHECKING:
    from txt.installation.finding import Finding

_MARKS = {"ok": ("✓", "green"), "note": ("•", "yellow"), "problem": ("✗", "bold red")}
_NAME_WIDTH = 16


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("doctor")(doctor)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON on stdout.")] = False,
) -> int:
    """Look at versions, machine, disk, extras and terminal, and say what to do about each.

    It is safe to paste into a bug report: it has no names, no paths in your home, and nothing of your data. The exit
    code is 1 if something that txt needs is missing.

    Example: `txt doctor` or `txt doctor --json`
    """
    from txt.installation.checkup import collect_findings
    from txt.installation.finding import PROBLEM

    found = list(collect_findings(out.color_system))
    problems = sum(one.state == PROBLEM for one in found)
    if as_json:
        print_json({"format": 1, "problems": problems, "findings": [one.to_json() for one in found]})
        return int(problems > 0)
    section = ""
    for one in found:
        if one.section != section:
            section = one.section
            out.print(make_literal(section, style="bold"))
        out.print(_format_finding(one), soft_wrap=True)
    say(_summarize_findings(problems, sum(one.state == "note" for one in found)))
    return int(problems > 0)


def _format_finding(finding: "Finding") -> Text:
    """Return a finding as a line, with its advice on a second line."""
    told = finding.to_json()
    mark, style = _MARKS[finding.state]
    line = Text(f"  {mark} ", style=style)
    line.append_text(make_literal(f"{told['name']:<{_NAME_WIDTH}} {told['value']}", style="default"))
    if told["advice"]:
        line.append("\n" + " " * (_NAME_WIDTH + 5))
        line.append_text(make_literal(told["advice"], style="dim"))
    return line


def _summarize_findings(problems: int, notes: int) -> str:
    if problems:
        return f"\n{problems} to fix (✗), {notes} to know about (•)"
    return f"\nall that txt needs is here; {notes} to know about (•)" if notes else "\nall that txt needs is here"
