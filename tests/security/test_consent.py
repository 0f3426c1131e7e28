"""What a folder names beyond itself is asked about first, and refused where there is nobody to ask."""

import json
import os
import shlex
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.runs.made_runs import make_run_folder, make_training_events
from txt.cli import main
from txt.cli.settings import TRUST
from txt.consent import ALLOWED, MODEL, TRUSTED_DATA, allow, is_allowed
from txt.errors import InputError
from txt.runs.folder import Run
from txt.search.study_folder import STORAGE, StudyFolder


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv(ALLOWED, "")
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    make_run_folder("001", make_training_events())
    return folder


class Terminal:
    """Standard input and error of somebody at a terminal, who types an answer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
        self.asked: list[str] = []
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
        monkeypatch.setattr("typer.confirm", lambda question, **_: self.asked.append(question) or answer == "y")


def test_settings_of_a_folder_are_not_obeyed_where_nobody_can_be_asked(capsys):
    Path("txt.toml").write_text('[runs]\nsort = "name"\n')
    assert main(["runs"]) == 2
    said = capsys.readouterr().err
    assert "is new to txt, or has changed" in said
    assert "TXT_NO_CONFIG=1" in said
    assert TRUST in said


def test_settings_are_asked_about_once_and_again_when_they_change(monkeypatch, capsys):
    terminal = Terminal(monkeypatch, "y")
    Path("txt.toml").write_text('[runs]\nsort = "name"\n')
    assert [main(["runs"]), main(["runs"])] == [0, 0]
    assert len(terminal.asked) == 1
    assert "txt.toml sets sort = 'name'" in capsys.readouterr().err
    Path("txt.toml").write_text('[runs]\nsort = "state"\n')
    assert main(["runs"]) == 0
    assert len(terminal.asked) == 2


def test_settings_that_are_not_wanted_stop_the_command(monkeypatch, capsys):
    terminal = Terminal(monkeypatch, "n")
    Path("txt.toml").write_text('[runs]\nsort = "name"\n')
    assert [main(["runs"]), main(["runs"])] == [2, 2]
    assert len(terminal.asked) == 2


def test_settings_of_another_command_ask_nothing(capsys):
    Path("txt.toml").write_text("[train]\nepochs = 3\n")
    assert main(["runs"]) == 0


@pytest.mark.parametrize("kind", ["another user", "everybody"])
def test_settings_that_others_may_write_are_never_obeyed(monkeypatch, capsys, kind: str):
    Terminal(monkeypatch, "y")
    Path("txt.toml").write_text('[runs]\nsort = "name"\n')
    if kind == "everybody":
        Path("txt.toml").chmod(0o666)
    else:
        owner = Path("txt.toml").stat().st_uid
        if owner == 0:
            os.chown("txt.toml", 1234, 1234)
        else:
            monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert main(["runs"]) == 2
    assert "is not obeyed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ('[lrfind]\nsvg = "../mine.svg"\n', ["lrfind"]),
        ('[eval]\nout = ".."\n', ["eval"]),
        ('[train]\nfrom = "someone/model"\n', ["train"]),
        ('[grid]\nstorage = "sqlite:///mine.db"\n', ["grid"]),
        ('[label]\nexport = "mine.csv"\n', ["label", "x.csv"]),
        ('[label]\nmerge = "mine.db"\n', ["label", "x.csv"]),
        ('[label]\nimport = "mine.csv"\n', ["label", "x.csv"]),
        ('[prepare]\ntokenizer = "someone/model"\n', ["prepare", "x.csv"]),
        ('[runs.plot]\nout = "../mine.svg"\n', ["runs", "plot", "001"]),
        ('[augment]\nmasked_model = "someone/model"\n', ["augment", "x.csv"]),
        ('[predict]\nto_label = "mine.db"\n', ["predict", "001", "x.csv"]),
        ('out = "elsewhere"\n', ["eval"]),
    ],
)
def test_settings_say_how_and_never_where_or_from_whom(monkeypatch, capsys, written: str, typed: list[str]):
    monkeypatch.setenv(TRUST, "1")
    Path("txt.toml").write_text(written)
    assert main(typed) == 2
    assert "says where something goes or comes from" in capsys.readouterr().err


DEEP = b"[" * 100_000


@pytest.mark.parametrize("content", [DEEP, b"a = " + DEEP, b"a = 1" + b"0" * 5000, b"\xff", b"a" * (2 << 20)])
def test_settings_that_cannot_be_read_are_one_clear_error(capsys, content: bytes):
    Path("txt.toml").write_bytes(content)
    assert main(["runs"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: `txt.toml`")


def test_settings_that_are_a_pipe_are_not_waited_for(capsys):
    os.mkfifo("txt.toml")
    assert main(["runs"]) == 2
    assert "not a plain file" in capsys.readouterr().err


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Return a database of somebody else's, which no study may touch."""
    path = tmp_path / "mine.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE money (amount)")
    connection.commit()
    connection.close()
    return path


