"""TextClassifier: what `txt train` and `txt predict` do, as a classifier of scikit-learn."""

import inspect
import threading
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from txt.library_settings import apply_library_settings

apply_library_settings()  # before the libraries are loaded that read them

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError

from txt.arrays import Floats
from txt.config import PredictConfig, PrepareConfig, TrainConfig
from txt.errors import InputError
from txt.files import read_json, write_json
from txt.library.explained import TxtWarning, explain_in_python
from txt.library.progress import TrainingProgress
from txt.library.targets import Target, list_classes, order_classes, read_target, write_label
from txt.library.texts import list_values, read_texts
from txt.library.training import train_on_file
from txt.option_schema import Option, build_config, list_options
from txt.prediction.classifier import Prediction, Predictor, load_source
from txt.prediction.model_source import ModelSource, find_model

_OF_PREPARING = ("text_column", "tokenizer", "vocab_size", "cased", "max_length", "ordered", "order")
_OF_PREDICTING = ("stride", "int8")
_WAYS = ("recipe", "preset")
_VAL_SHARE = 0.1  # of the rows, where the best of one model's epochs is to be chosen

PARAMETERS: Mapping[str, Option] = {
    **{name: list_options(PrepareConfig)[name] for name in _OF_PREPARING},
    **list_options(TrainConfig),
    **{name: list_options(PredictConfig)[name] for name in _OF_PREDICTING},
}
"""The options that a TextClassifier takes beside `recipe` and `preset`, as `txt train` and `txt predict` have them."""


class TextClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier of texts. Without options it climbs the ladder of `txt train`, and keeps the best of several models.

    Parameters are the options of `txt train`, under the names that `config.json` has for them (`learning_rate`,
    `rungs`, `pretrained`); None leaves one as it is by default. `verbose` draws the progress.

    Texts come as a list, an array, a Series, a table with a column of texts (DataFrames of pandas and polars, Arrow,
    `datasets`). None, NaN and empty texts are texts without an answer: `predict` gives None for them, and
    `predict_proba` NaN; `fit` leaves such rows out, and rows without a label, and says so.

    Labels are one a row; or several, as lists of labels, or as a matrix of 0 and 1, (N, C), which scikit-learn's own
    splits and scores want. With `ordered`, or `order` for classes that are no numbers, the classes are in an order.

    Attributes:
        classes_: the classes (C,), sorted; of a matrix, its columns.
        temperature_: what logits are divided by, so that 80 % means right 80 times in 100; None where none was fitted.
        max_length_: tokens that the model reads of a text.
    """

    _files: dict[str, bytes]

    def __init__(self, *, verbose: bool = False, **options: Any) -> None:
        self.verbose = verbose
        for name in options:
            if name not in PARAMETERS and name not in _WAYS:
                raise TypeError(f"TextClassifier has no parameter `{name}`")
        for name in (*_WAYS, *PARAMETERS):
            setattr(self, name, options.get(name))

    def fit(self, X: Any, y: Any, *, groups: Any = None) -> Self:
        """Learn from texts (N,) and their labels (N,).

        Args:
            X: the texts.
            y: the labels: texts, whole numbers or booleans; or lists of them, or a matrix of 0 and 1, (N, C).
            groups: (N,) values; rows with the same one are held out together where models are judged.

        Raises:
            BadInputError: there are not as many labels as texts, fewer than two classes, or options do not fit.
        """
        with explain_in_python():
            texts, target = read_texts(X, self.text_column), read_target(y)
            named = None if groups is None else [str(value) for value in list_values(groups)]
            _refuse_other_length(texts, target.labels, named)
            self._fit(texts, target, named)
        return self

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the likeliest class of each text, (N,); None for those without a text.

        Where rows have several labels, those that hold: a tuple for each text, (N,), or a matrix of 0 and 1, (N, C), as
        they were given; a text that is missing has none.
        """
        probabilities = self.predict_proba(X)  # (N, C)
        known = ~np.isnan(probabilities[:, 0])
        if self._ready().decision is not None:
            return self._choose_several(np.nan_to_num(probabilities), known)
        answers = self._choose(np.nan_to_num(probabilities))
        found = self.classes_[np.where(known, answers, 0)]
        if known.all():
            return found
        found = found.astype(object)
        found[~known] = None
        return found

    def _choose(self, probabilities: Floats) -> npt.NDArray[np.int64]:
        """Return the places (N,) in `classes_` that are answered: of classes in an order, by the model's own rule."""
        rule = self._ready().order
        if rule is None:
            return np.asarray(probabilities.argmax(1), np.int64)
        ordered = np.empty_like(probabilities)  # as the model has its classes
        ordered[:, self._order] = probabilities
        return np.argsort(self._order)[rule.decide(ordered)]

    def _choose_several(self, probabilities: Floats, known: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
        """Return which labels hold, as tuples (N,) or as a matrix (N, C)."""
        decision = self._ready().decision
        assert decision is not None
        ordered = np.empty_like(probabilities)  # as the model has its labels
        ordered[:, self._order] = probabilities
        holds = decision.decide(ordered)[:, self._order] & known[:, None]
        if self.__dict__.get("_gives_matrix"):
            return holds.astype(np.int64)
        found = np.empty(len(holds), object)
        for row, held in enumerate(holds):
            found[row] = tuple(self.classes_[held].tolist()) if known[row] else None
        return found

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of rows whose label, or whose set of labels, is right."""
        if self._ready().decision is None:
            return float(super().score(X, y, sample_weight))
        with explain_in_python():
            target = read_target(y)
        answers: Any = self.predict(X)
        if self.__dict__.get("_gives_matrix"):
            answers = [[self.classes_[place] for place in np.flatnonzero(row)] for row in answers]
        right = [
            given is not None and said is not None and {*given} == {*said}
            for given, said in zip(target.labels, answers, strict=True)
        ]
        return float(np.average(right, weights=sample_weight))

    def predict_proba(self, X: Any) -> Floats:
        """Return the probability of each class for each text, (N, C), columns as in `classes_`; NaN without a text."""
        with explain_in_python():
            predictor = self._ready()
            texts = read_texts(X, self.text_column)
            places = [place for place, text in enumerate(texts) if text is not None]
            kept = [text for text in texts if text is not None]
            found = np.full((len(texts), len(self.classes_)), np.nan)
            if kept:
                told = predictor.predict_probabilities(kept, stride=self.stride).probabilities
                found[places] = told[:, self._order]
        return found

    def predict_log_proba(self, X: Any) -> Floats:
        """Return the logarithm of `predict_proba`, (N, C)."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def decision_function(self, X: Any) -> Floats:
        """Return the log odds of each class, (N, C); of two classes those of the second, (N,)."""
        probabilities = np.clip(self.predict_proba(X), 1e-12, 1 - 1e-12)
        odds = np.log(probabilities) - np.log1p(-probabilities)
        return odds[:, 1] if len(self.classes_) == 2 else odds

    def answers(self, X: Any) -> list[Prediction | None]:
        """Return label, confidence and probabilities of each text as a value, None for those without a text."""
        with explain_in_python():
            predictor = self._ready()
            texts = read_texts(X, self.text_column)
            found = iter(predictor.predict([text for text in texts if text is not None], stride=self.stride))
        return [None if text is None else next(found) for text in texts]

    def save(self, folder: str | Path) -> Path:
        """Write the model as a folder in Hugging Face layout, which `load` and `txt predict` open; return it.

        Raises:
            BadInputError: something is there already.
        """
        with explain_in_python():
            self._ready()
            path = Path(folder)
            if path.exists():
                raise InputError(f"`{path}` exists already", "name another folder")
            _write_files(self._files, path)
            if self.temperature_ is not None:
                write_json(path / _CALIBRATION, {"temperature": self.temperature_})
        return path

    @classmethod
    def load(cls, run: str | Path, **options: Any) -> Self:
        """Return the classifier of a run or of a model's folder, ready; see `txt.load`."""
        with explain_in_python():
            source = find_model(run)
            changed = source.run.config().changed() if source.run is not None else {}
            found = cls(**{**changed, **options})
            temperature = source.temperature()
            if temperature is None and (source.folder / _CALIBRATION).is_file():
                temperature = read_json(source.folder / _CALIBRATION).get("temperature")
            found._take_model(source.folder, temperature)
            found.classes_ = np.array(sorted(found._ready().labels))
            found._order = [found._ready().labels.index(str(name)) for name in found.classes_]
        return found

    # scikit-learn's side

    def __sklearn_is_fitted__(self) -> bool:
        """Tell whether there is a model."""
        return "_files" in self.__dict__

    def __sklearn_tags__(self) -> Any:
        """Return the tags: texts, one for each row, missing ones allowed."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.allow_nan = True
        tags.non_deterministic = False
        tags.classifier_tags.multi_label = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy is made of: parameters and the files of the model."""
        return {name: value for name, value in super().__getstate__().items() if name not in ("_predictor", "_opening")}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        super().__setstate__(dict(state))
        if "_files" in self.__dict__:
            self._opening = threading.Lock()

    # The model

    def _fit(self, texts: list[str | None], target: Target, groups: list[str] | None) -> None:
        labels = target.labels
        kept = [place for place, text in enumerate(texts) if text is not None and labels[place] is not None]
        if len(kept) < len(texts):
            warnings.warn(f"{len(texts) - len(kept):,} rows have no text or no label", TxtWarning, stacklevel=4)
        known = [labels[place] for place in kept]
        classes = list_classes([label for each in known for label in each] if target.several else known)
        classes = classes if target.columns is None else order_classes(classes, target.columns)
        training, preparing = self._configure(groups is not None, target.several)
        rows = {
            "text": [texts[place] for place in kept],
            "label": [write_label(label) for label in known],
            **({"group": [groups[place] for place in kept]} if groups is not None else {}),
        }
        with TemporaryDirectory(prefix="txt-fit-") as folder, TrainingProgress(bool(self.verbose)) as bar:
            data = Path(folder) / "rows.arrow"
            with pa.ipc.new_file(str(data), pa.schema({name: pa.string() for name in rows})) as file:
                file.write_table(pa.table({name: pa.array(values, pa.string()) for name, values in rows.items()}))
            given = {name: value for name, value in self.get_params().items() if value is not None}
            run = train_on_file(data, training, preparing, given, bar, runs=Path(folder) / "runs").run
            source = ModelSource(run.model, run)
            self._take_model(source.folder, source.temperature())
        self.classes_, self._gives_matrix = classes.values, target.columns is not None
        self._order = [self._ready().labels.index(name) for name in classes.names]

    def _configure(self, has_groups: bool, several: bool) -> tuple[TrainConfig, PrepareConfig]:
        """Return the options of the training and of preparing the rows; all of them are learned from."""
        from txt.training.options import build_training_options

        set_here = {name: value for name, value in self.get_params().items() if value is not None}
        options = {name: value for name, value in set_here.items() if name in list_options(TrainConfig)}
        training = build_training_options(self.preset, self.recipe, {}, options)
        val = 0.0 if training.rungs else _VAL_SHARE  # the ladder judges by folds, and needs none
        preparing = build_config(
            PrepareConfig,
            {
                **{name: value for name, value in set_here.items() if name in list_options(PrepareConfig)},
                "text_column": "text",
                "label_column": "label",
                "group_column": "group" if has_groups else None,
                "split_column": "none",
                "multi_label": several,
                "missing": "",
                "use_labels": False,
                "train_split": 1 - val,
                "val_split": val,
            },
            {"tokenizer": training.pretrained} if training.pretrained else {},
        )
        return training, preparing

    def _take_model(self, folder: Path, temperature: float | None) -> None:
        self._files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
        self.temperature_ = temperature
        self._opening = threading.Lock()
        self.__dict__.pop("_predictor", None)
        self.max_length_ = self._ready().max_length

    def _ready(self) -> Predictor:
        """Return the model in memory; a copy out of a pickle loads it when it is first asked."""
        if "_files" not in self.__dict__:
            raise NotFittedError("this TextClassifier has not learned yet: call fit first, or take one from txt.load")
        with self._opening:
            if "_predictor" not in self.__dict__:
                chosen = {name: getattr(self, name) for name in ("device", "precision", "threads", "int8")}
                config = build_config(PredictConfig, {k: v for k, v in chosen.items() if v is not None})
                with TemporaryDirectory(prefix="txt-model-") as folder:
                    _write_files(self._files, Path(folder) / "model")
                    found = load_source(ModelSource(Path(folder) / "model"), config)
                found.temperature = self.temperature_
                self._predictor = found
        return self._predictor


_CALIBRATION = "calibration.json"


def _refuse_other_length(texts: Sequence[Any], labels: Sequence[Any], groups: Sequence[Any] | None) -> None:
    for name, values in (("labels", labels), ("groups", groups)):
        if values is not None and len(values) != len(texts):
            raise InputError(f"there are {len(texts):,} texts and {len(values):,} {name}", "give one for each text")
    if not texts:
        raise InputError("there are no texts: 0 sample(s) (shape=(0,)) while a minimum of 1 is required")


def _write_files(files: Mapping[str, bytes], folder: Path) -> None:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _make_signature() -> inspect.Signature:
    """Return the signature of the constructor: every parameter by its name, as scikit-learn wants it."""
    one = inspect.Parameter
    own = [one("self", one.POSITIONAL_OR_KEYWORD), one("verbose", one.KEYWORD_ONLY, default=False, annotation=bool)]
    ways = [one(name, one.KEYWORD_ONLY, default=None, annotation=str | None) for name in _WAYS]
    others = [
        one(item.name, one.KEYWORD_ONLY, default=None, annotation=item.kind | None) for item in PARAMETERS.values()
    ]
    return inspect.Signature([*own, *ways, *others])


TextClassifier.__init__.__signature__ = _make_signature()  # type: ignore[attr-defined]


def load(run: str | Path, **options: Any) -> TextClassifier:
    """Return the classifier of a run, or from a model's folder, ready. No code from the folder is executed.

    Args:
        run: a run's name or path, or a folder with a model in Hugging Face layout.
        options: parameters of TextClassifier for predicting: `device` (`auto`, `cpu`, `cuda:1`), `precision` (`bf16`,
            `float32`), `int8`, `threads`, `stride` (windows that begin this many tokens apart, of long texts).

    Raises:
        BadInputError: there is no such run or model, it is not a classifier, or an option does not fit this machine.
    """
    return TextClassifier.load(run, **options)
