"""`txt label`: label a data file by keyboard, and export it with its labels."""

import gc
import os
import re
import shlex
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from txt.cli.console import out as stdout
from txt.cli.console import print_json, say
from txt.cli.formulas import EscapeFormulas, escape_and_report
from txt.cli.label.active import begin_guided_session, check_active, open_active_learning
from txt.cli.label.exchange import export_labels, import_labels
from txt.cli.label.guide import open_guide
from txt.cli.label.review import begin_review, merge_store
from txt.cli.label.rules import add_declared_classes, check_rules_file, judge_rules, show_rules, suggest_by_rules
from txt.cli.label.suggest import (
    check_suggest,
    check_suggestions,
    give_rules,
    open_llm,
    open_suggester,
    show_llm_request,
    tell_where_texts_go,
)
from txt.cli.options import DataArgument, GivenOptions, takes
from txt.cli.terminal import has_screen
from txt.config import READING, LabelConfig, PrepareConfig
from txt.data.reading.kinds.spreadsheet_copy import ENDINGS
from txt.data.reading.source import check_file, join_paths, name_output, split_paths
from txt.errors import InputError, TxtError
from txt.option_schema import build_config, list_options
from txt.sanitize import sanitize

if TYPE_CHECKING:
    from txt.labeling.active.active_learning import ActiveLearning
    from txt.labeling.answers import Propose
    from txt.labeling.guide import Guide
    from txt.labeling.open_labels import OpenLabels
    from txt.labeling.row_states import RowStates
    from txt.labeling.session import LabelSession
    from txt.labeling.suggest.suggester import Suggester

_COLUMNS = (*READING, "split_column")
_UNUSED = tuple(name for name in list_options(PrepareConfig) if name not in (*_COLUMNS, *list_options(LabelConfig)))
_INSTEAD = "Instead of labeling"


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("label")(label)


@takes(LabelConfig, PrepareConfig, without=_UNUSED)
def label(
    data: DataArgument,
    *,
    plain: Annotated[bool, typer.Option("--plain", help="Ask line by line: for pipes and screen readers.")] = False,
    export: Annotated[
        Path | None,
        typer.Option(help="Write the data file with label columns to this file.", rich_help_panel=_INSTEAD),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Let --export replace any file, --import any label.",
            rich_help_panel=_INSTEAD,
        ),
    ] = False,
    escape_formulas: EscapeFormulas = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Show how good the --rules or all sources of --suggest are.", rich_help_panel=_INSTEAD
        ),
    ] = False,
    stats: Annotated[
        bool, typer.Option("--stats", help="Show counts, people and pace.", rich_help_panel=_INSTEAD)
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print --stats or --check as JSON on stdout.", rich_help_panel=_INSTEAD)
    ] = False,
    recover: Annotated[
        bool, typer.Option("--recover", help="Save what can be read of a damaged store.", rich_help_panel=_INSTEAD)
    ] = False,
    given: GivenOptions,
) -> None:
    """Label texts by keyboard: one key labels, saves and moves on.

    Every decision is on disk before the next text shows, in DATA.labels.db beside the data file. Undo goes back without
    limit, in the next sitting too. On the screen `?` lists the keys.

    Example: `txt label reviews.csv --labels positive,negative`, then `txt label reviews.csv --export labeled.csv`
    """
    given = GivenOptions(given.with_settings())
    simulates = bool(given.get("simulate"))
    dry_run = bool(given.get("llm_dry_run"))
    looks_only = bool(export or check or stats or as_json or simulates or dry_run)
    on_screen = not (recover or looks_only) and has_screen(plain)
    if on_screen:
        gc.disable()  # objects made at the start are not garbage; the screen turns collection on again
    from txt.data.reading.how_read import ReadingOptions

    config = add_declared_classes(build_config(LabelConfig, given))
    if check and config.rules is None and config.suggest is None:
        raise InputError("--check shows how good rules are, and there are none", "--rules rules.toml")
    check_suggest(config, "blind" in given, looks_only, check or dry_run)
    if plain and given.get("fast"):
        raise InputError("--fast is about the keys of the screen, and --plain has none", "leave out one of them")
    if config.probable and export is None:
        raise InputError("--probable is about the labels of an export", "--export FILE --probable")
    asked = ReadingOptions.of(given)
    source = Path(join_paths(data))
    if not recover and config.import_from is None:
        check_file(source)
    from txt.labeling.open_labels import open_labels
    from txt.labeling.store.journal import store_path
    from txt.labeling.store.store_file import DamagedStoreError, explain_store_errors

    store = config.store or store_path(source)
    if recover:
        _recover_store(store)
        return
    if config.import_from is not None:
        import_labels(source, config, asked, overwrite, _read_all)
        return
    pattern = _compile_pattern(config.highlight) if config.highlight else None
    check_active(config)
    guide = None
    if not looks_only or config.suggest is not None:
        guide, config = open_guide(source, config, asked)
    if not looks_only:
        check_rules_file(source, config, asked)
    need_store = config.rules is None and config.suggest is None and config.format is None and not simulates
    wish: str | None = "label"
    while wish:
        need_classes = not on_screen or config.review  # the screen asks for them
        wish = None
        try:
            with closing(
                open_labels(
                    source, config, asked, write=not looks_only, need_store=need_store, need_classes=need_classes
                )
            ) as opened:
                _tell_reading(opened)
                if simulates:
                    from txt.cli.label.simulate import simulate

                    _read_all(opened)
                    simulate(opened, given.get("split_column"), as_json)
                elif dry_run:
                    show_llm_request(opened, guide)
                elif looks_only:
                    with explain_store_errors(opened.journal.path):
                        _export_or_show(opened, export, overwrite, check, stats, as_json, guide, given)
                    if export is not None and escape_formulas:
                        escape_and_report(export)
                elif config.merge is not None and not config.review:
                    merge_store(opened, config.merge, config.merge_as, _read_all)
                else:
                    wish = _run_labeling(opened, given, [pattern] if pattern else [], on_screen, need_classes, guide)
        except DamagedStoreError as error:
            raise _add_readable_count(store, error) from error
        if wish:  # the file has a label in every row, and the screen offered to begin again
            config = replace(config, active=False, review=wish == "review", relabel=wish == "relabel" or config.relabel)


