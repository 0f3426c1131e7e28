"""Whether a second look finds labels that were flipped, on a real data set."""

import csv

import numpy as np

from txt.data.near_duplicates import near_duplicates
from txt.data.reading.row_index import hash_content
from txt.labeling.active.models import TFIDF
from txt.labeling.active.vectors import tfidf
from txt.labeling.review import LabeledRows, find_duplicate_doubts, find_model_doubts, predict_out_of_fold, rank_doubts

FIRST = 100


def confident_learning(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Rows in the order of cleanlab's `find_label_issues` with its defaults: prune by noise rate, then by margin.

    Source: Northcutt et al. 2021, equations 1 to 3 and "PBNR", written down anew for two classes.
    """
    usual = np.array([probabilities[labels == c, c].mean() for c in (0, 1)])
    above = probabilities >= usual
    belongs = np.where(above.any(1), np.where(above, probabilities, -1).argmax(1), -1)
    margin = probabilities[np.arange(len(labels)), 1 - labels] - probabilities[np.arange(len(labels)), labels]
    issues: list[int] = []
    for c in (0, 1):
        inside = np.flatnonzero(labels == c)
        counted = np.array([(belongs[inside] == other).sum() for other in (0, 1)])
        wrong = round(len(inside) * counted[1 - c] / counted.sum())
        issues += [row for row in inside[np.argsort(-margin[inside])][:wrong] if margin[row] > 0]
    return np.array(issues)[np.argsort(-margin[issues], kind="stable")]


def test_of_the_first_hundred_labels_offered_sixty_are_flipped_ones_and_as_many_as_confident_learning_finds(
    shared_data,
):
    with (shared_data / "sst2" / "train.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    texts = [row["text"] for row in rows]
    names, truth = np.unique([row["label"] for row in rows], return_inverse=True)
    wrong = np.zeros(len(truth), bool)
    wrong[np.random.default_rng(0).permutation(len(truth))[: len(truth) // 20]] = True
    labels = np.where(wrong, 1 - truth, truth)
    hashes = np.array([hash_content(text) for text in texts], np.uint64)
    labeled = LabeledRows(np.arange(len(truth)), texts, labels, tuple(names.tolist()), hashes)
    probabilities = predict_out_of_fold(TFIDF, tfidf(texts), labeled, 42)
    doubts = find_model_doubts(probabilities, labeled, "tfidf")
    doubts += find_duplicate_doubts(near_duplicates(texts), labeled, probabilities)
    found = wrong[rank_doubts(doubts, labeled, probabilities).rows[:FIRST]].sum()
    assert found >= 60
    assert found >= wrong[confident_learning(labels, probabilities)[:FIRST]].sum()
