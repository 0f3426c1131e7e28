"""How good is what `txt train` makes, beside a bag of words, on real data sets?

Runs the command line as a user would, on the files as their owners gave them, with several seeds, and prints a Markdown
table of the means: test scores beside those of the baseline that `txt` prints and of a plain one (TF-IDF of words and
pairs of words, LinearSVC), which rung of the ladder was kept, and the seconds. Nothing is chosen by the test split,
which is scored once a run. What is done already is kept, so that a stopped run goes on:

    python benchmarks/accuracy.py --out /tmp/accuracy
    python benchmarks/accuracy.py --out /tmp/few --train-rows 720
    python benchmarks/accuracy.py --out /tmp/minilm --only sst2 banking77 -- --from minilm
"""

import argparse
import csv
import json
import random
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from machine import describe_machine

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SETS = {
    "sst2": ["sst2/train.csv", "--val", "sst2/val.csv", "--test", "sst2/test.csv"],
    "banking77": ["banking77/train.csv", "--test", "banking77/test.csv"],
    "agnews": ["agnews/train.csv", "--test", "agnews/test.csv"],
    "germeval2018": ["germeval2018/train.csv", "--test", "germeval2018/test.csv"],
    "airline": ["airline/Tweets.csv"],
    "sentences3000": ["sentences3000/all.csv"],
    "finphrase": ["finphrase/all-data.csv"],
}
COLUMNS = {"airline": ("text", "airline_sentiment"), "finphrase": ("news", "label")}
FEW_TEST_ROWS = 1200  # of a set whose train rows are cut


def train(name: str, seed: int, folder: Path, options: list[str], train_rows: int | None) -> dict:
    """Train on a data set, unless that was done before, and return report.json with what else is told of the run."""
    run = folder / "runs" / f"{name}-{seed}"
    if not (run / "report.json").exists():
        files = [str(DATA / part) if part.endswith(".csv") else part for part in SETS[name]]
        if train_rows is not None:
            files = [str(cut(name, seed, folder, train_rows))]
        command = [sys.executable, "-m", "txt", "train", *files, "--name", run.name, "--seed", str(seed), *options]
        subprocess.run([*command, "--plain"], cwd=folder, check=True)
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    kept = [event["name"] for event in events if event["event"] == "rung" and event.get("kept")]
    told = {"seconds": events[-1]["time"] - events[0]["time"], "kept": kept[-1] if kept else "–"}
    return json.loads((run / "report.json").read_text()) | told | {"plain": plain_accuracy(run / "prepared")}


def cut(name: str, seed: int, folder: Path, train_rows: int) -> Path:
    """Write a file with so many train rows of a set, an eighth as many val rows, and some of its test rows."""
    path = folder / f"{name}-{seed}-{train_rows}.csv"
    rows = list(read_rows(name))
    own_test = [(text, label) for text, label, split in rows if split == "test"]
    rest = [(text, label) for text, label, split in rows if split != "test"]
    random.Random(seed).shuffle(rest)
    random.Random(0).shuffle(own_test)
    learned = train_rows + train_rows // 8
    test = (own_test or rest[learned:])[:FEW_TEST_ROWS]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label", "split"))
        for place, row in enumerate(rest[:learned]):
            writer.writerow((*row, "train" if place < train_rows else "val"))
        writer.writerows((*row, "test") for row in test)
    return path


def read_rows(name: str) -> Iterator[tuple[str, str, str]]:
    """Yield text, label and split of a set's rows."""
    text, label = COLUMNS.get(name, ("text", "label"))
    for part in (part for part in SETS[name] if part.endswith(".csv")):
        encoding = "latin-1" if name == "finphrase" else "utf-8"
        with (DATA / part).open(encoding=encoding, newline="") as file:
            for row in csv.DictReader(file):
                yield row[text], row[label], Path(part).stem


def plain_accuracy(prepared: Path) -> float:
    """Return the test accuracy of TF-IDF of words and pairs of words with LinearSVC."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    from txt.data.prepared import Prepared

    train, test = (Prepared.open(prepared).split(name) for name in ("train", "test"))
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    model = LinearSVC(random_state=0).fit(vectorizer.fit_transform(train.texts()), train.labels)
    return float(model.score(vectorizer.transform(test.texts()), test.labels))


def means(reports: list[dict]) -> dict:
    """Return the means over the seeds: accuracies, their difference in points, macro-F1, log loss, seconds."""

    def mean(*path: str) -> float:
        values = []
        for report in reports:
            value = report
            for step in path:
                value = value[step]
            values.append(value["value"] if isinstance(value, dict) else value)
        return statistics.fmean(values)

    return {
        "rows": reports[0]["rows"],
        "baseline": mean("baseline", "metrics", "accuracy"),
        "plain": mean("plain"),
        "accuracy": mean("metrics", "accuracy"),
        "points": 100 * mean("difference", "accuracy"),
        "f1": mean("metrics", "macro_f1"),
        "baseline_f1": mean("baseline", "metrics", "macro_f1"),
        "log_loss": mean("metrics", "log_loss"),
        "seconds": mean("seconds"),
        "low": 100 * statistics.fmean(report["difference"]["accuracy"]["low"] for report in reports),
        "high": 100 * statistics.fmean(report["difference"]["accuracy"]["high"] for report in reports),
        "kept": ", ".join(sorted({report["kept"] for report in reports})),
    }


def line(name: str, found: dict) -> str:
    return (
        f"| {name} | {found['rows']:,} | {found['plain']:.3f} | {found['baseline']:.3f} | {found['accuracy']:.3f} "
        f"| {found['points']:+.1f} [{found['low']:+.1f}, {found['high']:+.1f}] "
        f"| {found['baseline_f1']:.3f} | {found['f1']:.3f} | {found['log_loss']:.3f} | {found['kept']} "
        f"| {found['seconds']:.0f} s |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--only", nargs="*", choices=SETS, default=list(SETS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--train-rows", type=int, help="cut each set to so many train rows")
    parser.add_argument("options", nargs="*", default=[], help="options of txt train [its defaults]")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    table = {}
    for name in chosen.only:
        seeds = range(1, chosen.seeds + 1)
        table[name] = means(
            [train(name, seed, chosen.out.resolve(), chosen.options, chosen.train_rows) for seed in seeds]
        )
    command = " ".join(["txt train DATA", *chosen.options])
    rows = f"; {chosen.train_rows:,} train rows" if chosen.train_rows else ""
    print(f"\n{describe_machine()}; {command}{rows}; means over {chosen.seeds} seeds\n")
    print(
        "| data | test rows | words | baseline | txt | points above | baseline macro-F1 | txt macro-F1 | log loss "
        "| kept | training |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    print("\n".join(line(name, found) for name, found in table.items()))
    found = list(table.values())
    accuracy, points = (statistics.fmean(each[name] for each in found) for name in ("accuracy", "points"))
    over_words = 100 * statistics.fmean(each["accuracy"] - each["plain"] for each in found)
    print(
        f"\nmean accuracy {accuracy:.3f}, {points:+.1f} points over the baseline, {over_words:+.1f} over the plain one"
    )


if __name__ == "__main__":
    main()