def _run_labeling(
    opened: "OpenLabels",
    given: GivenOptions,
    highlight: list[re.Pattern[str]],
    on_screen: bool,
    need_classes: bool,
    guide: "Guide | None",
) -> str | None:
    """Merge another store if asked to, then run a labeling session on the screen or line by line.

    Returns the option with which the user wishes to begin again, if any.
    """
    config = opened.config
    if config.merge is not None:
        merge_store(opened, config.merge, config.merge_as, _read_all)
    if config.active or config.review or config.suggest is not None or not on_screen:
        _read_all(opened)
    split = given.get("split_column")
    with open_active_learning(opened, split) as active, open_suggester(opened, guide, split) as suggester:
        if suggester is not None and "llm" in suggester.options.sources:
            tell_where_texts_go(opened.config)
        session = _begin_session(opened, active, suggester, given, need_classes)
        if on_screen:
            return _label_on_screen(opened, session, highlight, active, suggester, guide)
        _label_plainly(opened, session, active, suggester, guide)
    return None


def _begin_session(
    opened: "OpenLabels",
    active: "ActiveLearning | None",
    suggester: "Suggester | None",
    given: GivenOptions,
    need_classes: bool,
) -> "LabelSession":
    """Begin a session: a review, active learning, or labeling in the order of the file."""
    if opened.config.review:
        return begin_review(opened, given.get("split_column"), given.get("model"))
    return begin_guided_session(opened, active, need_classes, suggester)


def _label_plainly(
    opened: "OpenLabels",
    session: "LabelSession",
    active: "ActiveLearning | None",
    suggester: "Suggester | None",
    guide: "Guide | None",
) -> None:
    from txt.labeling.plain import PlainLabeling

    def write(what: str) -> None:
        sys.stdout.write(what)
        sys.stdout.flush()

    _tell_unmatched(session.states)
    if suggester is not None and "rules" in suggester.options.sources:
        give_rules(opened, session, suggester)
    elif opened.config.rules is not None and not opened.config.review:
        suggest_by_rules(opened, session, active)
    llm = None if suggester is None else open_llm(opened, session, suggester, guide, say)
    try:
        PlainLabeling(session, sys.stdin, write, active, guide, suggester, llm).run()
    finally:
        if llm is not None:
            llm.close()
            say(llm.describe())
    _end_session(opened, session)


def _label_on_screen(
    opened: "OpenLabels",
    session: "LabelSession",
    highlight: list[re.Pattern[str]],
    active: "ActiveLearning | None",
    suggester: "Suggester | None",
    guide: "Guide | None",
) -> str | None:
    from txt.screens.label.early_paint import early_paint

    os.environ.setdefault("TEXTUAL_FPS", "120")  # Textual paints on a clock; a label must not wait for its next tick
    data = opened.rows.path
    with early_paint(session):
        from txt.screens.label.app import LabelApp
        from txt.screens.label.leave_questions import Restart, TrainNow
        from txt.screens.label.options import LabelScreenOptions

        kept = None if opened.rows.index.complete and not opened.kept.exists() else opened.kept
        sitting = LabelScreenOptions(
            opened.asked,
            kept,
            Path(_name_export(data).name),
            highlight,
            opened.config.rules,
            active,
            opened.config.fast,
            opened.config.goal,
            guide,
            suggester,
        )
        app = LabelApp(session, sitting)
        llm = None if suggester is None else open_llm(opened, session, suggester, guide, app.labeling.tell_of_llm)
        app.labeling.llm = llm
        try:
            result = app.run(mouse=opened.config.mouse)
        finally:
            if llm is not None:
                llm.close()
    if llm is not None:
        say(llm.describe())
    if isinstance(result, Restart):
        session.leave()
        return result.option
    if isinstance(result, Path):
        say(f"Exported to {result}")
    _end_session(opened, session)
    if isinstance(result, TrainNow):
        _train_on_labels(opened)
    return None


