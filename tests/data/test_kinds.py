"""Kinds of files that are not lines of text, each written by the library that writes it."""

import bz2
import gzip
import json
import lzma
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from tests.spreadsheets import make_book
from txt.config import PrepareConfig
from txt.data.reading.dialect import detect_dialect
from txt.data.reading.source import join_paths, read_state, walk_folder
from txt.data.reading.table import open_table
from txt.errors import InputError

ROWS = [
    ("Came late, and broken.", "negative", "1"),
    ('She said "fine", and\nwent home', "positive", "5"),
    ("Größe passt – 日本 ☺", "positive", "4"),
    ("-1 of 10; would not = buy", "negative", "2"),
]
NAMES = ("text", "label", "stars")


def read(path: Path | str, **options):
    with open_table(path, PrepareConfig(**options)) as table:
        return list(table.rows()), table.dialect.warnings


def as_dicts(rows=ROWS, names=NAMES):
    return [dict(zip(names, row, strict=True)) for row in rows]


def frame():
    pandas = pytest.importorskip("pandas", reason="the package pandas is not installed")
    return pandas.DataFrame([(text, label, int(stars)) for text, label, stars in ROWS], columns=list(NAMES))


def table() -> pa.Table:
    columns = list(zip(*ROWS, strict=True))
    return pa.table({"text": columns[0], "label": columns[1], "stars": [int(each) for each in columns[2]]})


def write_xlsx(path):
    pytest.importorskip("openpyxl", reason="the package openpyxl is not installed")
    pytest.importorskip("python_calamine", reason="the package python-calamine is not installed")
    frame().to_excel(path, index=False)


def write_ods(path):
    pytest.importorskip("odf", reason="the package odfpy is not installed")
    pytest.importorskip("python_calamine", reason="the package python-calamine is not installed")
    frame().to_excel(path, index=False, engine="odf")


def write_xls(path):
    xlwt = pytest.importorskip("xlwt", reason="the package xlwt is not installed")
    pytest.importorskip("python_calamine", reason="the package python-calamine is not installed")
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet")
    for number, row in enumerate([NAMES, *frame().itertuples(index=False)]):
        for place, value in enumerate(row):
            sheet.write(number, place, value)
    book.save(str(path))


def write_sqlite(path):
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE reviews (text TEXT, label TEXT, stars INTEGER)")
        database.executemany("INSERT INTO reviews VALUES (?, ?, ?)", ROWS)
    database.close()


def write_stream(path):
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table().schema) as writer:
        writer.write_table(table())


def write_arrow(path):
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table().schema) as writer:
        writer.write_table(table())


def write_statistics(name: str) -> Callable[[Path], None]:
    def write(path):
        pyreadstat = pytest.importorskip("pyreadstat", reason="the package pyreadstat is not installed")
        getattr(pyreadstat, name)(frame(), str(path))

    return write


WRITERS = {
    "a.xlsx": write_xlsx,
    "a.ods": write_ods,
    "a.xls": write_xls,
    "a.sqlite": write_sqlite,
    "a.arrow": write_arrow,
    "stream.arrow": write_stream,
    "a.feather": lambda path: pyarrow.feather.write_feather(table(), str(path)),
    "old.feather": lambda path: pyarrow.feather.write_feather(table(), str(path), version=1),
    "a.parquet": lambda path: pq.write_table(table(), path),
    "a.sav": write_statistics("write_sav"),
    "a.dta": write_statistics("write_dta"),
    "a.xpt": write_statistics("write_xport"),
    "a.csv": lambda path: frame().to_csv(path, index=False),
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.filterwarnings("ignore")  # what the writers of these packages warn of
def test_each_kind_reads_to_the_rows_that_were_written(tmp_path, name):
    WRITERS[name](tmp_path / name)
    rows, _ = read(tmp_path / name)
    assert rows == as_dicts()
    shutil.move(tmp_path / name, tmp_path / "no-ending")
    if name not in ("a.csv",):  # what it is shows in its content; only old Stata files need their ending
        assert read(tmp_path / "no-ending")[0] == as_dicts()


@pytest.mark.parametrize(("ending", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)])
@pytest.mark.parametrize("name", ["a.csv", "a.arrow", "a.parquet", "a.sqlite"])
def test_packed_files_read_as_they_are_unpacked(tmp_path, name, ending, pack):
    WRITERS[name](tmp_path / name)
    packed = tmp_path / f"{name}{ending}"
    packed.write_bytes(pack((tmp_path / name).read_bytes()))
    assert read(packed)[0] == as_dicts()
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"damaged|cannot be read"):
        read(packed)


