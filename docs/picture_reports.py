"""The pictures of what commands print: `txt eval`, `txt lrfind` and `txt grid` on the demo's data."""

import os
import subprocess
import sys
from pathlib import Path

from picture_shots import Shot, clean, shoot_console

SAMPLE = Path(__file__).resolve().parents[1] / "sample_data" / "reviews.csv"


def run_demo(folder: Path) -> None:
    """Run the demo in a folder of its own."""
    subprocess.run([sys.executable, "-m", "txt", "demo", "--name", "demo"], cwd=folder, check=True, capture_output=True)


def shoot_eval(folder: Path) -> Shot:
    """Return what `txt eval demo` shows."""
    from txt.cli.scorecard import show_report
    from txt.evaluation.evaluate_run import evaluate_run
    from txt.runs.folder import Run

    os.chdir(folder)
    report = evaluate_run(Run.open("demo"))
    return shoot_console(lambda console: show_report(report, console), "txt eval")


def shoot_lrfind(folder: Path) -> Shot:
    """Return the curve that `txt lrfind` draws on the demo's data; it has one kind of colours."""
    command = [sys.executable, "-m", "txt", "lrfind", str(SAMPLE), "--preset", "tiny"]
    subprocess.run([*command, "--plain", "--svg", "lrfind.svg"], cwd=folder, check=True, capture_output=True)
    drawn = clean((folder / "lrfind.svg").read_text(encoding="utf-8"))
    return Shot(drawn, drawn)


def shoot_grid(folder: Path) -> Shot:
    """Return what `txt grid` shows at the end of a search on the demo's data."""
    from txt.cli.grid.report import show_board
    from txt.search.board import build_board
    from txt.search.study import Study
    from txt.search.study_folder import StudyFolder

    space = ["--lr", "1e-3,3e-3,8e-3", "--d-model", "64,128"]
    search = [str(SAMPLE), "--preset", "tiny", "--name", "sizes", *space, "--epochs", "12"]
    command = [sys.executable, "-m", "txt", "grid", *search, "--plain"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    os.chdir(folder)
    study = Study.open("sizes", StudyFolder.open("sizes").storage())
    board = build_board(study)
    return shoot_console(lambda console: show_board(study, board, console), "txt grid")
