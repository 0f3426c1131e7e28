"""Does training at what `txt lrfind` suggests reach the best of a sweep, and what does the test cost?

For each data set, by the default recipe and fine-tuning MiniLM: a sweep of nine rates, and a training at each
suggestion, all of as many epochs. Beside txt stand torch-lr-finder's and Lightning's rules, ported from their sources,
on a plain range test of one repeat with their own smoothing. The aim: within 1 point of the val accuracy of the
sweep's best in 7 of 8 cases, and on banking77 at most 5 % of the time of ten epochs.

What is done is kept in the folder of --out, and a second call goes on; --again only repeats the range tests. The rows
are those of train.csv, a tenth of them (sst2: val.csv) for val. With --light they are 2,000 rows for training and 1,500
others for val, and MiniLM trains for 2 epochs: about an hour on one core, where all of it takes a night.

With --cost, only: how long is the test on all of banking77, as a share of ten epochs? The two are timed in turn.

    OMP_NUM_THREADS=1 python benchmarks/lrfind.py --out FOLDER --light
    python benchmarks/lrfind.py --out FOLDER --cost
    python benchmarks/lrfind.py --out FOLDER
    python benchmarks/lrfind.py --out FOLDER --light --data sst2 --start recipe    # a minute: does the script work?
"""

import argparse
import csv
import json
import os
import random
import shutil
import sys
import time
from pathlib import Path

import numpy as np
from machine import describe_machine

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
DATA = ROOT.parent / "shared" / "data"
SETS = ("sst2", "agnews", "banking77", "germeval2018")
STARTS = ("recipe", "minilm")
SWEEP = (1e-5, 3e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2)
LIGHT_TRAIN, LIGHT_VAL, LIGHT_EPOCHS = 2000, 1500, 2
COST_STEPS = 100
OTHERS = ("torch-lr-finder", "Lightning")


def options(start: str, light: bool):
    from txt.config import TrainConfig
    from txt.recipes import FINE_TUNING, RECIPE

    if start == "recipe":
        return TrainConfig(**RECIPE)
    return TrainConfig(**FINE_TUNING | {"pretrained": "minilm"} | ({"num_epochs": LIGHT_EPOCHS} if light else {}))


def open_case(data: str, start: str, light: bool):
    from txt.config import PrepareConfig
    from txt.data.prepare import prepare
    from txt.data.prepared import Prepared

    folder = Path(f"prepared-{data}-{start}")
    if not folder.exists():
        own = {"tokenizer": "minilm"} if start == "minilm" else {}
        train, val = DATA / data / "train.csv", DATA / data / "val.csv"
        if light:
            train, val = draw_rows(data)
        splits = {"val": val} if val.exists() else {"train_split": 0.9, "val_split": 0.1}
        prepare(train, PrepareConfig(**splits, **own), folder)
    return Prepared.open(folder)


def draw_rows(data: str) -> tuple[Path, Path]:
    """Write the rows of the light mode, drawn at random without repeats; returns the files for train and val."""
    with (DATA / data / "train.csv").open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    random.Random(0).shuffle(rows)
    files = Path(f"{data}-train.csv"), Path(f"{data}-val.csv")
    parts = rows[:LIGHT_TRAIN], rows[LIGHT_TRAIN : LIGHT_TRAIN + LIGHT_VAL]
    for path, part in zip(files, parts, strict=True):
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([head, *part])
    return files


def train_once(name: str, prepared, config) -> dict:
    """Train once, or read what an earlier call trained; returns the best val accuracy and the steps."""
    from txt.runs.folder import RUNS, Run
    from txt.training.loop import train
    from txt.training.start import ensure_epochs, resume

    run = Run(RUNS / name)
    if not run.path.exists():
        with Run.new(name) as run:
            run.describe(ensure_epochs(config, prepared), prepared.path, prepared.fingerprint)
    finished = run.finished()
    if finished is None or finished.status == "interrupted":
        *_, finished = train(run, prepared, resume=resume(str(run.path), {}).resume)
        for folder in (run.checkpoints, run.model):  # nothing but the score is wanted
            shutil.rmtree(folder, ignore_errors=True)
    return {"score": finished.best_score or 0.0, "seconds": finished.seconds}


def plain_curve(prepared, config) -> tuple[np.ndarray, np.ndarray]:
    """One repeat as the other tools run it: the model as it begins, every batch's own loss."""
    from txt.config import LRFindConfig
    from txt.search.trainer import StepTrainer
    from txt.training.machine import choose_machine

    trainer = StepTrainer(prepared, config, choose_machine(config))
    rates, losses, best = [], [], np.inf
    for rate in LRFindConfig().rates():
        loss = trainer.step(rate)
        best = min(best, loss)
        if not np.isfinite(loss) or loss > 4 * best:
            break
        rates.append(rate)
        losses.append(loss)
    return np.array(rates), np.array(losses)


def torch_lr_finder(rates: np.ndarray, losses: np.ndarray) -> float:
    """torch-lr-finder's steepest gradient: smooth_f 0.05 of range_test, skip 10 and 5 of plot."""
    smooth = [losses[0]]
    for loss in losses[1:]:
        smooth.append(0.05 * loss + 0.95 * smooth[-1])
    kept = slice(10, -5)
    return float(rates[kept][np.gradient(np.array(smooth)[kept]).argmin()])


def lightning(rates: np.ndarray, losses: np.ndarray) -> float:
    """Lightning's suggestion: the steepest slope over the rate itself, smoothed with 0.98, skip 10 and 1."""
    mean, smooth = 0.0, []
    for step, loss in enumerate(losses):
        mean = 0.98 * mean + 0.02 * loss
        smooth.append(mean / (1 - 0.98 ** (step + 1)))
    kept = slice(10, -1)
    return float(rates[kept][np.gradient(np.array(smooth)[kept], rates[kept]).argmin()])


