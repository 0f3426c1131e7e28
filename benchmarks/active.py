"""Does asking for the right rows save labels? And does the model keep out of the way?

    OMP_NUM_THREADS=1 python benchmarks/active.py --out /tmp/active   # the whole table: half an hour of processor time
    python benchmarks/active.py --out /tmp/active --small             # three seeds, few labels: minutes
    python benchmarks/active.py --parts speed                         # refit and rank 50,000 rows

For each data set and model, `margin` (or --strategy) and random order are replayed by `txt`'s own simulation; accuracy
is measured on the test split, which nothing learns from. What is done is kept in the folder, a file for each replay,
so that a stopped run goes on; MiniLM's vectors are kept in the cache folder.

The share of random's labels is that of the means over the seeds, with a bootstrap interval over seeds. A replay that
never reached the mark counts with all labels it was given, which is too few: for random order that makes the share
larger than it is.
"""

import argparse
import csv
import json
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
from machine import describe_machine
from threadpoolctl import threadpool_limits

from txt.labeling.active.learner import ActiveLearner
from txt.labeling.active.models import TFIDF, make_model
from txt.labeling.active.queues import KnownLabels, Question
from txt.labeling.active.vectors import Vectors, tfidf
from txt.labeling.simulate import RANDOM, SimulatedRun, SimulationTask, compare, find_labels_needed, simulate_run
from txt.model.embedding import embed_with_minilm
from txt.proportions import Interval

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
MOST_LABELS = {"sst2": 1500, "agnews": 1000, "banking77": 4000}
MOST_BY_WORDS = MOST_LABELS | {"banking77": 2000}  # by words it would take most of the file, and most of a day
SMALL_MOST = {"sst2": 150, "agnews": 150, "banking77": 300}
MODELS = {"minilm": embed_with_minilm, "tfidf": tfidf}
SPEED_ROWS = 50_000
RESAMPLES = 10_000


def read(name: str, split: str) -> tuple[list[str], list[str]]:
    with (DATA / name / f"{split}.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [row["text"] for row in rows], [row["label"] for row in rows]


def load(name: str, model: str) -> SimulationTask:
    """Return a data set with its test split as the rows to measure on."""
    texts, labels = read(name, "train")
    test_texts, test_labels = read(name, "test")
    names, codes = np.unique([*labels, *test_labels], return_inverse=True)
    vectors = MODELS[model]([*texts, *test_texts])
    measured = np.arange(len(texts), len(texts) + len(test_texts))
    learner = TFIDF if model == "tfidf" else make_model(model, MODELS[model])
    return SimulationTask(vectors, codes.astype(np.int64), tuple(names.tolist()), learner, measured)


def replays(name: str, model: str, strategy: str, seeds: int, most: int, folder: Path) -> list[SimulatedRun]:
    """Return the replays of a data set, those that are kept and new ones."""
    task: SimulationTask | None = None
    found: list[SimulatedRun] = []
    full: float | None = None
    for seed in range(seeds):
        for each in (strategy, RANDOM):
            kept = folder / f"{name}-{model}-{each}-{most}-{seed}.json"
            if kept.exists():
                values = json.loads(kept.read_text())
                again = SimulatedRun(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})
            else:
                task = task or load(name, model)
                began = time.perf_counter()
                again = simulate_run(task, each, seed, most, full=full)
                kept.write_text(json.dumps(asdict(again)))
                print(f"  {kept.stem}: {time.perf_counter() - began:.0f} s", flush=True)
            full = again.full  # the test split is the same for all seeds, and so is what all labels give
            found.append(again)
    return found


def line(name: str, model: str, strategy: str, found: list[SimulatedRun]) -> str:
    comparison = compare(found, strategy)
    reached = comparison.labels_to[0.95]
    share = share_of_random(found, strategy)

    def cell(strategy: str) -> str:
        each = reached[strategy]
        over = "" if each.reached == each.seeds else f" ({each.reached} of {each.seeds})"
        return f"{each.labels.value:,.0f} [{each.labels.low:,.0f}, {each.labels.high:,.0f}]{over}"

    gain = comparison.gain
    return (
        f"| {name} | {model} | {comparison.full.value:.3f} | {cell(strategy)} | {cell(RANDOM)} "
        f"| {share.value:.0%} [{share.low:.0%}, {share.high:.0%}] "
        f"| {100 * gain.value:+.1f} [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}] |"
    )


