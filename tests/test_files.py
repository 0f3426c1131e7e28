import json
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txt.errors import InputError
from txt.files import (
    atomic_folder,
    atomic_write,
    encode_line,
    mend_torn_line,
    read_json,
    read_lines_backwards,
    remove_leftovers,
    temporary_file,
    write_json,
)
from txt.sanitize import clip, sanitize, sanitize_lines


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("before")
    with pytest.raises(RuntimeError), atomic_write(path) as file:
        file.write("half")
        raise RuntimeError
    assert path.read_text() == "before"
    with atomic_write(path) as file:
        file.write("after")
    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "folder"
    for content in ("one", "two"):
        with atomic_folder(path) as beside:
            (beside / content).write_text(content)
    assert [entry.name for entry in path.iterdir()] == ["two"]
    with pytest.raises(RuntimeError), atomic_folder(path) as beside:
        (beside / "three").write_text("three")
        raise RuntimeError
    assert [entry.name for entry in path.iterdir()] == ["two"]
    assert list(tmp_path.iterdir()) == [path]


def test_leftovers_of_killed_processes_are_removed(tmp_path):
    (tmp_path / ".folder.abcdefgh.part").mkdir()
    (tmp_path / ".file.abcdefgh.part").write_text("half")
    (tmp_path / ".folder.abcdefgh.old").mkdir()
    for name in ("kept", ".bashrc.old", ".download.part"):
        (tmp_path / name).write_text("whole")
    remove_leftovers(tmp_path)
    assert {entry.name for entry in tmp_path.iterdir()} == {"kept", ".bashrc.old", ".download.part"}


@pytest.mark.parametrize("write", [atomic_write, atomic_folder])
def test_writing_removes_what_killed_writers_of_the_same_left_and_nothing_else(tmp_path, write):
    path = tmp_path / "out[1].csv"
    (tmp_path / ".out[1].csv.abcdefgh.part").mkdir()
    (tmp_path / ".out[1].csv.ijklmnop.part").write_text("half")
    others = {".out[1].csv.part", ".other.csv.abcdefgh.part", ".out1.csv.abcdefgh.part"}
    for name in others:
        (tmp_path / name).touch()
    with write(path):
        pass
    assert {entry.name for entry in tmp_path.iterdir()} == {path.name, *others}


@pytest.mark.parametrize("write", [atomic_write, atomic_folder])
def test_writers_of_the_same_leave_each_other_alone(tmp_path, write):
    path = tmp_path / "out"
    with write(path), write(path):
        assert len(list(tmp_path.iterdir())) == 2
        remove_leftovers(tmp_path)
        assert len(list(tmp_path.iterdir())) == 2
    assert list(tmp_path.iterdir()) == [path]


def test_a_temporary_file_is_gone_afterwards_and_so_is_that_of_a_killed_process(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / ".txt.abcdefgh.part").write_text("left")
    with temporary_file() as path, temporary_file() as other:
        path.write_text("mine")
        assert set(tmp_path.iterdir()) == {path, other}
    assert list(tmp_path.iterdir()) == []


def test_json_of_a_newer_format_is_refused(tmp_path):
    write_json(tmp_path / "a.json", {"format": 2})
    with pytest.raises(InputError, match="has format 2"):
        read_json(tmp_path / "a.json")


def test_a_torn_last_line_is_ignored_and_mended(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_bytes(encode_line({"n": 1}) + encode_line({"n": 2}) + b'{"n": 3')
    assert [json.loads(line)["n"] for line in read_lines_backwards(path)] == [2, 1]
    mend_torn_line(path)
    with path.open("ab") as file:
        file.write(encode_line({"n": 4}))
    assert [json.loads(line)["n"] for line in read_lines_backwards(path)] == [4, 2, 1]


@pytest.mark.parametrize("content", [b"", b"torn", b'{"n":1}\n', b"x" * 200_000, b'{"n":1}\n' + b"y" * 200_000])
def test_mending_keeps_exactly_the_whole_lines(tmp_path, content):
    path = tmp_path / "events.jsonl"
    path.write_bytes(content)
    mend_torn_line(path)
    assert path.read_bytes() == content[: content.rfind(b"\n") + 1]


@given(st.text())
def test_visible_text_holds_no_control_codes_and_stays_on_one_line(text):
    shown = sanitize(text)
    assert shown.isprintable() or not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in shown)
    assert not set(shown) & set("\u202e\u2066\u200f\u2028\x1b\x9b\n")
    shown.encode()


def test_lines_are_kept_where_asked():
    assert sanitize_lines("a\r\nb\tc\x1b[31m") == "a\nb\tc␛[31m"


@given(st.text(), st.integers(2, 20))
def test_clipped_text_is_never_wider_than_asked(text, width):
    assert len(clip(text, width)) <= width


def test_events_are_json_of_one_line():
    assert json.loads(encode_line({"a": "é\n"})) == {"a": "é\n"}
    assert encode_line({"a": "é\n"}).count(b"\n") == 1


def test_a_folder_that_is_replaced_is_there_at_every_moment(tmp_path):
    import sys

    from txt.files import _exchange_names

    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if sys.platform == "linux":
        assert _exchange_names(tmp_path / "one", tmp_path / "other")
        assert (tmp_path / "one" / "other").exists()
        assert (tmp_path / "other" / "one").exists()
    assert not _exchange_names(tmp_path / "one", tmp_path / "missing")
    with atomic_folder(tmp_path / "one") as beside:
        (beside / "new").touch()
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["new"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "other"]
