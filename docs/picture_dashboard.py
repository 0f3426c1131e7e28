"""The pictures of `txt train`: the dashboard in the midst of a training on real tweets, drawn by the real app.

The training is not in the repository's sample data: it learns from Twitter US Airline Sentiment (Tweets.csv of Kaggle's
crowdflower/twitter-airline-sentiment), which is not part of the repository, so `make docs` leaves these pictures as
they are where there is none.
"""

import asyncio
import os
import time
from pathlib import Path

from picture_shots import Shot, shoot

from txt.config import PrepareConfig, TrainConfig
from txt.recipes import PRESETS
from txt.runs.live import WatchedRun
from txt.screens.dashboard.app import DashboardApp
from txt.training.process import start_trainer
from txt.training.start import start_on_file

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "airline" / "Tweets.csv"
TITLE = "txt train Tweets.csv --preset tiny --lr 3e-4 --epochs 6"
MOMENTS = (0.4, 1.1, 1.8, 2.6, 3.6)
_COLUMNS = PrepareConfig(text_column="text", label_column="airline_sentiment")
_CONFIG = TrainConfig(learning_rate=3e-4, num_epochs=6).with_options(**PRESETS["tiny"])
_LONGEST_WAIT = 3600.0


def shoot_train(data: Path, folder: Path, sizes: tuple[tuple[int, int], tuple[int, int]]) -> tuple[Shot, list[Shot]]:
    """Train on a data file in `folder`; return the dashboard at the last of MOMENTS, and at each of them.

    MOMENTS are in epochs. `sizes` are the columns and lines of the former and of the latter.
    """
    os.chdir(folder)
    start = start_on_file(data, _CONFIG, _COLUMNS, "airline", lambda _progress: None, lambda _report: None)
    trainer = start_trainer(start.run)
    try:
        shots = asyncio.run(_watch(DashboardApp(WatchedRun(start.run)), sizes[1], MOMENTS))
        last = asyncio.run(_watch(DashboardApp(WatchedRun(start.run)), sizes[0], MOMENTS[-1:]))
    finally:
        trainer.process.kill()
        trainer.wait()
    return last[0], shots


async def _watch(app: DashboardApp, size: tuple[int, int], moments: tuple[float, ...]) -> list[Shot]:
    shots = []
    async with app.run_test(size=size) as pilot:
        given_up = time.monotonic() + _LONGEST_WAIT
        for moment in moments:
            while app.dashboard.watched.epoch < moment:
                assert time.monotonic() < given_up
                await pilot.pause(0.3)
            shots.append(await shoot(app, pilot, TITLE))
    return shots
