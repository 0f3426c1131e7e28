"""Tables written by other libraries in random dialects, encodings, line ends and column orders, with what is in them.

Each is described by its seed alone: the trial of a seed that failed once fails again.
"""

import csv
import io
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv

Cells = list[list[str]]

_LATIN = "the box came late and the lid is broken but it works, really; nobody knows why | perhaps"
_WESTERN = "größer für schön naïve café señor mañana déjà façade übrig, weiß; œuvre"
_ANY = "東京 で 買う привет мир مرحبا नमस्ते 🙂 ok fine, then; so"
_WORDS = {"latin": _LATIN.split(), "western": _WESTERN.split(), "any": _ANY.split()}
_ENCODINGS = {
    "latin": ("utf-8", "utf-8-sig", "utf-16", "ascii"),
    "western": ("utf-8", "utf-8-sig", "utf-16", "cp1252"),
    "any": ("utf-8", "utf-8-sig", "utf-16", "utf-16-le"),
}
_HEADERS = (
    ("text", "label", "id", "note"),
    ("reviewText", "sentiment", "No.", "remarks"),
    ("comentario", "categoría", "numero", "nota"),
    ("Kommentar", "Kategorie", "nr", "Notiz"),
)
_CLASSES = (("positive", "negative", "neutral"), ("spam", "ham"), ("1", "2", "3"), ("very good", "so, so"))


@dataclass(frozen=True)
class RandomTable:
    """A file's bytes, the columns and cells in it, how it was written, and what pandas must be told to read it."""

    content: bytes
    columns: list[str]
    cells: Cells
    written: str
    encoding: str
    pandas_options: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        """Write the file, under an ending that says nothing untrue."""
        path = folder / ("data.tsv" if self.pandas_options["sep"] == "\t" else "data.csv")
        path.write_bytes(self.content)
        return path

    def read_with_pandas(self) -> tuple[list[str], Cells]:
        """Return columns and cells as pandas reads them, given the dialect."""
        frame = pd.read_csv(
            io.BytesIO(self.content), encoding=self.encoding, dtype=str, keep_default_na=False, **self.pandas_options
        )
        return [str(name) for name in frame.columns], frame.to_numpy().tolist()


def make_table(seed: int) -> RandomTable:
    """Return the table of a seed."""
    rng = random.Random(seed)
    script = rng.choice(list(_WORDS))
    encoding = rng.choice(_ENCODINGS[script])
    columns, cells = _make_cells(rng, script)
    if not _can_hold(encoding, [columns, *cells]):
        encoding = "utf-8"
    writer = rng.choice((_write_csv, _write_csv, _write_pandas, _write_arrow))
    if writer is _write_arrow:
        encoding = "utf-8"
    return writer(rng, columns, cells, encoding)


def _can_hold(encoding: str, cells: Cells) -> bool:
    try:
        "".join(cell for row in cells for cell in row).encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _make_cells(rng: random.Random, script: str) -> tuple[list[str], Cells]:
    names = rng.choice(_HEADERS)
    classes = rng.choice(_CLASSES)
    kinds = ["text", "label", *rng.sample(["id", "note"], rng.randint(0, 2))]
    rng.shuffle(kinds)
    harm = rng.choice(("none", "quotes", "breaks", "all"))
    rows = []
    for number in range(rng.choice((15, 40, 200, 3000))):
        made = {
            "text": _make_text(rng, script, harm),
            "label": rng.choice(classes),
            "id": str(number + 1),
            "note": rng.choice(("", "", "", "seen twice")),
        }
        rows.append([made[kind] for kind in kinds])
    return [names[("text", "label", "id", "note").index(kind)] for kind in kinds], rows


def _make_text(rng: random.Random, script: str, harm: str) -> str:
    words = rng.choices(_WORDS[script], k=rng.randint(4, 14))
    if harm in ("quotes", "all") and rng.random() < 0.3:
        words[rng.randrange(len(words))] = rng.choice(('"so"', '5"', 'he said "no, never"', "it's", '""', "'quoted'"))
    if harm in ("breaks", "all") and rng.random() < 0.3:
        words[rng.randrange(len(words))] = rng.choice(("\n", "one\ntwo", "a\n\nb"))
    if harm == "all" and rng.random() < 0.2:
        words[rng.randrange(len(words))] = rng.choice(("C:\\temp\\new", "\t", "#1", "x\u2028y", "\\n"))
    return " ".join(words).strip() or "nothing"


def _write_csv(rng: random.Random, columns: list[str], cells: Cells, encoding: str) -> RandomTable:
    delimiter = rng.choice((",", "\t", ";", "|"))
    quoting = rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONE))
    line_end = rng.choice(("\n", "\r\n"))
    options: dict[str, Any] = {"delimiter": delimiter, "quoting": quoting, "lineterminator": line_end}
    read: dict[str, Any] = {"sep": delimiter, "quoting": quoting}
    if quoting == csv.QUOTE_NONE:  # such files can hold no delimiter and no line break
        cells = [[" ".join(cell.replace(delimiter, " ").split()) or "-" for cell in row] for row in cells]
        lines = [delimiter.join(row) for row in [columns, *cells]]
        content = line_end.join(lines) + line_end
    else:
        target = io.StringIO(newline="")
        writer = csv.writer(target, **options)
        writer.writerows([columns, *cells])
        content = target.getvalue()
    title = rng.random() < 0.1
    if title:
        content = f"All answers of the last year{line_end}" + content
        read["skiprows"] = 1
    kind = {csv.QUOTE_NONE: "no quotes", csv.QUOTE_ALL: "all quoted"}.get(quoting, "quotes where needed")
    told = f"csv, {delimiter!r}, {kind}, {line_end!r}, {encoding}{', a title' * title}"
    return RandomTable(content.encode(encoding), columns, cells, told, encoding, read)


def _write_pandas(rng: random.Random, columns: list[str], cells: Cells, encoding: str) -> RandomTable:
    delimiter = rng.choice((",", "\t", ";"))
    index = rng.random() < 0.3
    frame = pd.DataFrame(cells, columns=columns)
    content = frame.to_csv(sep=delimiter, index=index, lineterminator=rng.choice(("\n", "\r\n"))).encode(encoding)
    if index:
        columns, cells = ["column_1", *columns], [[str(number), *row] for number, row in enumerate(cells)]
    told = f"pandas, {delimiter!r}, {encoding}{', an index' * index}"
    return RandomTable(content, columns, cells, told, encoding, {"sep": delimiter})


def _write_arrow(rng: random.Random, columns: list[str], cells: Cells, encoding: str) -> RandomTable:
    delimiter = rng.choice((",", ";", "\t"))
    style = rng.choice(("needed", "all_valid"))
    table = pa.table({name: [row[place] for row in cells] for place, name in enumerate(columns)})
    target = io.BytesIO()
    pa_csv.write_csv(table, target, pa_csv.WriteOptions(delimiter=delimiter, quoting_style=style))
    told = f"pyarrow, {delimiter!r}, {style}"
    return RandomTable(target.getvalue(), columns, cells, told, encoding, {"sep": delimiter})
