"""What do copies bring? Accuracy gained by each method, at several numbers of rows, on sst2 and banking77.

TF-IDF with a linear SVM is trained on rows with two copies of each, on as many plain duplicates, and on the rows alone,
with several seeds: each draws its own rows and its own copies. All are scored on the same test rows. An interval of a
gain comes from drawing both seeds and test rows anew, 2,000 times; a gain is a win where its interval lies above zero.
What was measured is kept in a file, so that a benchmark that was stopped goes on.

    python benchmarks/augment_gain.py --sst2 DIR --banking77 DIR --wordnet DIR --kept gain.jsonl
"""

import argparse
import json
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
from augment import DEFAULT_MIX, EACH, Labeled, load, recipe
from machine import describe_machine

from txt.augmentation.engine import Engine, Row
from txt.augmentation.gain import predict_tfidf

COPIES = 2
METHODS = {"default mix": DEFAULT_MIX, **{name: ((name, 1),) for name in (*EACH, "sentence", "antonym")}}
NOTHING, DUPLICATES = "nothing added", "plain duplicates"

Right = npt.NDArray[np.bool_]
"""Which test rows a model was right about."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sst2", type=Path, help="folder with train.csv and test.csv")
    options.add_argument("--banking77", type=Path, help="another such folder")
    options.add_argument("--wordnet", type=Path, help="folder with WordNet's files")
    options.add_argument("--sizes", type=int, nargs="+", default=[500, 2000, 0], help="rows to train on; 0 for all")
    options.add_argument("--seeds", type=int, default=5)
    options.add_argument("--kept", type=Path, default=Path("augment_gain.jsonl"), help="what was measured")
    given = options.parse_args()
    warnings.simplefilter("ignore")
    print(describe_machine())
    kept = MeasurementFile(given.kept)
    for folder in filter(None, (given.sst2, given.banking77)):
        train, test = load(folder / "train.csv"), load(folder / "test.csv")
        sizes = [size or len(train) for size in given.sizes]
        found = {}
        for size in sizes:
            for name in (NOTHING, DUPLICATES, *METHODS):
                measure = partial(right, train, test, name, size, given)
                rounds = [kept.get((folder.name, size, name, seed), measure) for seed in range(given.seeds)]
                found[name, size] = np.stack(rounds)
                print(folder.name, size, name, f"{found[name, size].mean():.2%}", flush=True)
        print(*table(folder.name, found, sizes), sep="\n", flush=True)


@dataclass
class MeasurementFile:
    """Measurements in a file of JSON lines."""

    path: Path

    def get(self, key: tuple[str, int, str, int], measure: Callable[[int], Right]) -> Right:
        """Return what was measured under this key, which ends with the seed; now, if it was not yet."""
        for line in self.path.read_text().splitlines() if self.path.exists() else []:
            entry = json.loads(line)
            if tuple(entry["key"]) == key:
                return np.unpackbits(np.frombuffer(bytes.fromhex(entry["right"]), np.uint8))[: entry["rows"]].astype(
                    bool
                )
        found = measure(key[-1])
        with self.path.open("a") as file:
            entry = {"key": key, "rows": len(found), "right": np.packbits(found).tobytes().hex()}
            file.write(json.dumps(entry) + "\n")
        return found


def right(train: Labeled, test: Labeled, name: str, size: int, given: argparse.Namespace, seed: int) -> Right:
    rows = Random(seed).sample(train, size)
    predicted = predict_tfidf(add_copies(rows, name, seed, given), [text for text, _ in test])
    return np.array([label == found for (_, label), found in zip(test, predicted, strict=True)])


def add_copies(rows: Labeled, name: str, seed: int, given: argparse.Namespace) -> Labeled:
    if name == NOTHING:
        return rows
    if name == DUPLICATES:
        return rows * (1 + COPIES)
    engine = Engine(replace(recipe(METHODS[name], given), seed=seed))
    made = engine.copies([Row(number, text, COPIES) for number, (text, _) in enumerate(rows)]).copies
    return [*rows, *((copy.text, label) for copies, (_, label) in zip(made, rows, strict=True) for copy in copies)]


def table(title: str, found: dict[tuple[str, int], Right], sizes: list[int]) -> Iterator[str]:
    """Yield a Markdown table: points gained over nothing added, and over plain duplicates."""
    yield f"\n| {title} |" + "".join(f" {size:,} rows | over duplicates |" for size in sizes)
    yield "|---|" + "---|" * (2 * len(sizes))
    yield f"| {NOTHING} |" + "".join(f" {found[NOTHING, size].mean():.1%} | |" for size in sizes)
    for name in (DUPLICATES, *METHODS):
        cells = []
        for size in sizes:
            cells.append(in_words(found[name, size], found[NOTHING, size]))
            cells.append("" if name == DUPLICATES else in_words(found[name, size], found[DUPLICATES, size]))
        yield f"| {name} | " + " | ".join(cells) + " |"


def in_words(arm: Right, base: Right, draws: int = 2000) -> str:
    """Return the gain in points with its 95 % interval, marked where it is a win or a loss."""
    gained = arm.astype(np.float64) - base  # (seeds, test rows)
    rng = np.random.default_rng(0)
    drawn = np.empty(draws)
    for number in range(draws):
        seeds = gained[rng.integers(0, len(gained), len(gained))].mean(0)
        drawn[number] = seeds[rng.integers(0, len(seeds), len(seeds))].mean()
    low, high = 100 * np.quantile(drawn, [0.025, 0.975])
    mark = " win" if low > 0 else " loss" if high < 0 else ""
    return f"{100 * gained.mean():+.1f} ({low:+.1f}, {high:+.1f}){mark}"


if __name__ == "__main__":
    main()
