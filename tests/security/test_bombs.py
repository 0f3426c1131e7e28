"""Files that are small on disk and huge in memory, in time or on another disk: each is refused in bounded memory."""

import bz2
import gzip
import lzma
import os
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import ROOT
from tests.security.test_data import read_in_little_memory
from txt.config import PrepareConfig
from txt.data.reading import expansion
from txt.data.reading.table import open_table
from txt.errors import InputError

LINE = b"a text that is no text,label\n"


def read_all(path: Path) -> int:
    with open_table(path, PrepareConfig()) as table:
        return sum(len(batch) for batch in table.batches())


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a file become a megabyte and no gigabyte, so that a bomb of a second shows what one of minutes does."""
    monkeypatch.setattr(expansion, "ALWAYS_BYTES", 1 << 20)


@pytest.mark.parametrize(("name", "pack"), [("a.gz", gzip.open), ("a.bz2", bz2.open), ("a.xz", lzma.open)])
def test_packed_rows_without_end_are_refused(tmp_path: Path, little: None, name: str, pack):
    with pack(tmp_path / name, "wb") as file:
        file.write(b"text,label\n" + LINE * 200_000)
    with pytest.raises(InputError, match="which no data file does"):
        read_all(tmp_path / name)


def test_zstd_rows_without_end_are_refused(tmp_path: Path, little: None):
    with pa.CompressedOutputStream(str(tmp_path / "a.zst"), "zstd") as file:
        file.write(b"text,label\n" + LINE * 200_000)
    with pytest.raises(InputError, match="which no data file does"):
        read_all(tmp_path / "a.zst")


def test_packed_text_of_people_is_read_however_well_it_packs(tmp_path: Path, little: None):
    rows = "".join(f"the same words in a row, number {number},{'ab'[number % 2]}\n" for number in range(60_000))
    with gzip.open(tmp_path / "a.csv.gz", "wt") as file:
        file.write("text,label\n" + rows.replace("row,", "row;"))
    assert read_all(tmp_path / "a.csv.gz") == 60_000


@pytest.mark.parametrize("names", [["a.csv"], ["a/1.txt", "b/2.txt"], [f"{number}.csv" for number in range(300)]])
def test_an_archive_that_unpacks_to_far_more_than_it_is_is_not_unpacked(tmp_path: Path, little: None, names: list[str]):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, b"text,label\n" + LINE * (2_000_000 // len(LINE) if len(names) < 9 else 1))
    with pytest.raises(InputError, match=r"no data file does|at most 200"):
        read_all(path)


def test_a_kind_of_archive_that_is_a_bomb_is_not_read_whole(tmp_path: Path):
    path = tmp_path / "a.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("mimetype", "w", force_zip64=True) as file,
    ):
        for _ in range(700):
            file.write(b"a" * 1_000_000)
    assert "is of the kind" in read_in_little_memory(tmp_path / "a.zip")


def make_sheet(path: Path, last: str) -> None:
    """Write a spreadsheet of two cells, of which the second may be anywhere."""
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>text</t></is></c></row>'
        f'<row r="{last.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")}"><c r="{last}" t="inlineStr"><is><t>b</t></is></c></row>'
        "</sheetData></worksheet>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
        archive.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kinds}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kinds}.worksheet+xml"/></Types>',
        )
        related = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        package = "http://schemas.openxmlformats.org/package/2006/relationships"
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{related}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
            f'xmlns:r="{related}"><sheets><sheet name="one" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{related}/worksheet" '
            'Target="worksheets/sheet1.xml"/></Relationships>',
        )
        archive.writestr("xl/worksheets/sheet1.xml", sheet)


def test_a_spreadsheet_of_two_cells_far_apart_is_refused_by_a_process_of_its_own(tmp_path: Path):
    pytest.importorskip("python_calamine", reason="the package python-calamine is not installed")
    make_sheet(tmp_path / "near.xlsx", "A2")
    assert "1 rows" in read_in_little_memory(tmp_path / "near.xlsx")
    make_sheet(tmp_path / "far.xlsx", "XFD1048576")
    assert "needs more than 2 GiB" in read_in_little_memory(tmp_path / "far.xlsx")


def read_narrowly(path: Path) -> str:
    """Read a file in a process of its own that may take 300 MB for a piece, and not 3 GB; returns the error."""
    code = (
        "import sys; from pathlib import Path; from txt.data.reading import expansion\n"
        "from txt.config import PrepareConfig; from txt.data.reading.table import open_table\n"
        "from txt.errors import InputError\n"
        "expansion._PIECE_BYTES = 300 << 20\n"
        "try:\n"
        "    with open_table(Path(sys.argv[1]), PrepareConfig()) as table:\n"
        "        print(sum(len(batch) for batch in table.batches()), 'rows')\n"
        "except InputError as error:\n"
        "    print(error)\n"
    )
    plainly = {**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system"}  # others reserve a gigabyte before they need it
    typed = [sys.executable, "-c", code, path]
    return subprocess.run(typed, capture_output=True, text=True, check=True, cwd=ROOT, env=plainly).stdout


def write_elsewhere(path: Path, written: str) -> None:
    """Write one long text in a process of its own: in this one, its memory would be there for whoever reads it."""
    code = (
        "import sys, pyarrow as pa, pyarrow.parquet as pq\n"
        "table = pa.table({'text': pa.array(['a' * 700_000_000], pa.large_string()), 'label': ['b']})\n"
    )
    subprocess.run([sys.executable, "-c", code + written, str(path)], check=True)
    assert path.stat().st_size < 1_000_000


def test_a_page_of_parquet_that_fills_the_memory_is_refused(tmp_path: Path):
    path = tmp_path / "page.parquet"
    options = "compression='zstd', use_dictionary=False, write_statistics=False"
    write_elsewhere(path, f"pq.write_table(table, sys.argv[1], {options})")
    assert "MiB of memory for a piece" in read_narrowly(path)


def test_a_text_of_parquet_that_thousands_of_rows_share_is_refused(tmp_path: Path):
    path = tmp_path / "shared.parquet"
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 10_000, pa.int32()), pa.array(["a" * 4_000_000]))
    pq.write_table(pa.table({"text": texts, "label": ["b"] * 10_000}), path, compression="zstd")
    assert path.stat().st_size < 1_000_000
    told = read_narrowly(path)
    assert "MiB of memory for a piece" in told or "no data file does" in told


def test_a_few_values_of_parquet_that_make_endless_rows_are_refused(tmp_path: Path, little: None):
    path = tmp_path / "rows.parquet"
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 400_000, pa.int32()), pa.array([LINE.decode() * 20]))
    pq.write_table(pa.table({"text": texts, "label": ["b"] * 400_000}), path, compression="zstd")
    with pytest.raises(InputError, match="no data file does"):
        read_all(path)


def test_arrow_buffers_that_unpack_to_more_than_the_memory_are_refused(tmp_path: Path):
    path = tmp_path / "a.arrow"
    options = "options=pa.ipc.IpcWriteOptions(compression='zstd')"
    write_elsewhere(
        path,
        f"with pa.OSFile(sys.argv[1], 'wb') as file, pa.ipc.new_file(file, table.schema, {options}) as writer:\n"
        "    writer.write_table(table)\n",
    )
    assert "MiB of memory for a piece" in read_narrowly(path)


DATABASES = {
    "rows without end": "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS text FROM n",
    "a value that fills the memory": "SELECT zeroblob(900000000) AS text",
    "a text that fills the memory": "SELECT hex(zeroblob(40000000)) AS text",
    "a function that is called for each row": "SELECT randomblob(50000000) AS text",
}


@pytest.mark.parametrize("attack", DATABASES)
def test_a_view_of_a_database_that_never_ends_or_fills_the_memory_is_refused(tmp_path: Path, little: None, attack: str):
    path = tmp_path / "a.sqlite"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"CREATE VIEW reviews AS {DATABASES[attack]}")
    database.close()
    with pytest.raises(InputError, match=r"no data file does|cannot be read: (not authorized|string or blob too big)"):
        read_all(path)


def test_the_limit_on_memory_is_gone_when_a_file_was_read(tmp_path: Path):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_AS)
    pq.write_table(pa.table({"text": ["a", "b"], "label": ["x", "y"]}), tmp_path / "a.parquet")
    assert read_all(tmp_path / "a.parquet") == 2
    with expansion.limit_memory("one", 0), expansion.limit_memory("two", 0):
        assert resource.getrlimit(resource.RLIMIT_AS)[0] != before[0]
    assert resource.getrlimit(resource.RLIMIT_AS) == before
    with pytest.raises(InputError, match="`one` needs more than 3,072 MiB"), expansion.limit_memory("one", 0):
        bytearray(20 << 30)
    assert resource.getrlimit(resource.RLIMIT_AS) == before