def make_study(database: Path) -> StudyFolder:
    folder = Path("studies") / "theirs"
    folder.mkdir(parents=True)
    study = {"format": 1, "prepared": "/nowhere", "storage": f"sqlite:///{database}"}
    (folder / "study.json").write_text(json.dumps(study))
    return StudyFolder(folder)


@pytest.mark.parametrize("typed", [["grid", "--resume", "theirs"], ["train", "--from-study", "theirs", "--plain"]])
def test_the_database_of_a_study_is_not_opened_unasked(database: Path, capsys, typed: list[str]):
    make_study(database)
    before = database.read_bytes()
    assert main(typed) == 2
    said = capsys.readouterr().err
    assert "which was not typed here" in said
    assert f"--storage sqlite:///{database}" in said
    assert database.read_bytes() == before


def test_the_database_of_a_study_is_opened_once_it_is_allowed(database: Path, monkeypatch, capsys):
    folder = make_study(database)
    with pytest.raises(InputError, match="not typed here"):
        folder.storage()
    terminal = Terminal(monkeypatch, "y")
    assert main(["grid", "--resume", "theirs"]) == 2
    assert "holds no study" in capsys.readouterr().err
    assert len(terminal.asked) == 1
    assert is_allowed(STORAGE, *folder.storage_key(f"sqlite:///{database}"))
    make_url = f"sqlite:///{database}.other"
    (folder.path / "study.json").write_text(json.dumps({"format": 1, "prepared": "x", "storage": make_url}))
    with pytest.raises(InputError, match="not typed here"):
        folder.storage()


@pytest.mark.parametrize("storage", [3, ["x"], "no url", "sqlite:///a\0b", "x" * 100_000])
def test_a_study_whose_storage_makes_no_sense_is_one_clear_error(capsys, storage: object):
    folder = make_study(Path("x"))
    (folder.path / "study.json").write_text(json.dumps({"format": 1, "prepared": "x", "storage": storage}))
    assert main(["grid", "--resume", "theirs"]) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said


def test_what_was_allowed_is_allowed_for_exactly_that():
    allow("model", "runs/001", "someone/model")
    assert is_allowed("model", "runs/001", "someone/model")
    assert not is_allowed("model", "runs/001", "someone/other")
    assert not is_allowed("settings", "runs/001", "someone/model")


def test_a_run_that_names_a_model_of_a_hub_does_not_fetch_it_unasked(monkeypatch, capsys):
    record = json.loads(Path("runs/001/config.json").read_text())
    record["config"]["pretrained"] = "someone/model"
    Path("runs/001/config.json").write_text(json.dumps(record))
    monkeypatch.setattr("txt.data.hub.hub_answers", lambda: pytest.fail("the hub was asked"))
    assert main(["train", "--resume", "001", "--plain"]) == 2
    said = capsys.readouterr().err
    assert "someone/model" in said
    assert "--from someone/model" in said
    allow(MODEL, "someone/model")  # as after a training that was begun here
    assert main(["train", "--resume", "001", "--plain"]) == 2
    assert "was not named here" not in capsys.readouterr().err