def _train_on_labels(opened: "OpenLabels") -> None:
    """Run txt train on the data file, whose labels are those of the store beside it, with its dashboard."""
    import subprocess

    if opened.config.store is not None:
        raise InputError("labels in a --store elsewhere are not found by txt train", "--export writes them to a file")
    text_column = opened.rows.form.text_column
    column = ["--text-column", text_column] if len(opened.rows.form.columns) > 1 else []
    command = ["train", *split_paths(str(opened.rows.path)), *column]
    say(f"$ txt {shlex.join(command)}")
    code = subprocess.run([sys.executable, "-m", "txt", *command], check=False).returncode
    if code:
        raise typer.Exit(code)


def _name_export(data: Path) -> Path:
    """Return the default name of an export: the data's with `labeled` in it, not packed."""
    path = name_output(str(data), "labeled", kept=ENDINGS)
    return path.with_suffix("") if path.suffix.lower() == ".gz" else path


def _end_session(opened: "OpenLabels", session: "LabelSession") -> None:
    """End a session: release the current row, and print what was done and how to continue."""
    session.leave()
    progress, count = session.progress(), len(session.pace.sitting)
    done = f"{progress.done:,} of {progress.total:,} rows done, {progress.left:,} left"
    say(f"{'1 decision' if count == 1 else f'{count:,} decisions'} in this sitting; {done}")
    if session.pending:
        raise TxtError(f"the last {len(session.pending)} of them are not saved: {session.problem}")
    data = shlex.join(split_paths(str(opened.rows.path)))
    store = f" --store {shlex.quote(str(opened.config.store))}" if opened.config.store else ""
    rules = f" --rules {shlex.quote(str(opened.config.rules))}" if opened.config.rules else ""
    export = f"--export labeled{_name_export(opened.rows.path).suffix}"
    say(f"  txt label {data}{store}{rules} {export}    writes the file with its labels")


def _export_or_show(
    opened: "OpenLabels",
    export_to: Path | None,
    overwrite: bool,
    check: bool,
    stats: bool,
    as_json: bool,
    guide: "Guide | None",
    given: GivenOptions,
) -> None:
    """Export the labels, print rule quality or statistics, or several of these."""
    from txt.labeling.answers import propose_nothing

    _read_all(opened)
    states, classes = opened.states()
    _tell_unmatched(states)
    propose: Propose = propose_nothing
    if check and opened.config.suggest is not None:
        check_suggestions(opened, states, classes, guide, given.get("split_column"), as_json)
    elif opened.config.rules is not None and (check or export_to):
        analysis, proposals = judge_rules(opened, states, classes)
        propose = proposals.answer
        if check:
            show_rules(analysis, as_json)
    if stats or (as_json and not check):
        _show_summary(opened, states, classes, as_json)
    if export_to is not None:
        export_labels(opened, states, classes, export_to, overwrite, propose)


def _show_summary(opened: "OpenLabels", states: "RowStates", classes: list[str], as_json: bool) -> None:
    from txt.labeling.summary import summarize
    from txt.wording.labeling import format_summary

    numbers = summarize(opened.rows.path, opened.journal, states, classes)
    if as_json:
        print_json(numbers.to_json())
    else:
        stdout.print(format_summary(numbers, stdout.width))


def _read_all(opened: "OpenLabels") -> None:
    """Read a big file to its end, with a bar on stderr where it takes a while."""
    from tqdm import tqdm

    from txt.data.reading.open_rows import read_to_end

    total = opened.rows.form.locate(opened.rows.path).stat().st_size
    with tqdm(desc="reading", total=total, unit="B", unit_scale=True, leave=False, delay=0.5) as bar:
        for scanned in read_to_end(opened.rows, opened.asked, opened.kept):
            bar.update(scanned.done_bytes - bar.n)


def _tell_unmatched(states: "RowStates") -> None:
    count = len(states.unmatched)
    if count:
        say(f"{count:,} decisions are about rows that are not in the file any more; they are kept")


def _tell_reading(opened: "OpenLabels") -> None:
    """Tell what was guessed about the file, as txt prepare does."""
    for note in opened.rows.notes:
        say(f"warning: {sanitize(note)}")


def _recover_store(store: Path) -> None:
    from txt.labeling.store.recovery import recover

    if not store.exists():
        raise InputError(f"there is no label store `{store}`")
    recovered = recover(store)
    say(f"{recovered.decisions:,} decisions are saved in {store}; the damaged file is {recovered.damaged}")


def _add_readable_count(store: Path, error: TxtError) -> TxtError:
    """Return the error with the number of decisions that can be saved."""
    from txt.labeling.store.recovery import count_readable

    count = count_readable(store)
    hint = f"{count:,} decisions can still be read: --recover saves them and keeps the damaged file" if count else None
    return InputError(error.message, hint or "none of its decisions can be read: move it away, or restore a backup")


def _compile_pattern(typed: str) -> re.Pattern[str]:
    try:
        return re.compile(typed, re.IGNORECASE)
    except re.error as error:
        raise InputError(f"--highlight `{typed}` is not a regular expression: {error}") from None
