"""Data from elsewhere: nothing outside of it is read or removed, and no offset and no pattern ends the program."""

import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest

from txt.cli import main
from txt.config import PrepareConfig
from txt.data.reading.open_rows import open_rows
from txt.data.reading.row_index import read_index, scan_file, write_index
from txt.data.reading.rows import Form, ReadingOptions
from txt.data.reading.table import open_table
from txt.errors import InputError
from txt.time_limit import TooSlowError, time_limit

SECRET = "a secret of mine, which is no text\n"
ENDLESS = "(a+)+$"  # takes twice as long for each letter more
LONG = "a" * 60 + "!"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (tmp_path / "secret.txt").write_text(SECRET)
    return folder


def read_texts(path: Path) -> list[str | None]:
    with open_table(path, PrepareConfig()) as table:
        return [row.get("text") for row in table.rows()]


def make_classes(folder: Path) -> Path:
    for label in ("good", "bad"):
        (folder / label).mkdir(parents=True)
        for number in range(3):
            (folder / label / f"{number}.txt").write_text(f"text {number} of {label}")
    return folder


# Links in folders of texts


@pytest.mark.parametrize("kind", ["file", "folder", "a link to a link"])
def test_a_link_that_leads_out_of_a_folder_of_texts_is_refused_and_the_hint_works(
    here: Path, tmp_path: Path, kind: str
):
    folder = make_classes(here / "texts of theirs")
    if kind == "folder":
        make_classes(tmp_path / "mine")
        (folder / "more").symlink_to(tmp_path / "mine" / "good")
    else:
        (folder / "good" / "9.txt").symlink_to(tmp_path / "secret.txt" if kind == "file" else folder / "bad" / "l.md")
        if kind != "file":
            (folder / "bad" / "l.md").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(InputError, match="is a link that leads out of the folder") as refused:
        read_texts(folder)
    typed = refused.value.hint.partition(" makes a folder")[0].replace("COPY", "copy")
    subprocess.run(shlex.split(typed), check=True)
    assert len(read_texts(here / "copy")) > 6


def test_links_within_a_folder_of_texts_and_a_folder_that_is_a_link_are_followed(here: Path, tmp_path: Path):
    folder = make_classes(tmp_path / "disk" / "texts")
    (folder / "good" / "9.txt").symlink_to("0.txt")
    (here / "texts").symlink_to(folder)
    assert len(read_texts(here / "texts")) == 7


def test_folders_that_link_to_each_other_in_a_circle_end(here: Path):
    folder = make_classes(here / "texts")
    for one, other in (("good", "bad"), ("bad", "good"), ("good", "good")):
        (folder / one / f"to {other}").symlink_to(folder / other)
    assert len(read_texts(folder)) == 6


def test_a_pipe_in_a_folder_of_texts_is_not_waited_for(here: Path):
    folder = make_classes(here / "texts")
    os.mkfifo(folder / "good" / "pipe.txt")
    (folder / "good" / "lost.txt").symlink_to(here / "nowhere")
    assert len(read_texts(folder)) == 6


# Folders that datasets saved


