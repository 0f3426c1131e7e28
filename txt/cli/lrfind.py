"""`txt lrfind`: find a learning rate by training at one that grows until the loss explodes."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from txt.cli.console import make_literal, print_json, say, say_if_terminal
from txt.cli.console import out as stdout
from txt.cli.options import GivenOptions, is_prepared_folder, read_config_file, refuse_prepare_options, takes
from txt.cli.stage_bar import StageBar
from txt.cli.terminal import has_screen
from txt.config import LRFindConfig, PrepareConfig, TrainConfig
from txt.data.reading.source import check_file
from txt.errors import InputError, Interrupted
from txt.idle_options import find_idle_in_range_test, refuse_idle_options
from txt.option_schema import build_config, list_options
from txt.sanitize import sanitize

if TYPE_CHECKING:
    from rich.console import RenderableType

    from txt.data.prepared import Prepared
    from txt.search.range_test import RangeTestStep
    from txt.search.range_test_result import RangeTestResult
    from txt.search.verification import VerifiedRate

PREPARED = Path("prepared")

_USED = {"batch_size", "max_grad_norm", "weight_decay", "label_smoothing", "class_weights", "accumulate"}
_GROUPS = {"Model", "Pretrained", "Machine"}
_UNUSED = tuple(
    name for name, each in list_options(TrainConfig).items() if name not in _USED and each.group not in _GROUPS
)


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("lrfind")(lrfind)


@takes(LRFindConfig, TrainConfig, PrepareConfig, without=_UNUSED)
def lrfind(
    source: Annotated[
        str | None, typer.Argument(help="Data file or prepared folder [default: ./prepared].", show_default=False)
    ] = None,
    *,
    preset: Annotated[
        str | None, typer.Option(help="Size of the model: `tiny`, `small`, `base` or `large`; a flag beats it.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file with options; a flag beats it.")] = None,
    plain: Annotated[bool, typer.Option("--plain", help="No live view: for pipes and screen readers.")] = False,
    svg: Annotated[Path | None, typer.Option(help="Write the curve as an SVG picture to this file.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that txt did not make.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the finding as JSON on stdout.")] = False,
    given: GivenOptions,
) -> None:
    """Suggest a learning rate: the peak for `txt train --lr`.

    New models train at a rate that grows with each step, several times, until the loss explodes; the curve shows where
    it falls. Nothing of any run is touched. What is found goes to lrfind.json in the prepared folder, from which
    `txt train --lr auto` takes it. A data file is prepared for the test alone, with the options of `txt prepare`.

    Example: `txt lrfind --preset small` or `txt lrfind reviews.csv`
    """
    from txt.cli.training_options import merge_settings, take_auto_rate
    from txt.overwriting import refuse_overwriting
    from txt.training.options import build_training_options

    if force and svg is None:
        raise InputError("--force is for the file of --svg", "--svg FILE --force")
    if svg is not None:
        inputs = [Path(each) for each in (source, config) if each]
        refuse_overwriting(svg, force=force, inputs=inputs, hint="--force replaces it; or name another file with --svg")
    file = read_config_file(config, TrainConfig, LRFindConfig, PrepareConfig)
    below, recipe, options = merge_settings(preset, None, file, given)
    take_auto_rate(options, given)  # ignore `lr = "auto"` in a file that is shared with training
    training = build_training_options(below, recipe, options, given, take_rate=True)  # that of one model
    refuse_idle_options(training, {**file, **given}, find_idle_in_range_test(training))
    finding_config = build_config(LRFindConfig, given, options)
    own = {"tokenizer": training.pretrained} if training.pretrained else {}
    preparing = build_config(PrepareConfig, given, own, options)
    with _open_data(source, preparing, given) as prepared:
        finding, verified = _find_and_verify(prepared, training, finding_config, has_screen(plain, as_json))
        if source is None or is_prepared_folder(source):
            from txt.search.range_test_result import save_finding

            save_finding(prepared, training, finding)
    if as_json:
        print_json(finding.to_json() | {"verified": [each.to_json() for each in verified]})
    else:
        for part in _format_report(finding, verified, min(stdout.width, 100)):
            stdout.print(part)
        _say_next(source, finding, _list_typed_options(preset, config, given))
    if svg is not None:
        _write_svg(svg, _format_report(finding, verified, 100))


def _find_and_verify(
    prepared: "Prepared", training: TrainConfig, finding: LRFindConfig, on_screen: bool
) -> "tuple[RangeTestResult, list[VerifiedRate]]":
    found = find_rate(prepared, training, finding, on_screen)
    verified = list(_verify_rate(prepared, training, found)) if finding.verify else []
    return _adopt_verified_rate(found, verified), verified


def find_rate(
    prepared: "Prepared", training: TrainConfig, finding: LRFindConfig, on_screen: bool = False
) -> "RangeTestResult":
    """Run the range test, on a screen of its own or with a bar on stderr.

    Raises:
        Interrupted: the screen was left before the end.
    """
    from txt.search.range_test import range_test
    from txt.search.range_test_result import find_suggestion

    rule = finding.choose_rule(training)
    if on_screen:
        from txt.screens.lrfind import LRFindApp

        test = lambda: range_test(prepared, training, finding)  # noqa: E731
        tried = LRFindApp(test, rule, finding.repeats).run()
        if tried is None:
            raise Interrupted("left before the end; nothing was written")
    else:
        tried = list(_watch_with_bar(range_test(prepared, training, finding), finding))
    return find_suggestion(tried, rule)


def set_found_rate(training: TrainConfig, prepared: "Prepared") -> TrainConfig:
    """Return the options with the learning rate that a range test found; run the test if there is no result yet."""
    from txt.search.range_test_result import load_suggestion, save_finding

    suggestion = load_suggestion(prepared, training)
    if suggestion is not None:
        say(f"--lr auto: {suggestion:.2g}, as txt lrfind found before for this architecture and batch size")
        return training.with_options(learning_rate=suggestion)
    say("--lr auto: no result yet for this architecture and batch size, so txt lrfind runs first")
    finding = find_rate(prepared, training, LRFindConfig())
    save_finding(prepared, training, finding)
    if finding.suggestion is None:
        say(f"--lr auto: no suggestion, as {finding.unclear}; training at {training.learning_rate:g}")
        return training
    say(f"--lr auto: {finding.suggestion:.2g} ({finding.sureness})")
    return training.with_options(learning_rate=finding.suggestion)


def _watch_with_bar(tried: "Iterator[RangeTestStep]", finding: LRFindConfig) -> "Iterator[RangeTestStep]":
    from tqdm import tqdm

    with tqdm(
        desc="range test", total=finding.repeats, leave=False, dynamic_ncols=True, unit="test", disable=None
    ) as bar:
        for each in tried:
            bar.update(each.repeat - bar.n)
            bar.set_postfix_str(f"lr {each.rate:.1e} loss {each.loss:.3f}")
            yield each


@contextmanager
def _open_data(source: str | None, preparing: PrepareConfig, given: GivenOptions) -> "Iterator[Prepared]":
    """Yield a prepared folder, or a data file prepared in a folder that goes when the block ends."""
    if source is None or is_prepared_folder(source):
        refuse_prepare_options(given)
        if source is None and not PREPARED.is_dir():
            raise InputError("there is no `prepared` folder here", "txt lrfind DATA, or txt prepare DATA makes one")
        say_if_terminal(f"trying learning rates on {sanitize(source or str(PREPARED))} …")
        from txt.data.prepared import Prepared

        yield Prepared.open(Path(source) if source else PREPARED)
        return
    check_file(source)
    say_if_terminal(f"reading {sanitize(source)} …")
    from txt.cli.data_report import say_report
    from txt.data.prepare import prepare
    from txt.data.prepared import Prepared
    from txt.labeling.store.stored_labels import open_stored_labels

    with TemporaryDirectory(prefix="txt-") as folder:
        with StageBar() as bar:
            decided = open_stored_labels(source, preparing)
            say_report(prepare(source, preparing, Path(folder) / PREPARED, bar.advance, decided=decided))
        say_if_terminal(f"trying learning rates on {sanitize(source)} …")
        yield Prepared.open(Path(folder) / PREPARED)


def _verify_rate(prepared: "Prepared", training: TrainConfig, finding: "RangeTestResult") -> "Iterator[VerifiedRate]":
    from txt.search.verification import verify

    if finding.suggestion is None:
        return
    for each in verify(prepared, training, finding.suggestion):
        say(f"trained {each.steps} steps at {each.lr:.2g}: val loss {each.loss:.4f}")
        yield each


def _adopt_verified_rate(finding: "RangeTestResult", verified: "list[VerifiedRate]") -> "RangeTestResult":
    """Return the finding with the best rate of the short trainings as its suggestion."""
    from txt.search.verification import pick_best

    return replace(finding, suggestion=pick_best(verified).lr) if verified else finding


def _format_report(
    finding: "RangeTestResult", verified: "list[VerifiedRate]", width: int
) -> "Iterator[RenderableType]":
    from txt.screens.lrfind import draw_curve

    yield draw_curve(finding, width, 18)
    if finding.unclear:
        yield make_literal(f"No clear minimum: {finding.unclear}.", "bold")
    for name, rate in finding.suggestions.items():
        yield make_literal(f"  {name:<9} {rate:.2e}{_describe_rule(name)}")
    if finding.safe:
        yield make_literal(f"Looks safe from {finding.safe[0]:.1e} to {finding.safe[1]:.1e}.")
    for each in verified:
        score = "diverged" if each.score is None else f"val loss {each.loss:.4f}, score {each.score:.4f}"
        yield make_literal(f"Verified   {each.lr:.2e}: {score} after {each.steps} steps")
    yield make_literal(_format_conclusion(finding), "bold")


def _describe_rule(rule: str) -> str:
    notes = {
        "valley": "middle of the longest fall",
        "steepest": "where the loss falls fastest",
        "slide": "before the slope changes",
        "minimum": "a tenth of the rate of the lowest loss",
        "edge": "where the loss begins to stay above its first value, at most 1e-3",
    }
    return f"  {notes[rule]}"


def _format_conclusion(finding: "RangeTestResult") -> str:
    if finding.suggestion is None:
        return "No suggestion."
    spread = ", ".join(f"{rate:.1e}" for rate in finding.by_repeat)
    how = "half of the rate above which training does harm" if finding.unclear else finding.rule
    return f"Suggested: {finding.suggestion:.2g} ({how}; {finding.sureness}; repeats say {spread})"


def _list_typed_options(preset: str | None, config: Path | None, given: GivenOptions) -> list[str]:
    """Return the options that the rate was found for, as a training takes them."""
    words = [
        word for name, value in (("--preset", preset), ("--config", config)) if value for word in (name, str(value))
    ]
    for item in {**list_options(PrepareConfig), **list_options(TrainConfig)}.values():
        if item.name in given:
            value = given[item.name]
            if isinstance(value, bool):
                words.append(item.flag if value else item.negate_flag())
            else:
                words += [item.flag, str(value)]
    return words


def _say_next(source: str | None, finding: "RangeTestResult", options: list[str]) -> None:
    if finding.suggestion is None:
        say("Try more --steps, or a sweep: txt grid --lr 1e-4,3e-4,1e-3")
        return
    data = [] if source in (None, str(PREPARED)) else [str(source)]
    command = shlex.join(["txt", "train", *data, *options, "--lr", f"{finding.suggestion:.2g}"])
    kept = source is None or is_prepared_folder(source)
    say(f"\n  {sanitize(command)}" + ("    or --lr auto" if kept else ""))


def _remove_fonts(svg: str) -> str:
    """Return a picture that takes a font of the reader's machine: it shall fetch none from elsewhere."""
    import re

    return re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)


def _write_svg(path: Path, parts: "Iterator[Any]") -> None:
    import io

    from rich.console import Console

    from txt.files import atomic_write
    from txt.overwriting import note_made

    console = Console(record=True, width=100, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for part in parts:
        console.print(part)
    with atomic_write(path) as file:
        file.write(_remove_fonts(console.export_svg(title="txt lrfind", unique_id="lrfind")))
    note_made(path)
    say(f"The curve: {path}")
