"""Reviews as lists, and a classifier that has learned from them."""

import csv

import pytest

from tests.conftest import ROOT
from txt import TextClassifier


@pytest.fixture(scope="session")
def reviews() -> tuple[list[str], list[str]]:
    """Return 240 sample reviews and their labels."""
    with (ROOT / "sample_data" / "reviews.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[:240]
    return [row["text"] for row in rows], [row["label"] for row in rows]


@pytest.fixture(scope="session")
def learned(reviews) -> TextClassifier:
    """Return a classifier that climbed the first rung."""
    return TextClassifier(rungs=1, threads=1, precision="float32").fit(*reviews)
