"""Screens under test: an app on a file made by the test, and what it paints, as text."""

import csv
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from textual.app import App

from txt.config import LabelConfig
from txt.data.reading.rows import ReadingOptions
from txt.labeling.open_labels import OpenLabels, open_labels
from txt.labeling.store.journal import read_current_labels
from txt.screens.label.app import LabelApp
from txt.screens.label.options import LabelScreenOptions

MakeApp = Callable[..., LabelApp]
SMALL = (80, 24)

REVIEWS = [
    "Arrived a day early, and it works like a charm.",
    "The handle broke after a week. I want a refund!",
    "It is a kettle. It boils water.",
    "Two stars: one for the colour, one for the box.\n\nThe lid does not close.",
    "Would buy again, and did.",
    "The handle broke after a week. I want a refund!",
    "Nachts leuchtet er blau 💙 – schön, aber überflüssig.",
    "Refund came within two days, no questions asked.",
]
SHOPS = ["north", "south", "north", "east", "east", "south", "north", "south"]


def read_screen(app: App) -> str:
    """What is on the screen, line by line."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def write_reviews(path: Path, texts: Sequence[str] = REVIEWS, shops: Sequence[str] | None = None) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "shop"])
        writer.writerows(zip(texts, shops or [SHOPS[place % 8] for place in range(len(texts))], strict=True))
    return path


@pytest.fixture
def still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every decision at the same time of day."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr("txt.labeling.session.now", lambda: "2026-01-02T10:30:00.000Z")


@pytest.fixture
def make_app(tmp_path: Path) -> Iterator[MakeApp]:
    """Return a function that makes the app on some texts or a file; what it opened is closed after the test."""
    opened: list[OpenLabels] = []

    def make(
        texts: Sequence[str] | Path = REVIEWS,
        *,
        highlight: str = "",
        kept: Path | None = None,
        need_classes: bool = True,
        fast: bool = True,
        **config,
    ) -> LabelApp:
        data = texts if isinstance(texts, Path) else write_reviews(tmp_path / "reviews.csv", texts)
        config = {"labels": "negative,neutral,positive", "annotator": "anna", **config}
        opened.append(open_labels(data, LabelConfig(**config), ReadingOptions("text"), need_classes=need_classes))
        session = opened[-1].session(need_classes=need_classes)
        patterns = [re.compile(highlight, re.IGNORECASE)] if highlight else []
        sitting = LabelScreenOptions(
            opened[-1].asked, kept, tmp_path / "reviews.labeled.csv", patterns, rules=config.get("rules"), fast=fast
        )
        app = LabelApp(session, sitting)
        app.theme = "txt-dark"
        app.session = session
        return app

    yield make
    for each in opened:
        each.close()


def stored(app: LabelApp) -> list[str | None]:
    """The label of each row, read afresh from the store."""
    labels = read_current_labels(app.session.journal.path)
    rows = range(len(app.session.rows))
    names = [app.session.states.row_id(row) for row in rows]
    return [labels[name].label if name in labels else None for name in names]
