"""Notes and tags of runs."""

import json
import multiprocessing
from pathlib import Path

import pytest

from txt.errors import InputError
from txt.runs.notes import NOTES, Notes, change_tags, read_notes, write_note


def test_a_run_without_notes_has_an_empty_note_and_no_tags(tmp_path):
    assert read_notes(tmp_path) == Notes("", ())


def test_notes_and_tags_are_kept_beside_config_and_leave_it_alone(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    before = (tmp_path / "config.json").stat().st_mtime_ns
    write_note(tmp_path, "  higher dropout\x1b[31m  ")
    change_tags(tmp_path, add=("paper", "keep", "draft"))
    change_tags(tmp_path, remove=("draft", "never-there"))
    assert read_notes(tmp_path) == Notes("higher dropout\x1b[31m", ("keep", "paper"))
    assert (tmp_path / "config.json").stat().st_mtime_ns == before
    assert json.loads((tmp_path / NOTES).read_text())["format"] == 1


@pytest.mark.parametrize("tag", ["", "two words", "a,b", "esc\x1b"])
def test_what_cannot_be_a_tag_is_refused_and_nothing_changes(tmp_path, tag):
    change_tags(tmp_path, add=("good",))
    with pytest.raises(InputError, match="cannot be a tag"):
        change_tags(tmp_path, add=("another", tag))
    assert read_notes(tmp_path).tags == ("good",)


def test_a_file_that_is_not_one_of_notes_is_told(tmp_path):
    (tmp_path / NOTES).write_text('{"note": 5}')
    with pytest.raises(InputError, match=r"notes\.json`: `note` is a number, and must be a string"):
        read_notes(tmp_path)


def tag_often(folder: Path, name: str) -> None:
    for number in range(20):
        change_tags(folder, add=(f"{name}{number}",))


def test_writers_at_the_same_moment_lose_nothing_of_each_other(tmp_path):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=tag_often, args=(tmp_path, name)) for name in "abc"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert len(read_notes(tmp_path).tags) == 60
