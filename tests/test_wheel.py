"""The wheel that is built from this tree: all of the package and its sample data, and nothing else."""

import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from txt import __version__

ROOT = Path(__file__).resolve().parents[1]
INFO = f"txt_toolkit-{__version__}.dist-info"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The wheel, built by the backend alone: no environment is made for it, and nothing is fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(folder / f"txt_toolkit-{__version__}-py3-none-any.whl") as built:
        yield built


def test_the_wheel_holds_the_package_and_its_sample_data_and_nothing_else(wheel):
    package = [path.relative_to(ROOT) for path in (ROOT / "txt").rglob("*") if path.is_file()]
    sample = [Path("txt") / path.relative_to(ROOT) for path in (ROOT / "sample_data").iterdir()]
    expected = {path.as_posix() for path in [*package, *sample] if "__pycache__" not in path.parts}
    held = {name for name in wheel.namelist() if not name.startswith(INFO)}
    assert held == expected
    assert {"txt/py.typed", "txt/screens/txt.tcss", "txt/sample_data/reviews.csv"} <= held


def test_sample_data_is_the_same_to_the_byte(wheel):
    for path in (ROOT / "sample_data").iterdir():
        assert wheel.read(f"txt/sample_data/{path.name}") == path.read_bytes()


def test_the_wheel_has_the_command_the_licence_and_the_one_version(wheel):
    assert "txt = txt.__main__:run" in wheel.read(f"{INFO}/entry_points.txt").decode()
    assert wheel.read(f"{INFO}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    assert f"\nVersion: {__version__}\n" in wheel.read(f"{INFO}/METADATA").decode()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["dynamic"] == ["version"]  # so that txt/version.py alone says it


def test_the_versions_of_python_are_those_that_the_readme_names():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [each.rpartition(" ")[2] for each in project["classifiers"] if "Python :: 3." in each]
    assert project["requires-python"] == f">={named[0]}"
    assert f"{', '.join(named[:-1])} or {named[-1]}" in (ROOT / "README.md").read_text(encoding="utf-8")
