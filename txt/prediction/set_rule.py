"""Finds the rule of `txt predict --coverage`: from the rows of a run that its model did not learn from."""

from collections.abc import Callable, Sequence

from txt.arrays import Floats
from txt.data.prepared import MANIFEST, Prepared
from txt.errors import InputError
from txt.evaluation.calibration import softmax
from txt.evaluation.prediction_sets import LabelSetRule, SetRule, fit_label_set_rule, fit_set_rule
from txt.label_set_metrics import sigmoid
from txt.ordered_classes import OrderedDecision
from txt.prediction.model_source import ModelSource
from txt.training.ladder.out_of_fold import read_out_of_fold


def find_set_rule(
    source: ModelSource,
    temperature: float,
    predict: Callable[[Sequence[str]], Floats],
    coverage: float,
    order: OrderedDecision | None = None,
) -> SetRule | LabelSetRule:
    """Return the rule for a coverage: from out-of-fold predictions, or from the val split of a run without them.

    Args:
        source: the model.
        temperature: by which its logits are divided.
        predict: returns the probabilities (N, C) of texts.
        coverage: the share of rows whose set has to hold the right class; of several labels, of the rows of each.
        order: how a class is answered, where classes have an order.

    Raises:
        InputError: the model is not a run's, its data is gone, or there are too few rows.
    """
    if source.run is None:
        raise InputError(
            f"--coverage needs rows that the model did not learn from, and `{source.folder}` is a model alone",
            "give the run that it is from",
        )
    found = read_out_of_fold(source.run.path)
    if found is not None:
        if found.labels.ndim == 2:
            return fit_label_set_rule(found.labels, sigmoid(found.logits), coverage)
        return fit_set_rule(found.labels, softmax(found.logits / temperature), coverage, order)
    path = source.run.prepared_path()
    if not (path / MANIFEST).is_file():
        raise InputError(f"--coverage needs the val rows of run `{source.run.name}`, which are not at `{path}`")
    val = Prepared.open(source.run.locate_prepared()).split("val")
    if not len(val):
        raise InputError(f"--coverage needs val rows, and `{path}` has none")
    probabilities = predict(val.texts())
    if val.has_several:
        return fit_label_set_rule(val.label_sets.matrix(probabilities.shape[1]), probabilities, coverage)
    return fit_set_rule(val.labels, probabilities, coverage, order)
