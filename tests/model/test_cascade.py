"""The cascade: the margin spares the encoder as many rows as the answers allow, and never more."""

import numpy as np
import pytest

from txt.model.cascade import MOST_OTHERS, Cascade, choose_cascade, measure_margins
from txt.proportions import wilson_interval


def draw(rows: int, classes: int, seed: int, step: float = 0.0):
    """Return logits, and two answers that differ the less often the surer they are; `step` rounds logits, for ties."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(rows, classes)) * 3
    if step:
        logits = np.round(logits / step) * step
    alone = logits.argmax(1)
    differ = rng.random(rows) < 0.4 * np.exp(-2 * measure_margins(logits))
    return logits, alone, np.where(differ, (alone + 1) % classes, alone)


@pytest.mark.parametrize(("classes", "step"), [(2, 0.0), (5, 0.0), (3, 1.0)])
@pytest.mark.parametrize("seed", range(4))
def test_the_margin_is_the_lowest_that_keeps_enough_answers(classes, step, seed):
    logits, alone, whole = draw(6000, classes, seed, step)
    found = choose_cascade(logits, alone, whole, (0.0,) * classes, 1.0)
    margins = measure_margins(logits)

    def is_good(margin: float) -> bool:
        others = int((alone != whole)[margins >= margin].sum())
        return margin > 0 and wilson_interval(others, len(logits)).high <= MOST_OTHERS

    good = [margin for margin in np.unique(margins) if is_good(margin)]
    assert found is not None
    assert found.margin == pytest.approx(min(good), abs=1e-12)
    sure = found.find_sure(logits)
    assert found.share == sure.mean()
    assert found.same == pytest.approx(1 - (alone != whole)[sure].sum() / len(logits))
    assert 0 < sure.mean() < 1


def test_few_rows_say_too_little_and_ties_are_never_sure():
    logits, alone, _ = draw(1000, 2, 0)
    assert choose_cascade(logits, alone, alone, (0.0, 0.0), 1.0) is None  # not one of so few may differ
    same = np.zeros((5000, 2))
    assert choose_cascade(same, same.argmax(1), same.argmax(1), (0.0, 0.0), 1.0) is None


def test_n_grams_that_are_wrong_where_they_are_sure_are_hardly_asked():
    logits, alone, _ = draw(5000, 2, 1)
    found = choose_cascade(logits, alone, 1 - alone, (0.0, 0.0), 1.0)
    assert found is None or found.share <= MOST_OTHERS


def test_config_json_gives_back_what_it_was_given_and_what_makes_no_sense_is_nothing():
    cascade = Cascade((0.5, -0.5), 1.5, 2.0, 0.4, 0.999, 2000)
    values = {"cascade": cascade.to_json()}
    assert Cascade.read(values, 2) == cascade
    assert Cascade.read(values, 3) is None
    for key, bad in {"scale": 0, "margin": "wide", "bias": None, "rows": "many", "share": float("nan")}.items():
        assert Cascade.read({"cascade": {**cascade.to_json(), key: bad}}, 2) is None
    assert Cascade.read({}, 2) is None
    assert Cascade.read({"cascade": 5}, 2) is None
