"""Tests of the tree: what imports what."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import txt

ROOT = Path(txt.__file__).parent


def test_no_modules_import_each_other_in_a_circle_even_inside_functions() -> None:
    imports = {name: set(list_imports(path)) for name, path in list_modules().items()}
    known = {name: each & imports.keys() - {name} for name, each in imports.items()}
    assert circle(known) is None
    assert circle({**known, "txt.errors": {"txt.cli"}}) is not None  # or this test could not fail


def list_modules() -> Mapping[str, Path]:
    """Return the package's modules by their dotted names."""
    paths = ROOT.rglob("*.py")
    return {
        ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): path for path in paths
    }


def list_imports(path: Path) -> Iterator[str]:
    """Yield what a module imports anywhere in it; of `from txt.data import split` both names."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            yield from (f"{node.module}.{each.name}" for each in node.names)
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names)


def circle(imports: Mapping[str, set[str]]) -> list[str] | None:
    """Return modules of which each imports the next and the last the first, None where there are none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return None
