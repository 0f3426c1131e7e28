"""A trained classifier as a value: texts in, labels with probabilities out; the same for one text and for millions."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from txt.arrays import Floats
from txt.config import PredictConfig, TrainConfig
from txt.data.label_kinds import LabelForm
from txt.data.token_encoder import open_tokenizer
from txt.errors import InputError, did_you_mean
from txt.evaluation.calibration import refuse_no_numbers, softmax
from txt.evaluation.prediction_sets import LabelSetRule, SetRule
from txt.evaluation.wording import describe_confidence
from txt.files import read_json
from txt.label_set_metrics import Decision, TopLabels, sigmoid
from txt.library_settings import apply_library_settings
from txt.model.plain_ngrams import PlainNgramClassifier
from txt.model.several import read_decision, read_form, read_order, read_tree
from txt.nested_classes import Tree
from txt.ordered_classes import OrderedDecision
from txt.prediction.model_source import ModelSource, find_model
from txt.prediction.pieces import Pieces, TextCutter

if TYPE_CHECKING:
    from txt.prediction.cascade import CascadePredictor
    from txt.training.machine import Machine

_TEXTS = 8192  # encoded and computed at a time: enough to group by length, and little to hold
_COMPARED = 300  # first texts that are computed in float32 too, to see what 8 bits cost
_LEAST_TRUST = 1e-3  # in a text of which nothing is known: all classes are about as probable, and keep their order
_LONGEST = 1_000_000  # tokens; tokenizers without a limit of their own say 10^30


@dataclass(frozen=True)
class Prediction:
    """What a classifier says about a text: the likeliest label, its probability, and that of every label.

    Of a model of several labels a row, `labels` are those that hold, `label` joins them as the training data did, and
    `confidence` is the probability that all of them are right, as if each were decided by itself. Of a model of classes
    in levels, `parents` are the probabilities of the levels above, each the sum of what is below.
    `label_set` is the smallest set that holds the right label as often as was asked for, where it was; in their order
    where classes have one. Of several labels a row, it holds each that the row has as often as was asked for. `trust`
    is below 1 where the model knows less of the text than is usual, and so doubts.
    """

    label: str
    confidence: float
    probabilities: dict[str, float]
    labels: tuple[str, ...] = ()
    parents: dict[str, float] = field(default_factory=dict)
    label_set: list[str] | None = None
    trust: float = 1.0


@dataclass(frozen=True)
class PredictedProbabilities:
    """Probabilities (N, C) of N texts, and which of them (N,) are longer than the model reads at once.

    `trust` (N,) is 1 for texts like those that the model learned from, and less where logits were scaled down, because
    it knows less of a text than is usual.
    """

    probabilities: Floats
    long: npt.NDArray[np.bool_]
    trust: Floats


class Predictor:
    """A classifier, loaded. Its methods may be called from several threads at once.

    Attributes:
        labels: the classes, in the order of their ids.
        temperature: what logits are divided by, so that 80 % means right 80 times in 100; None where none is used.
        doubts: whether confidence is lowered for texts that are unlike anything that the model has seen.
        about_int8: what 8 bits cost on the first texts, in words; None where they are not used, or not yet.
        cascade: lets n-grams answer alone where they are sure; None where the whole model reads every text.
        about_confidence: what is known of how far confidence is from accuracy, in words.
        set_rule: which classes are in a prediction's set, where one was asked for.
        max_length: tokens that the model reads of a text.
        decision: from which probability labels hold, where rows have several; None where each has one.
        order: how one of classes in an order is chosen; None where they have none.
        tree: the classes in their levels; None where they have none.
        form: how the training data wrote several labels.
        machine: what torch computes on; None where numpy does.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Tokenizer,
        machine: "Machine | None",
        *,
        max_length: int,
        temperature: float | None = None,
    ) -> None:
        named = model.config.id2label
        self.labels: tuple[str, ...] = tuple(str(named[number]) for number in range(len(named)))
        self.decision: Decision | None = read_decision(model.config)
        self.order: OrderedDecision | None = read_order(model.config)
        self.tree: Tree | None = read_tree(model.config)
        self._depth_threshold: float | None = None
        self.form: LabelForm = read_form(model.config)
        self.temperature = None if self.decision else temperature  # thresholds are on probabilities as they are
        self.about_confidence = describe_confidence(None)
        self.set_rule: SetRule | LabelSetRule | None = None
        self.about_int8: str | None = None
        self.cascade: CascadePredictor | None = None
        self.doubts = True
        self._exact_model: Any = None  # until it is known what 8 bits, or a cascade, cost
        self.max_length = max_length
        self.machine = machine
        self._model = model
        self._tokenizer = tokenizer
        self._cutters: dict[int | None, TextCutter] = {}
        self._comparing = threading.Lock()
        self._encoding = threading.Lock()  # an encoder caches words, so only one thread may use it at a time

    def predict(self, texts: Sequence[str], *, stride: int | None = None) -> list[Prediction]:
        """Return the prediction for each text, in their order.

        Args:
            texts: any number of texts.
            stride: read texts that are longer than `max_length` in windows that begin this many tokens apart, and
                average; by default only their beginning is read.

        Raises:
            InputError: `texts` is one string, or the stride makes no sense.
        """
        found = self.predict_probabilities(texts, stride=stride)
        return [
            self.prediction(row, trust) for row, trust in zip(found.probabilities, found.trust.tolist(), strict=True)
        ]

    def choose_set(self, probabilities: Floats) -> list[str] | None:
        """Return the classes in the set of a row with these probabilities (C,); None where none was asked for.

        They stand in their order where they have one, and else the likeliest first.
        """
        if self.set_rule is None:
            return None
        chosen = self.set_rule.choose_sets(probabilities[None])[0]
        if self.order is not None:
            return [self.labels[number] for number in np.flatnonzero(chosen)]
        if self.decision is not None:  # what is answered is in the set
            chosen |= self.decision.decide(probabilities[None])[0]
        return [self.labels[number] for number in np.argsort(-probabilities, kind="stable") if chosen[number]]

    def prediction(self, probabilities: Floats, trust: float = 1.0) -> Prediction:
        """Return probabilities (C,) as a prediction; `trust` as in PredictedProbabilities."""
        if self.decision is not None:
            return self._answer_set(probabilities)
        if self.tree is not None:
            return self._answer_node(self.tree, probabilities)
        best = int(probabilities.argmax()) if self.order is None else int(self.order.decide(probabilities[None])[0])
        named = dict(zip(self.labels, probabilities.tolist(), strict=True))
        return Prediction(
            self.labels[best],
            named[self.labels[best]],
            named,
            label_set=self.choose_set(probabilities),
            trust=trust,
        )

    def _answer_node(self, tree: Tree, probabilities: Floats) -> Prediction:
        sums = tree.sum_up(probabilities[None])[0].tolist()
        node = int(tree.decide(probabilities[None], self._depth_threshold)[0])
        named = dict(zip(self.labels, probabilities.tolist(), strict=True))
        above = {name: value for name, value in zip(tree.nodes, sums, strict=True) if name not in named}
        return Prediction(tree.nodes[node], sums[node], named, parents=above, label_set=self.choose_set(probabilities))

    def _answer_set(self, probabilities: Floats) -> Prediction:
        assert self.decision is not None
        holds = self.decision.decide(probabilities[None])[0]
        names = tuple(label for label, held in zip(self.labels, holds.tolist(), strict=True) if held)
        named = dict(zip(self.labels, probabilities.tolist(), strict=True))
        sure = float(np.where(holds, probabilities, 1 - probabilities).prod())
        return Prediction(self.form.write(names), sure, named, names, label_set=self.choose_set(probabilities))

    def decide_as(self, config: PredictConfig) -> None:
        """Decide which labels hold as the options say, where rows have several.

        Raises:
            InputError: an option is about several labels, and rows have one; or it names a label that is not known.
        """
        own = config.parse_thresholds()
        self._depth_threshold = config.threshold
        if self.decision is None:
            flag = "--thresholds" if own else "--top" if config.top is not None else None
            if flag is not None:
                raise InputError(
                    f"{flag} is for models of several labels a row, and this one gives one",
                    "--probabilities adds that of every class",
                )
            return
        unknown = next((name for name in own if name not in self.labels), None)
        if unknown is not None:
            raise InputError(
                f"--thresholds names the label `{unknown}`, which the model does not know",
                did_you_mean(unknown, self.labels, f"it knows {', '.join(self.labels[:8])}"),
            )
        if config.top is not None:
            self.decision = TopLabels(count=min(config.top, len(self.labels)))
            return
        usual = self.decision.thresholds if config.threshold is None else (config.threshold,) * len(self.labels)
        thresholds = tuple(own.get(name, value) for name, value in zip(self.labels, usual, strict=True))
        if config.threshold is not None or own:
            self.decision = Decision(thresholds)

    def predict_probabilities(
        self, texts: Sequence[str], *, stride: int | None = None, progress: Callable[[int], None] | None = None
    ) -> PredictedProbabilities:
        """Return the probabilities of each text as arrays; `progress` is called with the number of new pieces done."""
        if isinstance(texts, str):
            raise InputError("predict takes a list of texts, not one text", "predict([text])")
        parts = [
            self._compute_probabilities(list(texts[start : start + _TEXTS]), stride, progress)
            for start in range(0, len(texts), _TEXTS)
        ]
        if not parts:
            return PredictedProbabilities(np.empty((0, len(self.labels))), np.empty(0, np.bool_), np.empty(0))
        return PredictedProbabilities(
            np.concatenate([part.probabilities for part in parts]),
            np.concatenate([part.long for part in parts]),
            np.concatenate([part.trust for part in parts]),
        )

    def _compute_probabilities(
        self, texts: list[str], stride: int | None, progress: Callable[[int], None] | None
    ) -> PredictedProbabilities:
        if self._exact_model is not None and texts:
            self._compare_with_float(texts[:_COMPARED], stride)
        with self._encoding:
            pieces = self._cutter(stride)(texts)
        entries = getattr(getattr(self._model.config, "encoder", self._model.config), "vocab_size", None)
        if entries is not None and len(pieces.ids) and pieces.ids.max() >= entries:
            raise InputError("the tokenizer has entries that the model does not have", "fetch or make the model again")
        if self.machine is None:
            logits = self._model.predict_logits(pieces, progress)
        elif self.cascade is not None:
            logits = self.cascade.predict_logits(self._model, pieces, self.machine.device, progress)
        else:
            from txt.model.predict import predict_logits

            logits = predict_logits(self._model, pieces, self.machine.device, progress=progress)
        refuse_no_numbers(logits)
        scaled = logits.astype(np.float64) / (self.temperature or 1.0)
        trust = self._measure_trust(pieces) if self.doubts else None
        if trust is not None:
            scaled *= trust[:, None]
        probabilities = sigmoid(scaled) if self.decision else softmax(scaled)  # (pieces, C)
        whole = np.ones((len(pieces.lengths), 1)) if trust is None else trust[:, None]
        return PredictedProbabilities(
            _average_pieces(probabilities, pieces, len(texts)),
            pieces.long,
            _average_pieces(whole, pieces, len(texts))[:, 0],
        )

    @property
    def about_speed(self) -> list[str]:
        """What faster ways to compute cost, and how often they could be gone, in words."""
        said = [] if self.about_int8 is None else [self.about_int8]
        return said if self.cascade is None or not self.cascade.texts else [*said, self.cascade.describe()]

    def _compare_with_float(self, texts: list[str], stride: int | None) -> None:
        """See what 8 bits or a cascade cost on some texts, and refuse them where they ruin the model."""
        from txt.prediction.int8 import compare_with_float

        with self._comparing:
            exact, self._exact_model = self._exact_model, None
            if exact is None:  # another thread was first
                return
            found = self._compute_probabilities(texts, stride, None).probabilities
            quick, cascade = self._model, self.cascade
            self._model, self.cascade = exact, None
            expected = self._compute_probabilities(texts, stride, None).probabilities
            self._model, self.cascade = quick, cascade
            if quick is not exact:
                self.about_int8 = compare_with_float(expected, found)
            if cascade is not None:
                from txt.prediction.cascade import compare_with_whole

                compare_with_whole(expected, found)
                cascade.texts = cascade.spared = 0  # these texts are answered again

    @property
    def usual_share(self) -> float | None:
        """The share of known n-grams below which a text is doubted; None for a model that does not doubt."""
        usual = getattr(self._model.config, "values", {}).get("doubt_below")
        return usual if isinstance(usual, float) and usual > 0 and not self.decision else None

    def _measure_trust(self, pieces: Pieces) -> Floats | None:
        """Return the factor (N,) of each text's logits; None for a model that does not know what is usual."""
        usual = self.usual_share
        if usual is None:
            return None
        if self.machine is None:
            shares = self._model.measure_known_shares(pieces)
        else:
            from txt.prediction.doubt import measure_known_shares

            shares = measure_known_shares(self._model, pieces, self.machine.device)
        return None if shares is None else np.clip(shares / usual, _LEAST_TRUST, 1.0)

    @property
    def precision(self) -> str:
        """`bf16` or `float32`."""
        return self.machine.precision if self.machine else "float32"

    def _cutter(self, stride: int | None) -> TextCutter:
        if stride not in self._cutters:
            self._cutters[stride] = TextCutter(self._tokenizer, self.max_length, stride)
        return self._cutters[stride]


