"""How fast does txt train, against the guide's own loop and a tuned Hugging Face Trainer?

All arms train a model of the same size on the same rows with the same batch size. Each runs in a process of its own
and trains in short blocks, one arm after the other, so that a machine that slows down slows all of them; the ratio is
the median over the rounds. All arms have the same environment (txt/library_settings.py). The Trainer and txt are tried
in float32 and in bf16 first, and each goes on in the one that is faster for it here; its share of the peak is of the
peak in that precision. Run it with the `bench` dependency group installed:

    python benchmarks/training.py --text short
    python benchmarks/training.py --text long --vocab-size 30522
    python benchmarks/training.py --minilm
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from machine import PRECISIONS, choose_fastest, describe_machine, measure_peak
from trainer_options import list_trainer_options

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
DATA = ROOT.parent / "shared" / "data"
ARMS = ("guide", "trainer", "txt")
SIZES = {"d_model": 512, "nhead": 8, "num_layers": 6}
MINILM = {"d_model": 384, "nhead": 12, "num_layers": 6}
BATCH = 32


class Texts:
    """Token ids and labels of real rows: SST-2's sentences, or documents of about 250 words made of them."""

    has_several = False  # labels a row

    def __init__(self, kind: str, vocab_size: int, minilm: bool) -> None:
        import pyarrow.csv

        from txt.data.pretrained_tokenizer import load_tokenizer
        from txt.data.tokenizer import train_tokenizer

        table = pyarrow.csv.read_csv(DATA / "sst2" / "train.csv")
        texts, labels = table["text"].to_pylist(), [int(label == "positive") for label in table["label"].to_pylist()]
        if kind == "long":
            texts, labels = _documents(texts, labels)
        made = load_tokenizer("minilm") if minilm else train_tokenizer(texts, "wordpiece", 8000, cased=False)
        tokenizer = made.backend
        tokenizer.no_padding()
        tokenizer.enable_truncation(512)
        self.rows = [np.array(encoding.ids) for encoding in tokenizer.encode_batch_fast(texts)]
        self.labels = np.array(labels)
        self.lengths = np.array([len(row) for row in self.rows], dtype=np.int32)
        self.vocab_size, self.minilm = vocab_size, minilm

    def __len__(self) -> int:
        return len(self.rows)

    def gather(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.concatenate([self.rows[row] for row in rows]), self.lengths[rows].astype(np.int64)


def _documents(texts: list[str], labels: list[int], words: int = 250) -> tuple[list[str], list[int]]:
    """Join sentences of one class, in random order, until a document has about `words` words (± 40 %)."""
    rng = np.random.default_rng(0)
    documents, classes = [], []
    for label in (0, 1):
        pool = [text for text, own in zip(texts, labels, strict=True) if own == label]
        while len(documents) < 1000 * (label + 1):
            wanted, parts = words * rng.uniform(0.6, 1.4), []
            while sum(len(part.split()) for part in parts) < wanted:
                parts.append(pool[rng.integers(len(pool))])
            documents.append(" ".join(parts))
            classes.append(label)
    return documents, classes


# The arms. Each takes a number of steps and returns the losses; the clock is outside.


class GuideArm:
    """The guide's loop as written: float32, every row padded to 512, AdamW and clipping over all weights."""

    def __init__(self, texts: Texts) -> None:
        from tests.model.guide import GuideClassifier

        torch.manual_seed(0)
        self.texts = texts
        self.model = GuideClassifier(texts.vocab_size, **SIZES, num_classes=2, dropout=0.1)
        for module in self.model.modules():
            if isinstance(module, torch.nn.Embedding):
                torch.nn.init.normal_(module.weight, std=0.02)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-4, weight_decay=0.01)
        self.order = np.random.default_rng(0).permutation(len(texts))
        self.at = 0

    def run(self, steps: int) -> tuple[int, int, list[float]]:
        tokens, losses = 0, []
        for _ in range(steps):
            rows = self.order[np.arange(self.at, self.at + BATCH) % len(self.order)]
            self.at += BATCH
            input_ids = torch.zeros(BATCH, 512, dtype=torch.long)
            mask = torch.zeros_like(input_ids)
            for place, row in enumerate(rows):
                input_ids[place, : self.texts.lengths[row]] = torch.from_numpy(self.texts.rows[row])
                mask[place, : self.texts.lengths[row]] = 1
            self.optimizer.zero_grad()
            loss = F.cross_entropy(self.model(input_ids, mask), torch.from_numpy(self.texts.labels[rows]))
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            losses.append(loss.item())
            tokens += int(self.texts.lengths[rows].sum())
        return steps * BATCH, tokens, losses


