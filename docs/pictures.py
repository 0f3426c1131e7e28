"""Make the pictures of the documentation by the real program, in dark and in light.

python docs/pictures.py                 # all of them
python docs/pictures.py label home      # some
python docs/pictures.py --stale         # those whose screen has changed since
"""

import argparse
import ast
import hashlib
import json
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
MADE_FROM = PICTURES / "made-from.json"

_SNAPSHOTS = "tests/screens/__snapshots__"
SOURCES = {
    "label": (f"{_SNAPSHOTS}/test_labeling_pictures/test_labeling[120x40].raw",),
    "train": (f"{_SNAPSHOTS}/test_dashboard_pictures/test_training[120x40].raw",),
    "home": (f"{_SNAPSHOTS}/test_home_pictures/test_a_folder_with_everything[120x40].raw",),
    "eval": ("txt/cli/scorecard.py", "txt/evaluation/wording.py"),
    "lrfind": ("txt/charts/shapes.py", "txt/charts/svg.py"),
    "grid": ("txt/cli/grid/report.py",),
}
"""What each picture shows: the snapshot of its screen, or the code that draws it where it is no screen."""

TOUR = ("label", "train", "eval")
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
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return text
    tree = ast.parse(text)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
        ):
            body[0].value = ast.Constant(None)
    return ast.dump(tree)


def make_pictures(names: Iterable[str], folder: Path) -> list[str]:
    """Make pictures, and return the names of those that were made."""
    from picture_dashboard import DATA, shoot_train
    from picture_home import shoot_home
    from picture_label import shoot_keys, shoot_label
    from picture_reports import run_demo, shoot_eval, shoot_grid, shoot_lrfind
    from picture_tour import draw_card, join_shots

    wanted = [name for name in SOURCES if name in names]
    tour = bool(set(wanted) & set(TOUR))
    shots = {}
    if tour or set(wanted) & {"home", "lrfind", "grid"}:
        run_demo(folder)
    moments = []
    if tour and DATA.exists():
        shots["train"], moments = shoot_train(DATA, folder, (_LARGE, _SMALL))
    if tour:
        keys = shoot_keys(folder, _SMALL)
        shots["label"] = shoot_label(folder)
    if set(wanted) & {"home", "lrfind", "grid"}:
        shots["home"] = shoot_home(folder)
    if "lrfind" in wanted:
        shots["lrfind"] = shoot_lrfind(folder)
    if "grid" in wanted:
        shots["grid"] = shoot_grid(folder)
    if tour:
        shots["eval"] = shoot_eval(folder)
    for name, shot in shots.items():
        _write(name, shot.dark, shot.light)
    if moments:
        all_shots = [*keys, *moments, shots["eval"]]
        seconds = [0.9] * len(keys) + [1.2] * (len(moments) - 1) + [2.5, 5.0]
        _write(
            "tour", *(join_shots([getattr(shot, kind) for shot in all_shots], seconds) for kind in ("dark", "light"))
        )
        draw_card(shots["train"].dark, PICTURES / "card.png")
    return [name for name in SOURCES if name in shots]


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
    record = json.loads(MADE_FROM.read_text(encoding="utf-8")) if MADE_FROM.exists() else {}
    record |= {name: hash_sources(name) for name in made}
    MADE_FROM.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    sys.stdout.write(f"made: {', '.join(made)}\n")


if __name__ == "__main__":
    main()