def load(run: str | Path, *, device: str = "auto", precision: str = "auto", int8: bool = False) -> Predictor:
    """Load the classifier of a run, or from a model's folder. No code from the folder is executed.

    Args:
        run: a run's name or path, or a folder with a model in Hugging Face layout.
        device: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`.
        precision: `auto` is bf16 where the machine is faster with it; `bf16`, `float32`.
        int8: compute the encoder in 8 bits, on the CPU.

    Raises:
        InputError: there is no such run or model, it is not a classifier, or an option does not fit this machine.
    """
    apply_library_settings()
    return load_source(find_model(run), PredictConfig(device=device, precision=precision, int8=int8))


def load_source(source: ModelSource, config: PredictConfig) -> Predictor:
    """Load a classifier that was found, as `config` says: a linear one without torch, if nothing asks for torch."""
    if plain := PlainNgramClassifier.open(source.folder) if _leaves_open(config) else None:
        return _make_classifier(plain, None, source, config)
    from txt.model.saved import load_model
    from txt.prediction.int8 import quantize_to_int8
    from txt.training.machine import choose_machine, convert_precision

    machine = choose_machine(
        TrainConfig(
            device="cpu" if config.int8 and config.device == "auto" else config.device,
            precision="float32" if config.int8 else config.precision,
            threads=config.threads,
        )
    )
    if config.int8 and machine.device.type != "cpu":
        raise InputError("--int8 is for the CPU", "leave --int8 or --device out")
    model = load_model(source.folder, machine.device)
    classifier = _make_classifier(
        quantize_to_int8(model) if config.int8 else convert_precision(model, machine), machine, source, config
    )
    if config.cascade:
        from txt.prediction.cascade import CascadePredictor

        classifier.cascade = CascadePredictor(model, len(classifier.labels), classifier.temperature)
    classifier._exact_model = model if config.int8 else classifier._model if config.cascade else None
    return classifier