class TxtArm:
    """txt's own core, as `txt train` uses it."""

    def __init__(self, texts: Texts, precision: str) -> None:
        from types import SimpleNamespace

        from txt.config import TrainConfig
        from txt.model.build import build_model
        from txt.model.pretrained import load_pretrained
        from txt.training.distributed import Group
        from txt.training.gradients import BatchGradients
        from txt.training.machine import choose_machine
        from txt.training.optimizer import FlatAdamW
        from txt.training.plan import TrainingPlan

        config = TrainConfig(**SIZES, batch_size=BATCH, num_epochs=1000, warmup_steps=0, precision=precision)
        machine = choose_machine(config)
        prepared = SimpleNamespace(
            labels=("negative", "positive"),
            vocab_size=texts.vocab_size,
            pad_token_id=0,
            manifest=SimpleNamespace(max_length=512),
        )
        self.texts, self.plan = texts, TrainingPlan(texts.lengths, config)
        model = load_pretrained("minilm", prepared.labels, 0) if texts.minilm else None
        model = model or build_model(config, prepared, machine.device)
        self.optimizer = FlatAdamW(model, machine.dtype, config.weight_decay)
        self.optimizer.working.train()
        self.gradients = BatchGradients(texts, 2, self.plan, self.optimizer, machine, Group())
        self.step = 0
        self.batches: list[np.ndarray] = []

    def run(self, steps: int) -> tuple[int, int, list[float]]:
        rows, tokens, losses = 0, 0, []
        for _ in range(steps):
            epoch, index = divmod(self.step, self.plan.steps_per_epoch)
            if index == 0 or not self.batches:
                self.batches = self.plan.batches(epoch)
            batch = self.batches[index]
            losses.append(self.gradients.compute(batch, self.step, epoch).loss)
            self.optimizer.clip(1.0)
            self.optimizer.step(1e-4)
            self.step += 1
            rows += len(batch)
            tokens += int(self.texts.lengths[batch].sum())
        return rows, tokens, losses


