"""The commands as functions, which write what the commands write: prepare, train, evaluate, compare, explain."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from txt.library_settings import apply_library_settings

apply_library_settings()

from txt.config import PrepareConfig, TrainConfig
from txt.data.prepare import prepare as prepare_file
from txt.data.prepared import MANIFEST
from txt.data.reading.source import check_file, join_paths
from txt.errors import InputError, did_you_mean
from txt.evaluation.compare import choose_metric
from txt.evaluation.compare import compare as compare_predictions
from txt.evaluation.evaluate_run import evaluate_run, report_folder
from txt.evaluation.predictions import get_predictions
from txt.evaluation.write_report import write
from txt.files import refuse_links_below
from txt.labeling.store.stored_labels import open_stored_labels
from txt.library.explained import explain_in_python
from txt.library.progress import TrainingProgress
from txt.library.results import Comparison, Evaluation, Explanation, PreparedData, TrainedRun
from txt.library.texts import is_table, to_arrow
from txt.library.training import finish_training, train_on_file
from txt.metrics import METRICS, ORDERED, SEVERAL
from txt.option_schema import Config, build_config, list_options
from txt.prediction.explain import explain as explain_text
from txt.runs.folder import Run


def prepare(
    data: Any, out: str | Path = "prepared", *, force: bool = False, verbose: bool = False, **options: Any
) -> PreparedData:
    """Prepare data as `txt prepare` does: split it, train a tokenizer, encode it, and report what is in it.

    Args:
        data: a file's path, a list of paths, or a table: a DataFrame of pandas, polars or others, Arrow, a `Dataset`.
        out: the folder to make.
        force: replace a folder that txt did not make or that runs need.
        verbose: draw the progress.
        options: those of `txt prepare`, by name: `text_column="title,body"`, `max_length=128` …

    Raises:
        BadInputError: the data cannot be used as they are, an option does not exist, or `out` must not be replaced.
        TxtError: the disk is full, or may not be written to.
    """
    with explain_in_python():
        config = _read_options(PrepareConfig, options)
        with _as_file(data) as source, TrainingProgress(verbose) as bar:
            decided = open_stored_labels(source, config)
            report = prepare_file(source, config, Path(out), bar.prepare, force, decided)
    return PreparedData(Path(out), report)


def train(
    data: Any,
    *,
    name: str | None = None,
    recipe: str | None = None,
    preset: str | None = None,
    verbose: bool = False,
    **options: Any,
) -> TrainedRun:
    """Train as `txt train` does: the ladder, or the one model that options ask for; the run is a folder in `runs/`.

    Args:
        data: as in `prepare`, or a prepared folder.
        name: of the run; the next number without one.
        recipe: `auto`, `scratch` or `guide`.
        preset: size of one model from nothing: `tiny`, `small`, `base`, `large`.
        verbose: draw the progress.
        options: those of `txt train` and `txt prepare`, by name: `rungs=1`, `pretrained="minilm"` …

    Raises:
        BadInputError: the data cannot be used as they are, an option does not exist or fit, or the name is taken.
        TxtError: the training diverged, or the disk is full.
    """
    from txt.training.options import build_training_options
    from txt.training.start import start_on_prepared

    with explain_in_python(), TrainingProgress(verbose) as bar:
        _check_options(options, TrainConfig, PrepareConfig)
        of_training = {key: value for key, value in options.items() if key in list_options(TrainConfig)}
        training = build_training_options(preset, recipe, {}, of_training)
        if isinstance(data, str | Path) and (Path(data) / MANIFEST).is_file():
            others = [key for key in options if key not in of_training]
            if others:
                raise InputError(f"`{others[0]}` is about preparing data, and `{data}` is prepared already")
            start = start_on_prepared(Path(data), training, name, names_metric="metric" in options)
            concluded = finish_training(start, bar)
        else:
            own = {"tokenizer": training.pretrained} if training.pretrained else {}
            preparing = build_config(PrepareConfig, options, own)
            with _as_file(data) as source:
                concluded = train_on_file(source, training, preparing, options, bar, name)
    return TrainedRun(concluded.run.path, Evaluation(concluded.report), concluded.rungs)


def evaluate(
    run: Any = None,
    data: Any = None,
    *,
    split: str | None = None,
    device: str | None = None,
    embeddings: bool = True,
    verbose: bool = False,
    **options: Any,
) -> Evaluation:
    """Score a run's model beside a baseline as `txt eval` does, and write the report into the run's folder.

    Args:
        run: a run's name or path, or a TrainedRun; the newest one without it.
        data: labeled rows to score instead of the run's own: a path or a table, as in `prepare`.
        split: `test`, `val` or `train`.
        device: as in `train`.
        embeddings: score a second baseline, on frozen MiniLM embeddings, where the encoder is installed.
        verbose: draw the progress.
        options: how `data` is read: `text_column`, `label_column` …

    Raises:
        BadInputError: there is no such run or model, or the data cannot be read or do not fit.
    """
    with explain_in_python():
        found = _open_run(run)
        reading = _read_options(PrepareConfig, options)
        if data is None and options:
            raise InputError(f"`{next(iter(options))}` is for reading data, and none are given", "give data=")
        with _as_file(data) as source, TrainingProgress(verbose) as bar:
            path = None if source is None else Path(source)
            report = evaluate_run(found, split, path, reading, device, bar.advance, embeddings)
        folder = report_folder(found, report)
        refuse_links_below(found.path, folder)
        write(report, folder)
    return Evaluation(report)


def compare(*runs: Any, split: str = "test", metric: str | None = None) -> Comparison:
    """Compare runs with the first one as `txt runs compare` does: a paired bootstrap over the same rows.

    Args:
        runs: two or more runs, by name, path or TrainedRun.
        split: `test` or `val`.
        metric: the score that decides; by default the one by which the first run chose its best model.

    Raises:
        BadInputError: there are fewer than two runs, one has no model, or they were tested on different rows.
    """
    with explain_in_python():
        chosen = [_open_run(run) for run in runs]
        if len(chosen) < 2:
            raise InputError("there is only one run to compare", "name two or more")
        if metric is not None and metric not in (known := {**METRICS, **ORDERED, **SEVERAL}):
            raise InputError(f"the metric `{metric}` does not exist", did_you_mean(metric, known))
        asked = {run.name: get_predictions(run, split) for run in chosen}
        if len(asked) < len(chosen):
            raise InputError("two of the runs have one name", "compare each run with others")
        deciding = metric or choose_metric(chosen[0].config().metric, next(iter(asked.values())).kind)
        found = compare_predictions(asked, deciding)
    return Comparison(tuple(found))


def explain(model: Any, text: str, *, stride: int | None = None, label: str | None = None) -> Explanation:
    """Answer a text, and weigh its words by leaving each out: for a label, or for the class that is answered.

    Args:
        model: a run's name or path, a TrainedRun, or a TextClassifier that has learned.
        text: the text.
        stride: read a long text in windows that begin this many tokens apart.
        label: what the words are weighed for.

    Raises:
        BadInputError: there is no such model, no text, or no such label.
    """
    from txt.library.text_classifier import TextClassifier, load

    if not isinstance(model, TextClassifier):
        path = model.path if isinstance(model, TrainedRun) else model
        model = load(path, precision="float32")  # a word's weight can be smaller than bf16's rounding
    with explain_in_python():
        if not isinstance(text, str) or not text.strip():
            raise InputError("there is no text", "give one text as a string")
        return Explanation(explain_text(model._ready(), text, stride=stride, label=label))


@contextmanager
def _as_file(data: Any) -> Iterator[Any]:
    """Yield the path of data: the one that was given, or of a file that is made of a table for this time."""
    if data is None:
        yield None
    elif isinstance(data, str | Path):
        check_file(str(data))
        yield data
    elif isinstance(data, Sequence) and data and all(isinstance(each, str | Path) for each in data):
        joined = join_paths([str(each) for each in data])
        check_file(joined)
        yield joined
    elif is_table(data):
        import pyarrow as pa

        table = to_arrow(data)
        with TemporaryDirectory(prefix="txt-table-") as folder:
            path = Path(folder) / f"{type(data).__name__}.arrow"
            with pa.ipc.new_file(str(path), table.schema) as file:
                file.write_table(table)
            yield path
    else:
        raise InputError(f"a {type(data).__name__} is not data that can be read", "give a path or a DataFrame")


def _check_options(options: dict[str, Any], *kinds: type[Config]) -> None:
    for name in options:
        if not any(name in list_options(kind) for kind in kinds):
            known = [known for kind in kinds for known in list_options(kind)]
            raise InputError(f"there is no option `{name}`", did_you_mean(name, known))


def _read_options(kind: type[PrepareConfig], options: dict[str, Any]) -> PrepareConfig:
    _check_options(options, kind)
    return build_config(kind, options)


def _open_run(run: Any) -> Run:
    if run is None:
        return Run.find_newest()
    return Run.open(run.path if isinstance(run, TrainedRun | Run) else run)
