"""`txt train`: train a classifier on a data file or a prepared folder."""

import json
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from txt.cli.consent import require_consent
from txt.cli.console import say, say_if_terminal
from txt.cli.interrupt import stop_on_signals
from txt.cli.lrfind import set_found_rate
from txt.cli.options import GivenOptions, is_prepared_folder, read_config_file, refuse_prepare_options, takes
from txt.cli.stage_bar import StageBar
from txt.cli.terminal import has_screen
from txt.cli.terminal import notify as tell_desktop
from txt.cli.training_options import merge_settings, take_auto_rate
from txt.cli.watch import train_with_dashboard
from txt.config import PrepareConfig, TrainConfig
from txt.data.reading.source import check_file, join_paths, split_paths
from txt.errors import InputError, Interrupted, TxtError
from txt.extras import require_tracker
from txt.idle_options import refuse_idle_options
from txt.option_schema import build_config, list_options
from txt.recipes import get_preset_options
from txt.sanitize import sanitize
from txt.training.options import (
    LADDER_ALONE,
    ChooseTokenizer,
    build_training_options,
    choose_encoders_tokenizer,
    name_of_one_model,
)

if TYPE_CHECKING:
    from txt.data.prepared import Prepared
    from txt.runs.events import Finished
    from txt.runs.folder import Run
    from txt.training.start import Settle, Start


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("train")(train)


@takes(TrainConfig, PrepareConfig)
def train(
    source: Annotated[
        list[str] | None,
        typer.Argument(
            help="Data file or prepared folder [default: ./prepared].", metavar="[SOURCE]...", show_default=False
        ),
    ] = None,
    *,
    name: Annotated[str | None, typer.Option(help="Name of the run, a folder under `runs/` [a number].")] = None,
    preset: Annotated[
        str | None, typer.Option(help="Size of the model: `tiny`, `small`, `base` or `large`; a flag beats it.")
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            help="`auto`: the ladder; `scratch`: one small model from nothing; `guide`: the plain defaults, as with "
            "--d-model and its like."
        ),
    ] = None,
    linear: Annotated[
        bool, typer.Option("--linear", help="Only the linear model on n-grams: the same as --rungs 1.")
    ] = False,
    config: Annotated[Path | None, typer.Option(help="TOML file with options; a flag beats it.")] = None,
    from_study: Annotated[
        str | None, typer.Option(help="Take data and options from the winner of a `txt grid`.", metavar="NAME")
    ] = None,
    resume: Annotated[str | None, typer.Option(help="Continue a stopped run.", metavar="RUN")] = None,
    at_step: Annotated[int | None, typer.Option(help="With --resume: from the checkpoint at this step.")] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Lines and a bar: for pipes and screen readers.")] = False,
    notify: Annotated[bool, typer.Option("--notify", help="Ring the bell and notify when it ends.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print every event as a line of JSON on stdout.")] = False,
    given: GivenOptions,
) -> None:
    """Train classifiers, and keep the best.

    Without an option about a model, it climbs a ladder: logistic regression on n-grams, the same with vectors of a
    pretrained encoder, and the encoder fine-tuned. Each is judged on rows that it did not learn from. An option about a
    model or its training asks for that one model.

    A data file is prepared first, with the options of `txt prepare`. On a terminal the dashboard opens; the training is
    a process of its own and outlives it. Ctrl-C saves; `--resume RUN` goes on.

    Example: `txt train reviews.csv` or `txt train reviews.csv --from minilm`
    """
    data = join_paths(source) if source else None
    if linear:
        if given.get("rungs", 1) != 1:
            raise InputError("--linear and --rungs both say how far the ladder goes", "leave one of them out")
        given["rungs"] = 1
    if tracker := given.with_settings().get("log_to"):
        require_tracker(tracker)
    if resume is not None:
        fresh = [each for each in ("name", "preset", "recipe", "linear", "config", "from_study") if each in given.typed]
        begin = partial(_resume_run, data, fresh, resume, at_step, given)
    else:
        file = dict(read_config_file(config, TrainConfig, PrepareConfig))
        preset_set, recipe, options = merge_settings(preset, recipe, file, given)
        if from_study is None:
            finds = take_auto_rate(options, given)
            settle = set_found_rate if finds else _keep_options
            _refuse_recipe_on_the_ladder(preset if "preset" in given.typed else None, recipe, {**file, **given})
            training = build_training_options(preset_set, recipe, options, given, finds)
            _tell_road(name_of_one_model(preset_set, recipe, {**options, **given}, finds), data)
        else:
            from txt.cli.grid.study import require_storage_consent
            from txt.search.best_trial import find_winner
            from txt.search.study_folder import StudyFolder

            require_storage_consent(StudyFolder.open(from_study))
            data, winner = find_winner(from_study, data)
            finds = take_auto_rate(file, given)
            settle = set_found_rate if finds else _keep_options
            of_preset = get_preset_options(preset if "preset" in given.typed else None)
            training = build_config(TrainConfig, given, of_preset, file, winner)
        refuse_idle_options(training, {**file, **given, **({"learning_rate": "auto"} if finds else {})})
        preparing = _build_prepare_config(training, options, given)
        choosing = choose_encoders_tokenizer(training, {**options, **given}, name_encoder)
        begin = partial(_start_new_run, data, name, training, preparing, given, settle, choosing)
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        _train_together(partial(begin, here=True), as_json)
        return
    on_screen = has_screen(plain, as_json)
    start = begin(here=not on_screen)
    if on_screen:
        say_if_terminal(f"starting the training of {sanitize(start.run.name)} …")
        train_with_dashboard(start.run, at_step, notify)
        return
    say_if_terminal("loading torch …")
    finished = run_training(start, as_json)
    if notify:
        tell_desktop(f"{start.run.name}: {finished.status.replace('_', ' ')}")
    _conclude(start, finished, as_json)


