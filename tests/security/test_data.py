"""Files that are small on disk and huge in memory, and cells that a spreadsheet would run."""

import csv
import gzip
import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import ROOT
from txt.data.reading.formulas import escape_formulas
from txt.errors import InputError

HUGE = 600_000_000  # characters, gzipped to half a megabyte
_MOST = 700 << 20  # bytes that reading may take, txt itself included


def read_in_little_memory(path: Path) -> str:
    """Read a data file in a process of its own; returns its last line, and fails where it took much memory."""
    code = (
        "import sys; from pathlib import Path; from tests.security.peak import peak_bytes;"
        "from txt.config import PrepareConfig; from txt.data.reading.table import open_table\n"
        "from txt.errors import TxtError\n"
        "try:\n"
        "    with open_table(Path(sys.argv[1]), PrepareConfig()) as table:\n"
        "        print(sum(len(batch) for batch in table.batches()), 'rows')\n"
        "except TxtError as error:\n"
        "    print(error)\n"
        "print(peak_bytes())\n"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True, cwd=ROOT)
    *_, told, peak = done.stdout.splitlines()
    assert int(peak) < _MOST, f"{int(peak) >> 20} MiB: {told}"
    return told


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("bomb.csv.gz", b"text,label\n"),
        ("bomb.jsonl.gz", b'{"text": "a", "label": "b"}\n'),
        ("open.csv.gz", b'text\n"'),
    ],
)
def test_a_line_that_never_ends_is_refused_in_bounded_memory(tmp_path: Path, name: str, begins: bytes):
    with gzip.open(tmp_path / name, "wb", compresslevel=1) as file:
        file.write(begins)
        for _ in range(HUGE // 1_000_000):
            file.write(b"a" * 1_000_000)
    assert (tmp_path / name).stat().st_size < 4_000_000
    told = read_in_little_memory(tmp_path / name)
    assert name in told
    assert "line 2" in told


def test_a_cell_that_is_too_large_in_parquet_is_refused(tmp_path: Path):
    pq.write_table(pa.table({"text": ["a" * 6_000_000], "label": ["b"]}), tmp_path / "large.parquet")
    assert "row 1 of" in read_in_little_memory(tmp_path / "large.parquet")


def test_formulas_are_escaped_and_numbers_and_all_else_stay(tmp_path: Path):
    rows = [
        ["text", "n", "note"],
        ['=HYPERLINK("http://x","click")', "-5", "+1.5e3"],
        ["@SUM(A1)", "007", "two\nlines, = inside"],
        ["+cmd|' /C calc'!A0", "-", "- a list"],
        ["\tindented", "", "fine"],
    ]
    path = tmp_path / "answers.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    assert escape_formulas(path) == 6
    with path.open(newline="", encoding="utf-8") as file:
        found = list(csv.reader(file))
    assert found[0] == rows[0]
    assert found[1] == ["'" + rows[1][0], "-5", "+1.5e3"]
    assert found[2] == ["'@SUM(A1)", "007", "two\nlines, = inside"]
    assert found[3] == ["'" + rows[3][0], "'-", "'- a list"]
    assert found[4] == ["'\tindented", "", "fine"]


def test_formulas_are_a_matter_of_csv_alone(tmp_path: Path):
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": "=1+1"}) + "\n")
    before = (tmp_path / "a.jsonl").read_bytes()
    with pytest.raises(InputError, match="is for CSV"):
        escape_formulas(tmp_path / "a.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == before


def test_labels_are_exported_without_formulas_where_that_is_asked_for(tmp_path: Path, monkeypatch, capsys):
    from txt.cli import main

    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text("text,label\n=1+1,good\n-3,bad\nplain,good\n")
    from txt.labeling.store.journal import Journal, store_path

    Journal.open(store_path(Path("data.csv"))).close()
    assert main(["label", "data.csv", "--export", "out.csv", "--escape-formulas"]) == 0, capsys.readouterr().err
    assert "'=1+1" in Path("out.csv").read_text()
    assert "\n-3," in Path("out.csv").read_text()
