"""The pictures of `txt label`: a sitting on the sample reviews, drawn by the real app."""

import asyncio
import re
import shutil
from pathlib import Path

from picture_shots import Shot, shoot
from textual.pilot import Pilot

from txt.config import LabelConfig
from txt.data.reading.rows import ReadingOptions
from txt.labeling.open_labels import open_labels
from txt.labeling.pace import Pace
from txt.screens.label.app import LabelApp
from txt.screens.label.options import LabelScreenOptions

SAMPLE = Path(__file__).resolve().parent.parent / "sample_data" / "unlabeled.csv"
TITLE = "txt label unlabeled.csv"
_PACE = [2.1, 3.4, 2.8, 2.2, 4.1, 2.6, 2.0, 2.4, 1.9, 2.3]  # seconds; those of a script would be none
_KEYS = "11321313113122311"
_WORDS = re.compile(r"disappointed|horrible|awful|terrible|good|great|excellent|love\w*", re.IGNORECASE)


def shoot_label(folder: Path) -> Shot:
    """Label some rows of a copy of the sample in `folder`, and return what the screen shows then."""
    return asyncio.run(_sit(_open(folder), (84, 22)))


def shoot_keys(folder: Path, size: tuple[int, int]) -> list[Shot]:
    """Return what the screen shows after each of a few keys."""
    return asyncio.run(_press(_open(folder), size))


def _open(folder: Path) -> LabelApp:
    data = folder / SAMPLE.name
    shutil.copy(SAMPLE, data)
    (folder / f"{SAMPLE.name}.labels.db").unlink(missing_ok=True)
    config = LabelConfig(labels="negative,neutral,positive", annotator="you")
    opened = open_labels(data, config, ReadingOptions())
    options = LabelScreenOptions(opened.asked, None, data.with_suffix(".labeled.csv"), [_WORDS])
    return LabelApp(opened.session(), options)


async def _sit(app: LabelApp, size: tuple[int, int]) -> Shot:
    async with app.run_test(size=size) as pilot:
        await _label(app, pilot, _KEYS)
        app.labeling.session.pace = Pace(_PACE)
        await pilot.press("left")
        await pilot.pause(0.2)
        await pilot.press("f")
        await pilot.pause(0.2)
        return await shoot(app, pilot, TITLE)


async def _press(app: LabelApp, size: tuple[int, int]) -> list[Shot]:
    shots = []
    async with app.run_test(size=size) as pilot:
        await _label(app, pilot, _KEYS[:8])
        app.labeling.session.pace = Pace(_PACE)
        for key in _KEYS[8:13]:
            shots.append(await shoot(app, pilot, TITLE))
            await _label(app, pilot, key)
    return shots


async def _label(app: LabelApp, pilot: Pilot[object], keys: str) -> None:
    """Press keys, each once the text before is gone: what is typed ahead of a text is not meant for it."""
    for key in keys:
        row = app.labeling.session.row
        await pilot.press(key)
        while app.labeling.session.row == row:
            await pilot.pause(0.05)
        await pilot.pause(0.2)
