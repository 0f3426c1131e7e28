"""Damages small data files at random and reads them: each is read as pandas reads it, or refused in one clear line.

`python -m stress.mutated_files` reads 1,000; the same seed gives the same files.
"""

import argparse
import bz2
import csv
import gzip
import io
import json
import random
import re
import signal
import sqlite3
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from txt.config import PrepareConfig
from txt.data.reading.table import Table, open_table
from txt.errors import TxtError

SECONDS = 20
"""The time that one file may take; what takes longer hangs."""

_WORDS = (
    "film",
    "actor",
    "plot",
    "dull",
    "great",
    "late",
    "broken",
    "fine",
    "slow",
    "3",
    "10%",
    "don't",
    "größe",
    "日本",
)
_ODD_WORDS = ("☺", "a,b", "x;y", "it's", "C:\\dir", "#1", "…", "1,5", "a|b", "-", "=1+1")
_LABELS = ("negative", "neutral", "positive")
_ROWS = 40
_TEXT_FORMATS = ("csv", "excel")

Table_ = list[tuple[str, str, str]]


@dataclass
class Outcome:
    """What became of all files: counts by kind and ending, and a line for each that went wrong."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class TooSlowError(Exception):
    """A file took longer than SECONDS."""


def run(files: int, seed: int, folder: Path, *, seconds: int = SECONDS) -> Outcome:
    """Damage and read `files` files, all in this process; what goes wrong stays in `folder`."""
    outcome = Outcome()
    for number in range(files):
        rng = random.Random(f"{seed} {number}")
        kind = rng.choice(list(WRITERS))
        ending, write = WRITERS[kind]
        path = folder / f"{number}{ending}"
        write(path, make_table(rng), rng)
        whole = path.read_bytes()
        told = []
        data = whole
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            name = rng.choice(list(MUTATIONS))
            told.append(name)
            data = MUTATIONS[name](data, rng)
        path.write_bytes(data)
        ended, reason = judge(path, seconds)
        outcome.counts[kind, ended] += 1
        if ended == "wrong":
            outcome.wrong.append(f"{path.name} ({kind}: {', '.join(told)}; seed {seed}): {reason}")
        else:
            path.unlink()
    return outcome


def judge(path: Path, seconds: int = SECONDS) -> tuple[str, str]:
    """Return how reading a file ended: "read", "refused" or "wrong", and why."""
    try:
        with _limit_time(seconds), open_table(path, PrepareConfig()) as table:
            rows = list(table.rows())
            reason = compare(table, rows)
    except TxtError as error:
        if "\n" in error.message or not error.message:
            return "wrong", f"the error is not one line: {error.message!r}"
        return "refused", error.message
    except TooSlowError:
        return "wrong", f"takes longer than {seconds} s"
    except Exception as error:
        return "wrong", f"{type(error).__name__}: {error}"
    return ("wrong", reason) if reason else ("read", "")


def compare(table: Table, rows: list[dict[str, str | None]]) -> str | None:
    """Return how the rows differ from what another library reads with the same dialect; None where they do not."""
    reader = REFERENCES.get(table.dialect.format)
    if reader is None or table.dialect.parts:
        return None
    expected = reader(table)
    if expected is None:
        return None
    ours = [tuple(value or "" for value in row.values()) for row in rows]
    if ours == expected or (table.notes and _is_told(ours, expected)):
        return None
    where = next((n for n, (one, other) in enumerate(zip(ours, expected, strict=False)) if one != other), None)
    if where is None:
        return f"{len(ours)} rows, and the reference has {len(expected)}"
    return f"row {where + 1} is {ours[where]!r}, and the reference has {expected[where]!r}"


def _is_told(ours: list[tuple[str, ...]], expected: list[tuple[str, ...]]) -> bool:
    """Tell whether all rows are the reference's, in its order: notes tell of those that were left out."""
    rest = iter(expected)
    return all(row in rest for row in ours)


_MARKS = re.compile("(?m)^\ufeff+")  # of files that were put together: txt says that they are no letters


def _read_csv(table: Table) -> list[tuple[str, ...]] | None:
    """Read a delimited file with pandas, by the dialect that was found; None where pandas has no such dialect."""
    dialect = table.dialect
    with table.source.open() as file:
        text = _MARKS.sub("", file.read().decode(dialect.encoding))
    if dialect.delimiter is None or dialect.escape or "\0" in text or dialect.quote == "'":
        return None
    lines = io.StringIO(text, newline="")
    for _ in range(dialect.skip_lines):
        lines.readline()
    try:
        frame = pd.read_csv(
            io.StringIO(lines.read(), newline=""),
            sep=dialect.delimiter,
            quotechar=dialect.quote or '"',
            quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
            skipinitialspace=dialect.skip_spaces,
            header=None,
            names=range(len(dialect.columns)),
            index_col=False,
            dtype=str,
            keep_default_na=False,
            na_filter=False,
            engine="python",
            on_bad_lines=lambda cells: cells[: len(dialect.columns)],
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error):
        return None
    rows = [
        tuple("" if value is None or value != value else str(value) for value in row) for row in frame.values.tolist()
    ]
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    return rows[dialect.has_header + dialect.extra_headers :]


