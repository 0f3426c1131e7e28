"""Drift: p-values that mean what they say, and differences that are found."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from txt.evaluation.drift import compare_ranks, describe_drift, measure_drift

WORDS = [f"word{number}" for number in range(400)]
OTHERS = [f"thing{number}" for number in range(400)]


def make_texts(rng: np.random.Generator, rows: int, share: float = 0.0, length: int = 8) -> list[str]:
    """Return texts of random words, a share of them of another vocabulary."""
    return [
        " ".join((OTHERS if rng.random() < share else WORDS)[int(rng.integers(400))] for _ in range(length))
        for _ in range(rows)
    ]


def test_the_p_value_is_that_of_a_rank_test():
    rng = np.random.default_rng(0)
    for shift in (0.0, 0.3, 0.6):
        labels = np.repeat([0, 1], [60, 50])
        scores = np.round(rng.normal(size=110) + shift * labels, 1)  # with ties
        expected = mannwhitneyu(scores[labels == 1], scores[labels == 0], alternative="greater")
        auc, p_value = compare_ranks(scores, labels, rng)
        assert auc == pytest.approx(expected.statistic / 3000)
        assert p_value == pytest.approx(expected.pvalue, abs=4 * np.sqrt(0.25 / 5000) + 0.002)


def test_texts_of_one_kind_are_hardly_ever_said_to_differ():
    p_values = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        found = measure_drift(make_texts(rng, 120), make_texts(rng, 80), seed=seed)
        p_values.append(found.p_value)
    assert np.mean(np.array(p_values) <= 0.1) < 0.1 + 3 * np.sqrt(0.09 / 60)
    assert min(p_values) > 0.001 or sum(p <= 0.001 for p in p_values) <= 1


def test_another_vocabulary_is_found_and_its_rows_come_first():
    rng = np.random.default_rng(1)
    new = [*make_texts(rng, 100, 0.5), *make_texts(rng, 5, 1.0)]
    found = measure_drift(make_texts(rng, 300), new)
    assert found.is_clear
    assert found.auc > 0.9
    assert set(found.most_different) <= set(range(100, 105))
    before, now = found.unknown_words
    assert now > 0.4 > 0.2 > before
    assert "differ from those" in describe_drift(found)


def test_longer_texts_and_lower_confidence_are_told():
    rng = np.random.default_rng(2)
    train, new = make_texts(rng, 300), make_texts(rng, 200, 0.3, length=20)
    found = measure_drift(train, new, (np.full(10, 0.9), np.full(200, 0.6)))
    assert found.lengths == (8, 20)
    assert "mean confidence is 0.60, and 0.90" in describe_drift(found)


def test_a_few_rows_are_not_judged():
    rng = np.random.default_rng(3)
    assert measure_drift(make_texts(rng, 300), make_texts(rng, 49, 1.0)) is None
    assert describe_drift(None) is None


def test_texts_without_words_do_no_harm():
    rng = np.random.default_rng(4)
    assert measure_drift(make_texts(rng, 60), ["!!!"] * 60).is_clear
