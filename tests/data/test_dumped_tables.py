"""Tables as databases dump them, as people draw them, and as files put together: read right and told, or refused."""

import io
import json

import pytest

from tests.data.test_how_files_are_read import LABELS, PLAIN, TEXTS, lines, read
from tests.spreadsheets import make_book
from txt.cli import main
from txt.config import PrepareConfig
from txt.data.reading.columns import find_label
from txt.data.reading.dialect import detect_dialect
from txt.data.reading.split_column import find_split
from txt.data.reading.table import open_table
from txt.errors import InputError

PAIRS = list(zip(TEXTS, LABELS, strict=True))
ODD = [
    text.replace(" came", "\ncame") if place % 3 else text.replace(" came", "\tcame")
    for place, text in enumerate(TEXTS)
]


def write_outfile(text):
    r"""Escape a cell as MySQL's INTO OUTFILE does: a backslash before the tab, the line end and itself."""
    return text.replace("\\", "\\\\").replace("\t", "\\\t").replace("\n", "\\\n")


def write_copy(text):
    """Escape a cell as PostgreSQL's COPY does, by letters."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


@pytest.mark.parametrize("escape", [write_outfile, write_copy])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_a_database_escapes_by_backslashes_is_read_and_told(write, escape, end):
    texts = [f"C:\\new and {text}" for text in ODD]
    rows = [f"{escape(text)}\t{label}" for text, label in zip(texts, LABELS, strict=True)] + ["nothing\t\\N"]
    columns, cells, told = read(write(lines("text\tlabel", rows=rows, end=end), "data.tsv"))
    assert columns == ["text", "label"]
    assert cells == [[text, label] for text, label in zip(texts, LABELS, strict=True)] + [["nothing", "\\N"]]
    assert any("backslashes: they escape what follows" in warning and "--quoting none" in warning for warning in told)


def test_backslashes_that_may_be_letters_are_letters_and_this_is_told(write):
    path = write(
        lines("text\tlabel", rows=[f"{write_copy(text)}\t{label}" for text, label in PAIRS[:2]] * 8 + ["a\\nb\tgood"])
    )
    _columns, cells, told = read(path)
    assert cells[-1][0] == "a\\nb"
    assert any("--quoting backslash" in warning for warning in told)
    assert read(path, quoting="backslash")[1][-1][0] == "a\nb"


@pytest.mark.parametrize("cell", ["C:\\Users\\tom", "\\alpha and \\N", "\\d+ is a pattern"])
def test_backslashes_before_what_nobody_escapes_are_letters(write, cell):
    rows = [f"{text}\t{label}" for text, label in PAIRS] + [f"{cell}\tgood", "nothing\t\\N"]
    _columns, cells, told = read(write(lines("text\tlabel", rows=rows)))
    assert (cells[-2][0], told) == (cell, [])


def test_how_a_dump_was_read_reads_it_again(write):
    path = write(
        lines("text\tlabel", rows=[f"{write_outfile(text)}\t{label}" for text, label in zip(ODD, LABELS, strict=True)])
    )
    settled = detect_dialect(path).settle()
    assert settled.quoting == "backslash"
    assert read(path, quoting="backslash", delimiter="tab")[1] == [list(pair) for pair in zip(ODD, LABELS, strict=True)]


def test_labels_of_a_dump_come_out_beside_its_rows(write, tmp_path, capsys, monkeypatch):
    path = write(lines("text\tnumber", rows=[f"{write_outfile(text)}\t{place}" for place, text in enumerate(ODD)]))
    monkeypatch.setattr("sys.stdin", io.StringIO("1\n2\nq\n"))
    assert main(["label", str(path), "--plain", "--labels", "good,bad"]) == 0
    out = tmp_path / "out.tsv"
    assert main(["label", str(path), "--export", str(out)]) == 0
    _columns, cells, _told = read(out)
    assert [row[:3] for row in cells[:3]] == [[ODD[0], "0", "good"], [ODD[1], "1", "bad"], [ODD[2], "2", ""]]
    assert len(cells) == len(ODD)


def draw(rows, rule="-", edge="| "):
    width = max(len(text) for text, _ in rows)
    drawn = [f"{edge}{text:<{width}} | {label:<8}{edge[::-1].rstrip()}" for text, label in rows]
    return "\n".join([drawn[0], edge + rule * width + " | " + rule * 8 + edge[::-1].rstrip(), *drawn[1:]]) + "\n"


DRAWN = {
    "Markdown": draw([("text", "label"), *PAIRS]),
    "psql": draw([("text", "label"), *PAIRS], edge=" ").replace("- | -", "---+---"),
    "spaces around commas": "".join(f"{text} , {label} \n" for text, label in [("text", "label"), *PAIRS]),
    "quotes inside": draw([("text", "label"), *PAIRS]).replace("the parcel", '"a" box'),
}


@pytest.mark.parametrize("kind", DRAWN)
def test_the_spaces_of_a_drawn_table_are_no_part_of_its_cells(write, kind):
    columns, cells, told = read(write(DRAWN[kind]), text_column="text")
    assert "text" in columns
    place = columns.index("text")
    expected = [
        (text.replace("the parcel", '"a" box') if kind == "quotes inside" else text, label) for text, label in PAIRS
    ]
    assert [(row[place], row[columns.index("label")]) for row in cells] == expected
    assert any("spaces: those around the delimiters left out" in warning for warning in told)


def test_spaces_around_some_delimiters_only_are_part_of_the_cells(write):
    rows = [f"{text}, {label}" if place else f"{text} , {label}" for place, (text, label) in enumerate(PAIRS)]
    assert read(write(lines(rows=rows)))[1][0] == [f"{TEXTS[0]} ", f" {LABELS[0]}"]


def test_byte_order_marks_inside_of_files_put_together_are_no_letters(write):
    half = "".join(f'"{text}, so",{label}\n' for text, label in PAIRS)
    expected = [[f"{text}, so", label] for text, label in PAIRS]
    assert read(write(f"\ufefftext,label\n{half}\ufeff{half}"))[1] == expected * 2
    records = "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in PAIRS)
    assert read(write(f"\ufeff{records}\ufeff{records}", "data.jsonl"))[1] == PLAIN[1] * 2


@pytest.mark.parametrize("name", ["data.jsonl", "data.json"])
def test_a_key_that_a_record_has_twice_is_refused(write, name):
    own = [f'{{"text": "{text}: \\"a\\": b", "label": "{label}", "more": {{"label": 1}}}}' for text, label in PAIRS]
    join = (lambda all_: "\n".join(all_)) if name == "data.jsonl" else (lambda all_: f"[{', '.join(all_)}]")
    assert len(read(write(join(own), name))[1]) == len(PAIRS)
    same = own[5].replace("{", f'{{"label": "{LABELS[5]}", ', 1)
    assert len(read(write(join([*own, same]), name))[1]) == len(PAIRS) + 1
    with (
        pytest.raises(InputError, match="has the key `label` twice"),
        open_table(write(join([*own, own[5].replace("{", '{"label": "", ', 1)]), name), PrepareConfig()) as table,
    ):
        list(table.rows())


def test_quotes_that_were_put_around_cells_and_not_doubled_inside_are_refused(write):
    rows = [f'"they said "{text}" twice",{label}' for text, label in PAIRS]
    with pytest.raises(InputError, match="is not closed, or has letters after it") as caught:
        read(write(lines(rows=rows)))
    assert "--quoting none" in caught.value.hint


SECOND = {
    "counts of the classes": "label,count\ngood,12\nbad,12\n",
    "other rows": "number,text\n1,the end\n",
    "the same columns the other way": "label,text\ngood,it came\n",
}


@pytest.mark.parametrize("kind", SECOND)
def test_a_second_table_below_the_first_is_refused(write, kind):
    with pytest.raises(InputError, match="another table seems to begin behind a blank line, in line 27"):
        read(write(lines() + "\n" + SECOND[kind]))


def test_a_second_table_on_a_sheet_is_refused_and_empty_rows_are_none(tmp_path):
    rows = [("text", "label"), *PAIRS[:10], (), (), *PAIRS[10:]]
    book = make_book(tmp_path / "book.xlsx", Answers=rows)
    assert read(book)[:2] == PLAIN
    make_book(book, Answers=[*rows, (), ("label", "count"), ("good", 12)])
    with pytest.raises(InputError, match="another table seems to begin"):
        read(book)


def test_a_merged_cell_holds_for_all_its_rows_and_this_is_told(tmp_path):
    book = make_book(tmp_path / "book.xlsx", Answers=[("label", "text"), *[(pair[1], pair[0]) for pair in PAIRS]])
    import openpyxl

    opened = openpyxl.load_workbook(book)
    opened.active.merge_cells("A2:A5")
    opened.active.merge_cells("A6:B6")
    opened.save(book)
    _columns, cells, told = read(book, text_column="text")
    assert [row[0] for row in cells[:6]] == ["good"] * 4 + ["good", "bad"]
    assert any("merged cells" in warning and "3 rows" in warning for warning in told)


def test_names_of_groups_above_every_column_as_pandas_writes_them_are_left_out(write):
    numbered = [f"{place},{text},{label}" for place, (text, label) in enumerate(PAIRS)]
    columns, cells, told = read(write(",answer,answer\n" + lines(",text,label", rows=numbered)), text_column="text")
    assert (columns[1:], [row[1:] for row in cells]) == PLAIN
    assert any("`,answer,answer`" in warning for warning in told)
    again = [f"{text},{label},{label}" for text, label in PAIRS]
    assert len(read(write(lines("text,label,label", rows=again)))[1]) == len(PAIRS)


@pytest.mark.parametrize("name", ["train", "test", "Test set", "training", "holdout"])
def test_a_column_named_as_a_split_that_says_yes_or_no_is_refused(name):
    with pytest.raises(InputError, match="says of each row whether it is of a split") as caught:
        find_split({name: ["0", "1", "1"]})
    assert "--split-values" in caught.value.hint
    assert find_split({name: ["late", "early", "early"]}) is None


def test_a_column_of_names_beside_a_label_of_numbers_is_told():
    numbers = [str(int(label == "good")) for label in LABELS]
    found = find_label({"text": TEXTS, "label": numbers, "label_text": LABELS}, "text")
    assert (found.name, found.why) == ("label", "by its name; `label_text` has names for its numbers")
    assert find_label({"text": TEXTS, "label": numbers, "shop": [*LABELS[1:], "bad"]}, "text").why == "by its name"


ENCODINGS = {
    "koi8-u": "Їхня доставка затрималась, продавцеві дякую, є ще скарги",
    "cp1257": "Lempa sugedo po savaitės, ačiū už greitą grąžinimą, žaibas",
    "iso8859-15": "Le prix de 15 € est trop élevé, déçu",
}


@pytest.mark.parametrize("codec", ENCODINGS)
def test_more_old_encodings_are_known_by_their_letters_and_told(write, codec):
    rows = [f'"{ENCODINGS[codec]} {place}",{label}' for place, label in enumerate(LABELS)]
    _columns, cells, told = read(write(lines(rows=rows).encode(codec)))
    assert [row[0] for row in cells] == [f"{ENCODINGS[codec]} {place}" for place in range(len(LABELS))]
    assert any(f"read as {codec}" in warning for warning in told)
