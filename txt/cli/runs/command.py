"""`txt runs`: lists, compares, annotates, exports and removes runs."""

import sys
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from txt.cli.console import make_literal, out, print_json, say
from txt.cli.help import App
from txt.cli.runs.arguments import JsonOption, RunArgument, RunsArgument, YesOption
from txt.cli.runs.compare import compare
from txt.cli.runs.export import export, plot
from txt.cli.runs.show import show
from txt.cli.terminal import has_terminal
from txt.errors import InputError
from txt.wording.run_table import format_runs, format_size

if TYPE_CHECKING:
    from txt.runs.summary import RunSummary


def register(app: typer.Typer) -> None:
    """Add the command with its own commands to the app."""
    runs = App()
    runs.callback(invoke_without_command=True)(list_runs)
    for name, command in (
        ("show", show),
        ("compare", compare),
        ("export", export),
        ("plot", plot),
        ("rename", rename),
        ("tag", tag),
        ("note", note),
        ("rm", remove),
        ("prune", prune),
    ):
        runs.command(name)(command)
    app.add_typer(runs, name="runs")


def list_runs(
    context: typer.Context,
    *,
    sort: Annotated[
        str, typer.Option(help="`when`, `name`, `state`, `data`, `best`, `test`, `duration` or `size`.")
    ] = "when",
    reverse: Annotated[bool, typer.Option("--reverse", help="Reverse the order.")] = False,
    terms: Annotated[
        str, typer.Option("--filter", metavar="TERMS", help="Words, or comparisons: `lr>=0.001 best>0.8 kettle`.")
    ] = "",
    state: Annotated[list[str] | None, typer.Option(help="Only runs in this state; several times for more.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only runs with this tag.")] = None,
    data: Annotated[str | None, typer.Option(help="Only runs on data whose name contains this.")] = None,
    interactive: Annotated[
        bool, typer.Option("-i", "--interactive", help="A screen to look through, compare and tidy up.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Every run kept: state, data, what differs from the defaults, scores, notes and tags.

    A ★ marks the best of several runs on the same data by the same metric. Folders that are not runs are listed too.

    Example: `txt runs --sort best --data reviews` or `txt runs compare 001 002`
    """
    if context.invoked_subcommand is not None:
        return
    from txt.runs.listing import filter_runs, sort_runs
    from txt.runs.summary import find_leaders, summarize_runs

    if interactive:
        _open_screen(sort, reverse, " ".join(_build_filter_terms(terms, state or [], tag or [], data)))
        return
    runs = summarize_runs()
    chosen = sort_runs(filter_runs(runs, terms, state or (), tag or (), data), sort, reverse)
    if as_json:
        print_json({"runs": [run.to_json() for run in chosen]})
        return
    if chosen:
        out.print(Text("\n").join(format_runs(chosen, out.width, _get_now(), find_leaders(runs))), soft_wrap=True)
    say(_describe_count(len(chosen), len(runs)))


def _open_screen(sort: str, reverse: bool, terms: str) -> None:
    """Run the screen, which needs a terminal on both sides."""
    from txt.runs.listing import filter_runs, sort_runs

    sort_runs(filter_runs((), terms), sort)  # raises the errors of wrong terms before the screen opens
    if not has_terminal():
        raise InputError("-i needs a terminal", "without it, `txt runs` prints the table")
    from txt.screens.hold_terminal import hold_terminal, say_what_goes_on

    with hold_terminal(say_what_goes_on("reading the runs …")):
        from txt.screens.runs.screen import RunsApp, RunsScreen

        RunsApp(RunsScreen(by=sort, reverse=reverse, terms=terms)).run()


def _build_filter_terms(terms: str, states: list[str], tags: list[str], data: str | None) -> Iterator[str]:
    """Yield the terms of the screen's filter that have the same effect as the options."""
    if len(states) > 1:
        raise InputError("-i takes one --state", "the screen's filter can be changed with /")
    yield from [terms] if terms else []
    yield from [f"state={state}" for state in states]
    yield from [f"tag={tag}" for tag in tags]
    yield from [data] if data else []


def rename(run: RunArgument, name: Annotated[str, typer.Argument(help="The new name.", show_default=False)]) -> None:
    """Give a run another name.

    Example: `txt runs rename 003 balanced`
    """
    from txt.runs.folder import Run
    from txt.runs.pruning import check_idle, find_borrowers
    from txt.runs.summary import summarize, summarize_runs

    found = Run.open(run)
    summary = summarize(found.path)
    check_idle(summary)
    others = find_borrowers(summary, summarize_runs(found.path.parent))
    if others:
        raise InputError(
            f"`{others[0].name}` trained on the data inside run `{found.name}`, and would no longer find it",
            "keep the name, and say more in a note: txt runs note",
        )
    say(f"{found.name} is now {found.rename(name).name}")


def tag(
    run: RunArgument,
    tags: Annotated[
        list[str] | None, typer.Argument(metavar="[TAG...]", help="Tags to add.", show_default=False)
    ] = None,
    *,
    remove: Annotated[list[str] | None, typer.Option("--remove", "-r", help="A tag to take away.")] = None,
) -> None:
    """Add tags to a run, take others away, and print those it has. `keep` protects it from `prune`.

    Example: `txt runs tag 003 keep paper --remove draft`
    """
    from txt.runs.folder import Run
    from txt.runs.notes import change_tags, read_notes

    path = Run.open(run).path
    notes = change_tags(path, tuple(tags or ()), tuple(remove or ())) if tags or remove else read_notes(path)
    out.print(make_literal(" ".join(notes.tags)))


def note(
    run: RunArgument,
    text: Annotated[list[str] | None, typer.Argument(metavar="[TEXT]", help="The note.", show_default=False)] = None,
    *,
    clear: Annotated[bool, typer.Option("--clear", help="Remove the note.")] = False,
) -> None:
    """Write a note on a run, or print the one it has.

    Example: `txt runs note 003 "higher dropout, as Anna proposed"`
    """
    from txt.runs.folder import Run
    from txt.runs.notes import read_notes, write_note

    path = Run.open(run).path
    if clear and text:
        raise InputError("--clear removes the note, and takes no text")
    notes = write_note(path, " ".join(text or ())) if text or clear else read_notes(path)
    out.print(make_literal(notes.note))


def remove(runs: RunsArgument, *, yes: YesOption = False) -> None:
    """Remove runs, with their models and checkpoints.

    Example: `txt runs rm 003 004`
    """
    from txt.runs.pruning import check_removable, describe_importance
    from txt.runs.summary import find, summarize_runs

    chosen = [find(name) for name in dict.fromkeys(runs)]
    every = summarize_runs()
    for run in chosen:
        check_removable(run, every, [other.path for other in chosen])
    _show_runs(chosen)
    for run in chosen:
        for reason in describe_importance(run, every):
            say(f"{run.name} is {reason}")
    _remove_runs(chosen, yes)


def prune(
    *,
    keep_best: Annotated[int, typer.Option(min=0, help="Runs kept of each data and metric.", show_default=False)],
    yes: YesOption = False,
) -> None:
    """Remove all runs but the best, by their score on val.

    Of each data and metric the best are kept. What runs, is tagged `keep`, is the newest or the best of a study stays,
    and so does a run whose data another one trained on. Folders that are not runs are left alone.

    Example: `txt runs prune --keep-best 5`
    """
    from txt.runs.pruning import pruning
    from txt.runs.summary import summarize_runs

    plan = pruning(summarize_runs(), keep_best)
    if not plan.removed:
        say("there is nothing to remove")
        return
    _show_runs(plan.removed)
    reasons: dict[str, list[str]] = {}
    for path, reason in plan.kept.items():
        reasons.setdefault(reason, []).append(path.name)
    for reason, names in reasons.items():
        say(f"stays: {', '.join(names)} ({reason})")
    _remove_runs(plan.removed, yes)


def _remove_runs(chosen: "list[RunSummary]", yes: bool) -> None:
    """Ask, and remove."""
    from txt.runs.folder import Run
    from txt.runs.pruning import check_idle
    from txt.runs.summary import summarize

    freed = format_size(sum(run.size for run in chosen))
    many = f"{len(chosen)} runs" if len(chosen) > 1 else chosen[0].name
    if not confirm_removal(f"Remove {many}, {freed}?", yes):
        say("nothing was removed")
        return
    for run in chosen:
        check_idle(summarize(run.path))  # it may have been resumed meanwhile
        with Run(run.path).lock():
            Run(run.path).delete()
    say(f"removed {many}, {freed}")


def confirm_removal(question: str, yes: bool) -> bool:
    """Ask before something is removed.

    Raises:
        InputError: there is no one to ask, and --yes was not given.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise InputError(f"{question} There is no terminal to ask on", "--yes answers it; nothing was removed")
    return typer.confirm(question, err=True)


def _show_runs(runs: "list[RunSummary]") -> None:
    from txt.cli.console import talk

    for line in format_runs(runs, talk.width, _get_now()):
        talk.print(line)


def _describe_count(shown_runs: int, all_runs: int) -> str:
    if not all_runs:
        return "there is no run here yet; `txt train DATA` makes one"
    many = "run" if all_runs == 1 else "runs"
    return f"\n{all_runs:,} {many}" if shown_runs == all_runs else f"\n{shown_runs:,} of {all_runs:,} {many}"


def _get_now() -> datetime:
    return datetime.now().astimezone()
