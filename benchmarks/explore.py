"""How long does it take to see what is in 50,000 tweets, and to find rows by meaning among a million?

python benchmarks/explore.py TWEETS.csv [ROWS] [SEARCHED]

TWEETS.csv has a column `text`; its rows are drawn again, with words left out, until there are ROWS (50,000).
Beside `txt explore`, in the same run and on the same texts: what one would write by hand, TF-IDF reduced to 128
dimensions and KMeans with as many clusters. Then SEARCHED vectors (1,000,000), those of the tweets drawn again with a
little noise, are searched. The vectors' cache is a new folder, so that everything is made.
"""

import csv
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from machine import describe_machine

QUERIES = ("refund never came", "lost my bag", "great crew", "cannot reach anyone on the phone", "seat too small") * 4


def draw_texts(path: str, rows: int) -> list[str]:
    """Return so many texts made of those of a file, each with some of its words left out."""
    with open(path, newline="", encoding="utf-8") as file:
        texts = [row["text"] for row in csv.DictReader(file) if row["text"].strip()]
    rng = random.Random(0)
    made = []
    for _ in range(rows):
        words = rng.choice(texts).split()
        made.append(" ".join(word for word in words if rng.random() > 0.1) or words[0])
    return made


def explore(path: Path) -> int:
    """Take the steps of `txt explore`, and print when each was done; returns the number of clusters."""
    begun, processor = time.perf_counter(), time.process_time()

    def tell(step: str) -> None:
        print(
            f"  {step:<24} {time.perf_counter() - begun:6.1f} s {time.process_time() - processor:6.1f} CPU-s",
            flush=True,
        )

    from txt.config import PrepareConfig
    from txt.exploration.corpus import read_corpus
    from txt.exploration.exploration import NEAR_ROWS, Exploration
    from txt.exploration.repeats import find_repeats

    corpus = read_corpus(str(path), PrepareConfig(), None, lambda _done: None)
    exploration = Exploration(corpus, lambda _done: None)
    exploration.describe()
    exploration.make_vectors()
    tell(f"vectors ({exploration.encoder})")
    found = exploration.find_clusters()
    tell("first clusters")
    exploration.count_signs()
    find_repeats(corpus, NEAR_ROWS)
    tell("all")
    return len(found.clusters)


def cluster_by_hand(texts: list[str], clusters: int) -> None:
    """Embed and cluster with scikit-learn alone."""
    begun, processor = time.perf_counter(), time.process_time()
    from sklearn.cluster import KMeans
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer(min_df=2, sublinear_tf=True).fit_transform(texts)
    KMeans(clusters, n_init=3, random_state=0).fit(TruncatedSVD(128, random_state=0).fit_transform(vectors))
    spent = time.perf_counter() - begun, time.process_time() - processor
    print(f"  {'scikit-learn by hand':<24} {spent[0]:6.1f} s {spent[1]:6.1f} CPU-s", flush=True)


def search(texts: list[str], rows: int, folder: Path) -> None:
    """Search a mapped file of so many vectors, and print the time of a search."""
    from txt.exploration.encoders import fit_encoder
    from txt.exploration.nearest import find_nearest
    from txt.model.encoders import choose_encoder

    chosen = choose_encoder(texts[:2000])
    encoder = fit_encoder(chosen[0] if chosen else "words", texts[:20_000])
    known, rng = encoder.encode(texts[:20_000]), np.random.default_rng(0)
    vectors = np.lib.format.open_memmap(folder / "vectors.npy", "w+", np.float32, (rows, known.shape[1]))
    for start in range(0, rows, 50_000):
        part = known[rng.integers(0, len(known), min(50_000, rows - start))]
        part = part + 0.02 * rng.standard_normal(part.shape, np.float32)
        vectors[start : start + len(part)] = part / np.linalg.norm(part, axis=1, keepdims=True)
    vectors.flush()
    mapped = np.load(folder / "vectors.npy", mmap_mode="r")
    times = []
    for words in QUERIES:
        begun = time.perf_counter()
        (query,) = encoder.encode([words])
        find_nearest(mapped, query, 200)
        times.append(time.perf_counter() - begun)
    print(f"  {rows:,} rows: {statistics.median(times):.3f} s a search in the middle, {max(times):.3f} s at most")


def main() -> None:
    """Run all, and print it."""
    if len(sys.argv) < 2 or "--help" in sys.argv:
        sys.exit(__doc__)
    path = sys.argv[1]
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 50_000
    searched = int(sys.argv[3]) if len(sys.argv) > 3 else 1_000_000
    print(describe_machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        import txt.exploration.vector_file as vector_file

        vector_file.cache_folder = lambda: folder / "cache"
        texts = draw_texts(path, rows)
        with (folder / "tweets.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["text"], *([text] for text in texts)])
        print(f"txt explore, {rows:,} tweets, load {os.getloadavg()[0]:.1f}")
        clusters = explore(folder / "tweets.csv")
        cluster_by_hand(texts, clusters)
        search(texts, searched, folder)


if __name__ == "__main__":
    main()