def run_range_tests(prepared, config) -> dict:
    """Run the range tests; returns every suggestion, how sure txt is, and the cost."""
    from txt.config import LRFindConfig
    from txt.search.range_test import range_test
    from txt.search.range_test_result import find_suggestion
    from txt.training.plan import TrainingPlan

    begun = time.perf_counter()
    tried = list(range_test(prepared, config, LRFindConfig()))
    seconds = time.perf_counter() - begun
    finding = find_suggestion(tried, LRFindConfig().choose_rule(config))
    curve = plain_curve(prepared, config)
    suggestions = {"txt": finding.suggestion, **{f"txt {rule}": rate for rule, rate in finding.suggestions.items()}}
    suggestions |= {"torch-lr-finder": torch_lr_finder(*curve), "Lightning": lightning(*curve)}
    per_epoch = TrainingPlan(prepared.split("train").lengths, config).steps_per_epoch
    return {
        "suggestions": {name: rate for name, rate in suggestions.items() if rate},
        "sureness": finding.sureness,
        "unclear": finding.unclear,
        "by_repeat": finding.by_repeat,
        "steps": len(tried),
        "seconds": seconds,
        "steps_per_epoch": per_epoch,
    }


def run_case(data: str, start: str, light: bool, again: bool) -> dict:
    prepared, config = open_case(data, start, light), options(start, light)
    case: dict = {"sweep": {}, "at": {}}
    for rate in SWEEP:
        case["sweep"][rate] = train_once(run_name(data, start, rate), prepared, config.with_options(learning_rate=rate))
        print(f"  {data} {start}: {rate:.0e}: {case['sweep'][rate]['score']:.4f}", flush=True)
    kept = Path(f"found-{data}-{start}.json")
    if again or not kept.exists():
        kept.write_text(json.dumps(run_range_tests(prepared, config)))
    case |= json.loads(kept.read_text())
    for name in ("txt", *OTHERS):
        rate = case["suggestions"].get(name)
        if rate is not None:
            at = train_once(run_name(data, start, rate), prepared, config.with_options(learning_rate=rate))
            case["at"][name] = {"lr": rate, **at}
            print(f"  {data} {start}: {name} at {rate:.2g}: {at['score']:.4f}", flush=True)
    return case


def run_name(data: str, start: str, rate: float) -> str:
    return f"{data}-{start}-{rate:.2e}"


def table(cases: dict[str, dict]) -> None:
    print(f"\n{'case':22} {'best of sweep':>16} {'txt':>16} {OTHERS[0]:>17} {OTHERS[1]:>17}   test / 10 epochs' steps")
    near = dict.fromkeys(("txt", *OTHERS), 0)
    for name, case in cases.items():
        rate, best = max(case["sweep"].items(), key=lambda item: item[1]["score"])
        cells = []
        for tool in near:
            at = case["at"].get(tool, {"score": 0.0, "lr": float("nan")})
            near[tool] += best["score"] - at["score"] <= 0.01
            cells.append(f"{at['score']:.3f} at {at['lr']:<7.1e}")
        share = case["steps"] / (10 * case["steps_per_epoch"])
        shown = f"{best['score']:.3f} at {rate:<6.0e}"
        print(f"{name:22} {shown:>16} {cells[0]} {cells[1]:>17} {cells[2]:>17}   {case['steps']} steps, {share:.1%}")
    for tool, count in near.items():
        print(f"{tool}: within 1 point of the best in {count} of {len(cases)}")


def cost(starts: list[str]) -> None:
    """Print the seconds of a range test on all of banking77, and those of ten epochs by their first hundred steps."""
    from txt.config import LRFindConfig
    from txt.search.range_test import range_test
    from txt.search.trainer import StepTrainer, fitted_head
    from txt.training.machine import choose_machine

    for start in starts:
        prepared, config = open_case("banking77", start, light=False), options(start, light=False)
        machine = choose_machine(config)
        head = fitted_head(prepared, config, machine)
        tests, epochs = list[float](), list[float]()
        for _ in range(2):
            begun = time.perf_counter()
            steps = sum(1 for _ in range_test(prepared, config, LRFindConfig()))
            tests.append(time.perf_counter() - begun)
            trainer = StepTrainer(prepared, config, machine, head)
            begun = time.perf_counter()
            for _ in range(COST_STEPS):
                trainer.step(1e-5)
            epochs.append((time.perf_counter() - begun) / COST_STEPS * 10 * trainer.plan.steps_per_epoch)
        test, ten = min(tests), min(epochs)
        print(f"banking77 {start}: {steps} steps in {test:.1f} s, ten epochs {ten:.0f} s: {test / ten:.1%}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", nargs="*", default=list(SETS))
    parser.add_argument("--start", nargs="*", default=list(STARTS), choices=list(STARTS))
    parser.add_argument("--light", action="store_true", help="fewer rows and epochs: an hour on one core")
    parser.add_argument("--again", action="store_true", help="run the range tests again; the sweep stays")
    parser.add_argument("--cost", action="store_true", help="only what the test costs on all of banking77")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    os.chdir(arguments.out)
    print(describe_machine())
    if arguments.cost:
        cost(arguments.start)
        return
    if arguments.light:
        print(f"{LIGHT_TRAIN:,} rows for training, {LIGHT_VAL:,} for val; MiniLM for {LIGHT_EPOCHS} epochs")
    cases = {
        f"{data} {start}": run_case(data, start, arguments.light, arguments.again)
        for start in arguments.start
        for data in arguments.data
    }
    table(cases)


if __name__ == "__main__":
    main()