def test_what_was_allowed_holds_for_the_processes_that_are_started_where_nothing_can_be_written(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setenv(ALLOWED, "")
    allow(MODEL, "someone/model")
    assert is_allowed(MODEL, "someone/model")
    monkeypatch.setenv(ALLOWED, "")
    assert not is_allowed(MODEL, "someone/model")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Return prepared data outside of the project, which run 001 says that it trains on."""
    from txt.config import PrepareConfig
    from txt.data.prepare import prepare

    folder = tmp_path / "of mine" / "prepared"
    (tmp_path / "secret.csv").write_text(
        "text,label\n" + "".join(f"secret number {n},{'ab'[n % 2]}\n" for n in range(60))
    )
    prepare(tmp_path / "secret.csv", PrepareConfig(vocab_size=200), folder)
    record = json.loads(Path("runs/001/config.json").read_text())
    manifest = json.loads((folder / "manifest.json").read_text())
    record |= {"prepared": str(folder), "fingerprint": manifest["fingerprint"]}
    Path("runs/001/config.json").write_text(json.dumps(record))
    return folder


ON_DATA = [["eval", "001"], ["train", "--resume", "001", "--plain"], ["runs", "compare", "001", "002"]]


@pytest.mark.parametrize("link", [False, True])
@pytest.mark.parametrize("typed", ON_DATA[:2])
def test_data_outside_of_a_project_is_not_read_unasked(
    elsewhere: Path, monkeypatch, capsys, typed: list[str], link: bool
):
    if link:  # the path is inside, and leads outside
        Path("prepared").symlink_to(elsewhere)
        record = json.loads(Path("runs/001/config.json").read_text())
        Path("runs/001/config.json").write_text(json.dumps(record | {"prepared": "../../prepared"}))
    assert main(typed) == 2
    said = capsys.readouterr().err
    assert f"says that its data is in `{elsewhere}`, outside of its project" in said
    (allowing,) = (line for line in said.splitlines() if "TXT_TRUST_DATA=" in line)
    name, _, value = shlex.split(allowing.removeprefix("hint: "))[0].partition("=")
    monkeypatch.setenv(name, value)
    main(typed)
    assert "outside of its project" not in capsys.readouterr().err


def test_data_outside_of_a_project_is_asked_about_once(elsewhere: Path, monkeypatch, capsys):
    terminal = Terminal(monkeypatch, "y")
    for _ in range(2):
        main(["eval", "001"])
        assert "no trained model" in capsys.readouterr().err
    assert terminal.asked == [
        f"run `001` says that its data is in `{elsewhere}`, outside of its project, which was not named here before.\n"
        "Read it?"
    ]


def test_data_outside_of_a_project_that_is_not_wanted_is_not_read(elsewhere: Path, monkeypatch, capsys):
    terminal = Terminal(monkeypatch, "n")
    for typed in ON_DATA[:2]:
        assert main(typed) == 2
        assert "outside of its project" in capsys.readouterr().err
    assert len(terminal.asked) == 2


def test_no_list_tells_what_data_elsewhere_is_called(elsewhere: Path, monkeypatch, capsys):
    for typed in (["runs"], ["runs", "show", "001"], ["watch", "001", "--plain"]):
        assert main(typed) == 0
        assert "secret" not in capsys.readouterr().out
    monkeypatch.setenv(TRUSTED_DATA, str(elsewhere))
    assert main(["runs"]) == 0
    assert "secret" in capsys.readouterr().out


def test_data_that_was_named_for_a_training_is_named_for_all_runs_of_its_project(elsewhere: Path):
    run = Run.open("001")
    assert not run.may_read_prepared()
    make_run_folder("002", make_training_events())
    Run.open("002").describe(run.config(), elsewhere, "f")  # as a training that was begun here does
    assert run.may_read_prepared()
    assert Run.open("002").locate_prepared().resolve() == elsewhere


def test_data_that_a_study_names_elsewhere_is_not_read_unasked(elsewhere: Path, capsys):
    folder = Path("studies") / "theirs"
    folder.mkdir(parents=True)
    study = StudyFolder(folder)
    (folder / "study.json").write_text(json.dumps({"format": 1, "prepared": str(elsewhere), "storage": None}))
    with pytest.raises(InputError, match="study `theirs` says that its data is in"):
        study.prepared_path()
    study.describe(elsewhere, None)
    assert study.prepared_path() == elsewhere


def test_runs_and_data_on_a_larger_disk_are_found_where_their_user_put_them(tmp_path: Path, elsewhere: Path):
    for name in ("runs", "prepared"):
        (tmp_path / "disk" / name).mkdir(parents=True)
    shutil.rmtree("runs")
    Path("runs").symlink_to(tmp_path / "disk" / "runs")
    make_run_folder("003", make_training_events())
    inside = Path("prepared-here")
    shutil.copytree(elsewhere, inside)
    Run.open("003").describe(Run.open("003").config(), inside, "f")
    assert Run.open("003").locate_prepared().resolve() == inside.resolve()
