"""Of the labels that `txt label --review` offers first, how many are wrong? Beside cleanlab, from the same numbers.

    python benchmarks/review.py --seeds 5

In sst2's train split, 5 % of the labels are flipped at random. cleanlab is in the dependency group `bench`; without it
its column stays empty.
"""

import argparse
import csv
import time
from pathlib import Path

import numpy as np
from machine import describe_machine
from threadpoolctl import threadpool_limits

from txt.data.near_duplicates import near_duplicates
from txt.data.reading.row_index import hash_content
from txt.labeling.active.models import TFIDF, make_model
from txt.labeling.active.vectors import tfidf
from txt.labeling.review import LabeledRows, find_duplicate_doubts, find_model_doubts, predict_out_of_fold, rank_doubts
from txt.model.embedding import embed_with_minilm

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
FIRST = 100
MODELS = {"tfidf": (TFIDF, tfidf), "minilm": (make_model("minilm", embed_with_minilm), embed_with_minilm)}


def by_cleanlab(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray | None:
    try:
        from cleanlab.filter import find_label_issues
    except ImportError:
        return None
    sums = probabilities.sum(1, keepdims=True)
    return find_label_issues(labels, probabilities / sums, return_indices_ranked_by="normalized_margin")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--models", nargs="*", choices=MODELS, default=list(MODELS))
    chosen = parser.parse_args()
    threadpool_limits(1)
    with (DATA / "sst2" / "train.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    texts = [row["text"] for row in rows]
    names, truth = np.unique([row["label"] for row in rows], return_inverse=True)
    hashes = np.array([hash_content(text) for text in texts], np.uint64)
    vectors = {name: MODELS[name][1](texts) for name in chosen.models}
    print(f"{describe_machine()}; sst2, {chosen.share:.0%} of {len(texts):,} labels flipped; of the first {FIRST}:\n")
    print("| judged by | seed | flipped, by txt | by cleanlab | seconds |\n|---|---|---|---|---|")
    for seed in range(chosen.seeds):
        wrong = np.zeros(len(truth), bool)
        wrong[np.random.default_rng(seed).permutation(len(truth))[: int(chosen.share * len(truth))]] = True
        labels = np.where(wrong, 1 - truth, truth)
        labeled = LabeledRows(np.arange(len(truth)), texts, labels, tuple(names.tolist()), hashes)
        groups = near_duplicates(texts)
        judged = {}
        for name in chosen.models:
            began = time.perf_counter()
            judged[name] = (
                predict_out_of_fold(MODELS[name][0], vectors[name], labeled, 42),
                time.perf_counter() - began,
            )
        if len(judged) > 1:
            both = np.mean([found for found, _ in judged.values()], axis=0)
            judged[" and ".join(judged)] = (both, sum(seconds for _, seconds in judged.values()))
        for name, (probabilities, seconds) in judged.items():
            doubts = find_model_doubts(probabilities, labeled, name)
            doubts += find_duplicate_doubts(groups, labeled, probabilities)
            ours = int(wrong[rank_doubts(doubts, labeled, probabilities).rows[:FIRST]].sum())
            issues = by_cleanlab(labels, probabilities)
            theirs = "–" if issues is None else str(int(wrong[issues[:FIRST]].sum()))
            print(f"| {name} | {seed} | {ours} | {theirs} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
