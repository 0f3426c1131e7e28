"""The picture of `txt train`: the dashboard on a training that goes on, drawn by the real app.

    python docs/picture_dashboard.py ../shared/data/airline/Tweets.csv

It is made from real data, which is not part of the repository, so `make docs` leaves it as it is where there is none.
"""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from txt.config import PrepareConfig, TrainConfig
from txt.recipes import PRESETS
from txt.runs.live import WatchedRun
from txt.screens.dashboard.app import DashboardApp
from txt.training.process import start_trainer
from txt.training.start import start_on_file

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "airline" / "Tweets.csv"
PICTURE = Path(__file__).resolve().parent / "pictures" / "train.svg"
_COLUMNS = PrepareConfig(text_column="text", label_column="airline_sentiment")
_CONFIG = TrainConfig(learning_rate=3e-4, num_epochs=6).with_options(**PRESETS["tiny"])
_EPOCHS_SEEN = 3.6


def picture_of_train(data: Path, folder: Path) -> str:
    """Train on a data file in `folder`, and return what the dashboard shows in the midst of it, as SVG."""
    os.chdir(folder)
    start = start_on_file(data, _CONFIG, _COLUMNS, "airline", lambda _progress: None, lambda _report: None)
    trainer = start_trainer(start.run)
    try:
        return asyncio.run(_watched(DashboardApp(WatchedRun(start.run))))
    finally:
        trainer.process.kill()
        trainer.wait()


async def _watched(app: DashboardApp) -> str:
    app.theme = "txt-dark"
    async with app.run_test(size=(110, 36)) as pilot:
        given_up = time.monotonic() + 3600
        while app.dashboard.watched.epoch < _EPOCHS_SEEN:
            assert time.monotonic() < given_up
            await pilot.pause(0.3)
        return app.export_screenshot(title="txt train Tweets.csv --preset tiny --lr 3e-4 --epochs 6")


def main() -> None:
    """Write the picture."""
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA
    with tempfile.TemporaryDirectory() as name:
        svg = picture_of_train(data.resolve(), Path(name))
    PICTURE.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
