import pytest

from tests.data.random_tables import make_table
from txt.config import PrepareConfig
from txt.data.reading.how_read import ReadingOptions
from txt.data.reading.open_rows import open_rows
from txt.data.reading.table import open_table
from txt.errors import InputError

TABLES = 100


def read_cells(path):
    with open_table(path, PrepareConfig()) as opened:
        rows = list(opened.rows())
    return list(rows[0]), [[cell or "" for cell in row.values()] for row in rows]


@pytest.mark.parametrize("first", range(0, TABLES, 10))
def test_random_tables_are_read_as_pandas_reads_them_when_told_the_dialect(tmp_path, first):
    refused = []
    for seed in range(first, first + 10):
        table = make_table(seed)
        try:
            columns, cells = read_cells(table.write(tmp_path))
        except InputError as error:
            refused.append(f"{seed} ({table.written}): {error.message}")
            continue
        names, expected = table.read_with_pandas()
        assert len(columns) == len(names), f"{seed}: {table.written}"
        assert cells == expected == table.cells, f"{seed}: {table.written}"
        assert columns == table.columns, f"{seed}: {table.written}"
    assert len(refused) <= 1, refused


@pytest.mark.parametrize("seed", range(0, TABLES, 4))
def test_labeling_reads_the_rows_that_preparing_reads(tmp_path, seed):
    path = make_table(seed).write(tmp_path)
    columns, cells = read_cells(path)
    rows = open_rows(path, ReadingOptions(columns[0]), tmp_path / "index")
    assert list(rows.form.columns) == columns
    assert [rows.cells(row) for row in range(len(rows))] == cells
    rows.close()
