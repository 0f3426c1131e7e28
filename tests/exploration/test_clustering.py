"""Clusters against what is known: planted groups, and scikit-learn's numbers."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from txt.exploration.clustering import Trial, assign_clusters, compare_groupings, fit_centres, try_counts
from txt.exploration.exploration import choose_count, place_on_map


def plant(groups: int, each: int = 60, width: int = 16, noise: float = 0.25):
    """Return vectors of length 1 around some directions, and the group of each."""
    rng = np.random.default_rng(11)
    directions = np.linalg.qr(rng.standard_normal((width, groups)))[0].T
    codes = np.repeat(np.arange(groups), each)
    vectors = directions[codes] + noise * rng.standard_normal((len(codes), width)) / np.sqrt(width)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), codes


@pytest.mark.parametrize("groups", [2, 5, 12])
def test_planted_groups_are_found(groups):
    vectors, codes = plant(groups)
    found, likeness = assign_clusters(vectors, fit_centres(vectors, groups))
    assert adjusted_rand_score(codes, found) == 1
    assert likeness.min() > 0.9


@pytest.mark.parametrize("groups", [3, 8])
def test_as_many_as_were_planted_settle(groups):
    vectors, _ = plant(groups)
    trials = try_counts(vectors)
    assert choose_count(trials) == (groups, True)


def test_noise_settles_in_few_clusters_or_none():
    rng = np.random.default_rng(2)
    vectors = rng.standard_normal((600, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    count, settled = choose_count(try_counts(vectors))
    assert not settled
    assert max(trial.stability for trial in try_counts(vectors)) < 0.4
    assert count >= 2


def test_centres_are_as_good_as_those_of_scikit_learn():
    vectors, _ = plant(6, noise=0.9)
    reference = KMeans(6, n_init=10, random_state=0).fit(vectors).cluster_centers_
    reference /= np.linalg.norm(reference, axis=1, keepdims=True)
    wanted = (vectors @ reference.T).max(1).mean()
    assert assign_clusters(vectors, fit_centres(vectors, 6))[1].mean() > wanted - 0.005


def test_agreement_is_the_adjusted_rand_index():
    rng = np.random.default_rng(4)
    for _ in range(20):
        one, other = rng.integers(0, 5, 200), rng.integers(0, 7, 200)
        other[:120] = one[:120]
        assert compare_groupings(one, other) == pytest.approx(adjusted_rand_score(one, other))
    assert compare_groupings(np.zeros(5, np.int64), np.zeros(5, np.int64)) == 1


def test_equal_vectors_and_fewer_texts_than_clusters_are_no_trouble():
    same = np.tile(np.array([[1, 0]], np.float32), (9, 1))
    assert set(assign_clusters(same, fit_centres(same, 4))[0].tolist()) == {0}
    assert choose_count(try_counts(same[:3])) == (1, False)


def test_a_zero_vector_is_in_no_cluster():
    vectors, _ = plant(2)
    vectors[5] = 0
    assert assign_clusters(vectors, fit_centres(vectors[6:], 2))[0][5] == -1


def test_the_largest_number_that_settles_is_taken_and_else_the_most_stable():
    trials = [Trial(2, 0.9, 0), Trial(4, 0.3, 0), Trial(8, 0.41, 0), Trial(16, 0.2, 0)]
    assert choose_count(trials) == (8, True)
    assert choose_count([Trial(2, 0.2, 0), Trial(4, 0.3, 0)]) == (4, False)
    assert choose_count([]) == (1, False)


def test_the_map_shows_the_first_two_components():
    from sklearn.decomposition import PCA

    vectors, _ = plant(4)
    found, wanted = place_on_map(vectors), PCA(2).fit_transform(vectors)
    assert np.allclose(np.abs(found), np.abs(wanted), atol=1e-3)
