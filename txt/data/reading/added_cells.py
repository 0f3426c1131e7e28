"""Adds cells at the end of a data file's row; all other bytes stay as they are."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from txt.data.reading.delimited_rows import parse_cells
from txt.data.reading.rows import Form, find_content_end


def add_cells(row: bytes, names: Sequence[str], values: Sequence[Any], form: Form) -> bytes:
    """Return a row of a delimited file with cells added, or of JSON lines with fields.

    Cells are quoted where the dialect needs it; characters that the encoding lacks are escaped. None is written as an
    empty cell, or as null.
    """
    end = find_content_end(row, form)
    if form.csv_options is None:
        return add_fields(row[:end], dict(zip(names, values, strict=True)), form.codec) + row[end:]
    return _append_cells(_complete_row(row[:end], form), values, form) + row[end:]


def add_cells_to_head(head: bytes, names: Sequence[str], form: Form) -> bytes:
    """Return the bytes before the first row (byte order mark, blank lines, header), new columns added.

    A file without a header gets one: the names of the new columns are all that tells a label from a status.
    """
    if form.csv_options is None:
        return head
    if not form.has_header:
        header = _append_cells(_write_cells(form.columns[: form.rules.width], form), names, form)
        return head + header + _get_line_end(form).encode(form.codec)
    end = form.start + find_content_end(head[form.start :], form, form.skip_lines)
    if form.header[:1] == ("",):
        head, end = _name_first_column(head, end, form)
    return _append_cells(head[:end], names, form) + head[end:]


def _name_first_column(head: bytes, end: int, form: Form) -> tuple[bytes, int]:
    """Return the bytes before the first row with a name for the row names, if they have none, and where these end."""
    *_, cells = [[], *parse_cells(io.StringIO(head[form.start : end].decode(form.codec), newline=""), form.rules)]
    if len(cells) != form.rules.width - 1:
        return head, end
    lines = head[form.start : end].decode(form.codec).splitlines(keepends=True)
    start = form.start + len("".join(lines[: form.skip_lines]).encode(form.codec))
    added = (form.columns[0] + form.rules.delimiter).encode(form.codec)
    return head[:start] + added + head[start:], end + len(added)


def add_fields(record: bytes, fields: Mapping[str, Any], codec: str) -> bytes:
    """Return a JSON object with fields added."""
    end = record.rindex("}".encode(codec))
    added = json.dumps(dict(fields), ensure_ascii=False)[1:-1]
    comma = "" if record[:end].decode(codec).strip() == "{" else ", "
    return record[:end] + (comma + added).encode(codec, "backslashreplace") + record[end:]


def _complete_row(content: bytes, form: Form) -> bytes:
    """Return a row with as many cells as there are columns: empty ones at its end may be missing, or too many."""
    rules = form.rules
    if form.one_column:
        return content
    text = content.decode(form.codec)
    quotes = rules.csv_options.get("quoting") != csv.QUOTE_NONE and str(rules.csv_options.get("quotechar", '"')) in text
    if not quotes and not (rules.escape and "\\" in text):
        count = text.count(rules.delimiter) + 1
    else:
        rows = parse_cells(io.StringIO(text, newline=""), replace(rules, skip_lines=0))
        count = len(next((cells for cells in rows if cells), ()))
    if count == rules.width:
        return content
    missing = rules.width - count
    text = text + missing * rules.delimiter if missing > 0 else text.removesuffix(-missing * rules.delimiter)
    return text.encode(form.codec)


def _write_cells(cells: Sequence[str], form: Form) -> bytes:
    line = io.StringIO()
    csv.writer(line, **{**(form.csv_options or {}), "lineterminator": ""}).writerow(cells)
    return line.getvalue().encode(form.codec, "backslashreplace")


def _get_line_end(form: Form) -> str:
    return str((form.csv_options or {}).get("lineterminator", "\n"))


def _append_cells(content: bytes, values: Sequence[Any], form: Form) -> bytes:
    options = dict(form.csv_options or {})
    if form.padded:
        cells = [str("" if value is None else value).replace('"', "'") for value in values]
        cells = [" ".join(cell.replace(form.rules.delimiter, " ").split()) for cell in cells]
        added = "".join(f" {form.rules.delimiter} {cell}" for cell in cells)
        return content + added.encode(form.codec, "backslashreplace")
    if form.one_column:  # nothing separates cells in such a file, so its lines get tabs
        options["delimiter"] = "\t"
    cells = ["" if value is None else str(value) for value in values]
    if options.get("quoting") == csv.QUOTE_NONE:
        options["quotechar"] = None
        cells = [" ".join(cell.replace(options["delimiter"], " ").split()) for cell in cells]
        cells = [cell.replace("\\", "\\\\") for cell in cells] if form.escape else cells
    elif form.escape:
        options.update(escapechar=form.escape, doublequote=False)
    line = io.StringIO()
    csv.writer(line, **{**options, "lineterminator": ""}).writerow(["x", *cells])
    return content + line.getvalue()[1:].encode(form.codec, "backslashreplace")
