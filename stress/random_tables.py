"""Reads tables that other libraries wrote in random dialects, and holds every cell against pandas told the dialect.

python -m stress.random_tables --tables 1000
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.data.random_tables import make_table
from txt.config import PrepareConfig
from txt.data.reading.table import open_table
from txt.errors import InputError


def main() -> int:
    """Read the tables of so many seeds; returns 1 where one was read otherwise than pandas reads it."""
    options = argparse.ArgumentParser(prog="python -m stress.random_tables", description=__doc__)
    options.add_argument("--tables", type=int, default=1000)
    options.add_argument("--first", type=int, default=0, help="the first seed")
    given = options.parse_args()
    wrong, refused = [], []
    with tempfile.TemporaryDirectory(prefix="txt-tables-") as folder:
        for seed in range(given.first, given.first + given.tables):
            table = make_table(seed)
            try:
                with open_table(table.write(Path(folder)), PrepareConfig()) as opened:
                    rows = list(opened.rows())
            except InputError as error:
                refused.append(f"{seed} ({table.written}): {error.message}")
                continue
            _, expected = table.read_with_pandas()
            if list(rows[0]) != table.columns or [[cell or "" for cell in row.values()] for row in rows] != expected:
                wrong.append(f"{seed} ({table.written})")
    right = given.tables - len(wrong) - len(refused)
    print(f"{right:,} as pandas reads them, {len(refused):,} refused, {len(wrong):,} wrong")
    print("\n".join([*(f"wrong: {each}" for each in wrong), *(f"refused: {each}" for each in refused)]))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
