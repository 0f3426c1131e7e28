"""Iterative stratification, against the algorithm as the paper writes it down."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from txt.data.label_kinds import LabelSets
from txt.data.stratify import stratify


def follow_the_paper(sets, shares, keys):
    """Algorithm 1 of Sechidis et al. 2011, over Python's own sets; what is left to chance is settled as here."""
    parts = {}
    remaining = {row: set(labels) for row, labels in enumerate(sets)}
    wanted = [share * len(sets) for share in shares]
    labels = {label for each in sets for label in each}
    lacking = {label: [share * sum(label in each for each in sets) for share in shares] for label in labels}
    while remaining:
        counts = {
            label: sum(label in each for each in remaining.values())
            for label in labels
            if any(label in each for each in remaining.values())
        }
        if not counts:
            for row in sorted(remaining, key=lambda row: keys[row]):
                part = max(range(len(shares)), key=lambda part: (wanted[part], -part))
                parts[row] = part
                wanted[part] -= 1
            break
        label = min(counts, key=lambda label: (counts[label], label))
        for row in sorted((row for row, each in remaining.items() if label in each), key=lambda row: keys[row]):
            part = max(range(len(shares)), key=lambda part: (lacking[label][part], wanted[part], -part))
            parts[row] = part
            for each in remaining[row]:
                lacking[each][part] -= 1
            wanted[part] -= 1
            del remaining[row]
    return [parts[row] for row in range(len(sets))]


@given(
    st.lists(st.sets(st.integers(0, 6), max_size=4), min_size=1, max_size=40),
    st.sampled_from([(0.8, 0.1, 0.1), (0.5, 0.5, 0.0), (0.25, 0.25, 0.25, 0.25)]),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=150, deadline=None)
def test_rows_go_where_the_paper_sends_them(sets, shares, seed):
    keys = np.random.default_rng(seed).permutation(len(sets)).astype(np.uint64)
    found = stratify(LabelSets.of([sorted(each) for each in sets]), shares, keys)
    assert found.tolist() == follow_the_paper(sets, shares, keys.tolist())


def test_rare_labels_keep_their_shares_better_than_by_chance():
    rng = np.random.default_rng(0)
    rates = np.array([0.4, 0.2, 0.05, 0.01, 0.004])
    matrix = rng.random((5000, 5)) < rates
    keys = rng.permutation(5000).astype(np.uint64)
    found = stratify(LabelSets.of_matrix(matrix), (0.8, 0.1, 0.1), keys)
    for label in range(5):
        rows = matrix[:, label].sum()
        for part, share in enumerate((0.8, 0.1, 0.1)):
            assert abs((matrix[:, label] & (found == part)).sum() - share * rows) <= 2
    assert [(found == part).sum() for part in range(3)] == pytest.approx([4000, 500, 500], abs=3)


def test_the_order_of_the_rows_does_not_matter_and_units_stay_whole():
    rng = np.random.default_rng(1)
    matrix = rng.random((300, 4)) < 0.3
    keys, sizes = rng.permutation(300).astype(np.uint64), rng.integers(1, 4, 300)
    found = stratify(LabelSets.of_matrix(matrix), (0.7, 0.3), keys, sizes)
    order = rng.permutation(300)
    again = stratify(LabelSets.of_matrix(matrix[order]), (0.7, 0.3), keys[order], sizes[order])
    assert again.tolist() == found[order].tolist()
    assert sizes[found == 0].sum() / sizes.sum() == pytest.approx(0.7, abs=0.02)


def test_label_sets_convert_and_are_taken_and_joined():
    matrix = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0]], bool)
    sets = LabelSets.of_matrix(matrix)
    assert (sets.matrix(3) == matrix).all()
    assert (sets.take(np.array([2, 0, 0])).matrix(3) == matrix[[2, 0, 0]]).all()
    assert (LabelSets.join([sets, sets.take(np.array([1]))]).matrix(3) == matrix[[0, 1, 2, 1]]).all()
    assert sets.names(0, "abc") == ("a", "c")
    assert LabelSets.of([[2, 0], [], [1]]).ids.tolist() == sets.ids.tolist()
