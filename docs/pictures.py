"""Make the README's pictures from the real program.

python docs/pictures.py
"""

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from picture_dashboard import DATA, picture_of_train
from picture_home import picture_of_home
from picture_label import picture_of_label
from rich.console import Console

PICTURES = Path(__file__).resolve().parent / "pictures"


def trained_demo(folder: Path) -> None:
    """Run the demo in a folder of its own."""
    subprocess.run([sys.executable, "-m", "txt", "demo", "--name", "demo"], cwd=folder, check=True, capture_output=True)


def picture_of_eval(folder: Path) -> str:
    """Return what `txt eval demo` shows, as SVG."""
    from txt.cli.scorecard import show_report
    from txt.evaluation.evaluate_run import evaluate_run
    from txt.runs.folder import Run

    os.chdir(folder)
    console = Console(record=True, width=84, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    show_report(evaluate_run(Run.open("demo")), console)
    return console.export_svg(title="txt eval", unique_id="eval")


def picture_of_lrfind(folder: Path) -> str:
    """Return the curve that `txt lrfind` draws on the demo's data, as SVG."""
    command = [sys.executable, "-m", "txt", "lrfind", "runs/demo/prepared", "--preset", "tiny"]
    subprocess.run([*command, "--plain", "--svg", "lrfind.svg"], cwd=folder, check=True, capture_output=True)
    return (folder / "lrfind.svg").read_text(encoding="utf-8")


def picture_of_grid(folder: Path) -> str:
    """Return what `txt grid` shows at the end of a search on the demo's data, as SVG."""
    from txt.cli.grid.report import show_board
    from txt.search.board import build_board
    from txt.search.study import Study
    from txt.search.study_folder import StudyFolder

    space = ["--lr", "1e-3,3e-3,8e-3", "--d-model", "64,128"]
    search = ["runs/demo/prepared", "--preset", "tiny", "--name", "sizes", *space, "--epochs", "12"]
    command = [sys.executable, "-m", "txt", "grid", *search, "--plain"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    os.chdir(folder)
    console = Console(record=True, width=84, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    study = Study.open("sizes", StudyFolder.open("sizes").storage())
    show_board(study, build_board(study), console)
    return console.export_svg(title="txt grid", unique_id="grid")


def main() -> None:
    """Write every picture."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trained_demo(folder)
        if DATA.exists():
            (PICTURES / "train.svg").write_text(picture_of_train(DATA, folder), encoding="utf-8")
        (PICTURES / "label.svg").write_text(picture_of_label(folder), encoding="utf-8")
        (PICTURES / "home.svg").write_text(picture_of_home(folder), encoding="utf-8")
        (PICTURES / "lrfind.svg").write_text(picture_of_lrfind(folder), encoding="utf-8")
        (PICTURES / "grid.svg").write_text(picture_of_grid(folder), encoding="utf-8")
        (PICTURES / "eval.svg").write_text(picture_of_eval(folder), encoding="utf-8")


if __name__ == "__main__":
    main()
