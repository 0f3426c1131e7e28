"""The results of a study: the ranking, the importance of each option, the score by option, and a table of trials."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from txt.files import atomic_write
from txt.sanitize import sanitize
from txt.search.board import Board, TrialRow
from txt.search.rounds import ONE_ROUND
from txt.search.study import Study
from txt.search.trial_states import group_by_point, has_ended

_FEWEST_FOR_IMPORTANCE = 4


def find_comparable_trials(study: Study) -> list[FrozenTrial]:
    """Return a trial for each point, with a score that can be compared with the others'.

    Those trained to the end, where all are. Successive halving trains only the best to the end, which says nothing
    about the options of the others: there it is the score after the first round, that all points come to.
    """
    trials = study.trials()
    if study.rounds == ONE_ROUND:
        return [trial for trial in trials if trial.state == TrialState.COMPLETE]
    end = study.rounds[0]
    found: dict[int, FrozenTrial] = {}
    for point, tried in group_by_point(trials).items():
        for trial in tried:
            if has_ended(trial) and end in trial.intermediate_values:
                score = trial.intermediate_values[end]
                distributions = trial.distributions
                found[point] = optuna.trial.create_trial(params=trial.params, distributions=distributions, value=score)
    return list(found.values())


def compute_importances(study: Study) -> dict[str, float]:
    """Return the share of each option in the variance of the scores, by functional ANOVA (Hutter et al. 2014).

    Empty where too few trials ended, or all scored alike.
    """
    trials = find_comparable_trials(study)
    if len(trials) < _FEWEST_FOR_IMPORTANCE or len({trial.value for trial in trials}) < 2:
        return {}
    varied = [name for name in study.description.dimensions if len({repr(trial.params[name]) for trial in trials}) > 1]
    if not varied:
        return {}
    alone = optuna.create_study(direction=study.optuna.direction)  # in memory
    alone.add_trials(trials)
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    found = optuna.importance.get_param_importances(alone, evaluator=evaluator, params=varied)
    return {name: float(share) for name, share in found.items()}


def score_by_option(study: Study) -> dict[str, list[tuple[Any, float, float]]]:
    """Return for each option its values in order, each with the mean and the best score of the trials that had it."""
    trials = find_comparable_trials(study)
    best = min if study.minimizes else max
    found: dict[str, list[tuple[Any, float, float]]] = {}
    for name in trials[0].params if trials else ():
        by_value: dict[Any, list[float]] = {}
        for trial in trials:
            if trial.value is not None:
                by_value.setdefault(trial.params[name], []).append(trial.value)
        if len(by_value) > 1:
            ordered = sorted(by_value, key=lambda value: (isinstance(value, str), value is not None, value))
            found[name] = [(value, mean(by_value[value]), best(by_value[value])) for value in ordered]
    return found


def find_indistinguishable(board: Board) -> list[TrialRow]:
    """Return the finished trials whose interval holds the best one's score, the best itself left out."""
    best = board.best
    if best is None or best.score is None:
        return []
    return [
        trial
        for trial in board.of("done")[1:]
        if trial.score is not None
        and trial.half_width is not None
        and abs(trial.score - best.score) <= trial.half_width
    ]


def to_json(study: Study, board: Board) -> dict[str, Any]:
    """Return all that was found as a JSON object."""
    best = board.best
    return {
        "study": board.name,
        "metric": board.metric,
        "best": _trial_to_json(best) if best else None,
        "trials": [_trial_to_json(trial) for trial in board.trials],
        "left_out": sum(board.left_out.values()),
        "left_out_reasons": dict(board.left_out),
        "importances": compute_importances(study),
        "seconds": board.cost_seconds,
        "steps": board.steps,
    }


def write_results(board: Board, path: Path) -> None:
    """Write all trials as CSV, the best first."""
    names = sorted({name for trial in board.trials for name in trial.params})
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["trial", "state", board.metric, "half_width", *names, "steps", "seconds", "runs", "reason"])
    for trial in board.trials:
        values = [_format_cell(trial.params.get(name)) for name in names]
        writer.writerow(
            [
                trial.number,
                trial.state,
                _format_cell(trial.score),
                _format_cell(trial.half_width),
                *values,
                trial.steps,
                f"{trial.seconds:.1f}",
                " ".join(trial.runs),
                trial.reason or "",
            ]
        )
    with atomic_write(path) as whole:
        whole.write(file.getvalue())


def format_params(params: dict[str, Any], names: Sequence[str] = ()) -> str:
    """Return options in one line, `lr=0.0003 d_model=256`."""
    return " ".join(f"{format_param_name(name)}={format_param_value(params[name])}" for name in names or params)


def format_param_value(value: Any) -> str:
    """Return a value as it is shown."""
    return f"{value:.4g}" if isinstance(value, float) else sanitize(str(value))


def format_param_name(name: str) -> str:
    """Return the name of an option as it is typed."""
    return {"learning_rate": "lr", "num_epochs": "epochs"}.get(name, sanitize(name))


def _format_cell(value: Any) -> Any:
    return "" if value is None else value


def _trial_to_json(trial: TrialRow) -> dict[str, Any]:
    interval = None
    if trial.score is not None and trial.half_width is not None:
        interval = [trial.score - trial.half_width, trial.score + trial.half_width]
    return {
        "params": trial.params,
        "score": trial.score,
        "interval": interval,
        "state": trial.state,
        "run": trial.runs[0] if trial.runs else None,
        "runs": list(trial.runs),
        "scores": list(trial.scores),
        "steps": trial.steps,
        "seconds": trial.seconds,
        "reason": trial.reason,
    }
