"""No command replaces what its user made: only what is not there, what txt made and nobody changed, or by --force."""

import os
from pathlib import Path

import pytest

from tests.runs.made_runs import make_run_folder, make_training_events
from txt.cli import main
from txt.errors import InputError
from txt.overwriting import is_changed_since, is_made_here, note_made, refuse_overwriting

MINE = "text,label\nmine,yes\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "mine.csv").write_text(MINE)
    return folder


def test_a_file_that_txt_made_is_replaced_until_somebody_changes_it(here: Path):
    made = here / "made.svg"
    refuse_overwriting(made)
    made.write_text("one")
    note_made(made)
    assert is_made_here(made)
    refuse_overwriting(made)
    made.write_text("edited by hand")
    assert is_changed_since(made)
    with pytest.raises(InputError, match="has changed since"):
        refuse_overwriting(made)
    refuse_overwriting(made, force=True)


def test_a_file_put_in_the_place_of_one_that_txt_made_is_kept(here: Path):
    made = here / "made.svg"
    made.write_text("one")
    note_made(made)
    os.replace(here / "mine.csv", made)
    with pytest.raises(InputError):
        refuse_overwriting(made)


def test_an_input_is_not_replaced_even_by_force(here: Path):
    (here / "link.csv").symlink_to("mine.csv")
    os.link("mine.csv", "hard.csv")
    for name in ("mine.csv", "link.csv", "hard.csv"):
        with pytest.raises(InputError, match="is read by this command"):
            refuse_overwriting(here / name, force=True, inputs=[here / "mine.csv"])
    (here / "prepared").mkdir()
    (here / "prepared" / "manifest.json").write_text("{}")
    with pytest.raises(InputError, match="is read by this command"):
        refuse_overwriting(here / "prepared" / "manifest.json", force=True, inputs=[here / "prepared"])


def test_folders_and_pipes_are_no_place_for_a_file(here: Path):
    os.mkfifo("pipe")
    for name in (".", "pipe"):
        with pytest.raises(InputError):
            refuse_overwriting(here / name, force=True)


@pytest.mark.parametrize(
    "typed",
    [
        ["lrfind", "prepared", "--svg", "mine.csv"],
        ["eval", "001", "-o", "reports"],
        ["runs", "plot", "001", "-o", "mine.svg"],
        ["runs", "export", "001", "--csv", "-o", "mine.csv"],
        ["runs", "plot", "001"],
    ],
)
def test_commands_keep_a_file_that_its_user_made(here: Path, capsys: pytest.CaptureFixture[str], typed: list[str]):
    run = make_run_folder("001", make_training_events())
    (here / "prepared").mkdir()
    (here / "reports").mkdir()
    kept = [here / "mine.csv", here / "mine.svg", here / "reports" / "report.md", run.path / "curves.svg"]
    for path in kept:
        path.write_text(MINE)
    assert main(typed) == 2
    said = capsys.readouterr().err
    assert "was not made by txt" in said
    assert "--force" in said
    assert [path.read_text() for path in kept] == [MINE] * 4


def test_a_figure_is_drawn_again_over_an_older_one_and_by_force_over_anything(here: Path, capsys):
    run = make_run_folder("001", make_training_events())
    for typed in (["runs", "plot", "001"], ["runs", "plot", "001", "-o", "a.svg"]):
        assert [main(typed), main(typed)] == [0, 0], capsys.readouterr().err
    (here / "cold").mkdir()
    os.environ["XDG_CACHE_HOME"] = str(here / "cold")  # another machine, with no note of what was made
    assert main(["runs", "plot", "001"]) == 0, capsys.readouterr().err
    (run.path / "curves.svg").write_text(MINE)
    assert main(["runs", "plot", "001", "--force"]) == 0
    assert "<svg" in (run.path / "curves.svg").read_text()