def test_zstandard_is_unpacked(tmp_path):
    WRITERS["a.csv"](tmp_path / "a.csv")
    with pa.OSFile(str(tmp_path / "a.csv.zst"), "wb") as file, pa.CompressedOutputStream(file, "zstd") as packed:
        packed.write((tmp_path / "a.csv").read_bytes())
    assert read(tmp_path / "a.csv.zst")[0] == as_dicts()


# Spreadsheets


def test_of_several_sheets_one_must_be_named(tmp_path):
    path = make_book(tmp_path / "b.xlsx", Survey=[NAMES, *ROWS], Codes=[("code", "means"), (1, "bad")], Empty=[])
    with pytest.raises(InputError, match="has 2 sheets with cells: `Survey`, `Codes`") as caught:
        read(path)
    assert caught.value.hint == f"name one: '{path}::Survey'"
    assert read(f"{path}::Survey")[0] == as_dicts()
    with pytest.raises(InputError, match="has no sheet `Survy`") as caught:
        read(f"{path}::Survy")
    assert f"{path}::Survey" in caught.value.hint


def test_the_only_sheet_with_cells_is_read(tmp_path):
    path = make_book(tmp_path / "b.xlsx", Notes=[], Survey=[NAMES, *ROWS])
    assert read(path)[0] == as_dicts()


def test_a_sheet_that_is_a_chart_is_no_table(tmp_path):
    openpyxl = pytest.importorskip("openpyxl", reason="the package openpyxl is not installed")
    path = make_book(tmp_path / "b.xlsx", Survey=[NAMES, *ROWS])
    book = openpyxl.load_workbook(path)
    book.create_chartsheet("Chart").add_chart(openpyxl.chart.BarChart())
    book.save(path)
    assert read(path)[0] == as_dicts()
    with pytest.raises(InputError, match="has no sheet `Chart`"):
        read(f"{path}::Chart")


def test_cells_are_written_as_a_spreadsheet_writes_them(tmp_path):
    from datetime import date, datetime

    kinds = [
        ("one text to read here", 5, "5"),
        ("two texts to read here", 5.0, "5"),
        ("three texts to read here", 0.1, "0.1"),
        ("four texts to read here", True, "TRUE"),
        ("five texts to read here", date(2024, 3, 1), "2024-03-01"),
        ("six texts to read here", datetime(2024, 3, 1, 9, 30), "2024-03-01 09:30:00"),
        ("seven texts to read here", None, ""),
        ("eight texts to read here", "007", "007"),
    ]
    path = make_book(tmp_path / "b.xlsx", S=[("text", "value"), *[(text, value) for text, value, _ in kinds]])
    assert [row["value"] for row in read(path)[0]] == [shown for _, _, shown in kinds]


def test_damaged_and_protected_spreadsheets_are_refused(tmp_path):
    whole = make_book(tmp_path / "b.xlsx", S=[NAMES, *ROWS]).read_bytes()
    (tmp_path / "cut.xlsx").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="is damaged"):
        read(tmp_path / "cut.xlsx")
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(InputError, match="cannot be read as a spreadsheet"):
        read(tmp_path / "old.xls")


# SPSS, Stata, SAS


@pytest.mark.parametrize(("name", "write"), [("a.sav", "write_sav"), ("a.dta", "write_dta")])
def test_values_get_the_names_that_the_file_gives_them_and_this_is_told(tmp_path, name, write):
    pandas = pytest.importorskip("pandas", reason="the package pandas is not installed")
    pyreadstat = pytest.importorskip("pyreadstat", reason="the package pyreadstat is not installed")
    data = pandas.DataFrame({"text": ["a", "b", "c", "d"], "mood": [1.0, 2.0, None, 3.0]})
    names = {"mood": {1: "negative", 2: "positive"}}
    getattr(pyreadstat, write)(data, str(tmp_path / name), variable_value_labels=names)
    rows, warnings = read(tmp_path / name)
    assert [row["mood"] for row in rows] == ["negative", "positive", None, "3"]
    assert any("1=negative, 2=positive" in warning for warning in warnings)


