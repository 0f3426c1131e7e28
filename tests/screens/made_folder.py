"""A folder with something of every kind in it, the same each time."""

import json
import os
from pathlib import Path

from tests.runs.made_runs import make_run_folder, make_training_events, started, step
from tests.screens.conftest import write_reviews

HOSTILE = "e\x1b[31m[bold]\u202e.csv"
_FROM_OLD_TO_NEW = ("prepared-reviews.csv", "reviews.csv", HOSTILE, "labeled.csv", "prepared")


def fill_folder() -> None:
    """Fill this folder: data files with and without labels, a prepared folder, two runs, a study."""
    write_reviews(Path("reviews.csv"))
    Path("labeled.csv").write_text("text,label\na good film,pos\na bad film,neg\n")
    Path(HOSTILE).write_text("text,label\na good film,pos\n")
    Path("prepared").mkdir()
    split = [{"name": "train.arrow", "rows": 80, "bytes": 1, "sha256": ""}]
    manifest = {"format": 1, "sources": {"labeled.csv": ""}, "splits": {"train": split}, "labels": ["neg", "pos"]}
    Path("prepared/manifest.json").write_text(json.dumps(manifest))
    make_run_folder("001", make_training_events(0.9), day=1)
    make_run_folder("002", [started(), step(30)], day=2)
    Path("studies/sizes").mkdir(parents=True)
    Path("studies/sizes/study.json").write_text('{"format": 1, "prepared": "prepared", "storage": null}')
    for day, name in enumerate(_FROM_OLD_TO_NEW):
        os.utime(name, (86_400 * day, 86_400 * day))
