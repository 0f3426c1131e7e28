"""The notebook in docs/ runs from its first cell to its last, as a kernel would run it."""

import ast
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

NOTEBOOK = ROOT / "docs" / "notebook.ipynb"


def run_cell(source: str, names: dict[str, Any]) -> Any:
    """Run a cell, and return the value of its last expression, which a notebook shows."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, str(NOTEBOOK), "exec"), names)
    return None if last is None else eval(compile(ast.Expression(last.value), str(NOTEBOOK), "eval"), names)


def test_every_cell_runs_and_results_are_shown_as_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shutil.copytree(ROOT / "sample_data", tmp_path / "sample_data")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    cells = [cell for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    shown = [run_cell("".join(cell["source"]), names) for cell in cells]
    assert shown[0] == 958
    assert shown[1] > 0.6
    assert shown[2].tolist()[2] is None
    tables = [each for each in shown if hasattr(each, "_repr_html_") and type(each).__module__.startswith("txt.")]
    assert len(tables) == 4
    assert all("<" in each._repr_html_() for each in tables)
    assert all(cell["outputs"] == [] for cell in cells), "outputs would go stale"