def share_of_random(found: list[SimulatedRun], strategy: str) -> Interval:
    """Return the mean labels that the strategy needs over those of random order, seeds drawn anew for the interval."""
    ours, theirs = (
        np.array([find_labels_needed(each, 0.95) or each.labels[-1] for each in found if each.strategy == name])
        for name in (strategy, RANDOM)
    )
    drawn = np.random.default_rng(0).integers(len(ours), size=(RESAMPLES, len(ours)))
    low, high = np.quantile(ours[drawn].mean(1) / theirs[drawn].mean(1), [0.025, 0.975])
    return Interval(float(ours.mean() / theirs.mean()), float(low), float(high))


def measure_speed() -> None:
    """Refit and rank 50,000 texts of all data sets together, by words."""
    texts: list[str] = []
    labels: list[str] = []
    for name in ("agnews", "sst2", "banking77", "germeval2018"):
        for split in ("train", "test"):
            found = read(name, split)
            texts += found[0]
            labels += [f"{name} {label}" for label in found[1]]
    times = -(-SPEED_ROWS // len(texts))
    texts = [f"{text} {part}" for part in range(times) for text in texts][:SPEED_ROWS]
    names, codes = np.unique((labels * times)[:SPEED_ROWS], return_inverse=True)
    order = np.random.default_rng(0).permutation(SPEED_ROWS)
    began = time.perf_counter()
    vectors: Vectors = tfidf(texts)
    print(
        f"\nvectors of {len(texts):,} texts: {time.perf_counter() - began:.1f} s, {vectors.matrix.shape[1]:,} columns"
    )
    print("\n| labels | classes | refit and rank, median of five | processor |\n|---|---|---|---|")
    learner = ActiveLearner(np.arange(SPEED_ROWS), vectors, TFIDF, "margin", 0)
    for count in (100, 500, 1000, 2000):
        rows = np.sort(order[:count])
        asked = Question(KnownLabels(rows, codes[rows], tuple(names)), np.setdiff1d(order, rows), rows[:0], 1)
        seconds = []
        for _ in range(5):
            began, worked = time.perf_counter(), time.process_time()
            learner.rank(asked)
            seconds.append((time.perf_counter() - began, time.process_time() - worked))
        wall, processor = np.median(seconds, axis=0)
        print(f"| {count:,} | {len(names)} | {wall:.2f} s | {processor:.2f} s |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="folder for the replays")
    parser.add_argument("--parts", nargs="*", choices=("reach", "speed"), default=["reach", "speed"])
    parser.add_argument("--only", nargs="*", choices=MOST_LABELS, default=list(MOST_LABELS))
    parser.add_argument("--models", nargs="*", choices=MODELS, default=list(MODELS))
    parser.add_argument("--strategy", default="margin")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--small", action="store_true", help="three seeds and few labels")
    chosen = parser.parse_args()
    threadpool_limits(1)
    print(describe_machine())
    if "speed" in chosen.parts:
        measure_speed()
    if "reach" not in chosen.parts:
        return
    if chosen.out is None:
        parser.error("--out FOLDER keeps the replays")
    chosen.out.mkdir(parents=True, exist_ok=True)
    seeds = 3 if chosen.small else chosen.seeds
    lines = []
    for model in chosen.models:
        most = SMALL_MOST if chosen.small else MOST_BY_WORDS if model == "tfidf" else MOST_LABELS
        for name in chosen.only:
            found = replays(name, model, chosen.strategy, seeds, most[name], chosen.out)
            lines.append(line(name, model, chosen.strategy, found))
    print(f"\nmeans over {seeds} seeds with 95 % intervals; labels to 95 % of what all labels give\n")
    print(f"| data | model | all labels | {chosen.strategy} | random | of random's labels | mean accuracy, points |")
    print("|---|---|---|---|---|---|---|")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
