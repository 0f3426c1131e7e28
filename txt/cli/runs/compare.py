"""`txt runs compare`: is another run really better than the first?"""

from typing import TYPE_CHECKING, Annotated

import typer

from txt.cli.console import out, print_json, say
from txt.cli.evaluate import PredictingBar
from txt.cli.runs.arguments import JsonOption, RunsArgument, tell_bad_lines
from txt.errors import InputError

if TYPE_CHECKING:
    from txt.evaluation.predictions import Predictions
    from txt.runs.folder import Run


def compare(
    runs: RunsArgument,
    *,
    split: Annotated[str, typer.Option(help="Rows to compare on: `test` or `val`.")] = "test",
    metric: Annotated[str | None, typer.Option(help="Score that decides [the first run's].")] = None,
    as_json: JsonOption = False,
) -> None:
    """Is another run really better than the first? Options, curves and scores side by side.

    Every run is compared with the first on the same rows, which the paired bootstrap draws anew 10,000 times. Runs with
    different rows are refused.

    Example: `txt runs compare 001 002`
    """
    chosen = _open_runs(runs)
    _check_metric(metric)
    from txt.cli.runs.comparison_view import show_courses, show_curves, show_differences, show_options
    from txt.evaluation.compare import compare as compared
    from txt.evaluation.compare import find_option_differences
    from txt.runs.curves import read_curves

    options = find_option_differences(chosen)
    if not as_json:
        show_options([run.name for run in chosen], options, out)
        curves = {run.name: read_curves(run) for run in chosen}
        for name, each in curves.items():
            tell_bad_lines(name, each)
        show_curves(curves, out)
        show_courses(curves, out)
    asked = _collect_predictions(chosen, split)
    found = (
        compared(asked, _choose_metric(metric, chosen[0], next(iter(asked.values())).kind)) if len(asked) > 1 else []
    )
    if as_json:
        print_json(
            {
                "runs": [run.name for run in chosen],
                "split": split,
                "options": options,
                "differences": [each.to_json() for each in found],
            }
        )
    else:
        show_differences(found, split, out)


def _open_runs(names: list[str]) -> "list[Run]":
    from txt.runs.folder import Run

    chosen = [Run.open(name) for name in dict.fromkeys(names)]
    if len(chosen) < 2:
        raise InputError("there is only one run to compare", "name two or more: txt runs compare 001 002")
    return chosen


def _check_metric(metric: str | None) -> None:
    """Refuse a score that there is not, before anything is computed."""
    from txt.metrics import METRICS, ORDERED, SEVERAL, SUBSET

    if metric is not None and metric not in {*METRICS, *ORDERED, *SEVERAL, SUBSET}:
        raise InputError(f"--metric `{metric}` does not exist, choose from {', '.join(METRICS)}")


def _choose_metric(metric: str | None, first: "Run", kind: str) -> str:
    """Return the metric to compare by: the one given, or the one by which the first run chose its best model."""
    from txt.evaluation.compare import choose_metric
    from txt.metrics import SUBSET

    if metric is None:
        return choose_metric(first.config().metric, kind)
    return "accuracy" if metric == SUBSET else metric


def _collect_predictions(chosen: "list[Run]", split: str) -> "dict[str, Predictions]":
    """Return the predictions of each run's model; runs without a model are reported and left out."""
    from txt.evaluation.predictions import get_predictions

    if split not in ("test", "val"):
        raise InputError(f"--split `{split}` cannot be compared on, choose test or val")
    asked = {}
    for run in chosen:
        if not (run.model / "model.safetensors").is_file():
            say(f"{run.name} has no model yet, and no scores to compare")
            continue
        with PredictingBar() as bar:
            asked[run.name] = get_predictions(run, split, bar.advance)
    return asked
