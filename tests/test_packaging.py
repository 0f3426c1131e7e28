"""What is around the program: source archive, man pages, workflow, image."""

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT


def test_the_source_archive_can_be_tested(tmp_path: Path):
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path], cwd=ROOT, check=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert {
        "txt/__init__.py", "tests/conftest.py", "docs/cli.md", "docs/notebook.ipynb", "requirements.lock", "Makefile",
        ".ci/run", "sample_data/reviews.csv", "LICENSE",
    } <= names  # fmt: skip
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
    twine = shutil.which("twine")
    if twine is None:
        pytest.skip("twine is not installed")
    subprocess.run([twine, "check", "--strict", archive], check=True)


def test_every_command_has_a_man_page(tmp_path: Path):
    subprocess.run([sys.executable, ROOT / "docs" / "man.py", tmp_path], check=True)
    pages = {page.stem: page.read_text(encoding="utf-8") for page in tmp_path.iterdir()}
    assert {"txt", "txt-train", "txt-serve", "txt-runs-compare"} <= pages.keys()
    assert pages["txt-train"].startswith('.TH TXT\\-TRAIN 1 "')
    assert "\\-\\-rungs" in pages["txt-train"]
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("groff is not installed")
    for page in tmp_path.iterdir():
        done = subprocess.run([groff, "-Kutf8", "-man", "-Tutf8", page], capture_output=True, text=True, check=True)
        assert done.stderr == ""


def test_the_workflow_runs_on_each_python_that_the_project_names():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [each.rpartition(" ")[2] for each in project["classifiers"] if "Python :: 3." in each]
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "check.yml").read_text())
    job = workflow["jobs"]["check"]
    assert job["strategy"]["matrix"]["python"] == named
    assert {"run": ".ci/run", "env": {"PYTHON": "python${{ matrix.python }}"}} in job["steps"]


def test_the_hooks_before_a_commit_are_the_tools_of_the_environment():
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    tools = {hook["entry"].split()[0] for hook in local["hooks"]}
    assert tools == {".venv/bin/ruff", ".venv/bin/mypy", ".venv/bin/lint-imports"}


def test_the_image_runs_as_a_user():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert "USER txt" in lines
    assert lines.index("USER txt") < next(place for place, line in enumerate(lines) if line.startswith("ENTRYPOINT"))
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "info"], capture_output=True).returncode:
        pytest.skip("docker does not run here")
    extras = set(re.findall(r"/src\[([a-z,]+)\]", "\n".join(lines))[0].split(","))
    assert extras <= set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])
