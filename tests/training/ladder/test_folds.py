"""Folds are stratified, and rows that belong together stay together."""

import numpy as np

from txt.training.ladder.folds import make_folds


def test_each_fold_has_its_share_of_every_class():
    labels = np.repeat([0, 1, 2], [500, 100, 7])
    folds = make_folds(labels, np.arange(len(labels)), 5, 0)
    for label in range(3):
        counts = np.bincount(folds[labels == label], minlength=5)
        assert counts.max() - counts.min() <= 1


def test_rows_of_a_group_are_in_one_fold():
    rng = np.random.default_rng(0)
    labels, groups = rng.integers(0, 3, 400), rng.integers(0, 90, 400)
    folds = make_folds(labels, groups, 5, 1)
    assert all(len(set(folds[groups == group])) == 1 for group in np.unique(groups))
    sizes = np.bincount(folds, minlength=5)
    assert sizes.max() - sizes.min() <= 20


def test_another_seed_gives_other_folds_and_the_same_one_the_same():
    labels, groups = np.zeros(200, np.int64), np.arange(200)
    first = make_folds(labels, groups, 5, 3)
    assert (first == make_folds(labels, groups, 5, 3)).all()
    assert (first != make_folds(labels, groups, 5, 4)).any()
