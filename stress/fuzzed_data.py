"""Data files that the fuzzer damages, one of each kind, as other programs write them."""

import bz2
import contextlib
import gzip
import json
import lzma
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

ROWS = [(f"a text, number {number}", ("good", "bad")[number % 2]) for number in range(40)]


def make_csv() -> str:
    """Return the rows as a CSV file."""
    return "text,label\n" + "".join(f'"{text}",{label}\n' for text, label in ROWS)


def _make_table():  # type: ignore[no-untyped-def]
    import pyarrow as pa

    return pa.table({"text": [row[0] for row in ROWS], "label": [row[1] for row in ROWS]})


def _make_frame():  # type: ignore[no-untyped-def]
    import pandas as pd

    return pd.DataFrame(ROWS, columns=["text", "label"])


def _write_parquet(path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(_make_table(), path)


def _write_arrow(path: Path) -> None:
    import pyarrow as pa

    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, _make_table().schema) as writer:
        writer.write_table(_make_table())


def write_stream(path: Path) -> None:
    """Write the rows as a stream of Arrow."""
    import pyarrow as pa

    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, _make_table().schema) as writer:
        writer.write_table(_make_table())


def _write_feather(path: Path) -> None:
    import pyarrow.feather

    pyarrow.feather.write_feather(_make_table(), str(path), version=1)


def _write_sqlite(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE reviews (text TEXT, label TEXT)")
        database.executemany("INSERT INTO reviews VALUES (?, ?)", ROWS)
        database.execute("CREATE VIEW good AS SELECT text FROM reviews WHERE label = 'good'")
        database.commit()


def _write_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("reviews.csv", make_csv())


def _write_zip_of_texts(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (text, label) in enumerate(ROWS):
            archive.writestr(f"all/{label}/{number}.txt", text)


def _write_zstd(path: Path) -> None:
    import pyarrow as pa

    with pa.CompressedOutputStream(str(path), "zstd") as file:
        file.write(make_csv().encode())


def _pack(pack: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    return lambda path: _discard(path.write_bytes(pack(make_csv().encode())))


def _discard(_value: object) -> None:
    """Return nothing."""


def _write_statistics(name: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        import pyreadstat

        getattr(pyreadstat, name)(_make_frame(), str(path))

    return write


WRITERS: dict[str, Callable[[Path], None]] = {
    "fuzz.csv": lambda path: _discard(path.write_text(make_csv())),
    "fuzz.tsv": lambda path: _discard(path.write_text(make_csv().replace(",good", "\tgood").replace(",bad", "\tbad"))),
    "fuzz.txt": lambda path: _discard(path.write_text("".join(f"__label__{label} {text}\n" for text, label in ROWS))),
    "fuzz.jsonl": lambda path: _discard(
        path.write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in ROWS))
    ),
    "fuzz.json": lambda path: _discard(
        path.write_text(json.dumps([{"text": text, "label": label} for text, label in ROWS]))
    ),
    "fuzz-columns.json": lambda path: _discard(
        path.write_text(json.dumps({"text": [row[0] for row in ROWS], "label": [row[1] for row in ROWS]}))
    ),
    "fuzz-nested.jsonl": lambda path: _discard(
        path.write_text(
            "".join(
                json.dumps({"review": {"text": text, "tags": [label]}, "label": label}) + "\n" for text, label in ROWS
            )
        )
    ),
    "fuzz.csv.gz": _pack(gzip.compress),
    "fuzz.csv.bz2": _pack(bz2.compress),
    "fuzz.csv.xz": _pack(lzma.compress),
    "fuzz.csv.zst": _write_zstd,
    "fuzz.zip": _write_zip,
    "fuzz-texts.zip": _write_zip_of_texts,
    "fuzz.parquet": _write_parquet,
    "fuzz.arrow": _write_arrow,
    "fuzz-stream.arrow": write_stream,
    "fuzz.feather": _write_feather,
    "fuzz.sqlite": _write_sqlite,
    "fuzz.xlsx": lambda path: _discard(_make_frame().to_excel(path, index=False)),
    "fuzz.ods": lambda path: _discard(_make_frame().to_excel(path, index=False, engine="odf")),
    "fuzz.sav": _write_statistics("write_sav"),
    "fuzz.zsav": lambda path: _discard(__import__("pyreadstat").write_sav(_make_frame(), str(path), compress=True)),
    "fuzz.por": _write_statistics("write_por"),
    "fuzz.dta": _write_statistics("write_dta"),
    "fuzz.xpt": _write_statistics("write_xport"),
}
"""A data file of each kind, by its name. SAS's own .sas7bdat is missing: nothing writes it."""
