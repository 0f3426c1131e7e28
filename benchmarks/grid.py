"""What does a search cost with and without pruning, what do two workers gain, and does a killed worker lose anything?

    prune    an exhaustive grid of 24 against the same grid pruned: is the winner within 0.5 points, at which share of
             the training steps? On two data sets. About two hours on two cores; with --light, on 1,500 rows of each,
             twenty minutes.
    workers  trials an hour with one worker and with two, for a tiny model. About ten minutes.
    kill     a grid of 24 whose workers are killed at random; ten times over. Each combination has to be
             finished exactly once. About ten minutes.

What is done of `prune` is kept in the folder of --out, and a second call goes on.

    python benchmarks/grid.py --out FOLDER --parts prune workers kill
    python benchmarks/grid.py --out FOLDER --parts prune --light
    python benchmarks/grid.py --out FOLDER --parts kill --small      # minutes: does the script work?
"""

import argparse
import csv
import os
import random
import signal
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from machine import describe_machine

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
DATA = ROOT.parent / "shared" / "data"
FILES = {"finphrase": "all-data.csv", "sst2": "train.csv", "sentences3000": "all.csv"}
PRUNED = ("finphrase", "sst2")
LIGHT_ROWS = 1500
ENCODINGS = {"finphrase": "latin-1"}
PRUNERS = ("halving", "median", "hyperband")


def load_prepared(data: str, light: bool = False):
    from txt.config import PrepareConfig
    from txt.data.prepare import prepare
    from txt.data.prepared import Prepared

    folder = Path(f"prepared-{data}{'-light' if light else ''}")
    if not folder.exists():
        file = DATA / data / FILES[data]
        prepare(draw_rows(data, file) if light else file, PrepareConfig(), folder)
    return Prepared.open(folder)


def draw_rows(data: str, file: Path) -> Path:
    """Write the rows of the light mode, drawn at random; returns the file."""
    with file.open(newline="", encoding=ENCODINGS.get(data, "utf-8")) as source:
        head, *rows = csv.reader(source)
    path = Path(f"{data}-light.csv")
    with path.open("w", newline="", encoding="utf-8") as target:
        csv.writer(target).writerows([head, *random.Random(0).sample(rows, LIGHT_ROWS)])
    return path


def begin(name: str, prepared, space, pruner: str = "none", **options):
    """Begin a study, or open the one that an earlier call began."""
    from txt.config import TrainConfig
    from txt.search.description import describe
    from txt.search.study import Study
    from txt.search.study_folder import StudyFolder

    folder = StudyFolder.new(name)
    folder.describe(prepared.path, None)
    rows = {split: prepared.manifest.rows(split) for split in prepared.splits}
    data = {"fingerprint": prepared.fingerprint, "labels": list(prepared.labels), "rows": rows}
    config = TrainConfig(**{"num_layers": 1, "eval_interval": 0, "save_interval": 20, **options})
    description = describe(data, config, space, "grid", pruner, 1, None, str(prepared.path))
    return Study.begin(name, folder.storage(), description), folder


def grid_of_24(small: bool):
    from txt.search.space import Choices

    if small:
        return {"learning_rate": Choices((1e-3, 3e-3)), "dropout": Choices((0.0, 0.2))}
    return {
        "learning_rate": Choices((1e-4, 3e-4, 1e-3, 3e-3)),
        "d_model": Choices((64, 128)),
        "dropout": Choices((0.0, 0.1, 0.3)),
    }


def finish(study, folder, workers: int, kill=None) -> float:
    """Run a study to its end. Returns the seconds it took."""
    from txt.search.supervisor import supervise

    begun = time.perf_counter()
    for board in supervise(study, folder, workers, stop=lambda: False, keep_models=1):
        if kill is not None:
            kill(study, board)
        if sys.stdout.isatty():
            print(f"\r  {study.name}: {board.ended}/{board.total}", end="", flush=True)
    return time.perf_counter() - begun