def _train_together(begin: Callable[[], "Start"], as_json: bool) -> None:
    """Train as one of the processes that torchrun started; the first one speaks for all."""
    from txt.training.loop import train as train_events
    from txt.training.start import start_together

    start = start_together(begin)
    if os.environ.get("RANK", "0") == "0":
        _conclude(start, run_training(start, as_json), as_json)
        return
    with stop_on_signals("") as stop:
        for _ in train_events(start.run, start.prepared, stop, start.resume, start.built):
            pass


def _build_prepare_config(training: TrainConfig, options: Mapping[str, Any], given: GivenOptions) -> PrepareConfig:
    """Return the options for preparing a data file; a pretrained model brings its own tokenizer."""
    own = {"tokenizer": training.pretrained} if training.pretrained else {}
    return build_config(PrepareConfig, given, own, options)


def _refuse_recipe_on_the_ladder(preset: str | None, recipe: str | None, said: Mapping[str, Any]) -> None:
    """Refuse to name one model and the ladder in one breath."""
    names = [f"--recipe {recipe}"] if recipe in ("guide", "scratch") else []
    names += ["--preset"] if preset is not None else []
    ladder = next((list_options(TrainConfig)[name].flag for name in LADDER_ALONE if said.get(name)), None)
    if names and ladder is not None:
        raise InputError(f"{names[0]} asks for one model, and {ladder} for the ladder", "give one of them")


def _tell_road(one_model: str | None, source: str | None) -> None:
    """Say which option asks for one model, where without it the ladder would be climbed."""
    if one_model is not None and one_model != "--from":
        rest = shlex.join(["txt", "train", *(split_paths(source) if source is not None else [])])
        say(f"{one_model} asks for one model; without it, `{rest}` climbs the ladder and keeps the best of several")


def name_encoder(texts: Sequence[str]) -> str | None:
    """Return the encoder that suits some texts, and say why; None where none is installed that does."""
    from txt.model.encoders import choose_encoder

    chosen = choose_encoder(texts)
    if chosen is None:
        return None
    encoder, reason = chosen
    say(reason)
    return encoder


def _keep_options(training: TrainConfig, _prepared: "Prepared") -> TrainConfig:
    return training


