"""Does txt's fast core train as well as plain float32?

Two arms begin with the same weights and take the same batches of SST-2 at the same learning rates: `txt` as `txt train`
computes (bf16, flat tokens, masks from a pool, one flat optimizer), and the guide's own torch.nn.TransformerEncoder on
padded rows in float32 with torch's AdamW and dropout. It compares the accuracy on val after the same steps, over
several seeds, and the two curves of the training loss. What is done already is kept, so that a stopped run goes on:

    python benchmarks/quality.py --out /tmp/quality --preset small
    python benchmarks/quality.py --out /tmp/quality --preset base --steps 300
"""

import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from machine import describe_machine

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.model.guide import copy_to_guide  # noqa: E402
from txt.config import PrepareConfig, TrainConfig  # noqa: E402
from txt.data.prepare import prepare  # noqa: E402
from txt.data.prepared import Prepared  # noqa: E402
from txt.model.build import build_model  # noqa: E402
from txt.model.predict import predict_logits  # noqa: E402
from txt.recipes import PRESETS  # noqa: E402
from txt.runs.events import Step  # noqa: E402
from txt.runs.folder import Run  # noqa: E402
from txt.training.distributed import Group  # noqa: E402
from txt.training.loop import Training  # noqa: E402
from txt.training.machine import choose_machine  # noqa: E402
from txt.training.plan import TrainingPlan  # noqa: E402

DATA = ROOT.parent / "shared" / "data" / "sst2"
CPU = torch.device("cpu")
RESAMPLES = 10_000


class Outcome:
    """What an arm came to: the loss of every step, and which rows of val it gets right in the end."""

    def __init__(self, losses: list[float], right: list[bool]) -> None:
        self.losses, self.right = np.array(losses), np.array(right, dtype=float)


def train_txt(config: TrainConfig, prepared: Prepared, steps: int) -> Outcome:
    """Train with txt's own core."""
    with Run.new(None) as run:
        run.describe(config, prepared.path, prepared.fingerprint)
    training = Training(run, prepared, choose_machine(config), Group())
    taken = iter(range(steps - 1))
    losses = [event.loss for event in training.events(lambda: next(taken, None) is None) if isinstance(event, Step)]
    val = prepared.split("val")
    predicted = predict_logits(training.optimizer.working.eval(), val, CPU).argmax(1)
    return Outcome(losses, (predicted == val.labels).tolist())


def train_plainly(config: TrainConfig, prepared: Prepared, steps: int) -> Outcome:
    """Train the guide's model in float32, from the weights and on the batches that txt has."""
    split, val = prepared.split("train"), prepared.split("val")
    plan = TrainingPlan(split.lengths, config)
    torch.manual_seed(config.seed)
    model = copy_to_guide(build_model(config, prepared, CPU), config.dropout)
    matrices = [parameter for parameter in model.parameters() if parameter.dim() > 1]
    vectors = [parameter for parameter in model.parameters() if parameter.dim() == 1]
    groups = [{"params": matrices, "weight_decay": config.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=0.0)
    batches = [rows for epoch in range(config.num_epochs) for rows in plan.batches(epoch)]
    losses = []
    for step, rows in enumerate(batches[:steps]):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(*pad_rows(split, rows)), torch.from_numpy(split.labels[rows]))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.max_grad_norm)
        for group in optimizer.param_groups:
            group["lr"] = plan.learning_rate(step)
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    right = []
    with torch.no_grad():
        for rows in np.array_split(np.arange(len(val)), len(val) // 64 + 1):
            right += (model(*pad_rows(val, rows)).argmax(1).numpy() == val.labels[rows]).tolist()
    return Outcome(losses, right)


def pad_rows(split: object, rows: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Return token ids and mask (B, T) of some rows, padded to the longest of them."""
    token_ids, lengths = split.gather(rows)
    parts = torch.from_numpy(token_ids).split(lengths.tolist())
    masks = [torch.ones_like(part) for part in parts]
    pad = torch.nn.utils.rnn.pad_sequence
    return pad(parts, batch_first=True), pad(masks, batch_first=True)


ARMS = {"plain float32": train_plainly, "txt": train_txt}


def outcome(arm: str, config: TrainConfig, prepared: Prepared, steps: int, file: Path) -> Outcome:
    """Train an arm, unless that was done before."""
    if not file.exists():
        found = ARMS[arm](config, prepared, steps)
        file.write_text(json.dumps({"losses": found.losses.tolist(), "right": found.right.tolist()}))
    return Outcome(**json.loads(file.read_text()))


def difference(right: np.ndarray) -> tuple[float, float, float]:
    """Return the mean difference in accuracy and its 95 % interval, drawing seeds and rows of (seeds, N) anew."""
    rng = np.random.default_rng(0)
    seeds, rows = right.shape
    means = [
        right[np.ix_(rng.integers(seeds, size=seeds), rng.integers(rows, size=rows))].mean() for _ in range(RESAMPLES)
    ]
    low, high = np.quantile(means, (0.025, 0.975))
    return float(right.mean()), float(low), float(high)


def print_table(found: dict[str, list[Outcome]]) -> None:
    plain, ours = found["plain float32"], found["txt"]
    print(f"\n{'seed':>6} {'float32':>9} {'txt':>9}   mean loss of the last quarter: float32, txt")
    for seed, (one, other) in enumerate(zip(plain, ours, strict=True), start=1):
        last = len(one.losses) // 4
        ends = f"{one.losses[-last:].mean():.4f}, {other.losses[-last:].mean():.4f}"
        print(f"{seed:6} {one.right.mean():9.4f} {other.right.mean():9.4f}   {ends}")
    value, low, high = difference(np.array([b.right - a.right for a, b in zip(plain, ours, strict=True)]))
    print(f"\nval accuracy, txt less float32: {100 * value:+.2f} points [{100 * low:+.2f}, {100 * high:+.2f}]")
    curves = np.array([b.losses - a.losses for a, b in zip(plain, ours, strict=True)])
    spread = np.array([one.losses for one in plain]).mean(0)
    print(f"training loss, txt less float32, mean over all steps: {curves.mean():+.4f} of {spread.mean():.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for the data and what is done")
    parser.add_argument("--preset", choices=PRESETS, default="small")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--lr", type=float, default=1e-4)
    options = parser.parse_args()
    folder = options.out.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    if not Path("prepared").exists():
        prepare(DATA / "train.csv", PrepareConfig(val=DATA / "val.csv", test=DATA / "test.csv"), Path("prepared"))
    prepared = Prepared.open(Path("prepared"))
    epochs = -(-options.steps * 32 // len(prepared.split("train")))
    quiet = {"log_interval": 1, "eval_interval": 0, "save_interval": 0}
    found: dict[str, list[Outcome]] = {arm: [] for arm in ARMS}
    for seed in range(1, options.seeds + 1):
        config = TrainConfig(
            **PRESETS[options.preset],
            seed=seed,
            learning_rate=options.lr,
            num_epochs=epochs,
            threads=torch.get_num_threads(),
            **quiet,
        )
        for arm in ARMS:
            file = Path(f"{options.preset}-{options.steps}-{options.lr:g}-{seed}-{arm.split()[0]}.json")
            found[arm].append(outcome(arm, config, prepared, options.steps, file))
            print(f"{file.stem}: accuracy {found[arm][-1].right.mean():.4f}", file=sys.stderr, flush=True)
    print(describe_machine())
    print(
        f"{options.preset}, {options.steps} steps of 32 rows, learning rate {options.lr:g}, {len(found['txt'])} seeds"
    )
    print_table(found)


if __name__ == "__main__":
    main()
