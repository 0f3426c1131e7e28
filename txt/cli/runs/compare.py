"""`txt runs compare`: is another run really better than the first?"""

from typing import TYPE_CHECKING, Annotated

import typer

from txt.cli.console import out, print_json, say
from txt.cli.evaluate import PredictingBar
from txt.cli.runs.arguments import Json, Names
from txt.errors import InputError

if TYPE_CHECKING:
    from txt.evaluation.predictions import Predictions
    from txt.runs.folder import Run


def compare(
    runs: Names,
    *,
    split: Annotated[str, typer.Option(help="Rows to compare on: `test` or `val`.")] = "test",
    metric: Annotated[str | None, typer.Option(help="Score that decides [the first run's].")] = None,
    as_json: Json = False,
) -> None:
    """Is another run really better than the first? Options, curves and scores side by side.

    Every run is compared with the first on the same rows, which the paired bootstrap draws anew 10,000 times. Runs with
    different rows are refused.

    Example: `txt runs compare 001 002`
    """
    from txt.cli.runs.comparison import show_courses, show_curves, show_differences, show_options
    from txt.evaluation.compare import compare as compared
    from txt.evaluation.compare import option_differences
    from txt.runs.curves import curves_of

    chosen = _several(runs)
    deciding = _deciding(metric, chosen[0])
    options = option_differences(chosen)
    if not as_json:
        show_options([run.name for run in chosen], options, out)
        curves = {run.name: curves_of(run.events()) for run in chosen}
        show_curves(curves, out)
        show_courses(curves, out)
    asked = _asked(chosen, split)
    found = compared(asked, deciding) if len(asked) > 1 else []
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


def _several(names: list[str]) -> "list[Run]":
    from txt.runs.folder import Run

    chosen = [Run.open(name) for name in dict.fromkeys(names)]
    if len(chosen) < 2:
        raise InputError("there is only one run to compare", "name two or more: txt runs compare 001 002")
    return chosen


def _deciding(metric: str | None, first: "Run") -> str:
    """Return the metric that decides: the one given, or the one the first run chose its best model by."""
    from txt.metrics import METRICS

    if metric is not None and metric not in METRICS:
        raise InputError(f"--metric `{metric}` does not exist, choose from {', '.join(METRICS)}")
    own = metric or first.config().metric
    return own if own in METRICS else "accuracy"


def _asked(chosen: "list[Run]", split: str) -> "dict[str, Predictions]":
    """Return what each run's model answers; those without a model are told, and left out."""
    from txt.evaluation.predictions import predictions_of

    if split not in ("test", "val"):
        raise InputError(f"--split `{split}` cannot be compared on, choose test or val")
    asked = {}
    for run in chosen:
        if not (run.model / "model.safetensors").is_file():
            say(f"{run.name} has no model yet, and no scores to compare")
            continue
        with PredictingBar() as bar:
            asked[run.name] = predictions_of(run, split, bar.advance)
    return asked
