"""Texts about a few things, of which each test knows what belongs together."""

import csv
from pathlib import Path
from random import Random

import pytest

from txt.config import PrepareConfig
from txt.exploration.corpus import Corpus, read_corpus
from txt.exploration.encoders import WORDS
from txt.exploration.exploration import Clusters, Exploration

THINGS = {
    "kettle": ["kettle", "water", "boil", "steam", "lid", "handle"],
    "letter": ["parcel", "courier", "delivery", "address", "stamp", "post"],
    "refund": ["refund", "money", "bank", "payment", "charge", "account"],
}


def write_things(path: Path, rows: int = 240, labels: bool = True) -> Path:
    """Write rows in turn about each of the things; those of one share no word with those of another."""
    rng = Random(7)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"] if labels else ["text"])
        for row in range(rows):
            name = list(THINGS)[row % 3]
            text = " ".join(rng.sample(THINGS[name], 4))
            writer.writerow([text, name] if labels else [text])
    return path


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the cache folder for vectors of this test alone."""
    folder = tmp_path / "cache"
    monkeypatch.setattr("txt.exploration.vector_file.cache_folder", lambda: folder)
    return folder


@pytest.fixture
def explored(own_cache: Path, tmp_path: Path) -> tuple[Corpus, Clusters]:
    """Return a corpus with its clusters, one of whose texts has a control code and markup."""
    path = write_things(tmp_path / "things.csv")
    with path.open("a") as file:
        file.write('"kettle water \x1b[31m [bold] boil steam",kettle\n')
    corpus = read_corpus(str(path), PrepareConfig(), None, lambda _done: None)
    exploration = Exploration(corpus, lambda _done: None)
    exploration.make_vectors(WORDS)
    return corpus, exploration.find_clusters()
