"""Make the pictures of the documentation by the real program, in dark and in light.

python docs/pictures.py                 # all of them
python docs/pictures.py label home      # some
python docs/pictures.py --stale         # those whose screen has changed since
"""

import argparse
import ast
import hashlib
import io
import json
import sys
import tempfile
import tokenize
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from picture_shots import Shot

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
MADE_FROM = PICTURES / "made-from.json"

_SNAPSHOTS = "tests/screens/__snapshots__"
SOURCES = {
    "label": (f"{_SNAPSHOTS}/test_labeling_pictures/test_labeling[120x40].raw",),
    "train": (f"{_SNAPSHOTS}/test_dashboard_pictures/test_training[120x40].raw",),
    "home": (f"{_SNAPSHOTS}/test_home_pictures/test_a_folder_with_everything[120x40].raw",),
    "eval": ("txt/cli/scorecard.py",),
    "lrfind": ("txt/charts/shapes.py", "txt/charts/svg.py"),
    "grid": ("txt/cli/grid/report.py",),
}
"""What each picture shows: the snapshot of its screen, or the code that draws it where it is no screen."""

TOUR = {"label": [0.9] * 5, "train": [1.2, 1.2, 1.2, 1.2, 2.5], "eval": [5.0]}
"""The parts of the tour, and for how many seconds each of their shots stands."""

_LARGE, _SMALL = (104, 32), (90, 26)


def hash_sources(name: str) -> str:
    """Return a hash of what a picture shows; comments and docstrings of code do not count."""
    parts = [_normalize(ROOT / source) for source in SOURCES[name]]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def find_stale() -> list[str]:
    """Return the pictures whose screen has changed since they were made."""
    made = json.loads(MADE_FROM.read_text(encoding="utf-8")) if MADE_FROM.exists() else {}
    return [name for name in SOURCES if made.get(name) != hash_sources(name)]


def _normalize(path: Path) -> str:
    """Return the lines of a file; of code, without comments and docstrings, and alike in each version of Python."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    if path.suffix == ".py":
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                line, column = token.start
                lines[line - 1] = lines[line - 1][:column]
        for node in ast.walk(ast.parse(text)):
            body = getattr(node, "body", None)
            first = body[0] if isinstance(body, list) and body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                lines[first.lineno - 1 : first.end_lineno] = [""] * ((first.end_lineno or 0) - first.lineno + 1)
    return "\n".join(line.rstrip() for line in lines if line.strip())


def make_pictures(names: Iterable[str], folder: Path) -> list[str]:
    """Make pictures in a folder for what they need, write each as soon as it is there, and return their names.

    The tour is joined anew where a part of it is made; its other parts are taken from the one that is there.
    """
    from picture_dashboard import DATA, shoot_train
    from picture_home import shoot_home
    from picture_label import shoot_keys, shoot_label
    from picture_reports import run_demo, shoot_eval, shoot_grid, shoot_lrfind
    from picture_tour import draw_card

    wanted = set(names)
    parts = _split_tour()
    if wanted & set(TOUR) and not parts:
        wanted |= set(TOUR)
    made: list[str] = []

    def keep(name: str, shot: "Shot") -> "Shot":
        _write(name, shot.dark, shot.light)
        _note(name)
        made.append(name)
        return shot

    if "label" in wanted:
        parts["label"] = shoot_keys(folder, _SMALL)
        keep("label", shoot_label(folder))
    if wanted & {"home", "eval"}:
        run_demo(folder)
    if "home" in wanted:
        keep("home", shoot_home(folder))
    if "eval" in wanted:
        parts["eval"] = [keep("eval", shoot_eval(folder))]
    if "train" in wanted and DATA.exists():
        last, parts["train"] = shoot_train(DATA, folder, (_LARGE, _SMALL))
        draw_card(keep("train", last).dark, PICTURES / "card.png")
    if wanted & set(TOUR) and len(parts) == len(TOUR):
        _join_tour(parts)
    if "lrfind" in wanted:
        keep("lrfind", shoot_lrfind(folder))
    if "grid" in wanted:
        keep("grid", shoot_grid(folder))
    return made


def _join_tour(parts: "dict[str, list[Shot]]") -> None:
    from picture_tour import join_shots

    shots = [shot for name in TOUR for shot in parts[name]]
    seconds = [lasting for name in TOUR for lasting in TOUR[name]]
    _write("tour", *(join_shots([getattr(shot, kind) for shot in shots], seconds) for kind in ("dark", "light")))


def _split_tour() -> "dict[str, list[Shot]]":
    """Return the shots of the tour that is there, by the part that they are of; nothing where there is none."""
    from picture_shots import Shot
    from picture_tour import split_shots

    paths = [PICTURES / f"tour-{kind}.svg" for kind in ("dark", "light")]
    if not all(path.exists() for path in paths):
        return {}
    shots = [
        Shot(*pair) for pair in zip(*(split_shots(path.read_text(encoding="utf-8")) for path in paths), strict=True)
    ]
    names = [name for name in TOUR for _ in TOUR[name]]
    if len(shots) != len(names):
        return {}
    return {name: [shot for shot, of in zip(shots, names, strict=True) if of == name] for name in TOUR}


def _note(name: str) -> None:
    """Note what a picture was made from."""
    record = json.loads(MADE_FROM.read_text(encoding="utf-8")) if MADE_FROM.exists() else {}
    record[name] = hash_sources(name)
    MADE_FROM.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _write(name: str, dark: str, light: str) -> None:
    for kind, svg in (("dark", dark), ("light", light)):
        text = "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"
        (PICTURES / f"{name}-{kind}.svg").write_text(text, encoding="utf-8")


def main() -> None:
    """Write the pictures that are asked for, and note what they were made from."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *SOURCES], help="pictures to make [all]")
    parser.add_argument("--stale", action="store_true", help="those whose screen has changed")
    asked = parser.parse_args()
    names = find_stale() if asked.stale else asked.names or list(SOURCES)
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        made = make_pictures(names, Path(name))
    sys.stdout.write(f"made: {', '.join(made)}\n")


if __name__ == "__main__":
    main()
