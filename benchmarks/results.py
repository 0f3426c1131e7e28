"""How good is what `txt train` makes, beside a bag of words, on six real data sets?

Runs the command line as a user would, on the files as their owners gave them, and prints a Markdown table. What is done
already is kept, so that a stopped run goes on:

    python benchmarks/results.py --out /tmp/results
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from machine import describe_machine

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SETS = {
    "sst2": ["sst2/train.csv", "--val", "sst2/val.csv", "--test", "sst2/test.csv"],
    "agnews": ["agnews/train.csv", "--test", "agnews/test.csv"],
    "banking77": ["banking77/train.csv", "--test", "banking77/test.csv"],
    "germeval2018": ["germeval2018/train.csv", "--test", "germeval2018/test.csv"],
    "airline": ["airline/Tweets.csv"],
    "finphrase": ["finphrase/all-data.csv"],
}
OPTIONS = ["--preset", "tiny", "--learning-rate", "3e-4", "--epochs", "8"]


def train(name: str, folder: Path, options: list[str]) -> dict:
    """Train on a data set, unless that was done before, and return report.json."""
    report = folder / "runs" / name / "report.json"
    if not report.exists():
        files = [str(DATA / part) if part.endswith(".csv") else part for part in SETS[name]]
        command = [sys.executable, "-m", "txt", "train", *files, "--name", name, *options]
        subprocess.run(command, cwd=folder, check=True)
    return json.loads(report.read_text())


def line(name: str, report: dict) -> str:
    def cell(value: dict, sign: str = "") -> str:
        return f"{value['value']:{sign}.3f} [{value['low']:{sign}.3f}, {value['high']:{sign}.3f}]"

    baseline, metrics = report["baseline"]["metrics"], report["metrics"]
    return (
        f"| {name} | {report['rows']:,} | {cell(baseline['accuracy'])} | {cell(metrics['accuracy'])} "
        f"| {cell(report['difference']['accuracy'], '+')} | {baseline['macro_f1']['value']:.3f} "
        f"| {metrics['macro_f1']['value']:.3f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--only", nargs="*", choices=SETS, default=list(SETS))
    parser.add_argument("options", nargs="*", default=OPTIONS, help=f"options of txt train [{' '.join(OPTIONS)}]")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    lines = []
    for name in chosen.only:
        report = train(name, chosen.out.resolve(), chosen.options)
        lines.append(line(name, report))
    print(f"\n{describe_machine()}; txt train DATA {' '.join(chosen.options)}\n")
    print("| data | test rows | baseline accuracy | txt accuracy | difference | baseline macro-F1 | txt macro-F1 |")
    print("|---|---|---|---|---|---|---|")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