def test_many_rows_of_a_statistics_file_come_in_order(tmp_path, monkeypatch):
    pandas = pytest.importorskip("pandas", reason="the package pandas is not installed")
    pyreadstat = pytest.importorskip("pyreadstat", reason="the package pyreadstat is not installed")
    monkeypatch.setattr("txt.data.reading.kinds.statistics_file._PIECE_ROWS", 7)
    data = pandas.DataFrame({"text": [f"text {number}" for number in range(28)]})
    pyreadstat.write_sav(data, str(tmp_path / "a.sav"))
    assert [row["text"] for row in read(tmp_path / "a.sav")[0]] == [f"text {number}" for number in range(28)]


def test_a_damaged_statistics_file_is_refused(tmp_path):
    pytest.importorskip("pyreadstat", reason="the package pyreadstat is not installed")
    (tmp_path / "a.sav").write_bytes(b"$FL2@(#) SPSS DATA FILE" + bytes(200))
    with pytest.raises(InputError, match="cannot be read as a file of SPSS"):
        read(tmp_path / "a.sav")


@pytest.mark.parametrize(
    ("package", "name", "hint"),
    [
        ("pyreadstat", "a.sav", "pip install pyreadstat"),
        ("python_calamine", "a.xlsx", "pip install python-calamine"),
    ],
)
def test_a_missing_package_is_named_with_the_line_that_brings_it(tmp_path, monkeypatch, package, name, hint):
    WRITERS[name](tmp_path / name)
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(InputError, match="missing") as caught:
        read(tmp_path / name)
    assert caught.value.hint == hint


# Arrow and Parquet


def test_structs_become_columns_and_floats_keep_their_own_precision(tmp_path):
    values = pa.table(
        {
            "text": [{"title": "A", "body": "b"}, {"title": None, "body": "c"}, None],
            "score": pa.array([0.1, 1.1, None], pa.float32()),
            "ids": [[1, 2], [], None],
            "picture": pa.array([b"\xff\xd8\xff", b"plain", None], pa.binary()),
        }
    )
    pq.write_table(values, tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet")[0] == [
        {"text.title": "A", "text.body": "b", "score": "0.1", "ids": "[1, 2]", "picture": "(3 bytes)"},
        {"text.title": None, "text.body": "c", "score": "1.1", "ids": "[]", "picture": "plain"},
        {"text.title": None, "text.body": None, "score": None, "ids": None, "picture": None},
    ]


STRUCTS = {
    "the text is inside": (
        {"text": {"title": "A b", "body": "b c"}, "label": "bad"},
        ("text.title", "text.body", "label"),
    ),
    "the text is outside": ({"review": "a b c", "meta": {"url": "x y"}}, ("review", "meta")),
    "another name": ({"kommentar": "a b c", "meta": {"url": "x y"}}, ("kommentar", "meta")),
}


@pytest.mark.parametrize("kind", STRUCTS)
def test_a_struct_is_opened_where_no_text_is_outside(tmp_path, kind):
    record, names = STRUCTS[kind]
    values = pa.Table.from_pylist([record] * 3)
    pq.write_table(values, tmp_path / "a.parquet")
    pyarrow.feather.write_feather(values, str(tmp_path / "a.feather"))
    (tmp_path / "a.jsonl").write_text(3 * (json.dumps(record) + "\n"))
    for name in ("a.parquet", "a.feather", "a.jsonl"):
        assert tuple(read(tmp_path / name)[0][0]) == names
    if "meta" in record:
        assert "meta.url" in read(tmp_path / "a.parquet", text_column="meta.url")[0][0]


def class_labels() -> pa.Table:
    features = (
        '{"info": {"features": {"text": {"dtype": "string", "_type": "Value"}, '
        '"label": {"names": ["bad", "good"], "_type": "ClassLabel"}, '
        '"tags": {"feature": {"names": ["x", "y"], "_type": "ClassLabel"}, "_type": "List"}}}}'
    )
    columns = {"text": ["a", "b", "c"], "label": [0, 1, -1], "tags": [[0, 1], [], None]}
    return pa.table(columns).replace_schema_metadata({"huggingface": features})


def test_classes_have_the_names_that_datasets_keeps_and_minus_one_is_no_label(tmp_path):
    pq.write_table(class_labels(), tmp_path / "a.parquet")
    pyarrow.feather.write_feather(class_labels(), str(tmp_path / "a.arrow"))
    for name in ("a.parquet", "a.arrow"):
        rows, _ = read(tmp_path / name)
        assert [row["label"] for row in rows] == ["bad", "good", None]
        assert [row["tags"] for row in rows] == ['["x", "y"]', "[]", None]