def _read_parquet(table: Table) -> list[tuple[str, ...]]:
    with table.source.on_disk() as path:
        frame = pq.read_table(path).to_pandas()
    return [
        tuple("" if value is None or value != value else str(value) for value in row) for row in frame.values.tolist()
    ]


def _read_sqlite(table: Table) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(table.source.path)) as database:
        frame = pd.read_sql_query('SELECT * FROM "reviews"', database)
    return [
        tuple("" if value is None or value != value else str(value) for value in row) for row in frame.values.tolist()
    ]


def _read_json_lines(table: Table) -> list[tuple[str, ...]] | None:
    with table.source.open() as file:
        text = file.read().decode(table.dialect.encoding)
    records = [json.loads(line) for line in text.split("\n") if line.strip()]
    names = list(dict.fromkeys(name for record in records for name in record))
    if any(not isinstance(value, str) for record in records for value in record.values()):
        return None
    return [tuple(record.get(name, "") for name in names) for record in records]


REFERENCES: dict[str, Callable[[Table], list[tuple[str, ...]] | None]] = {
    "csv": _read_csv,
    "parquet": _read_parquet,
    "sqlite": _read_sqlite,
    "jsonl": _read_json_lines,
}
"""What reads each format without any code of ours."""


def make_table(rng: random.Random) -> Table_:
    """Return rows of a text, a label and a number."""
    return [(_make_text(rng), rng.choice(_LABELS), str(rng.randrange(1, 6))) for _ in range(rng.choice((3, 12, _ROWS)))]


def _make_text(rng: random.Random) -> str:
    words = rng.choices((*_WORDS, *_ODD_WORDS), k=rng.randrange(3, 12))
    if rng.random() < 0.15:
        words.insert(rng.randrange(len(words)), rng.choice(('"quoted"', "two\nlines", 'a "', "tab\tbed")))
    return " ".join(words)


# Writers


def _write_csv(path: Path, rows: Table_, rng: random.Random) -> None:
    text = io.StringIO(newline="")
    quoting = rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC))
    end, delimiter = rng.choice(("\n", "\n", "\r\n")), rng.choice(",,;\t|")
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=end)
    if rng.random() < 0.9:
        writer.writerow(("text", "label", "stars"))
    writer.writerows(rows)
    codec = rng.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252"))
    path.write_bytes(text.getvalue().encode(codec, "replace"))


def _to_records(rows: Table_) -> list[dict[str, str]]:
    return [dict(zip(("text", "label", "stars"), row, strict=True)) for row in rows]


def _write_json_lines(path: Path, rows: Table_, rng: random.Random) -> None:
    ascii_only = rng.random() < 0.5
    path.write_text("".join(json.dumps(each, ensure_ascii=ascii_only) + "\n" for each in _to_records(rows)), "utf-8")


def _write_json(path: Path, rows: Table_, rng: random.Random) -> None:
    path.write_text(json.dumps(_to_records(rows), indent=rng.choice((None, 1)), ensure_ascii=False), "utf-8")


def _write_parquet(path: Path, rows: Table_, rng: random.Random) -> None:
    pq.write_table(pa.Table.from_pylist(_to_records(rows)), path, compression=rng.choice(("snappy", "none", "gzip")))


def _write_arrow(path: Path, rows: Table_, rng: random.Random) -> None:
    table = pa.Table.from_pylist(_to_records(rows))
    make = rng.choice((pa.ipc.new_file, pa.ipc.new_stream))
    with pa.OSFile(str(path), "wb") as file, make(file, table.schema) as writer:
        writer.write_table(table)


def _write_sqlite(path: Path, rows: Table_, _rng: random.Random) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE reviews (text TEXT, label TEXT, stars TEXT)")
        database.executemany("INSERT INTO reviews VALUES (?, ?, ?)", rows)
        database.commit()


def _write_xlsx(path: Path, rows: Table_, _rng: random.Random) -> None:
    pd.DataFrame(_to_records(rows)).to_excel(path, index=False)


