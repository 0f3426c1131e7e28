from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from txt.training.batches import make_epoch_batches, steps_per_epoch


@given(st.integers(1, 400), st.integers(1, 40), st.integers(0, 5))
def test_every_row_occurs_once_in_an_epoch(rows, batch_size, epoch):
    lengths = np.random.default_rng(rows).integers(1, 100, rows)
    batches = make_epoch_batches(lengths, batch_size, seed=3, epoch=epoch)
    assert sorted(np.concatenate(batches)) == list(range(rows))
    assert len(batches) == steps_per_epoch(rows, batch_size)
    assert all(len(batch) <= batch_size for batch in batches)


def test_order_follows_from_seed_and_epoch_alone():
    lengths = np.random.default_rng(0).integers(1, 100, 500)
    first, again = (make_epoch_batches(lengths, 32, seed=1, epoch=2) for _ in range(2))
    assert all((one == other).all() for one, other in zip(first, again, strict=True))
    assert not (np.concatenate(first) == np.concatenate(make_epoch_batches(lengths, 32, seed=1, epoch=3))).all()
    assert not (np.concatenate(first) == np.concatenate(make_epoch_batches(lengths, 32, seed=2, epoch=2))).all()


def test_batches_hold_rows_of_like_length_longest_first():
    lengths = np.random.default_rng(0).integers(4, 200, 16_000)
    batches = make_epoch_batches(lengths, 32, seed=1, epoch=0)
    spread = np.mean([lengths[batch].max() - lengths[batch].min() for batch in batches])
    assert spread < 10
    assert all((np.diff(lengths[batch]) <= 0).all() for batch in batches)


@pytest.mark.parametrize("rows", [300, 768, 1600])
def test_few_rows_meet_other_rows_in_every_epoch(rows):
    lengths = np.random.default_rng(0).integers(4, 60, rows)
    first, second = (_pair_rows(make_epoch_batches(lengths, 32, seed=1, epoch=epoch)) for epoch in (0, 1))
    by_chance = 31 / (rows - 1)
    assert len(first & second) / len(first) < max(0.1, 1.2 * by_chance)


def _pair_rows(batches) -> set[tuple[int, int]]:
    """Return all pairs of rows that share a batch."""
    return {pair for batch in batches for pair in combinations(sorted(batch.tolist()), 2)}
