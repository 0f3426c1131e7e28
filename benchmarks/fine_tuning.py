"""How good is `txt train --from minilm`, beside a tuned fine-tuning of the same weights by Hugging Face's Trainer?

Both train on the same rows, with the same tokens, for the same epochs, and keep the epoch that is best on val; txt with
its defaults, the Trainer at the best of three learning rates, chosen on val. The test split is scored once a training.
The head on frozen embeddings, few-shot training and a bag of words stand beside them. What is done already is kept, so
that a stopped run goes on:

    python benchmarks/fine_tuning.py --out /tmp/fine-tuning
    python benchmarks/fine_tuning.py --out /tmp/fine-tuning --only sst2 --ways txt
"""

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from txt.__main__ import LIBRARY_SETTINGS  # noqa: E402

os.environ.update(LIBRARY_SETTINGS)

import numpy as np  # noqa: E402
import torch  # noqa: E402
from machine import PRECISIONS, describe_machine, measure_peak  # noqa: E402
from trainer_options import list_trainer_options  # noqa: E402

from txt.data.prepared import Prepared, Split  # noqa: E402
from txt.proportions import wilson_interval  # noqa: E402

DATA = ROOT.parent / "shared" / "data"
RATES = (1e-4, 3e-4, 5e-5)
BATCH = 32
SEED = 42
TRAIN_ROWS, VAL_ROWS = 8, 2  # of each class, where labels are few

FILES = {
    "sst2": ("sst2/train.csv", "--val", "sst2/val.csv", "--test", "sst2/test.csv"),
    "banking77": ("banking77/train.csv", "--test", "banking77/test.csv"),
}
FEW = "banking77, 8 rows a class"
EPOCHS = {"sst2": 2, FEW: 10, "banking77": 5}
OPTIONS = {
    "frozen": ("--freeze", "all"),
    "few-shot": ("--few-shot",),
    "txt": (),
}


def prepare(name: str, folder: Path) -> Path:
    """Prepare a data set with MiniLM's tokenizer, unless that was done before."""
    out = folder / name.replace(", ", "-").replace(" ", "-")
    if not out.exists():
        given = [str(DATA / part) if part.endswith(".csv") else part for part in FILES.get(name, ())]
        if name == FEW:
            given = [str(few_rows(folder / "few.csv")), "--split-column", "split"]
        run_txt(folder, "prepare", *given, "--tokenizer", "minilm", "-o", str(out))
    return out


def few_rows(path: Path) -> Path:
    """Write banking77 with a handful of train and val rows of each class, and all test rows."""
    rows = list(csv.DictReader((DATA / "banking77/train.csv").open(encoding="utf-8")))
    by_class = defaultdict(list)
    for place in np.random.default_rng(SEED).permutation(len(rows)):
        by_class[rows[place]["label"]].append(rows[place]["text"])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "split"])
        for label, texts in sorted(by_class.items()):
            writer.writerows([text, label, "train"] for text in texts[:TRAIN_ROWS])
            writer.writerows([text, label, "val"] for text in texts[TRAIN_ROWS : TRAIN_ROWS + VAL_ROWS])
        for row in csv.DictReader((DATA / "banking77/test.csv").open(encoding="utf-8")):
            writer.writerow([row["text"], row["label"], "test"])
    return path


def run_txt(folder: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "txt", *arguments], cwd=folder, check=True, env=os.environ | python_path())


def python_path() -> dict[str, str]:
    return {"PYTHONPATH": str(ROOT)}


def train_txt(name: str, way: str, data: Path, folder: Path) -> dict:
    """Train on the command line as a user would; what it says about test comes from its report."""
    run = f"{data.name}-{way}"
    shutil.rmtree(folder / "runs" / run, ignore_errors=True)  # of a training that was stopped
    epochs = ("--epochs", str(EPOCHS[name])) if way == "txt" else ()
    options = ("--from", "minilm", *OPTIONS[way], *epochs, "--seed", str(SEED), "--name", run)
    run_txt(folder, "train", str(data), *options, "--plain")
    report = json.loads((folder / "runs" / run / "report.json").read_text())
    events = [json.loads(line) for line in (folder / "runs" / run / "events.jsonl").read_text().splitlines()]
    return {
        "val": next(event["best_score"] for event in events if event["event"] == "finished"),
        "test": report["metrics"]["accuracy"]["value"],
        "rows": report["rows"],
        "seconds": events[-1]["time"] - events[0]["time"],
        "baseline": report["baseline"]["metrics"]["accuracy"]["value"],
    }