def make_dataset(folder: Path, splits: list[str], filename: str = "data.arrow") -> Path:
    for split in splits:
        place = folder / split
        place.mkdir(parents=True, exist_ok=True)
        (place / "state.json").write_text(json.dumps({"_data_files": [{"filename": filename}]}))
        table = pa.table({"text": ["one", "two"], "label": ["a", "b"]})
        with pa.OSFile(str(place / "data.arrow"), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
            writer.write_table(table)
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": splits}))
    return folder


@pytest.mark.parametrize("split", ["..", ".", "../mine", "/etc", "train/../../mine", ""])
def test_a_saved_data_set_reads_no_folder_but_its_own(here: Path, split: str):
    make_dataset(here / "mine", ["x"])
    folder = make_dataset(here / "theirs", ["train"])
    (here / "state.json").write_text(json.dumps({"_data_files": [{"filename": "x.arrow"}]}))
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": [split, "train"]}))
    with pytest.raises(InputError, match="is damaged"):
        read_texts(folder)


@pytest.mark.parametrize("what", ["state.json", "data.arrow", "train"])
def test_a_saved_data_set_with_a_link_or_a_pipe_in_it_is_refused(here: Path, what: str):
    mine = make_dataset(here / "mine", ["train"])
    folder = make_dataset(here / "theirs", ["train"])
    if what == "train":
        os.rename(folder / "train", folder / "old")
        (folder / "train").symlink_to(mine / "train")
    elif what == "data.arrow":
        (folder / "train" / what).unlink()
        (folder / "train" / what).symlink_to(mine / "train" / what)
    else:
        (folder / "train" / what).unlink()
        os.mkfifo(folder / "train" / what)
    with pytest.raises(InputError, match="is damaged"):
        read_texts(folder)


# Arrow files whose offsets lead out of them


@pytest.mark.parametrize("place", [1, 2])
@pytest.mark.parametrize("offset", [-5, 1 << 30, 2_000_000_000])
def test_an_offset_that_leads_out_of_an_arrow_file_is_refused(here: Path, place: int, offset: int):
    offsets = [0, 3, 6, 9]
    offsets[place] = offset
    buffers = [None, pa.py_buffer(b"".join(each.to_bytes(4, "little", signed=True) for each in offsets))]
    texts = pa.Array.from_buffers(pa.string(), 3, [*buffers, pa.py_buffer(b"onetwosix")])
    table = pa.RecordBatch.from_arrays([texts, pa.array(["a", "b", "a"])], names=["text", "label"])
    with pa.OSFile("a.arrow", "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_batch(table)
    with pytest.raises(InputError, match="is damaged"):
        read_texts(Path("a.arrow"))


@pytest.mark.filterwarnings("ignore:Feather V1")  # that such files are made no more
def test_a_damaged_feather_file_of_the_first_version_ends_its_reader_alone(here: Path):
    import pyarrow.feather

    table = pa.table({"text": [f"text {number}" for number in range(40)], "label": ["a", "b"] * 20})
    pyarrow.feather.write_feather(table, "a.feather", version=1)
    assert len(read_texts(Path("a.feather"))) == 40
    whole = Path("a.feather").read_bytes()
    ended = 0
    for place in range(len(whole) - 160, len(whole) - 8, 4):
        Path("b.feather").write_bytes(whole[:place] + b"\x7f\xff\xff\x7f" + whole[place + 4 :])
        try:
            read_texts(Path("b.feather"))
        except InputError as error:
            ended += "damaged" in error.message or "column" in error.message
    assert ended > 0


# Prepared folders whose numbers lead out of a model


@pytest.mark.parametrize(
    ("change", "told"), [({"vocab_size": 3}, "token id that is not one"), ({"labels": ["a"]}, "label that is not one")]
)
def test_numbers_of_prepared_data_that_no_model_has_are_refused(here: Path, change: dict[str, object], told: str):
    from txt.data.prepare import prepare
    from txt.data.prepared import Prepared

    Path("data.csv").write_text("text,label\n" + "".join(f"text number {n},{'ab'[n % 2]}\n" for n in range(60)))
    prepare(Path("data.csv"), PrepareConfig(vocab_size=200), Path("prepared"))
    manifest = json.loads(Path("prepared/manifest.json").read_text())
    Path("prepared/manifest.json").write_text(json.dumps(manifest | change))
    split = Prepared.open(Path("prepared")).split("train")
    with pytest.raises(InputError, match=told):
        assert split.labels is None or split.gather(range(len(split)))


# The index that is kept beside a data file


def make_index(data: Path, kept: Path) -> Form:
    form = open_rows(data, ReadingOptions(), kept).form
    *_, last = scan_file(data, form)
    assert last.index is not None
    write_index(kept, data, ReadingOptions(), form, last.index)
    return form


def change_header(kept: Path, **values: object) -> None:
    header, _, rest = kept.read_bytes().partition(b"\n")
    value = json.loads(header)
    value["form"] |= values
    kept.write_bytes(json.dumps(value).encode() + b"\n" + rest)


def test_an_index_from_elsewhere_names_no_file_to_be_shown_or_removed(here: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    data, kept = Path("data.csv"), Path("kept.index")
    data.write_text("text,label\n" + "".join(f"text number {number},a\n" for number in range(9)))
    make_index(data, kept)
    assert read_index(kept, data, ReadingOptions()) is not None
    change_header(kept, content=str(tmp_path / "secret.txt"))
    assert read_index(kept, data, ReadingOptions()) is None
    rows = open_rows(data, ReadingOptions(), kept)
    assert rows.text(0) == "text number 0"
    rows.close()
    assert (tmp_path / "secret.txt").read_text() == SECRET


@pytest.mark.parametrize(
    "values",
    [
        {"columns": 3},
        {"columns": ["text", 3]},
        {"text_column": "other"},
        {"codec": "no codec"},
        {"start": -1},
        {"start": "x"},
        {"csv_options": {"delimiter": 3}},
        {"csv_options": [1]},
        {"csv_options": {"unknown": ","}},
        {"settled": 5},
        {"content": 5},
        {"unknown": 1},
    ],
)
def test_an_index_with_odd_fields_is_made_anew(here: Path, values: dict[str, object]):
    data, kept = Path("data.csv"), Path("kept.index")
    data.write_text("text,label\n" + "".join(f"text number {number},a\n" for number in range(9)))
    make_index(data, kept)
    change_header(kept, **values)
    assert read_index(kept, data, ReadingOptions()) is None


# Databases


@pytest.mark.parametrize("ending", ["-wal", "-journal"])
def test_no_file_of_ours_is_read_for_one_that_belongs_to_a_database(here: Path, tmp_path: Path, ending: str):
    with closing(sqlite3.connect("a.sqlite")) as database, database:
        database.execute("CREATE TABLE reviews (text, label)")
        database.execute("INSERT INTO reviews VALUES ('x', 'y')")
    database.close()
    Path(f"a.sqlite{ending}").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(InputError, match="is not a plain file"):
        read_texts(Path("a.sqlite"))


# Regular expressions that never end


def test_an_expression_of_keep_that_never_ends_is_one_clear_error(here: Path, capsys: pytest.CaptureFixture[str]):
    Path("data.csv").write_text(
        "text,label\n" + "".join(f"{LONG} {number},{'ab'[number % 2]}\n" for number in range(9))
    )
    for workers in ("1", "2"):
        typed = ["augment", "data.csv", "-o", "more.csv", "--method", "swap", "--keep", ENDLESS, "--workers", workers]
        assert main(typed) == 2
        assert "takes too long on the text" in capsys.readouterr().err


async def test_an_expression_that_never_ends_is_not_highlighted_and_the_screen_goes_on():
    from textual.app import ComposeResult

    from txt.screens.app import ThemedApp
    from txt.screens.label.text_pane import TextPane

    class Pane(ThemedApp[None]):
        def compose(self) -> ComposeResult:
            yield TextPane()

    app = Pane()
    async with app.run_test(size=(100, 10)) as pilot:
        pane = app.query_one(TextPane)
        for _ in range(3):  # it is tried once, and not for each text
            pane.show(LONG, [re.compile(ENDLESS), re.compile("a")])
            await pilot.pause()
            assert LONG[:50] in pane.lines.text
        assert [pattern.pattern for pattern in pane._too_slow] == [ENDLESS]
        assert pane._matches == [(0, 60)]
        assert any("takes too long" in note.message for note in app._notifications)


def test_a_search_that_never_ends_ends_with_its_process(here: Path):
    from txt.labeling import scanner

    code = (
        "from pathlib import Path; from txt.labeling import scanner; from txt.data.reading.open_rows import open_rows\n"
        "from txt.data.reading.rows import ReadingOptions; from txt.labeling.query import parse_query\n"
        "scanner._MOST_SECONDS = 1\n"
        "class Connection:\n"
        "    def send(self, found): print('found', flush=True)\n"
        "    def poll(self): return False\n"
        "data = Path('data.csv')\n"
        "rows = open_rows(data, ReadingOptions(), Path('kept'))\n"
        "task = scanner.MakeIndex(data, rows.form, ReadingOptions(), None)\n"
        f"request = scanner.FindRequest(1, parse_query('/{ENDLESS}/', ['text'], [], []))\n"
        "scanner._search(Connection(), task, rows.index, request)\n"
    )
    assert scanner._MOST_SECONDS == 30
    Path("data.csv").write_text(f"text,label\n{LONG},a\n{LONG},b\n")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == -14, done.stderr  # SIGALRM


def test_no_expression_of_ours_takes_the_square_of_a_texts_length():
    from txt.augmentation.spans import _ADDRESS
    from txt.data.formats.fasttext import _LAST_LABELS

    for pattern, text in [(_ADDRESS, "1" * 300_000), (_ADDRESS, "a." * 100_000), (_LAST_LABELS, "\t" * 300_000)]:
        try:
            with time_limit(20):  # the square would take hours
                assert pattern.search(text) is None
        except TooSlowError:
            pytest.fail(f"{pattern.pattern[:40]} takes too long")
