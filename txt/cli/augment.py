"""`txt augment`: make more training rows from the existing ones."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from txt.cli.console import out as stdout
from txt.cli.console import print_json, say
from txt.cli.interrupt import stop_on_signals
from txt.cli.options import DataArgument, GivenOptions, takes
from txt.cli.stage_bar import StageBar
from txt.config import READING, AugmentConfig, PrepareConfig
from txt.data.reading.source import check_file, join_paths
from txt.errors import InputError, TxtError
from txt.option_schema import build_config, list_options

if TYPE_CHECKING:
    from txt.augmentation.augment import AugmentSummary
    from txt.augmentation.gain import GainLearner
    from txt.augmentation.plan import CopyPlan

_READING = (*READING, "split_column", "split_values")
_INSTEAD = "Instead of writing"


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("augment")(augment)


@takes(
    AugmentConfig,
    PrepareConfig,
    without=("methods", *(name for name in list_options(PrepareConfig) if name not in (*_READING, "seed"))),
)
def augment(
    data: DataArgument,
    *,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="File to make; its ending says the format [DATA.augmented.…].")
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(
            help="Method, `swap` or with a weight `swap:2`; repeatable [synonym, swap and delete].", metavar="NAME"
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that txt augment did not make.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask about very many copies.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was made as JSON on stdout.")] = False,
    show: Annotated[
        int | None,
        typer.Option("--preview", help="Show this many rows beside their copies.", rich_help_panel=_INSTEAD, min=1),
    ] = None,
    evaluate: Annotated[
        bool,
        typer.Option(
            "--evaluate", help="Measure whether copies help, beside plain duplicates.", rich_help_panel=_INSTEAD
        ),
    ] = False,
    learner: Annotated[
        str,
        typer.Option(
            "--with",
            help="With --evaluate: `tfidf`, or `txt` for the transformer (slower).",
            rich_help_panel=_INSTEAD,
            metavar="tfidf|txt",
        ),
    ] = "tfidf",
    given: GivenOptions,
) -> None:
    """Add copies of train rows that say the same in other words.

    Only train rows are copied, and every copy names its original (`source_id`), so that `txt prepare` keeps the two on
    one side of the split. Negations, words of opinion, addresses, mentions, hashtags, emoji and numbers stay.

    Methods: synonym, swap, delete, insert, split, keyboard, ocr, spelling, punctuation, sentence, eda,
    back-translation, contextual.

    Example: `txt augment reviews.csv -o more.csv --method synonym:2 --method delete --factor 2`
    """
    if method:
        given["methods"] = ",".join(method)
    config, reading = (
        build_config(AugmentConfig, given, given.settings),
        build_config(PrepareConfig, given, given.settings),
    )
    source = join_paths(data)
    check_file(source)
    if show is not None:
        _run_with_wordnet(lambda: _preview_copies(source, config, reading, show, as_json))
    elif evaluate:
        _run_with_wordnet(lambda: _measure_gain(source, config, reading, learner, as_json))
    else:
        target = out or _name_output(source)
        _run_with_wordnet(lambda: _write_copies(source, target, config, reading, force, yes, as_json))


def _write_copies(
    data: str, out: Path, config: AugmentConfig, reading: PrepareConfig, force: bool, yes: bool, as_json: bool
) -> None:
    from txt.augmentation.augment import augment as make
    from txt.cli.augment_report import show_summary

    check = _load_check(config)
    with stop_on_signals("stopping after this chunk …") as stop, StageBar() as bar:
        summary = make(
            data,
            out,
            config,
            reading,
            check=check,
            accept=lambda planned: _confirm_many_copies(planned, yes),
            progress=bar.advance,
            stop=stop,
            force=force,
        )
    if as_json:
        print_json(summary.to_json())
        return
    show_summary(summary)
    _say_next(summary)


def _preview_copies(data: str, config: AugmentConfig, reading: PrepareConfig, count: int, as_json: bool) -> None:
    from txt.augmentation.preview import preview_copies
    from txt.cli.augment_report import show_preview

    pairs, notes = preview_copies(data, config, reading, count, _load_check(config))
    if as_json:
        print_json([{"text": text, "copies": [copy._asdict() for copy in copies]} for text, copies in pairs])
        return
    show_preview(pairs)
    for note in notes:
        say(f"note: {note}")


def _measure_gain(data: str, config: AugmentConfig, reading: PrepareConfig, learner: str, as_json: bool) -> None:
    from txt.augmentation.gain import measure_gain
    from txt.cli.augment_report import show_gain

    gain = measure_gain(data, config, reading, say, learner=_choose_learner(learner), check=_load_check(config))
    if as_json:
        print_json(gain.to_json())
    else:
        show_gain(gain)


def _choose_learner(name: str) -> "GainLearner":
    from txt.augmentation.gain import TFIDF_LEARNER, GainLearner

    if name == "tfidf":
        return TFIDF_LEARNER
    if name != "txt":
        raise InputError(f"--with is `{name}`, and must be one of tfidf, txt")
    from txt.search.text_learner import learn_and_predict

    return GainLearner("The transformer of `txt train`, its last weights", learn_and_predict)


def _load_check(config: AugmentConfig) -> Any:
    """Load the model of `--check RUN`, and return a function that predicts labels with it."""
    if config.check in (None, "tfidf"):
        return None
    from txt.prediction.classifier import load

    classifier = load(config.check, device=config.device)
    return lambda texts: [each.labels or (each.label,) for each in classifier.predict(texts)]


def _confirm_many_copies(planned: "CopyPlan", yes: bool) -> None:
    """Ask for confirmation before very many copies of a row are made."""
    from txt.augmentation.plan import MANY

    if yes or planned.most <= MANY:
        return
    question = f"That is up to {planned.most:,} copies of a row, {planned.total:,} in all."
    if not sys.stdin.isatty():
        raise InputError(question.rstrip("."), "--yes makes them; much more than 10 of a row rarely helps")
    if not typer.confirm(f"{question} Make them?", err=True):
        raise InputError("nothing was made", "--factor sets the copies of a row")


def _run_with_wordnet(work: Any) -> None:
    """Do some work; if WordNet is missing, offer to download it, then try once more."""
    from txt.augmentation.wordnet import MissingWordNetError

    try:
        work()
    except MissingWordNetError:
        if not (sys.stdin.isatty() and typer.confirm("WordNet is not here. Download it (10 MB) with nltk?", err=True)):
            raise
        _download_wordnet()
        work()


def _download_wordnet() -> None:
    import nltk

    if not nltk.download("wordnet", quiet=True):
        raise TxtError("nltk could not download WordNet", "is this machine online? `apt install wordnet-base` has it")


def _name_output(data: str) -> Path:
    if data == "-":
        raise InputError("-o is missing: standard input has no name", "-o augmented.csv")
    from txt.data.reading.source import name_output

    return name_output(data, "augmented")


def _say_next(summary: "AugmentSummary") -> None:
    from txt.cli.console import make_literal

    stdout.print()
    stdout.print(make_literal(f"Made {summary.path} in {summary.seconds:.1f} s. Next:"))
    stdout.print(make_literal(f"  txt prepare {shlex.quote(summary.path)}", style="bold"))
