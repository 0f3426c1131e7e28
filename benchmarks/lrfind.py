"""Does training at what `txt lrfind` suggests reach the best of a sweep, and what does the test cost?

For each data set, from nothing and fine-tuning MiniLM: the suggestion, a sweep of nine rates, and a training at the
suggestion, all of as many epochs. Beside it what torch-lr-finder and Lightning would suggest: their rules, ported from
their sources, on a plain range test of one repeat with their own smoothing. The aim: within 1 point of val accuracy of
the sweep's best in 7 of 8 cases, and at most 5 % of the time of ten epochs on banking77.

What is done is kept in the folder of --out, and a second call goes on. All of it: about 11 trainings a case, so some
three hours for the four cases from nothing on two cores, and a night for MiniLM.

    python benchmarks/lrfind.py --out FOLDER
    python benchmarks/lrfind.py --out FOLDER --small      # one case, one epoch, three rates: does the script work?
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
from machine import describe_machine

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
DATA = ROOT.parent / "shared" / "data"
SETS = ("sst2", "agnews", "banking77", "germeval2018")
SWEEP = (1e-5, 3e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2)
EPOCHS = {"nothing": 8, "minilm": 3}


def options(start: str, epochs: int):
    from txt.config import FINE_TUNING, PRESETS, TrainConfig

    if start == "minilm":
        return TrainConfig(**FINE_TUNING | {"pretrained": "minilm", "num_epochs": epochs})
    return TrainConfig(**PRESETS["tiny"], num_epochs=epochs)


def prepared_case(data: str, start: str):
    from txt.config import PrepareConfig
    from txt.data.prepare import prepare
    from txt.data.prepared import Prepared

    folder = Path(f"prepared-{data}-{start}")
    if not folder.exists():
        files = {
            name: DATA / data / f"{name}.csv" for name in ("val", "test") if (DATA / data / f"{name}.csv").exists()
        }
        own = {"tokenizer": "minilm"} if start == "minilm" else {}
        prepare(DATA / data / "train.csv", PrepareConfig(**files, **own), folder)
    return Prepared.open(folder)


def trained(name: str, prepared, config) -> dict:
    """Train once, or read what an earlier call trained; returns the best val accuracy and the seconds."""
    from txt.runs import RUNS, Run
    from txt.training.loop import train
    from txt.training.start import resume

    run = Run(RUNS / name)
    if not run.path.exists():
        with Run.new(name) as run:
            run.describe(config, prepared.path, prepared.fingerprint)
    finished = run.finished()
    if finished is None or finished.status == "interrupted":
        *_, finished = train(run, prepared, resume=resume(str(run.path), {}).resume)
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


def run_case(data: str, start: str, epochs: int, sweep: tuple[float, ...]) -> dict:
    from txt.config import LRFindConfig
    from txt.search.finding import find
    from txt.search.range_test import range_test

    prepared, config = prepared_case(data, start), options(start, epochs)
    begun = time.perf_counter()
    finding = find(list(range_test(prepared, config, LRFindConfig())), "valley")
    seconds = time.perf_counter() - begun
    suggestions = {"txt": finding.suggestion, **{f"txt {rule}": rate for rule, rate in finding.suggestions.items()}}
    curve = plain_curve(prepared, config)
    suggestions |= {"torch-lr-finder": torch_lr_finder(*curve), "Lightning": lightning(*curve)}
    rates = {f"{rate:.0e}": rate for rate in sweep} | {name: rate for name, rate in suggestions.items() if rate}
    results = {}
    for name, rate in rates.items():
        run = f"{data}-{start}-{epochs}-{rate:.3g}"
        results[name] = {"lr": rate, **trained(run, prepared, config.with_options(learning_rate=rate))}
        print(f"  {data} {start}: {name} at {rate:.2g}: {results[name]['score']:.4f}", flush=True)
    return {"sureness": finding.sureness, "unclear": finding.unclear, "test_seconds": seconds, "results": results}


def table(cases: dict[str, dict], sweep: tuple[float, ...]) -> None:
    print(
        f"\n{'case':24} {'best of sweep':>16} {'txt':>22} {'torch-lr-finder':>16} {'Lightning':>12}   test / 10 epochs"
    )
    near = 0
    for name, case in cases.items():
        results = case["results"]
        best = max((results[f"{rate:.0e}"] for rate in sweep), key=lambda each: each["score"])
        ours = results.get("txt", {"score": 0.0, "lr": 0.0})
        near += best["score"] - ours["score"] <= 0.01
        others = [results[other]["score"] for other in ("torch-lr-finder", "Lightning")]
        epochs = int(name.split()[2])
        share = case["test_seconds"] / (best["seconds"] / epochs * 10)
        print(
            f"{name:24} {best['score']:.3f} at {best['lr']:<6.0e} {ours['score']:.3f} at {ours['lr']:<8.1e} "
            f"{others[0]:16.3f} {others[1]:12.3f}   {share:.1%}"
        )
    print(f"within 1 point of the best: {near} of {len(cases)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", nargs="*", default=list(SETS))
    parser.add_argument("--start", nargs="*", default=list(EPOCHS), choices=list(EPOCHS))
    parser.add_argument("--small", action="store_true", help="one case, one epoch, three rates")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    os.chdir(arguments.out)
    print(describe_machine())
    sweep = SWEEP[2:8:2] if arguments.small else SWEEP
    cases: dict[str, dict] = {}
    for data in ["sst2"] if arguments.small else arguments.data:
        for start in ["nothing"] if arguments.small else arguments.start:
            epochs = 1 if arguments.small else EPOCHS[start]
            kept = Path(f"case-{data}-{start}-{epochs}.json")
            if not kept.exists():
                kept.write_text(json.dumps(run_case(data, start, epochs, sweep)))
            cases[f"{data} {start} {epochs}"] = json.loads(kept.read_text())
    table(cases, sweep)


if __name__ == "__main__":
    main()