def prune(small: bool, light: bool) -> None:
    from txt.search.board import build_board

    epochs = 2 if small else 9
    for data in PRUNED[: 1 if small else None]:
        prepared = load_prepared(data, light or small)
        found = {}
        for pruner in ("none", *PRUNERS[: 1 if small else None]):
            name = f"prune-{prepared.path.name.removeprefix('prepared-')}-{pruner}-{epochs}"
            study, folder = begin(name, prepared, grid_of_24(small), pruner, num_epochs=epochs)
            finish(study, folder, 2)
            found[pruner] = build_board(study)
        exhaustive = {repr(trial.params): trial.score for trial in found["none"].of("done")}
        best = max(exhaustive.values())
        print(f"\n{data}: the exhaustive winner has {best:.4f}, after {found['none'].steps:,} steps")
        for pruner, board in found.items():
            chosen = exhaustive[repr(board.best.params)]  # what it is worth when trained in full
            share = board.steps / found["none"].steps
            print(f"  {pruner:10} {chosen:.4f} ({100 * (chosen - best):+.2f} points), {share:.0%} of the steps")


def workers(small: bool, _light: bool) -> None:
    prepared = load_prepared("finphrase")
    rates = {}
    for count in (1, 2):
        name = f"workers-{count}-{time.time():.0f}"
        study, folder = begin(name, prepared, grid_of_24(small), num_epochs=1, d_model=64, nhead=2)
        seconds = finish(study, folder, count)
        rates[count] = len(study.points.params) / seconds * 3600
        print(f"{count} worker{'s' * (count > 1)}: {rates[count]:.0f} trials an hour")
    print(f"two do {rates[2] / rates[1]:.2f} times as many as one")


def kill(small: bool, _light: bool) -> None:
    from optuna.trial import TrialState

    from txt.search.space import Choices

    prepared = load_prepared("sentences3000")
    space = grid_of_24(small) | ({} if small else {"d_model": Choices((16, 32))})
    for repeat in range(1 if small else 10):
        name = f"kill-{repeat}-{time.time():.0f}"
        study, folder = begin(name, prepared, space, num_epochs=2, d_model=16, nhead=2)
        killer = Killer(random.Random(repeat))
        finish(study, folder, 2, killer)
        done = Counter(trial.user_attrs["point"] for trial in study.optuna.get_trials(states=(TrialState.COMPLETE,)))
        running = study.optuna.get_trials(states=(TrialState.RUNNING,))
        exact = done == Counter(range(len(study.points.params))) and not running
        told = "yes" if exact else "NO"
        print(f"  {killer.killed} workers killed, every combination finished exactly once: {told}", flush=True)


class Killer:
    """Kills a random worker after every few trials, wherever it is then: by trials, so that a slow machine gets on."""

    def __init__(self, rng: random.Random) -> None:
        self._rng, self.killed, self._next = rng, 0, 0

    def __call__(self, study, board) -> None:
        owners = [trial.user_attrs.get("owner") for trial in study.trials() if trial.state.name == "RUNNING"]
        known = [owner["pid"] for owner in owners if owner]
        if board.ended < self._next or not known:
            return
        with suppress(ProcessLookupError):
            os.kill(self._rng.choice(known), signal.SIGKILL)
            self.killed += 1
        self._next = board.ended + self._rng.randint(1, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parts = {"prune": prune, "workers": workers, "kill": kill}
    parser.add_argument("--parts", nargs="*", default=list(parts), choices=list(parts))
    parser.add_argument("--small", action="store_true", help="four combinations instead of 24")
    parser.add_argument("--light", action="store_true", help=f"{LIGHT_ROWS:,} rows of each data set")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    os.chdir(arguments.out)
    print(describe_machine())
    for part in arguments.parts:
        print(f"\n{part}")
        parts[part](arguments.small, arguments.light)


if __name__ == "__main__":
    main()
