"""The pages that a reader meets, and the texts of the code that they quote."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
ORIGINAL = DOCS / "transformer-guide.md"
"""The guide that the design began with, kept as it was written."""

PAGES = sorted(path for path in DOCS.rglob("*.md") if path != ORIGINAL)
GAP = "…"


def read_prose(path: Path) -> str:
    """Return a page without its blocks of code and its code within lines."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


@cache
def list_texts() -> dict[str, list[str]]:
    """Return the strings in each module of the program, with `…` where something is put in; docstrings included."""
    return {
        path.relative_to(ROOT).as_posix(): list(_find_strings(ast.parse(path.read_text(encoding="utf-8"))))
        for path in sorted((ROOT / "txt").rglob("*.py"))
    }


@cache
def list_messages() -> dict[str, list[str]]:
    """Return the strings that a module may show: all with a space but docstrings."""
    found = {}
    for path in sorted((ROOT / "txt").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings, of fields too
        shown = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in bare)
        found[path.relative_to(ROOT).as_posix()] = [
            node.value for node in shown if isinstance(node.value, str) and " " in node.value
        ]
    return found


def _find_strings(tree: ast.AST) -> Iterator[str]:
    inner = {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else GAP for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in inner:
            yield node.value