def serve_trainer(texts: Texts, precision: str) -> None:
    """Hugging Face's Trainer: rows grouped by length, padded to the batch, fused AdamW, no logs."""
    from transformers import (
        BertConfig,
        BertForSequenceClassification,
        Trainer,
        TrainerCallback,
        TrainingArguments,
    )

    from txt.data.minilm import minilm_folder

    sizes = BertConfig(
        vocab_size=texts.vocab_size,
        hidden_size=SIZES["d_model"],
        num_hidden_layers=SIZES["num_layers"],
        num_attention_heads=SIZES["nhead"],
        intermediate_size=4 * SIZES["d_model"],
    )
    kind = BertForSequenceClassification
    model = kind.from_pretrained(minilm_folder(), dtype=torch.float32) if texts.minilm else kind(sizes)
    seen = {"rows": 0, "tokens": 0}
    losses: list[float] = []

    class Counting(Trainer):
        """Counts what is trained on: the loader fetches a batch ahead, and would miss one of each block."""

        def training_step(self, model, inputs, *given, **named) -> torch.Tensor:
            seen["rows"] += len(inputs["labels"])
            seen["tokens"] += int(inputs["attention_mask"].sum())
            loss = super().training_step(model, inputs, *given, **named)
            losses.append(loss.item())
            return loss

    class Rows(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return len(texts)

        def __getitem__(self, row: int) -> dict:
            return {"input_ids": texts.rows[row], "labels": int(texts.labels[row]), "length": int(texts.lengths[row])}

    def collate(rows: list[dict]) -> dict[str, torch.Tensor]:
        longest = max(row["length"] for row in rows)
        input_ids = torch.zeros(len(rows), longest, dtype=torch.long)
        mask = torch.zeros_like(input_ids)
        for place, row in enumerate(rows):
            input_ids[place, : row["length"]] = torch.from_numpy(row["input_ids"])
            mask[place, : row["length"]] = 1
        return {"input_ids": input_ids, "attention_mask": mask, "labels": torch.tensor([row["labels"] for row in rows])}

    class Turns(TrainerCallback):
        """Lets the parent process decide when the next steps are taken."""

        left = 0

        def on_step_begin(self, *_, **__) -> None:
            if self.left == 0:
                self.left = wait_for_turn()
                losses.clear()
                self.begun, self.before = time.perf_counter(), dict(seen)

        def on_step_end(self, *_, **__) -> None:
            self.left -= 1
            if self.left == 0:
                report(seen["rows"] - self.before["rows"], seen["tokens"] - self.before["tokens"], self.begun, losses)

    arguments = TrainingArguments(
        "unused",
        num_train_epochs=1000,
        **list_trainer_options(BATCH, precision),
    )
    Counting(model, arguments, data_collator=collate, train_dataset=Rows(), callbacks=[Turns()]).train()


# A worker process and its parent talk in lines of JSON.


def wait_for_turn() -> int:
    line = sys.stdin.readline()
    if not line.strip():
        sys.exit(0)
    return int(line)


def report(rows: int, tokens: int, begun: float, losses: list[float]) -> None:
    seconds = time.perf_counter() - begun
    on_card = torch.cuda.is_available()
    peak = torch.cuda.max_memory_allocated() / 2**30 if on_card else peak_of_process()
    found = {"rows": rows, "tokens": tokens, "seconds": seconds, "peak": peak, "losses": losses}
    print("@" + json.dumps(found), flush=True)


def peak_of_process() -> float:
    """Return the most memory that this process has had, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def serve(arm: str, texts: Texts, precision: str) -> None:
    if arm == "trainer":
        serve_trainer(texts, precision)
        return
    runner = GuideArm(texts) if arm == "guide" else TxtArm(texts, precision)
    while True:
        steps = wait_for_turn()
        begun = time.perf_counter()
        rows, tokens, losses = runner.run(steps)
        report(rows, tokens, begun, losses)


class Worker:
    """An arm in a process of its own."""

    def __init__(self, arm: str, options: argparse.Namespace, precision: str = "float32") -> None:
        from txt.library_settings import LIBRARY_SETTINGS

        self.precision = precision
        command = [sys.executable, __file__, "--worker", arm, "--precision", precision, "--text", options.text]
        command += ["--vocab-size", str(options.vocab_size), *(["--minilm"] if options.minilm else [])]
        command += [f"--{name.replace('_', '-')}={getattr(options, name)}" for name in SIZES]
        self.process = subprocess.Popen(
            command,
            env=os.environ | LIBRARY_SETTINGS,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self, steps: int) -> dict:
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("@"):
                return json.loads(line[1:])
        raise RuntimeError("a worker ended early")

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def find_fastest_worker(arm: str, options: argparse.Namespace, steps: int) -> Worker:
    """Return a worker of an arm in the precision that is faster for it here; the other one is ended."""
    workers = {precision: Worker(arm, options, precision) for precision in PRECISIONS}

    def measure(worker: Worker) -> float:
        block = worker.run(steps)
        return block["tokens"] / block["seconds"]

    best = choose_fastest({name: (lambda each=each: measure(each)) for name, each in workers.items()}, rounds=2)
    for name, worker in workers.items():
        if name != best:
            worker.close()
    return workers[best]


def operations(tokens: int, mean_square_length: float, rows: int) -> float:
    """Return the matrix-product operations of training on tokens: forward, and twice that backward."""
    width, layers = SIZES["d_model"], SIZES["num_layers"]
    dense = 2 * tokens * 12 * width**2 * layers
    attention = 2 * 2 * rows * mean_square_length * width * layers
    return 3 * (dense + attention)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", choices=("short", "long"), default="short")
    parser.add_argument("--vocab-size", type=int, default=8000)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--steps", type=int, help="steps of a block [8 short, 2 long]")
    parser.add_argument("--guide-rounds", type=int, default=1, help="rounds in which the guide's loop takes one step")
    parser.add_argument("--worker", choices=ARMS)
    parser.add_argument("--precision", choices=PRECISIONS, help="of the Trainer and of txt [the faster for each]")
    parser.add_argument("--minilm", action="store_true", help="fine-tune MiniLM instead, without the guide's loop")
    for name, value in SIZES.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=value, help=f"of the model [{value}]")
    options = parser.parse_args()
    SIZES.update({name: getattr(options, name) for name in SIZES})
    if options.minilm:
        SIZES.update(MINILM)
        options.guide_rounds = 0
    texts = Texts(options.text, options.vocab_size, options.minilm)
    if options.worker:
        serve(options.worker, texts, options.precision or "float32")
        return
    steps = options.steps or (8 if options.text == "short" else 2)
    print(describe_machine())
    print(
        f"torch {torch.__version__}; {options.text} text of {texts.lengths.mean():.0f} tokens on average, batch {BATCH}"
    )
    peaks = {precision: measure_peak(precision) for precision in PRECISIONS}
    print(f"matrix peak: bf16 {peaks['bf16'] / 1e12:.2f}, float32 {peaks['float32'] / 1e12:.2f} TFLOP/s")
    workers = {"guide": Worker("guide", options)} if options.guide_rounds else {}
    for arm in ("trainer", "txt"):
        chosen = options.precision
        workers[arm] = Worker(arm, options, chosen) if chosen else find_fastest_worker(arm, options, steps)
    precisions = {arm: worker.precision for arm, worker in workers.items()}
    found: dict[str, list[dict]] = {arm: [] for arm in ARMS}
    for arm in ("trainer", "txt"):
        workers[arm].run(2)  # warm-up
    for number in range(options.rounds):
        if number < options.guide_rounds:
            found["guide"].append(workers["guide"].run(1))
        for arm in ("trainer", "txt"):
            found[arm].append(workers[arm].run(steps))
    for worker in workers.values():
        worker.close()
    mean_square = float((texts.lengths.astype(float) ** 2).mean())
    print_table(found, precisions, peaks, mean_square)


def print_table(
    found: dict[str, list[dict]], precisions: dict[str, str], peaks: dict[str, float], mean_square: float
) -> None:
    def rate(block: dict) -> float:
        return block["rows"] / block["seconds"]

    print(f"\n{'':18} {'rows/s':>9} {'tokens/s':>9} {'of peak':>8} {'memory':>9}   txt is faster by")
    for arm, blocks in ((arm, blocks) for arm, blocks in found.items() if blocks):
        peak = peaks[precisions[arm]]
        ratios = [rate(ours) / rate(theirs) for ours, theirs in zip(found["txt"], blocks, strict=False)]
        tokens = statistics.median(block["tokens"] / block["seconds"] for block in blocks)
        share = statistics.median(
            operations(block["tokens"], mean_square, block["rows"]) / block["seconds"] / peak for block in blocks
        )
        memory = max(block["peak"] for block in blocks)
        name = f"{arm}, {precisions[arm]}"
        print(
            f"{name:18} {statistics.median(map(rate, blocks)):9.1f} {tokens:9.0f} {share:8.0%} {memory:6.2f} GiB"
            f"   {statistics.median(ratios):.2f}× (from {min(ratios):.2f} to {max(ratios):.2f})"
        )
    print_losses({arm: [loss for block in blocks for loss in block["losses"]] for arm, blocks in found.items()})


def print_losses(losses: dict[str, list[float]]) -> None:
    """Print where the loss curves stand; whether bf16 costs quality is for benchmarks/quality.py to say."""
    later = {arm: statistics.fmean(curve[len(curve) // 2 :]) for arm, curve in losses.items() if curve}
    curves = ", ".join(f"{arm} {loss:.3f}" for arm, loss in later.items())
    print(f"\nmean loss of the later half of the steps: {curves}")
    print(f"txt less Trainer: {later['txt'] - later['trainer']:+.3f}")


if __name__ == "__main__":
    main()
