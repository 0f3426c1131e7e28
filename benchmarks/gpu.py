"""How fast does txt train and predict on one GPU, against Hugging Face's Trainer and model at their best?

One command, under 8 minutes on one card: d_model 512 and MiniLM on short text, d_model 512 and 768 on long text. Both
arms train in bf16, on rows by length; the Trainer with fused AdamW and the scaled-dot-product attention of its models.
Then rows a second of inference, and whether the same steps from the same seed end with the same weights, to the bit.
It says what share of the card's own peak of a matrix product each one reaches. `--dry` runs all of it in tiny sizes on
whatever there is, a CPU too, to see that the script works; its figures mean nothing.

    python benchmarks/gpu.py
    python benchmarks/gpu.py --dry
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from txt.library_settings import LIBRARY_SETTINGS  # noqa: E402

os.environ.update(LIBRARY_SETTINGS)

import numpy as np  # noqa: E402
import torch  # noqa: E402
import training  # noqa: E402
from machine import describe_machine  # noqa: E402

ARMS = ("trainer", "txt")


@dataclass(frozen=True)
class Workload:
    """What is trained, on what text; sizes of None are MiniLM's own."""

    name: str
    text: str
    d_model: int | None
    nhead: int = 8
    num_layers: int = 6


WORKLOADS = (
    Workload("d_model 512, short text", "short", 512),
    Workload("MiniLM, short text", "short", None),
    Workload("d_model 512, long text", "long", 512),
    Workload("d_model 768, long text", "long", 768, nhead=12),
)
DRY = (Workload("tiny, short text", "short", 32, nhead=2, num_layers=1),)


def make_options(work: Workload) -> argparse.Namespace:
    """Return the options by which a worker of training.py makes the model."""
    sizes = {"d_model": work.d_model or 384, "nhead": work.nhead, "num_layers": work.num_layers}
    return argparse.Namespace(text=work.text, vocab_size=8000, minilm=work.d_model is None, **sizes)


def measure_card(size: int) -> float:
    """Return the best rate of a bf16 matrix product of two squares here, in floating-point operations a second."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    a = torch.ones(size, size, dtype=torch.bfloat16, device=device)
    return 2 * size**3 / min(time_once(lambda: a @ a) for _ in range(6))


def time_once(work: Callable[[], object]) -> float:
    """Return the seconds that some work takes, to its end on the card."""
    wait()
    begun = time.perf_counter()
    work()
    wait()
    return time.perf_counter() - begun


def wait() -> None:
    """Wait until the card has done what it was told."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def compare_training(work: Workload, peak: float, rounds: int, steps: int, precision: str) -> None:
    """Train both arms in turns, and print a line for each."""
    options = make_options(work)
    training.SIZES.update({"d_model": options.d_model, "nhead": options.nhead, "num_layers": options.num_layers})
    if options.minilm:
        training.SIZES.update(training.MINILM)
    workers = {arm: training.Worker(arm, options, precision) for arm in ARMS}
    for worker in workers.values():
        worker.run(steps)  # kernels are chosen and compiled
    found = {arm: [] for arm in ARMS}
    for _ in range(rounds):
        for arm, worker in workers.items():
            found[arm].append(worker.run(steps))
    for worker in workers.values():
        worker.close()
    texts = training.Texts(work.text, options.vocab_size, options.minilm)
    square = float((texts.lengths.astype(float) ** 2).mean())
    rates = {arm: [block["tokens"] / block["seconds"] for block in blocks] for arm, blocks in found.items()}
    ratios = [ours / theirs for ours, theirs in zip(rates["txt"], rates["trainer"], strict=True)]
    for arm, blocks in found.items():
        share = statistics.median(
            training.operations(block["tokens"], square, block["rows"]) / block["seconds"] / peak for block in blocks
        )
        beside = f"{statistics.median(ratios):.2f}× [{min(ratios):.2f}, {max(ratios):.2f}]" if arm == "txt" else ""
        memory = max(block["peak"] for block in blocks)
        print(
            f"{work.name:26} {arm:8} {statistics.median(rates[arm]):12,.0f} {share:8.1%} {memory:6.2f} GiB   {beside}"
        )
    losses = {arm: np.mean([loss for block in blocks for loss in block["losses"]]) for arm, blocks in found.items()}
    print(f"{'':26} mean loss of txt less the Trainer's: {losses['txt'] - losses['trainer']:+.3f}", flush=True)


