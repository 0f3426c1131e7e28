import numpy as np
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
    lengths = np.random.default_rng(0).integers(4, 200, 3200)
    batches = make_epoch_batches(lengths, 32, seed=1, epoch=0)
    spread = np.mean([lengths[batch].max() - lengths[batch].min() for batch in batches])
    assert spread < 10
    assert all((np.diff(lengths[batch]) <= 0).all() for batch in batches)