def _start_new_run(
    source: str | None,
    name: str | None,
    training: TrainConfig,
    preparing: PrepareConfig,
    given: GivenOptions,
    settle: "Settle",
    choose_tokenizer: ChooseTokenizer | None = None,
    here: bool = True,
) -> "Start":
    """Make a run on a prepared folder, or on a data file that is prepared first; `here` tells who trains it."""
    from txt.runs.folder import refuse_taken_name

    if name is not None:
        refuse_taken_name(name)
    names_metric = "metric" in given.with_settings()
    if source is None or is_prepared_folder(source):
        refuse_prepare_options(given)
        say_if_terminal(f"opening {sanitize(source or 'prepared')} …")
        from txt.training.start import PREPARED, start_on_prepared

        folder = Path(source) if source else PREPARED
        with StageBar() as bar:
            start = start_on_prepared(
                folder,
                training,
                name,
                settle,
                here,
                names_metric=names_metric,
                choose_tokenizer=choose_tokenizer,
                progress=bar.advance,
                tell=lambda line: say(sanitize(line)),
            )
    else:
        check_file(source)
        say_if_terminal(f"reading {sanitize(source)} …")
        from txt.cli.data_report import say_report
        from txt.training.start import start_on_file

        with StageBar() as bar:
            start = start_on_file(
                source,
                training,
                preparing,
                name,
                bar.advance,
                say_report,
                settle,
                choose_tokenizer,
                here,
                names_metric=names_metric,
            )
    say_links(start.run)
    return start


def _resume_run(
    source: str | None, fresh: Sequence[str], run: str, at_step: int | None, given: GivenOptions, here: bool
) -> "Start":
    """Find a stopped run; options of new runs raise an error if typed, and are ignored if set."""
    from txt.consent import MODEL
    from txt.runs.folder import Run
    from txt.training.changes import refuse_changes

    if source is not None or fresh:
        extra = source if source is not None else f"--{fresh[0].replace('_', '-')}"
        raise InputError(f"--resume goes on with a run as it was started, and takes no `{extra}`")
    found = Run.open(run)
    refuse_changes(found, given)
    from txt.training.start import describe_unknown_model, find_unknown_model, resume

    if "pretrained" not in given and (model := find_unknown_model(found)):
        hint = f"txt train --resume {run} --from {model}"
        require_consent(MODEL, (model,), describe_unknown_model(found), "Fetch it from the hub?", hint)
    start = resume(run, given, at_step, here)
    say_links(start.run)
    return start


def say_links(run: "Run") -> None:
    """Say where the folders lead that are links: what a run writes there is written elsewhere."""
    from txt.runs.folder import find_linked_folders

    for link, target in find_linked_folders(run).items():
        say(f"{sanitize(str(link))} is a link: what belongs there is written to {sanitize(str(target))}")
    prepared = Path(os.path.realpath(run.prepared_path()))
    if not prepared.is_relative_to(os.path.realpath(run.project)):
        say(f"the prepared data lies elsewhere: {sanitize(str(prepared))}")


def run_training(start: "Start", as_json: bool = False) -> "Finished":
    """Train to the end or to a clean stop, and return how it ended."""
    from txt.cli.progress import TrainingBar
    from txt.runs.events import Finished
    from txt.training.loop import train as train_events

    with (
        stop_on_signals("stopping after this step; once more leaves at once") as stop,
        TrainingBar() as bar,
        closing(train_events(start.run, start.prepared, stop, start.resume, start.built)) as events,  # saves on close
    ):
        for event in bar.watch(events):
            if as_json:
                print(json.dumps(event.to_json(), allow_nan=False), flush=True)
    assert isinstance(event, Finished)
    return event


def _conclude(start: "Start", finished: "Finished", as_json: bool) -> None:
    """Print the result: scores beside the baseline and advice, or how to resume the run."""
    name = start.run.name
    if finished.status == "interrupted":
        raise Interrupted(
            f"stopped at step {finished.step:,}; everything is saved", f"txt train --resume {name} goes on"
        )
    if finished.status == "discarded":
        start.run.delete()
        raise Interrupted(f"run {name} is discarded")
    if finished.status == "diverged":
        raise TxtError(
            finished.reason or "training diverged",
            f"try --lr {start.run.config().learning_rate / 3:.1g}, or --on-divergence rollback",
        )
    if finished.status == "failed":
        raise TxtError(
            f"run {name} has no model: {finished.reason}", f"make room there, then txt train --resume {name} goes on"
        )
    if finished.reason:
        say(f"{finished.reason}; the model on the disk is that of step {finished.best_step:,}")
    say_if_terminal("evaluating it beside a baseline …")
    from txt.cli.conclusion import show_conclusion
    from txt.evaluation.conclusion import conclude

    conclusion = conclude(start.run, start.prepared)
    if not as_json:
        show_conclusion(conclusion)
    if tracker := start.run.config().log_to:
        from txt.evaluation.trackers import tell_tracker

        say(f"told to {tracker}: {sanitize(tell_tracker(tracker, start.run))}")
