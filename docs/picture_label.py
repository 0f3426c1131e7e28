"""The picture of `txt label`: a sitting on the sample reviews, drawn by the real app."""

import asyncio
import re
import shutil
import sys
import tempfile
from pathlib import Path

from txt.config import LabelConfig
from txt.data.reading.rows import ReadingOptions
from txt.labeling.open_labels import open_labels
from txt.labeling.pace import Pace
from txt.screens.label.app import LabelApp
from txt.screens.label.screen import LabelScreenOptions

SAMPLE = Path(__file__).resolve().parent.parent / "sample_data" / "unlabeled.csv"
_PACE = [2.1, 3.4, 2.8, 2.2, 4.1, 2.6, 2.0, 2.4, 1.9, 2.3]  # seconds; those of a script would be none
_KEYS = "11321313113122311"


def picture_of_label(folder: Path) -> str:
    """Label some rows of a copy of the sample in `folder`, and return what the screen shows then, as SVG."""
    data = folder / SAMPLE.name
    shutil.copy(SAMPLE, data)
    config = LabelConfig(labels="negative,neutral,positive", annotator="you")
    opened = open_labels(data, config, ReadingOptions())
    try:
        return asyncio.run(_sitting(LabelApp(opened.session(), _screen(opened.asked, data))))
    finally:
        opened.close()


def _screen(asked: ReadingOptions, data: Path) -> LabelScreenOptions:
    pattern = re.compile(r"disappointed|horrible|awful|terrible|good|great|excellent|love\w*", re.IGNORECASE)
    return LabelScreenOptions(asked, None, data.with_suffix(".labeled.csv"), [pattern], fast=True)


async def _sitting(app: LabelApp) -> str:
    app.theme = "txt-dark"
    async with app.run_test(size=(100, 22)) as pilot:
        await pilot.press(*_KEYS)
        app.labeling.session.pace = Pace(_PACE)
        await pilot.press("m", "left", "f")
        await pilot.pause()
        return app.export_screenshot(title="txt label unlabeled.csv")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        sys.stdout.write(picture_of_label(Path(name)))
