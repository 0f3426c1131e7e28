"""How fast does txt predict, against transformers' own pipeline on the same model and rows?

The run is exported for transformers first. The pipeline is tried at several batch sizes in float32 and in bf16, and the
best of each is taken; then all ways take turns over the same rows, and a ratio is the median over the rounds, beside
the fastest of the pipeline's. "txt" computes in the precision that it chooses by itself; a cascade is for models of the
ladder. Accuracy is measured on the same rows, which have labels. The ONNX ways need the extra `onnx`; they run rows
sorted by length in batches.

    python benchmarks/predict.py RUN ../shared/data/sst2/test.csv
    python benchmarks/predict.py RUN ../shared/data/sst2/test.csv --rows 300 --rounds 2
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from txt.library_settings import LIBRARY_SETTINGS  # noqa: E402

os.environ.update(LIBRARY_SETTINGS)

import numpy as np  # noqa: E402
from machine import describe_machine  # noqa: E402

BATCH_SIZES = (1, 4, 8, 16, 32, 64)
Way = Callable[[list[str]], list[str]]
"""Labels some texts."""


def pipeline_way(folder: Path, precision: str, batch_size: int) -> Way:
    import torch
    from transformers import pipeline

    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    classify = pipeline("text-classification", str(folder), trust_remote_code=True, dtype=dtype, device="cpu")
    return lambda texts: [found["label"] for found in classify(texts, batch_size=batch_size, truncation=True)]


def txt_way(run: str, **options) -> Way:
    from txt.config import PredictConfig
    from txt.prediction.classifier import load_source
    from txt.prediction.model_source import find_model

    classifier = load_source(find_model(run), PredictConfig(**options))
    return lambda texts: [found.label for found in classifier.predict(texts)]


def onnx_way(folder: Path, batch_size: int = 16) -> Way:
    import json

    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    labels = json.loads((folder / "labels.json").read_text())
    session = onnxruntime.InferenceSession(
        str(next((folder / "onnx").glob("*.onnx"))), providers=["CPUExecutionProvider"]
    )

    def label(texts: list[str]) -> list[str]:
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        found = [""] * len(texts)
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            encoded = tokenizer.encode_batch([texts[row] for row in rows])
            feed = {
                "input_ids": np.array([each.ids for each in encoded], np.int64),
                "attention_mask": np.array([each.attention_mask for each in encoded], np.int64),
            }
            for row, best in zip(rows, session.run(["logits"], feed)[0].argmax(1), strict=True):
                found[row] = labels[best]
        return found

    return label


def ways_of(run: str, folder: Path, sample: list[str]) -> dict[str, Way]:
    """Return all ways, the pipeline at its best batch size in either precision."""
    from txt.errors import TxtError
    from txt.export.hugging_face import export_hugging_face
    from txt.prediction.model_source import find_model

    source = find_model(run)
    export_hugging_face(source, folder / "hf")
    ways = {}
    for precision in ("float32", "bf16"):
        size = best_batch_size(folder / "hf", precision, sample)
        ways[f"pipeline {precision}, batch {size}"] = pipeline_way(folder / "hf", precision, size)
    ways["txt float32"] = txt_way(run, precision="float32")
    ways["txt"] = txt_way(run)
    ways["txt --int8"] = txt_way(run, int8=True)
    for name, options in (("txt --cascade", {}), ("txt --cascade --int8", {"int8": True})):
        try:
            ways[name] = txt_way(run, cascade=True, **options)
        except TxtError as error:
            print(f"left out: {name}: {error.message}")
    for name, quantize in (("ONNX", False), ("ONNX int8", True)):
        try:
            from txt.export.onnx_file import export_onnx

            export_onnx(source, folder / name, quantize)
        except TxtError as error:
            print(f"left out: {name}: {error.message}")
            continue
        ways[name] = onnx_way(folder / name)
    return ways


def best_batch_size(folder: Path, precision: str, sample: list[str]) -> int:
    seconds = {}
    for size in BATCH_SIZES:
        way = pipeline_way(folder, precision, size)
        way(sample[:size])
        begun = time.perf_counter()
        way(sample)
        seconds[size] = time.perf_counter() - begun
    return min(seconds, key=seconds.__getitem__)


def read_labeled_rows(data: Path, count: int, seed: int) -> tuple[list[str], list[str]]:
    from txt.config import PrepareConfig
    from txt.data.reading.columns import find_label, find_text
    from txt.data.reading.table import open_table

    with open_table(data, PrepareConfig()) as table:
        rows = list(table.rows())
    sample = {name: [row.get(name) for row in rows[:1000]] for name in rows[0]}
    text = find_text(sample).name
    label = find_label(sample, text)
    assert label is not None
    kept = [row for row in rows if row[text] and row[label.name]]
    chosen = np.random.default_rng(seed).permutation(len(kept))[:count]
    return [kept[row][text] or "" for row in chosen], [kept[row][label.name] or "" for row in chosen]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("data", type=Path)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    texts, labels = read_labeled_rows(options.data, options.rows, seed=0)
    print(describe_machine())
    print(f"{options.run}, {len(texts):,} rows of {options.data.name}, {options.rounds} rounds")
    with tempfile.TemporaryDirectory() as folder:
        ways = ways_of(options.run, Path(folder), texts[: max(64, len(texts) // 5)])
        found = {name: way(texts) for name, way in ways.items()}  # also warms up
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(options.rounds):
            for name, way in ways.items():
                begun = time.perf_counter()
                way(texts)
                seconds[name].append(time.perf_counter() - begun)
    print_table(seconds, found, labels)


def print_table(seconds: dict[str, list[float]], found: dict[str, list[str]], labels: list[str]) -> None:
    print(f"\n{'':28} {'rows/s':>8} {'accuracy':>9} {'as float32':>11}   faster than the best pipeline by")
    best = min(
        (name for name in seconds if name.startswith("pipeline")), key=lambda name: statistics.median(seconds[name])
    )
    exact = found["txt float32"]
    for name, times in seconds.items():
        ratios = [theirs / ours for theirs, ours in zip(seconds[best], times, strict=True)]
        accuracy = np.mean([one == other for one, other in zip(found[name], labels, strict=True)])
        same = np.mean([one == other for one, other in zip(found[name], exact, strict=True)])
        print(
            f"{name:28} {len(labels) / statistics.median(times):8.0f} {accuracy:9.4f} {same:11.2%}"
            f"   {statistics.median(ratios):.2f}× [{min(ratios):.2f}, {max(ratios):.2f}]"
        )


if __name__ == "__main__":
    main()
