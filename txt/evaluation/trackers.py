"""Tells other programs of a finished run: options, curves, scores with intervals, report and model.

Each has its own way to stay on this machine: WANDB_MODE=offline, MLFLOW_TRACKING_URI=file:mlruns, TRACKIO_DIR. Nothing
is sent anywhere unless `--log-to` was given, and where to is what the program itself is set to.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from txt.errors import TxtError
from txt.files import read_json
from txt.runs.curves import Curves, read_curves
from txt.runs.export import evaluation_values, step_values
from txt.runs.folder import Run
from txt.runs.tensorboard import write_tensorboard

PROJECT = "txt"
_REPORTS = ("report.json", "report.md", "report.html")


def tell_tracker(name: str, run: Run) -> str:
    """Tell a tracker of a run, and return where it has it.

    Raises:
        TxtError: the tracker failed; the run itself is whole.
    """
    try:
        return _TRACKERS[name](run)
    except Exception as error:  # whatever goes wrong in there, the training was not in vain
        told = (str(error).splitlines() or [type(error).__name__])[0]
        hint = f"the run is whole: txt eval {run.name}"
        raise TxtError(f"{name} did not take run {run.name}: {told}", hint) from error


def list_curves(run: Run) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield what was measured, by step: train means, and scores on val."""
    curves = read_curves(run)
    found = [(entry.step, step_values(entry)) for entry in curves.steps]
    found += [(entry.step, evaluation_values(entry)) for entry in curves.evaluations]
    yield from sorted(found, key=lambda pair: pair[0])


def list_scores(report: Mapping[str, Any]) -> dict[str, float]:
    """Return the scores of a report with the ends of their 95 % intervals: `test_accuracy`, `test_accuracy_low` …"""
    split, scores = report["split"], {}
    for metric, score in report["metrics"].items():
        scores[f"{split}_{metric}"] = float(score["value"])
        scores[f"{split}_{metric}_low"], scores[f"{split}_{metric}_high"] = float(score["low"]), float(score["high"])
    for metric, score in ((report.get("baseline") or {}).get("metrics") or {}).items():
        scores[f"{split}_baseline_{metric}"] = float(score["value"])
    return scores


def _tell_wandb(run: Run) -> str:
    import wandb

    with wandb.init(
        project=PROJECT, name=run.name, config=_list_options(run), dir=str(run.path.resolve().parents[1])
    ) as told:
        for step, values in list_curves(run):
            told.log(values, step=step)
        told.summary.update(list_scores(_read_report(run)))
        artifact = wandb.Artifact(f"{PROJECT}-{run.name}", "model")
        artifact.add_dir(str(run.model), name="model")
        for path in _list_reports(run):
            artifact.add_file(str(path))
        told.log_artifact(artifact)
        return str(told.url or told.dir)


def _tell_mlflow(run: Run) -> str:
    import mlflow

    mlflow.set_experiment(PROJECT)
    with mlflow.start_run(run_name=run.name) as told:
        mlflow.log_params(_list_options(run))
        for step, values in list_curves(run):
            mlflow.log_metrics(values, step=step)
        mlflow.log_metrics(list_scores(_read_report(run)))
        mlflow.log_artifacts(str(run.model), "model")
        for path in _list_reports(run):
            mlflow.log_artifact(str(path))
        return str(told.info.artifact_uri)


def _tell_trackio(run: Run) -> str:
    import trackio

    trackio.init(project=PROJECT, name=run.name, config=_list_options(run), embed=False)
    for step, values in list_curves(run):
        trackio.log(values, step=step)
    trackio.log(list_scores(_read_report(run)))
    trackio.finish()
    return f"project {PROJECT}, `trackio show` opens it"


def _tell_tensorboard(run: Run) -> str:
    folder = run.path.resolve().parents[1] / "tensorboard"
    return str(write_run_for_tensorboard(run, read_curves(run), folder))


def write_run_for_tensorboard(run: Run, curves: Curves, folder: Path) -> Path:
    """Write a run's curves, options and, where it was evaluated, scores; return the path."""
    scores = list_scores(_read_report(run)) if (run.path / "report.json").is_file() else {}
    return write_tensorboard(curves, run.name, folder, _list_options(run), scores)


def _list_options(run: Run) -> dict[str, Any]:
    record = run.record()
    return {**run.config().changed(), "seed": run.config().seed, "data_fingerprint": record["fingerprint"]}


def _read_report(run: Run) -> dict[str, Any]:
    return read_json(run.path / "report.json")


def _list_reports(run: Run) -> list[Path]:
    return [run.path / name for name in _REPORTS if (run.path / name).is_file()]


_TRACKERS: Mapping[str, Callable[[Run], str]] = {
    "wandb": _tell_wandb,
    "mlflow": _tell_mlflow,
    "trackio": _tell_trackio,
    "tensorboard": _tell_tensorboard,
}
