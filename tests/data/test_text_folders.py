"""Folders of texts, a class a folder, and folders that are something else."""

import shutil
from pathlib import Path

import pytest

from tests.data.test_kinds import read
from txt.data.reading.dialect import detect_dialect
from txt.data.reading.source import read_state, walk_folder
from txt.errors import InputError


def make_folder(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


FOLDERS = {
    "classes": (
        {"pos/10.txt": "ten", "pos/9.txt": "nine", "neg/1.txt": "one", "README.md": "x"},
        [("one", "neg", "neg/1.txt"), ("nine", "pos", "pos/9.txt"), ("ten", "pos", "pos/10.txt")],
    ),
    "reviews": (
        {"train/pos/0_9.txt": "a", "test/neg/0_2.txt": "b", "train/unsup/0_0.txt": "c", "imdb.vocab": "the"},
        [
            ("b", "neg", "test", "test/neg/0_2.txt"),
            ("a", "pos", "train", "train/pos/0_9.txt"),
            ("c", None, "unlabeled", "train/unsup/0_0.txt"),
        ],
    ),
    "newsgroups": (
        {"20news-bydate-train/sci.med/58043": "a", "20news-bydate-test/alt.atheism/53068": b"caf\xe9"},
        [
            ("café", "alt.atheism", "test", "20news-bydate-test/alt.atheism/53068"),
            ("a", "sci.med", "train", "20news-bydate-train/sci.med/58043"),
        ],
    ),
    "texts": ({"b.txt": "two", "a.txt": "one"}, [("one", "a.txt"), ("two", "b.txt")]),
    "classes-called-as-splits": (
        {"train/1.txt": "by rail", "bus/1.txt": "by road"},
        [("by road", "bus", "bus/1.txt"), ("by rail", "train", "train/1.txt")],
    ),
}


@pytest.mark.parametrize("layout", FOLDERS)
@pytest.mark.parametrize("zipped", [False, True])
def test_folders_of_texts_are_read_with_the_folder_as_class(tmp_path, layout, zipped):
    files, expected = FOLDERS[layout]
    root = make_folder(tmp_path / "data", files)
    if zipped:
        if layout == "texts":
            pytest.skip("texts side by side in an archive may as well be tables")
        root = Path(shutil.make_archive(str(tmp_path / "data"), "zip", tmp_path, "data"))
    rows, _ = read(root)
    assert [tuple(row.values()) for row in rows] == expected


def test_what_a_folder_has_beside_its_texts_is_told(tmp_path):
    files, _ = FOLDERS["reviews"]
    _, warnings = read(make_folder(tmp_path / "data", files))
    assert any("`imdb.vocab`" in warning for warning in warnings)
    assert any("`unsup`" in warning for warning in warnings)
    _, warnings = read(make_folder(tmp_path / "news", FOLDERS["newsgroups"][0]))
    assert any("not in UTF-8" in warning for warning in warnings)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"pos/2020/1.txt": "a", "neg/1.txt": "b"}, "is a folder within a class"),
        ({"pos/1.txt": b"a\0b", "neg/1.txt": "b"}, "is not a text file"),
        ({"a.csv": "text\nx", "b.csv": "text\ny"}, "is a folder, not a data file"),
        ({"pictures/a.png": b"\x89PNG"}, "is a folder without data"),
    ],
)
def test_other_folders_are_refused(tmp_path, files, message):
    with pytest.raises(InputError, match=message):
        read(make_folder(tmp_path / "data", files))


def test_a_folder_that_is_far_too_large_is_refused_before_it_is_gone_through(tmp_path, monkeypatch):
    monkeypatch.setattr("txt.data.reading.source.MOST_ENTRIES", 20)
    for number in range(30):
        place = tmp_path / "all" / f"class {number % 2}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.txt").write_text(f"text {number}")
    for refuse in (lambda: detect_dialect(tmp_path / "all"), lambda: read_state(tmp_path / "all")):
        with pytest.raises(InputError, match="more than 20 files and folders"):
            refuse()


def test_links_that_lead_nowhere_or_back_are_passed_over(tmp_path):
    place = tmp_path / "all" / "good"
    place.mkdir(parents=True)
    (place / "1.txt").write_text("text")
    (place / "2.txt").symlink_to(tmp_path / "gone")
    (place / "again").symlink_to(tmp_path / "all")
    assert [path.name for path in walk_folder(tmp_path / "all")] == ["1.txt"]


def test_tables_in_folders_below_are_named(tmp_path):
    (tmp_path / "hub" / "data").mkdir(parents=True)
    (tmp_path / "hub" / "data" / "train-00000.csv").write_text("text,label\na,b\n")
    with pytest.raises(InputError) as raised:
        detect_dialect(tmp_path / "hub")
    assert raised.value.hint == f"its tables are in folders below: '{tmp_path / 'hub' / 'data' / '*.csv'}'"
