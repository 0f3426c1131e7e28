"""How good suggestions are before the first label: class names and one-sentence descriptions beside sentence vectors.

python benchmarks/suggest.py ../shared/data    # FOLDER/{agnews,sst2,banking77}/test.csv, and airline/Tweets.csv

The descriptions are in benchmarks/guides. No label is used but to count what is right. Below it, how often the rows
most like one, as `m` lists them, have its class.
"""

import argparse
import csv
import sys
from pathlib import Path

import numpy as np
from machine import describe_machine

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from txt.exploration.encoders import fit_encoder
from txt.exploration.nearest import find_nearest
from txt.labeling.active.models import TFIDF
from txt.labeling.guide import Guide, read_guide
from txt.labeling.suggest.sources import (
    KnownPlaces,
    Material,
    average_class_vectors,
    describe_classes,
    predict_by_names,
)
from txt.model.embedding import embed_with_minilm
from txt.model.encoders import choose_encoder
from txt.proportions import wilson_interval
from txt.screens.label.group_dialogs import ALIKE

GUIDES = Path(__file__).resolve().parent / "guides"
NOTHING = KnownPlaces(np.empty(0, np.int64), np.empty(0, np.int64))


def measure(path: Path, guide: Guide, described: Guide | None) -> tuple[int, int, int]:
    """Return how often the right class is first, how often it is among the first five, and the number of rows."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    texts = [row["text"] for row in rows]
    truth = np.array([guide.names.index(row["label"]) for row in rows])
    vectors = embed_with_minilm(texts)
    told = describe_classes(guide.names, described)
    class_vectors = average_class_vectors(told, embed_with_minilm([text for each in told for text in each]).matrix)
    material = Material(guide.names, vectors, TFIDF, 0, vectors.matrix, class_vectors)
    ranked = np.argsort(-predict_by_names(material, NOTHING, np.arange(len(rows))), axis=1, kind="stable")
    hits = ranked[:, :5] == truth[:, None]
    return int(hits[:, 0].sum()), int(hits.any(1).sum()), len(rows)


def measure_groups(path: Path, label: str) -> list[str]:
    """Return the share of the 20 rows most like a row that have its class, by how alike they are; for 500 rows."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    texts, labels = [row["text"] for row in rows], np.array([row[label] for row in rows])
    chosen = choose_encoder(texts[:2000])
    vectors = fit_encoder(chosen[0] if chosen else "words", texts).encode(texts)
    right: list[bool] = []
    cosines: list[float] = []
    for row in np.random.default_rng(0).choice(len(rows), min(500, len(rows)), replace=False):
        found, likeness = find_nearest(vectors, vectors[row], 21)
        others = found != row
        right += (labels[found[others]] == labels[row]).tolist()
        cosines += likeness[others].tolist()
    shares = []
    for low, high in ((0.5, ALIKE), (ALIKE, 0.7), (0.7, 1.01)):
        inside = [hit for hit, cosine in zip(right, cosines, strict=True) if low <= cosine < high]
        share = wilson_interval(sum(inside), len(inside))
        shares.append(f"{share.value:.2f} of {len(inside):,}")
    return shares


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    print(describe_machine())
    print("| data | classes | from | right | among the first five |\n|---|---|---|---|---|")
    for name in ("agnews", "sst2", "banking77"):
        guide = read_guide(GUIDES / f"{name}.toml")
        for what, described in (("names", None), ("names and descriptions", guide)):
            first, five, rows = measure(folder / name / "test.csv", guide, described)
            shares = [wilson_interval(count, rows) for count in (first, five)]
            right, among = (f"{each.value:.3f} [{each.low:.3f}, {each.high:.3f}]" for each in shares)
            print(f"| {name} | {len(guide.names)} | {what} | {right} | {among if len(guide.names) > 5 else '–'} |")
    print(f"\n| data | same class, cosine 0.5 to {ALIKE} | {ALIKE} to 0.7 | above 0.7 |\n|---|---|---|---|")
    for name, file, label in (
        ("agnews", "test.csv", "label"),
        ("banking77", "test.csv", "label"),
        ("sst2", "test.csv", "label"),
        ("airline", "Tweets.csv", "airline_sentiment"),
    ):
        print(f"| {name} | {' | '.join(measure_groups(folder / name / file, label))} |")


if __name__ == "__main__":
    main()
