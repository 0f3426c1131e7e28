"""Which runs the studies of `txt grid` name as their best."""

import csv
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from txt.runs.folder import STUDIES


def best_of_studies(folder: Path = STUDIES) -> Mapping[str, str]:
    """Return the study whose best trial a run is, by the run's name; a study's results.csv has the best first."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*/results.csv")):
        with suppress(OSError, UnicodeDecodeError, csv.Error), path.open(encoding="utf-8", newline="") as file:
            best = next(csv.DictReader(file), {})
            found |= dict.fromkeys((best.get("runs") or "").split(), path.parent.name)
    return found
