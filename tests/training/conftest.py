"""A small data set that can be learned, and trainings on it."""

import csv
import random
from pathlib import Path

import pytest

from txt.config import PrepareConfig, TrainConfig
from txt.data.prepare import prepare
from txt.data.prepared import Prepared
from txt.runs.folder import Run

WORDS = {
    "sport": ["goal", "match", "team", "coach", "league", "striker", "referee", "season", "cup", "fans"],
    "food": ["soup", "bread", "butter", "recipe", "oven", "pepper", "lemon", "dinner", "sauce", "rice"],
    "music": ["guitar", "song", "melody", "drummer", "chorus", "album", "piano", "concert", "singer", "tune"],
}
FILLER = ["the", "a", "of", "and", "to", "in", "was", "it", "on", "for", "with", "at", "by", "this", "that", "from"]


def write_topics(path: Path, rows: int = 480) -> Path:
    """Write a CSV of texts about three topics, told by a few words each."""
    rng = random.Random(5)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for number in range(rows):
            label = rng.choice(list(WORDS))
            words = rng.choices(FILLER, k=rng.randint(3, 20)) + rng.sample(WORDS[label], k=rng.randint(2, 4))
            rng.shuffle(words)
            writer.writerow([" ".join(words) + f" {number}", label])
    return path


@pytest.fixture(scope="session")
def topics(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("topics")
    prepare(write_topics(folder / "topics.csv"), PrepareConfig(vocab_size=400), folder / "prepared")
    return folder / "prepared"


@pytest.fixture
def prepared(topics) -> Prepared:
    return Prepared.open(topics)


@pytest.fixture
def new_run(tmp_path, monkeypatch, prepared):
    """Return a function that makes a run of a small model in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    small = {"d_model": 32, "nhead": 4, "num_layers": 2, "num_epochs": 3, "learning_rate": 5e-3, "threads": 1}

    def make(name: str | None = None, **options) -> Run:
        config = TrainConfig(**(small | options))
        with Run.new(name) as run:
            run.describe(config, prepared.path, prepared.fingerprint)
        return run

    return make