def compare_inference(rows: int, rounds: int) -> None:
    """Read rows with MiniLM by txt and by transformers, both in bf16 on a card, and print rows a second."""
    from transformers import AutoModel

    from txt.data.minilm import minilm_folder
    from txt.model.predict import predict_logits
    from txt.model.pretrained import Embedder, load_pretrained

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    texts = training.Texts("short", 30522, True)
    chosen = np.arange(min(rows, len(texts)))
    ours = load_pretrained("minilm", ("a", "b"), 0).to(device=device, dtype=dtype).eval()
    theirs = AutoModel.from_pretrained(minilm_folder(), dtype=dtype, attn_implementation="sdpa").to(device).eval()
    order = chosen[np.argsort(-texts.lengths[chosen])]

    @torch.inference_mode()
    def read_padded() -> None:
        for batch in np.array_split(order, -(-len(order) // 256)):
            pieces = [torch.from_numpy(texts.rows[row]) for row in batch]
            padded = torch.nn.utils.rnn.pad_sequence(pieces, batch_first=True)
            mask = torch.arange(padded.shape[1]) < torch.tensor([len(piece) for piece in pieces])[:, None]
            hidden = theirs(input_ids=padded.to(device), attention_mask=mask.to(device)).last_hidden_state
            (hidden * mask.to(device).unsqueeze(-1)).sum(1).float().cpu()

    ways = {"transformers, sdpa": read_padded, "txt": lambda: predict_logits(Embedder(ours), texts, device, chosen)}
    for way in ways.values():
        way()
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            seconds[name].append(time_once(way))
    first, second = seconds.values()
    ratios = [theirs / ours for theirs, ours in zip(first, second, strict=True)]
    for name, times in seconds.items():
        print(f"inference, MiniLM          {name:20} {len(chosen) / statistics.median(times):12,.0f} rows/s")
    print(
        f"{'':26} txt is faster by {statistics.median(ratios):.2f}× [{min(ratios):.2f}, {max(ratios):.2f}]", flush=True
    )


def repeat_steps(steps: int, precision: str) -> bool:
    """Tell whether the same steps from the same seed end with the same weights twice."""
    texts = training.Texts("short", 8000, False)
    ends = []
    for _ in range(2):
        torch.manual_seed(0)
        arm = training.TxtArm(texts, precision)
        arm.run(steps)
        ends.append(arm.optimizer.weights.detach().cpu().clone())
    return torch.equal(*ends)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry", action="store_true", help="tiny sizes on whatever there is: is the script whole?")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=40, help="of a round [40]")
    parser.add_argument("--rows", type=int, default=6000, help="that are read in inference [6000]")
    options = parser.parse_args()
    if not torch.cuda.is_available() and not options.dry:
        sys.exit("there is no GPU here; --dry runs all of it in tiny sizes")
    rounds, steps, rows = (1, 1, 40) if options.dry else (options.rounds, options.steps, options.rows)
    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU: these figures mean nothing"
    precision = "bf16" if torch.cuda.is_available() else "float32"
    peak = measure_card(256 if options.dry else 8192)
    print(f"{describe_machine()}\n{card}; torch {torch.__version__}; matrix peak in bf16 {peak / 1e12:,.2f} TFLOP/s")
    print(f"\n{'training':26} {'':8} {'tokens/s':>12} {'of peak':>8} {'memory':>10}   txt is faster by", flush=True)
    for work in DRY if options.dry else WORKLOADS:
        compare_training(work, peak, rounds, steps, precision)
    compare_inference(rows, rounds)
    first = DRY[0] if options.dry else WORKLOADS[0]
    training.SIZES.update({"d_model": first.d_model, "nhead": first.nhead, "num_layers": first.num_layers})
    print(
        f"the same {steps} steps twice end with the same weights: {'yes' if repeat_steps(steps, precision) else 'NO'}"
    )


if __name__ == "__main__":
    main()
