"""What a hint tells to install exists, and fits the environment."""

import re
import sys
import tomllib
from importlib.metadata import Distribution

import pytest

from tests.conftest import ROOT
from txt import extras
from txt.extras import EXTRAS, say_how_to_install


def test_the_table_is_that_of_the_project():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    plain = {extra: tuple(re.split("[<>=]", each)[0] for each in packages) for extra, packages in declared.items()}
    assert dict(EXTRAS) == {extra: packages for extra, packages in plain.items() if extra in EXTRAS}
    assert set(plain) == set(EXTRAS)


def test_no_hint_names_a_package_that_anyone_may_register():
    for path in [*(ROOT / "txt").rglob("*.py"), *(ROOT / "docs").glob("*.md"), ROOT / "README.md"]:
        assert not re.search(r"install[^\n]*txt-toolkit\[", path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("pipx_metadata.json", "pipx inject txt-toolkit onnx onnxruntime onnxscript"),
        ("uv-receipt.toml", "uv pip install --python {here} onnx onnxruntime onnxscript"),
        (None, "pip install onnx onnxruntime onnxscript"),
    ],
)
def test_the_command_fits_the_environment(file, command, tmp_path, monkeypatch):
    here = tmp_path / "txt-toolkit"
    here.mkdir()
    if file:
        (here / file).touch()
    monkeypatch.setattr(sys, "prefix", str(here))
    monkeypatch.setattr(extras, "find_spec", lambda _: object())
    assert say_how_to_install(extra="onnx") == command.format(here=here)


def test_an_environment_without_pip_is_uvs(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    assert say_how_to_install("pyreadstat") == f"uv pip install --python {tmp_path} pyreadstat"
    assert say_how_to_install(extra="postgres").endswith("'psycopg[binary]'")


def test_the_packages_are_known_where_they_are_installed():
    for package in EXTRAS["onnx"]:
        try:
            assert Distribution.from_name(package).version
        except ModuleNotFoundError:
            pytest.skip(f"{package} is not installed")