def _write_zip(path: Path, rows: Table_, rng: random.Random) -> None:
    inner = path.with_suffix(".csv")
    _write_csv(inner, rows, rng)
    with zipfile.ZipFile(path, "w", rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))) as archive:
        archive.write(inner, "reviews.csv")
    inner.unlink()


def _write_packed(pack: Callable[[bytes], bytes]) -> Callable[[Path, Table_, random.Random], None]:
    def write(path: Path, rows: Table_, rng: random.Random) -> None:
        _write_csv(path, rows, rng)
        path.write_bytes(pack(path.read_bytes()))

    return write


WRITERS: dict[str, tuple[str, Callable[[Path, Table_, random.Random], None]]] = {
    "csv": (".csv", _write_csv),
    "text": (".txt", _write_csv),
    "tsv": (".tsv", _write_csv),
    "no ending": ("", _write_csv),
    "json lines": (".jsonl", _write_json_lines),
    "json": (".json", _write_json),
    "parquet": (".parquet", _write_parquet),
    "arrow": (".arrow", _write_arrow),
    "sqlite": (".sqlite", _write_sqlite),
    "xlsx": (".xlsx", _write_xlsx),
    "zip": (".zip", _write_zip),
    "gzip": (".csv.gz", _write_packed(gzip.compress)),
    "bzip2": (".csv.bz2", _write_packed(bz2.compress)),
}
"""What is damaged: each kind of file with its ending, and the function that writes one."""


# Damages


def _flip_bytes(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 3, 20))):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _change_letters(data: bytes, rng: random.Random) -> bytes:
    """Put other plain letters in the place of some, so that most files can still be read."""
    changed = bytearray(data)
    places = [place for place, byte in enumerate(data) if 0x61 <= byte <= 0x7A]
    for place in rng.sample(places, min(len(places), rng.choice((1, 3, 20)))):
        changed[place] = rng.choice(b"abcxyz019 ,;'\"|\t-.")
    return bytes(changed)


def _repeat_lines(data: bytes, rng: random.Random) -> bytes:
    """Leave lines out, or write them twice."""
    lines = data.splitlines(keepends=True)
    return b"".join(line * rng.choice((0, 1, 1, 1, 1, 2)) for line in lines)


def _cut(data: bytes, rng: random.Random) -> bytes:
    start, stop = sorted((rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)))
    return rng.choice((data[:stop], data[start:], data[:start] + data[stop:]))


def _join(data: bytes, rng: random.Random) -> bytes:
    start, stop = sorted((rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)))
    return rng.choice((data + data, data + data[start:stop], data[:start] + data[start:stop] + data[start:]))


def _insert(data: bytes, rng: random.Random) -> bytes:
    pieces = (
        b'"',
        b"'",
        b'""',
        b"\\",
        b'\\"',
        b",",
        b";",
        b"\t",
        b"\n",
        b"\r",
        b"\r\n\r\n",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b"{",
        b"]",
    )
    for _ in range(rng.choice((1, 1, 5))):
        place = rng.randrange(len(data) + 1)
        data = data[:place] + rng.choice(pieces) + data[place:]
    return data


def _drop_quotes(data: bytes, rng: random.Random) -> bytes:
    places = [place for place, byte in enumerate(data) if byte == 0x22]
    gone = set(rng.sample(places, min(len(places), rng.choice((1, 2, 7)))))
    return bytes(byte for place, byte in enumerate(data) if place not in gone)


def _shuffle_lines(data: bytes, rng: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    rng.shuffle(lines)
    return b"".join(lines)


MUTATIONS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "bytes flipped": _flip_bytes,
    "letters changed": _change_letters,
    "lines repeated": _repeat_lines,
    "cut": _cut,
    "joined": _join,
    "characters put in": _insert,
    "quotes taken out": _drop_quotes,
    "lines shuffled": _shuffle_lines,
}
"""What is done to a file."""


@contextmanager
def _limit_time(seconds: int) -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def main() -> int:
    """Damage and read files, and print what became of them; returns 1 where one was read wrongly."""
    options = argparse.ArgumentParser(prog="python -m stress.mutated_files", description=__doc__)
    options.add_argument("--files", type=int, default=1000)
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="txt-mutated-"))
    outcome = run(given.files, given.seed, folder)
    for kind in WRITERS:
        told = ", ".join(f"{outcome.counts[kind, each]} {each}" for each in ("read", "refused", "wrong"))
        print(f"{kind:12} {told}")
    print("\n".join(outcome.wrong))
    if outcome.wrong:
        print(f"the files are in {folder}")
    return int(bool(outcome.wrong))


if __name__ == "__main__":
    sys.exit(main())
