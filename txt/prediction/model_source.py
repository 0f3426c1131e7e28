"""Where a classifier is: in a run, or in a model's folder; and what its run knows about its confidence."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from txt.errors import InputError
from txt.files import read_json
from txt.runs.folder import RUNS, Run


@dataclass(frozen=True)
class ModelSource:
    """A model's folder, and the run that it is from, where that is known."""

    folder: Path
    run: Run | None = None

    @property
    def name(self) -> str:
        """What people call it: the run's name, or the folder's."""
        return self.run.name if self.run else self.folder.name

    def report(self) -> dict[str, Any] | None:
        """Return the run's report on its own data, or None where there is none."""
        path = self.run.path / "report.json" if self.run else None
        return read_json(path) if path and path.is_file() else None

    def text_column(self) -> str | None:
        """Return the column that the run was trained on, `title,body` for several; None where that is not known."""
        if self.run is None or not self.run.may_read_prepared():
            return None
        try:
            manifest = read_json(self.run.prepared_path() / "manifest.json")
        except (InputError, OSError):  # the prepared data may be gone by now
            return None
        name = (((manifest.get("columns") or {}).get("text")) or {}).get("name")
        return name if isinstance(name, str) else None

    def temperature(self) -> float | None:
        """Return the temperature that `txt train` or `txt eval` fitted, where they use one."""
        from txt.evaluation.calibration import TEMPERATURES  # numpy, which a folder that is refused does not need

        value = ((self.report() or {}).get("calibration") or {}).get("temperature")
        low, high = TEMPERATURES
        return float(value) if isinstance(value, int | float) and low <= value <= high else None


def find_model(name_or_path: str | Path) -> ModelSource:
    """Find a run by name or path, or a folder with a model.

    Raises:
        InputError: there is no such run or folder, or it does not hold a classifier.
    """
    for path in (Path(name_or_path), RUNS / name_or_path):
        if (path / "config.json").is_file() and "model_type" in read_json(path / "config.json"):
            return ModelSource(_check_classifier(path))
        _refuse_others(path)
    run = Run.open(name_or_path)
    _check_classifier(run.model)
    return ModelSource(run.model, run)


def _refuse_others(path: Path) -> None:
    """Tell what a folder is that is neither a run nor a model."""
    if path.is_file():
        raise InputError(f"`{path}` is a file, and a run or a model's folder comes first", f"txt predict RUN {path}")
    if (path / "manifest.json").is_file():
        raise InputError(f"`{path}` is prepared data, not a run", f"txt train {path}")
    if (path / "predict_onnx.py").is_file():
        raise InputError(f"`{path}` is an ONNX export", f"python {path / 'predict_onnx.py'} TEXT runs it")
    if path.is_dir() and path.parts and not (path / "config.json").is_file():
        raise InputError(f"`{path}` is neither a run nor a model's folder", "`txt runs` lists the runs")


def _check_classifier(folder: Path) -> Path:
    """Check that a folder holds a classifier with its tokenizer, and return it."""
    if not (folder / "model.safetensors").is_file():
        raise InputError(
            f"`{folder}` holds no trained model",
            "a run has one after its first evaluation; a search keeps the best ones",
        )
    config = read_json(folder / "config.json")
    kinds = config.get("architectures") or ["model without a name"]
    if not any("Classif" in str(kind) for kind in kinds):
        raise InputError(
            f"`{folder}` holds a {kinds[0]}, which is not a classifier",
            f"txt train DATA --from {folder} trains one from it",
        )
    if not (folder / "tokenizer.json").is_file():
        raise InputError(f"`{folder}` has no tokenizer.json", "copy the tokenizer's files beside the model")
    return folder