def test_a_saved_data_set_is_read_with_its_splits_and_class_names(tmp_path):
    datasets = pytest.importorskip("datasets", reason="the package datasets is not installed")
    whole = datasets.Dataset.from_dict({"text": ["a", "b", "c"], "label": [0, 1, 1]})
    whole = whole.cast_column("label", datasets.ClassLabel(names=["bad", "good"]))
    whole.save_to_disk(str(tmp_path / "one"), num_shards=2)
    assert read(tmp_path / "one")[0] == [
        {"text": "a", "label": "bad"},
        {"text": "b", "label": "good"},
        {"text": "c", "label": "good"},
    ]
    parts = datasets.DatasetDict(train=whole.select([0, 1]), test=whole.select([2]))
    parts.save_to_disk(str(tmp_path / "two"))
    assert [tuple(row.values()) for row in read(tmp_path / "two")[0]] == [
        ("a", "bad", "train"),
        ("b", "good", "train"),
        ("c", "good", "test"),
    ]
    (tmp_path / "two" / "test" / "state.json").unlink()
    with pytest.raises(InputError, match="is damaged"):
        read(tmp_path / "two")


# SQLite


def test_a_table_of_a_database_is_named_behind_two_colons(tmp_path):
    path = tmp_path / "a.db"
    write_sqlite(path)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute('CREATE TABLE "odd ""name" (text TEXT, value)')
        values = [("x", None), ("y", 0.5), ("z", b"\xff\x00"), ("ä", b"plain")]
        database.executemany('INSERT INTO "odd ""name" VALUES (?, ?)', values)
    database.close()
    with pytest.raises(InputError, match="with 2 tables") as caught:
        read(path)
    assert "::" in caught.value.hint
    assert read(f"{path}::reviews")[0] == as_dicts()
    assert [row["value"] for row in read(f'{path}::odd "name')[0]] == [None, "0.5", "(2 bytes)", "plain"]
    with pytest.raises(InputError, match="has no table `review`") as caught:
        read(f"{path}::review")
    assert caught.value.hint == f"did you mean `{path}::reviews`?"


def test_a_text_of_a_database_in_another_encoding_needs_the_option(tmp_path):
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE t (text TEXT)")
        database.execute("INSERT INTO t VALUES (CAST(? AS TEXT))", ("Größe".encode("cp1252"),))
    database.close()
    with pytest.raises(InputError, match="not in UTF-8") as caught:
        read(path)
    assert "--encoding cp1252" in caught.value.hint
    assert read(path, encoding="cp1252")[0] == [{"text": "Größe"}]


# Folders


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


# Several files and archives


def write_months(folder: Path) -> list[Path]:
    paths = [folder / "2024-01.csv", folder / "2024-02.csv"]
    paths[0].write_text("text,label\none,a\n")
    paths[1].write_text("label;text\nb;two, or more\n")  # another order, and another delimiter
    return paths


def test_several_files_are_read_one_after_the_other_and_each_row_says_which(tmp_path):
    paths = write_months(tmp_path)
    expected = [
        {"text": "one", "label": "a", "source": "2024-01.csv"},
        {"text": "two, or more", "label": "b", "source": "2024-02.csv"},
    ]
    assert read(join_paths([str(path) for path in paths]))[0] == expected
    assert read(tmp_path / "2024-*.csv")[0] == expected
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for path in paths:
            archive.write(path, f"months/{path.name}")
        archive.writestr("__MACOSX/months/._2024-01.csv", b"\0\1")
        archive.writestr("months/README.txt", "About the months.")
    assert read(tmp_path / "a.zip")[0] == expected
    assert read(f"{tmp_path / 'a.zip'}::2024-02.csv")[0] == [{"label": "b", "text": "two, or more"}]


def test_files_of_other_columns_are_not_read_together(tmp_path):
    first, _ = write_months(tmp_path)
    (tmp_path / "2024-03.csv").write_text("text,class\nthree,c\n")
    with pytest.raises(InputError, match=r"`.*03.csv` lacks the column `label` of `.*01.csv`"):
        read(tmp_path / "2024-*.csv")
    (tmp_path / "2024-03.csv").write_text("text,label,more\nthree,c,x\n")
    with pytest.raises(InputError, match=r"`.*01.csv` lacks the column `more` of `.*03.csv`"):
        read(join_paths([str(first), str(tmp_path / "2024-03.csv")]))