def train_trainer(name: str, rate: float, data: Path) -> dict:
    """Fine-tune by the Trainer: the faster precision, rows grouped by length, fused AdamW, warm-up over a tenth."""
    from transformers import BertForSequenceClassification, Trainer, TrainerCallback, TrainingArguments

    from txt.data.minilm import minilm_folder

    prepared = Prepared.open(data)
    train, val, test = (prepared.split(part) for part in ("train", "val", "test"))
    torch.manual_seed(SEED)
    model = BertForSequenceClassification.from_pretrained(
        minilm_folder(), num_labels=len(prepared.labels), dtype=torch.float32
    )
    best = {"val": -1.0, "test": 0.0}

    class KeepBest(TrainerCallback):
        """Scores val after each epoch, and test where val is the best so far."""

        def on_epoch_end(self, *_, **__) -> None:
            score = accuracy(model, val)
            if score > best["val"]:
                best.update(val=score, test=accuracy(model, test))

    steps = -(-len(train) // BATCH) * EPOCHS[name]
    arguments = TrainingArguments(
        str(data.parent / "unused"),
        num_train_epochs=EPOCHS[name],
        learning_rate=rate,
        warmup_steps=steps // 10,
        weight_decay=0.01,
        seed=SEED,
        **list_trainer_options(BATCH, max(PRECISIONS, key=measure_peak)),
    )
    rows = SplitRows(train)
    begun = time.monotonic()
    Trainer(model, arguments, data_collator=pad_rows, train_dataset=rows, callbacks=[KeepBest()]).train()
    return {**best, "rows": len(test), "seconds": time.monotonic() - begun}


class SplitRows(torch.utils.data.Dataset):
    """A split as the Trainer takes it."""

    def __init__(self, split: Split) -> None:
        ends = np.cumsum(split.lengths)
        token_ids, _ = split.gather(np.arange(len(split)))
        self.token_ids = np.split(token_ids, ends[:-1])
        self.labels = split.labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, row: int) -> dict:
        token_ids = self.token_ids[row]
        return {"input_ids": token_ids, "labels": int(self.labels[row]), "length": len(token_ids)}


def pad_rows(rows: list[dict]) -> dict[str, torch.Tensor]:
    """Pad rows to the longest of them; MiniLM's padding token is 0."""
    ids = [torch.from_numpy(np.array(row["input_ids"])) for row in rows]
    input_ids = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True)
    lengths = torch.tensor([len(row) for row in ids])
    mask = (torch.arange(input_ids.shape[1]) < lengths[:, None]).long()
    return {"input_ids": input_ids, "attention_mask": mask, "labels": torch.tensor([row["labels"] for row in rows])}


@torch.inference_mode()
def accuracy(model: torch.nn.Module, split: Split) -> float:
    """Return the share of a split's rows that a model gets right, in float32; it is left in training mode."""
    model.eval()
    rows, right = SplitRows(split), 0
    order = np.argsort(split.lengths)
    for start in range(0, len(order), 64):
        batch = pad_rows([rows[row] for row in order[start : start + 64]])
        labels = batch.pop("labels")
        right += int((model(**batch).logits.argmax(1) == labels).sum())
    model.train()
    return right / len(rows)


def run_once(path: Path, make) -> dict:
    """Return what `make` found, from the file it was kept in where it was made before."""
    if not path.exists():
        found = make()
        path.write_text(json.dumps(found))
        print(f"{path.stem}: {found}", flush=True)
    return json.loads(path.read_text())


def measure(name: str, ways: list[str], folder: Path) -> list[tuple[str, dict]]:
    """Return what each way reaches on a data set."""
    data, found = prepare(name, folder), []
    for way in (way for way in ways if way != "trainer" and (way != "few-shot" or name == FEW)):
        result = run_once(folder / f"{data.name}-{way}.json", lambda way=way: train_txt(name, way, data, folder))
        found.append((f"txt, {way}" if way != "txt" else f"txt, {EPOCHS[name]} epochs", result))
    if "trainer" in ways:
        tried = {
            rate: run_once(
                folder / f"{data.name}-trainer-{rate:g}.json", lambda rate=rate: train_trainer(name, rate, data)
            )
            for rate in RATES
        }
        best = max(tried, key=lambda rate: tried[rate]["val"])
        found.append((f"Trainer, {EPOCHS[name]} epochs, lr {best:g} of {len(RATES)}", tried[best]))
    return found


def table(name: str, found: list[tuple[str, dict]]) -> list[str]:
    lines = []
    baselines = [result["baseline"] for _, result in found if "baseline" in result]
    rows = found[0][1]["rows"]
    for way, test in [(way, result["test"]) for way, result in found] + [("TF-IDF", score) for score in baselines[:1]]:
        score = wilson_interval(round(test * rows), rows)
        lines.append(f"| {name} | {way} | {score.value:.3f} [{score.low:.3f}, {score.high:.3f}] |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for all that is made")
    parser.add_argument("--only", nargs="*", choices=list(EPOCHS), default=list(EPOCHS))
    parser.add_argument("--ways", nargs="*", choices=[*OPTIONS, "trainer"], default=[*OPTIONS, "trainer"])
    options = parser.parse_args()
    folder = options.out.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    lines = [line for name in options.only for line in table(name, measure(name, options.ways, folder))]
    print(f"\n{describe_machine()}; seed {SEED}\n\n| data | way | test accuracy [95 %] |\n|---|---|---|")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