def _leaves_open(config: PredictConfig) -> bool:
    """Tell whether no option is about how torch computes."""
    return (
        config.device in ("auto", "cpu")
        and config.precision != "bf16"
        and not config.threads
        and not config.int8
        and not config.cascade
    )


def _make_classifier(model: Any, machine: "Machine | None", source: ModelSource, config: PredictConfig) -> Predictor:
    classifier = Predictor(
        model,
        _tokenizer(source.folder),
        machine,
        max_length=_find_token_limit(source.folder, model.config),
        temperature=source.temperature(),
    )
    classifier.about_confidence = describe_confidence(source.report())
    classifier.decide_as(config)
    if config.coverage is not None:
        from txt.prediction.set_rule import find_set_rule

        classifier.set_rule = find_set_rule(
            source,
            classifier.temperature or 1.0,
            lambda texts: classifier.predict_probabilities(texts).probabilities.astype(np.float64),
            config.coverage,
            classifier.order,
        )
    if len(classifier.labels) < 2 and classifier.decision is None:
        raise InputError(f"`{source.folder}` gives one number for each text, so it is not a classifier")
    return classifier


def _tokenizer(folder: Path) -> Tokenizer:
    return open_tokenizer(folder / "tokenizer.json")


def _find_token_limit(folder: Path, config: Any) -> int:
    """Return the tokens that the model reads: what its tokenizer was saved with, else the positions it has."""
    path = folder / "tokenizer_config.json"
    said = read_json(path).get("model_max_length") if path.is_file() else None
    if isinstance(said, int | float) and said < _LONGEST:
        return int(said)
    return int(getattr(config, "max_position_embeddings", None) or 512)


def _average_pieces(probabilities: Floats, pieces: Pieces, texts: int) -> Floats:
    """Return the mean (texts, C) over the pieces of each text."""
    if len(pieces.owner) == texts:
        return probabilities
    sums = np.zeros((texts, probabilities.shape[1]))
    np.add.at(sums, pieces.owner, probabilities)
    return sums / np.bincount(pieces.owner, minlength=texts)[:, None]