def test_files_called_train_and_test_are_the_splits_and_this_is_told(tmp_path):
    for name in ("train-00000-of-00001", "test-00000-of-00001"):
        pq.write_table(pa.table({"text": [name], "label": ["a"]}), tmp_path / f"{name}.parquet")
    rows, warnings = read(tmp_path / "*.parquet")
    assert [(row["text"][:4], row["split"]) for row in rows] == [("test", "test"), ("trai", "train")]
    assert any("say which split they are" in warning for warning in warnings)


def test_no_file_of_a_pattern_is_an_error_and_one_is_read_alone(tmp_path):
    first, second = write_months(tmp_path)
    second.unlink()
    assert read(tmp_path / "2024-*.csv")[0] == [{"text": "one", "label": "a"}]
    first.unlink()
    with pytest.raises(InputError, match="no file is called"):
        read(tmp_path / "2024-*.csv")


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path):
    path = tmp_path / "a[1]*.csv"
    path.write_text("text,label\none,a\n")
    (tmp_path / "a1b.csv").write_text("text,label\nother,b\n")
    assert read(path)[0] == [{"text": "one", "label": "a"}]


def test_an_archive_without_data_and_one_with_a_password_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("picture.png", b"\x89PNG")
    with pytest.raises(InputError, match=r"holds no data file, but `picture\.png`"):
        read(tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("a.csv", "text\nx\n")
    data = bytearray((tmp_path / "b.zip").read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # sets the bit that says: encrypted
        data[data.index(mark) + place] |= 1
    (tmp_path / "b.zip").write_bytes(bytes(data))
    with pytest.raises(InputError, match="needs a password"):
        read(tmp_path / "b.zip")


def test_members_of_an_archive_stay_in_the_folder_for_temporary_files(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("data/pos/1.txt", "good")
        archive.writestr("data/../../../neg/1.txt", "bad")
    rows, _ = read(tmp_path / "a.zip")
    assert {row["text"] for row in rows} == {"good", "bad"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip"]


# Options and refusals


@pytest.mark.parametrize("name", ["a.arrow", "a.sqlite", "a.sav"])
def test_an_option_about_text_files_is_refused_where_it_has_no_effect(tmp_path, name):
    WRITERS[name](tmp_path / name)
    with pytest.raises(InputError, match="--delimiter is for text tables"):
        read(tmp_path / name, delimiter=";")


REFUSED = {
    "a.xml": (b'<?xml version="1.0"?><reviews><review>Good</review></reviews>', "is XML"),
    "rows.dat": (b"<reviews>\n<review>Good</review></reviews>", "is XML"),
    "a.csv": (b"<!DOCTYPE html><html><body>Log in</body></html>", "is a web page"),
    "b.csv": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n", "is a pointer of Git LFS"),
    "a.gsheet": (b'{"url": "https://docs.google.com/spreadsheets/d/1"}', "is a link to a Google document"),
    "a.pkl": (b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00", "is a pickle of Python"),
    "a.npy": (b"\x93NUMPY\x01\x00", "is an array of NumPy"),
    "a.h5": (b"\x89HDF\r\n\x1a\n", "is an HDF5 file"),
    "a.rds": (b"X\n\0\0\0\x03\0\4\0\2", "is a file of R"),
    "a.avro": (b"Obj\x01\x04\x14avro.codec\0", "is an Avro file"),
    "a.7z": (b"7z\xbc\xaf\x27\x1c\0\4", "is a 7z archive"),
    "a.tar": (b"data.csv".ljust(257, b"\0") + b"ustar\x0000", "is a tar archive"),
    "a.rtf": (b"{\\rtf1\\ansi Good}", "is a rich text document"),
    "a.pdf": (b"%PDF-1.7\n", "is a PDF"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_files_without_rows_are_refused_by_what_they_are(tmp_path, name):
    content, reason = REFUSED[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=reason) as caught:
        read(tmp_path / name)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("member", "reason"),
    [("word/document.xml", "is a Word document"), ("ppt/slide1.xml", "is a PowerPoint"), ("x/data.pkl", "PyTorch")],
)
def test_other_archives_are_refused_by_what_they_are(tmp_path, member, reason):
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as archive:
        archive.writestr(member, "x")
    with pytest.raises(InputError, match=reason):
        read(tmp_path / "a.docx")


def test_a_text_that_begins_as_a_tag_or_a_magic_word_is_a_text(tmp_path):
    for first in ("<b>bold</b> words", "MZ is a car plate", "<USER> wrote this", "ORC is a creature"):
        path = tmp_path / "a.txt"
        path.write_text(f"{first}\nanother line of text\n")
        assert len(read(path)[0]) in (1, 2)


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
