"""A run with a model, for tests of evaluation; the model is untrained, since its scores do not matter here."""

import csv
import os
import random
from pathlib import Path

import pytest
import torch

from txt.config import PrepareConfig, TrainConfig
from txt.data.prepare import prepare
from txt.data.prepared import Prepared
from txt.model.build import build_model
from txt.model.saved import save_model
from txt.runs.folder import Run

WORDS = {"good": "great lovely fine", "bad": "awful dreary poor", "so-so": "average ordinary middling"}


def write_reviews(path: Path, rows: int, seed: int) -> Path:
    """Write a CSV of short reviews with label, source and split-free metadata."""
    rng = random.Random(seed)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "source"])
        for number in range(rows):
            label = rng.choice(list(WORDS))
            words = [*rng.choices(WORDS[label].split(), k=2), *rng.choices(["the", "film", "was", "so", "very"], k=4)]
            writer.writerow([f"{' '.join(words)} {seed}-{number}", label, rng.choice(["web", "app"])])
    return path


@pytest.fixture(scope="session")
def born_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a run on 300 reviews, in a folder `runs` of its own."""
    folder = tmp_path_factory.mktemp("born")
    before = Path.cwd()
    os.chdir(folder)
    try:
        prepare(write_reviews(folder / "reviews.csv", 300, seed=1), PrepareConfig(vocab_size=300), folder / "prepared")
        prepared = Prepared.open(folder / "prepared")
        config = TrainConfig(d_model=16, nhead=2, num_layers=1, precision="float32", device="cpu", threads=1)
        with Run.new("born") as run:
            run.describe(config, folder / "prepared", prepared.fingerprint)
        save_model(
            build_model(config, prepared, torch.device("cpu")), folder / "prepared" / "tokenizer", folder / run.model
        )
    finally:
        os.chdir(before)
    return Run(folder / "runs" / "born")
