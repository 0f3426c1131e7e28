import json
import os
import subprocess
import sys

import pytest

from txt.cli import main
from txt.extras import EXTRAS
from txt.installation import checkup
from txt.installation.finding import anonymize
from txt.installation.hardware import check_machine, read_torch_cuda
from txt.installation.packages import check_extras, check_versions, is_within_limits, read_requirements
from txt.installation.terminal import check_terminal


def findings(capsys) -> dict[str, dict[str, str]]:
    assert main(["doctor", "--json"]) == 0
    return {one["name"]: one for one in json.loads(capsys.readouterr().out)["findings"]}


def test_it_tells_versions_machine_disk_extras_and_terminal(capsys):
    found = findings(capsys)
    import torch

    import txt

    assert found["txt"]["value"] == txt.__version__
    assert found["torch"]["value"].partition("+")[0] == torch.__version__.partition("+")[0]
    assert found["this folder"]["value"].endswith("GiB free")
    assert {"Python", "processor", "threads", "bf16", "device", "memory", "WordNet", "colours", "unicode"} <= set(found)


def test_bf16_is_told_as_training_chooses_it(capsys):
    import torch

    from txt.model.precision import fastest_dtype

    told = findings(capsys)["bf16"]["value"]
    if "does not say" not in told:
        assert ("fast" in told) == (fastest_dtype(torch.device("cpu")) == torch.bfloat16)


def test_the_cuda_of_torch_is_read_without_loading_torch():
    import torch

    assert read_torch_cuda() == torch.version.cuda


def test_it_loads_nothing_heavy_and_works_where_nothing_can_be_loaded():
    code = (
        "import sys\n"
        "for name in ('torch', 'numpy', 'pyarrow', 'transformers', 'tqdm', 'nltk', 'wn', 'nlpaug', 'textblob',\n"
        "             'tokenizers', 'sklearn', 'optuna', 'textual'):\n"
        "    sys.modules[name] = None  # as if it were not installed\n"
        "from txt.cli import main\n"
        "main(['doctor'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "versions" in done.stdout
    assert "variables set" in done.stdout


def test_nothing_told_names_the_user_or_the_home(tmp_path, monkeypatch, capsys):
    home = tmp_path / "anna-lena"
    (home / "nltk_data" / "corpora" / "wordnet").mkdir(parents=True)
    (home / "nltk_data" / "corpora" / "wordnet" / "data.noun").touch()
    work = home / "secret-project"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USER", "anna-lena")
    monkeypatch.setenv("HF_TOKEN", "hf_verysecret")
    monkeypatch.setenv("TMPDIR", "/tmp")
    for arguments in (["doctor"], ["doctor", "--json"]):
        assert main(arguments) == 0
        told = capsys.readouterr()
        assert "~/nltk_data/corpora/wordnet" in told.out
        for secret in ("anna-lena", "secret-project", "verysecret", str(tmp_path)):
            assert secret not in told.out + told.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("in /home/anna/x", "in ~/x"),
        ("in /home/annabel/x", "in /home/annabel/x"),
        ("/data/anna/wordnet", "/data/…/wordnet"),
        ("/tmp/anna_1/x", "/tmp/…_1/x"),
        ("savannah", "savannah"),
    ],
)
def test_paths_are_told_without_names(monkeypatch, text, told):
    for name in ("USER", "LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/anna")
    assert anonymize(text) == told


def test_a_missing_package_is_a_problem_with_what_to_do(monkeypatch, capsys):
    from txt.installation import packages

    real = packages.version
    monkeypatch.setattr(packages, "version", lambda name: real("not-there-at-all" if name == "optuna" else name))
    assert main(["doctor"]) == 1
    told = capsys.readouterr()
    assert "✗ optuna" in told.out
    assert "pip install 'optuna>=" in told.out
    assert "1 to fix" in told.err


def test_a_missing_extra_is_no_problem_and_tells_what_it_would_bring(monkeypatch):
    from txt.installation import packages

    monkeypatch.setattr(packages, "installed_version", lambda _: None)
    found = {one.name: one for one in check_extras()}
    assert set(found) == {*EXTRAS}
    assert all(one.state == "ok" and EXTRAS[name][0] in one.advice for name, one in found.items())


def test_an_installed_package_of_another_version_is_told(monkeypatch):
    from txt.installation import packages

    monkeypatch.setattr(packages, "installed_version", lambda _: "0.0.1")
    assert all(one.state == "problem" for one in check_versions() if one.name in ("torch", "rich", "typer"))


@pytest.mark.parametrize(
    ("found", "limits", "fit"),
    [("5.3.2", ">=5.3.2,<6", True), ("6.0", ">=5.3.2,<6", False), ("2.10.1+cpu", ">=2.8", True), ("1.9", "", True)],
)
def test_versions_are_compared_by_their_numbers(found, limits, fit):
    assert is_within_limits(found, limits) is fit


def test_what_is_needed_comes_from_the_project_file():
    import tomllib

    from tests.conftest import ROOT

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    known = read_requirements()
    assert known is not None
    assert {one.name for one in known if one.extra is None} == {
        line.partition(">")[0] for line in project["dependencies"]
    }
    assert {one.extra for one in known} == {None, *project["optional-dependencies"]}


def test_a_folder_that_cannot_be_written_to_is_a_problem(monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "problem" in {one.state for one in checkup.check_disk()}


def test_a_full_disk_is_told(monkeypatch):
    import shutil

    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 100, 0))
    assert {one.state for one in checkup.check_disk() if one.name in ("this folder", "cache")} == {"note"}


def test_threads_that_are_held_back_are_told(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    (threads,) = [one for one in check_machine() if one.name == "threads"]
    assert threads.state == "note"
    assert "OMP_NUM_THREADS=1" in threads.value


def test_colours_follow_what_the_terminal_has(monkeypatch):
    assert {one.value for one in check_terminal("truecolor") if one.name == "colours"} == {"16.7 million"}
    monkeypatch.setenv("NO_COLOR", "1")
    found = {one.value for one in check_terminal("truecolor") if one.name == "colours"}
    assert found == {"none, since NO_COLOR is set"}
