"""The picture of `txt` alone: the home screen on a folder in which something was made, drawn by the real app."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from picture_shots import Shot, shoot

from txt.data.sample import find_sample_file
from txt.folder.survey import survey
from txt.screens.home.list import HomeList
from txt.screens.home.screen import HomeApp, HomeScreen


def shoot_home(folder: Path) -> Shot:
    """Return what the home screen shows in `folder`, where the demo was run and some rows were labeled."""
    shutil.copy(find_sample_file("reviews.csv"), folder)
    prepare = [sys.executable, "-m", "txt", "prepare", "reviews.csv"]
    subprocess.run(prepare, cwd=folder, check=True, capture_output=True)
    os.chdir(folder)
    return asyncio.run(_look(HomeApp(HomeScreen(survey, "~/reviews"))))


async def _look(app: HomeApp) -> Shot:
    async with app.run_test(size=(132, 34)) as pilot:
        given_up = time.monotonic() + 600
        while app.home.query_one(HomeList).chosen is None:
            assert time.monotonic() < given_up
            await pilot.pause(0.1)
        await pilot.press("end")
        await pilot.pause(3)  # until the run is read and drawn
        return await shoot(app, pilot, "txt")
