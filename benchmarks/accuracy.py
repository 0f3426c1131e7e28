"""How good is what `txt train` makes, beside a bag of words, on real data sets?

Runs the command line as a user would, on the files as their owners gave them, with several seeds, and prints a Markdown
table of the means. The model is chosen on val; the test split is scored once a run. What is done already is kept, so
that a stopped run goes on:

    python benchmarks/accuracy.py --out /tmp/accuracy
    python benchmarks/accuracy.py --out /tmp/minilm --only sst2 banking77 -- --from minilm
"""

import argparse
import json
import statistics
import subprocess
import sys
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


def train(name: str, seed: int, folder: Path, options: list[str]) -> dict:
    """Train on a data set, unless that was done before, and return report.json with the seconds it took."""
    run = folder / "runs" / f"{name}-{seed}"
    if not (run / "report.json").exists():
        files = [str(DATA / part) if part.endswith(".csv") else part for part in SETS[name]]
        command = [sys.executable, "-m", "txt", "train", *files, "--name", run.name, "--seed", str(seed), *options]
        subprocess.run([*command, "--plain"], cwd=folder, check=True)
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    return json.loads((run / "report.json").read_text()) | {"seconds": events[-1]["time"] - events[0]["time"]}


def means(reports: list[dict]) -> dict[str, float]:
    """Return the means over the seeds: accuracies, their difference in points, macro-F1, seconds of training."""

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
        "accuracy": mean("metrics", "accuracy"),
        "points": 100 * mean("difference", "accuracy"),
        "baseline_f1": mean("baseline", "metrics", "macro_f1"),
        "f1": mean("metrics", "macro_f1"),
        "seconds": mean("seconds"),
        "low": 100 * statistics.fmean(report["difference"]["accuracy"]["low"] for report in reports),
        "high": 100 * statistics.fmean(report["difference"]["accuracy"]["high"] for report in reports),
    }


def line(name: str, found: dict[str, float]) -> str:
    return (
        f"| {name} | {found['rows']:,} | {found['baseline']:.3f} | {found['accuracy']:.3f} "
        f"| {found['points']:+.1f} [{found['low']:+.1f}, {found['high']:+.1f}] "
        f"| {found['baseline_f1']:.3f} | {found['f1']:.3f} | {found['seconds']:.0f} s |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--only", nargs="*", choices=SETS, default=list(SETS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("options", nargs="*", default=[], help="options of txt train [its defaults]")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    table = {
        name: means([train(name, seed, chosen.out.resolve(), chosen.options) for seed in range(1, chosen.seeds + 1)])
        for name in chosen.only
    }
    command = " ".join(["txt train DATA", *chosen.options])
    print(f"\n{describe_machine()}; {command}; means over {chosen.seeds} seeds\n")
    print("| data | test rows | baseline | txt | points above | baseline macro-F1 | txt macro-F1 | training |")
    print("|---|---|---|---|---|---|---|---|")
    print("\n".join(line(name, found) for name, found in table.items()))
    print(f"\nmean difference: {statistics.fmean(found['points'] for found in table.values()):+.1f} points")


if __name__ == "__main__":
    main()
