"""The citation tells of this version under this licence."""

import tomllib
from pathlib import Path

from txt import __version__

ROOT = Path(__file__).resolve().parents[1]


def cited() -> dict[str, str]:
    """The lines of CITATION.cff that hold a value on the same line."""
    lines = (ROOT / "CITATION.cff").read_text(encoding="utf-8").splitlines()
    return {name: value for name, colon, value in (line.partition(": ") for line in lines) if colon and name[0] != " "}


def test_the_citation_agrees_with_the_package_and_its_licence():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert cited()["version"] == __version__
    assert cited()["title"] == project["name"]
    assert cited()["license"] == project["license"]
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith(f"{project['license']} License")
