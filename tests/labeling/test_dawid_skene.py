"""The most probable labels of several annotators, beside expectation maximisation written out loop by loop."""

import numpy as np
import pytest

from txt.labeling.dawid_skene import Votes, count_shares, fit_dawid_skene


def simulate(count: int = 60) -> tuple[Votes, np.ndarray, np.ndarray]:
    """Four annotators, the last of whom guesses; each item is labeled by two to four of them."""
    rng, N, C = np.random.default_rng(0), count, 3
    truth = rng.choice(C, N, p=[0.5, 0.3, 0.2])
    confusion = np.stack(
        [
            np.full((C, C), (1 - own) / (C - 1)) + np.eye(C) * (own - (1 - own) / (C - 1))
            for own in (0.9, 0.75, 0.7, 1 / 3)
        ]
    )
    lines = [
        (item, who, rng.choice(C, p=confusion[who, truth[item]]))
        for item in range(N)
        for who in sorted(rng.permutation(4)[: rng.integers(2, 5)].tolist())
    ]
    items, people, said = (np.array(each) for each in zip(*lines, strict=True))
    return Votes(items, people, said, N, 4, C), truth, confusion


def fit_by_loops(votes: Votes, known: dict[int, int], smoothing: float, steps: int) -> np.ndarray:
    """Dawid and Skene's formulas 2.3 to 2.5, one product at a time."""
    N, A, C = votes.num_items, votes.num_annotators, votes.num_classes
    lines = list(zip(votes.items.tolist(), votes.annotators.tolist(), votes.labels.tolist(), strict=True))
    posterior = [[0.0] * C for _ in range(N)]
    for item, _, said in lines:
        posterior[item][said] += 1
    posterior = [[count / sum(row) if sum(row) else 1 / C for count in row] for row in posterior]
    for item, right in known.items():
        posterior[item] = [float(c == right) for c in range(C)]
    for _ in range(steps):
        prior = [sum(row[c] for row in posterior) + smoothing for c in range(C)]
        prior = [each / sum(prior) for each in prior]
        table = [[[smoothing] * C for _ in range(C)] for _ in range(A)]
        for item, who, said in lines:
            for right in range(C):
                table[who][right][said] += posterior[item][right]
        for item in range(N):
            if item in known:
                continue
            found = []
            for right in range(C):
                product = prior[right]
                for other, who, said in lines:
                    if other == item:
                        product *= table[who][right][said] / sum(table[who][right])
                found.append(product)
            posterior[item] = [each / sum(found) for each in found]
    return np.array(posterior)


@pytest.mark.parametrize("known", [{}, {0: 1, 5: 0, 7: 2}])
def test_the_posterior_is_that_of_the_formulas(known):
    votes, _, _ = simulate()
    given = np.full(votes.num_items, -1)
    given[list(known)] = list(known.values())
    fitted = fit_dawid_skene(votes, given)
    np.testing.assert_allclose(fitted.posterior, fit_by_loops(votes, known, 0.01, 200), atol=1e-4)


def test_it_finds_more_right_labels_than_the_majority_and_who_guesses():
    votes, truth, confusion = simulate(800)
    fitted = fit_dawid_skene(votes)
    majority = (count_shares(votes).argmax(1) == truth).mean()
    assert (fitted.posterior.argmax(1) == truth).mean() > majority
    own = fitted.confusion[:, range(3), range(3)]
    np.testing.assert_allclose(own, confusion[:, range(3), range(3)], atol=0.12)
    assert own.mean(1).argmin() == 3


def test_other_items_are_inferred_as_those_that_were_fitted():
    votes, _, _ = simulate()
    fitted = fit_dawid_skene(votes)
    np.testing.assert_allclose(fitted.infer(votes), fitted.posterior, atol=1e-4)


def test_an_item_without_votes_has_the_shares_of_the_classes():
    votes = Votes(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([1, 1, 0]), 3, 2, 2)
    fitted = fit_dawid_skene(votes)
    np.testing.assert_allclose(fitted.posterior[2], fitted.prior, atol=1e-4)
