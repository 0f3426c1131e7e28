"""Files as spreadsheets, survey tools, databases and careless programs write them: each is read right, or refused."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from txt.cli import main
from txt.config import PrepareConfig
from txt.data.reading.columns import find_label, find_text
from txt.data.reading.dialect import detect_dialect
from txt.data.reading.how_read import Dialect, ReadingOptions
from txt.data.reading.open_rows import open_rows
from txt.data.reading.table import open_table
from txt.errors import InputError

KINDS = ("good", "bad")
TEXTS = [f"the parcel number {number} came on a rainy day" for number in range(24)]
LABELS = [KINDS[number % 2] for number in range(24)]


def lines(first="text,label", end="\n", rows=None):
    body = rows or [f"{text},{label}" for text, label in zip(TEXTS, LABELS, strict=True)]
    return "".join(line + end for line in [*([first] if first is not None else []), *body])


def read(path, **options):
    """Return columns, rows and warnings of a file, and look that labeling reads the same."""
    with open_table(path, PrepareConfig(**options)) as table:
        rows = list(table.rows())
        told = [*table.dialect.warnings, *table.notes]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[row.get(name) or "" for name in columns] for row in rows]
    asked = ReadingOptions.of({"text_column": columns[0], **options})
    labeled = open_rows(path, asked, path.with_suffix(".index"))
    assert list(labeled.form.columns) == columns
    assert [labeled.cells(row) for row in range(len(labeled))] == cells
    labeled.close()
    return columns, cells, told


PLAIN = (["text", "label"], [list(pair) for pair in zip(TEXTS, LABELS, strict=True)])

SAME_TABLE = {
    "a line with the separator": ("sep=;\n" + lines().replace(",", ";"), None),
    "a title and a blank line": ("Answers of the last year\n\n" + lines(), "1 line|2 lines"),
    "a comment": ("# made by the shop on 2024-03-01\n" + lines(), "`# made by the shop"),
    "a comment with a comma": ("# made by the shop, and the till, too\n" + lines(), "`# made by the shop"),
    "two byte order marks": ("\ufeff\ufeff" + lines(), None),
    "control and Z at the end": (lines(end="\r\n") + "\x1a", None),
    "control and Z behind the last cell": (lines().rstrip("\n") + "\x1a", None),
    "the header again": (lines() + lines(rows=["x"]).splitlines()[0] + "\n", "stands there once more"),
    "a header again behind a byte order mark": (lines() + "\ufefftext,label\n", "stands there once more"),
    "a footer": (lines() + "\nTotal: 24 answers\n", "as a footer: Total: 24 answers"),
    "empty cells behind all rows": (lines().replace("\n", ",,\n").replace("text,label,,", "text,label"), None),
}


@pytest.mark.parametrize("kind", SAME_TABLE)
def test_what_is_no_row_is_left_out_and_told(write, kind):
    content, told = SAME_TABLE[kind]
    columns, cells, warnings = read(write(content))
    assert (columns, cells) == PLAIN
    if told is None:
        assert warnings == []
    else:
        assert any(part in warning for part in told.split("|") for warning in warnings), warnings


def test_a_cut_last_row_is_not_taken_for_a_footer(write):
    with pytest.raises(InputError, match=r"line 26 of .* has 1 cell, the header has 2"):
        read(write(lines() + "the parcel that was never fini"))


def test_rows_that_a_spreadsheet_cut_get_their_empty_cells_back_and_others_do_not(write):
    full = [f"{text},{label}," for text, label in zip(TEXTS[:12], LABELS, strict=False)]
    cut = [f"{text},{label}" for text, label in zip(TEXTS[12:], LABELS, strict=False)]
    _columns, cells, told = read(write(lines("text,label,note", rows=full + cut)))
    assert (len(cells), cells[-1]) == (24, [TEXTS[-1], "bad", ""])
    assert "12 rows of" in told[0]
    filled = [f"{row}x" for row in full]
    with pytest.raises(InputError, match=r"line 14 of .* has 2 cells, the header has 3"):
        read(write(lines("text,label,note", rows=filled + cut)))


HEADERS = {
    "questions": ('"Please tell us in your own words how the delivery went for you",How was it?', True),
    "a number's name with a dot": ("No.,text", True),
    "numbers of pandas": ("0,1", True),
    "camel case": ("reviewText,starRating", True),
    "Spanish": ("comentario,etiqueta", True),
    "Russian": ("отзыв,оценка", True),
    "Chinese": ("评论,标签", True),
    "Hindi": ("समीक्षा,श्रेणी", True),
    "Arabic": ("النص,التصنيف", True),
    "Portuguese": ("mensagem,categoria", True),
    "Bengali": ("মন্তব্য,শ্রেণী", True),
    "Japanese": ("レビュー,評価", True),
    "French": ("commentaire,catégorie", True),
    "German": ("Kommentar,Kategorie", True),
    "identifiers": ("msg_body_v2,y_true", True),
    "data that repeats": ("a lamp came,good", False),
    "a sentence": ("It broke on the very first day I had it.,odd", False),
    "a number above numbers": None,
    "two readings": ("bad lamp,odd", None),
}


@pytest.mark.parametrize("kind", [kind for kind in HEADERS if HEADERS[kind] is not None])
def test_names_and_data_are_told_apart_by_their_signs(write, kind):
    first, expected = HEADERS[kind]
    rows = [f"{n + 1},{text}" for n, text in enumerate(TEXTS)] if first.startswith("No.") else None
    path = write(lines(first, rows=rows))
    if expected is None:
        with pytest.raises(InputError, match="may be a header or data: `bad lamp`, `odd`") as caught:
            detect_dialect(path)
        assert "--header" in caught.value.hint
        assert "--no-header" in caught.value.hint
        assert detect_dialect(path, options=ReadingOptions(header=True)).columns == ("bad lamp", "odd")
        assert len(read(path, header=False)[1]) == 25
    else:
        dialect = detect_dialect(path)
        assert dialect.has_header is expected
        assert any(guess.what == "header" and guess.because for guess in dialect.guesses)


def test_survey_tools_second_header_rows_are_left_out_and_told(write):
    rows = [
        ",Open-Ended Response,Response",
        *(f"{n},{t},{x}" for n, t, x in zip(range(24), TEXTS, LABELS, strict=True)),
    ]
    columns, cells, told = read(write(lines("Respondent ID,Your comment,Your opinion", rows=rows)))
    assert (columns, len(cells), cells[0][1]) == (["Respondent ID", "Your comment", "Your opinion"], 24, TEXTS[0])
    assert any("Open-Ended Response" in warning for warning in told)
    rows = ['"{""ImportId"":""QID1""}","{""ImportId"":""QID2""}"', *lines(None).splitlines()]
    assert len(read(write(lines("Q1 text,label", rows=["Your answer,Your choice", *rows])))[1]) == 24


def test_lines_above_the_table_are_skipped_when_asked_and_kept_when_asked(write):
    path = write("shop,city\n" + lines())
    assert read(path, skip_lines=1)[:2] == PLAIN
    with pytest.raises(InputError, match="--skip-lines 99 leaves no line"):
        read(path, skip_lines=99)


def quoted(rows, delimiter="\t"):
    return lines(delimiter.join(("text", "label")), rows=rows)


def test_lone_quotes_are_letters_where_every_line_is_whole_without_them(write):
    rows = [f"{text}\t{label}" for text, label in zip(TEXTS, LABELS, strict=True)]
    rows[3] = f'"{TEXTS[3]}\tbad'
    rows[17] = f'{TEXTS[17]}"\tbad'
    _columns, cells, told = read(write(quoted(rows), "data.tsv"))
    assert (len(cells), cells[3], cells[17]) == (24, [f'"{TEXTS[3]}', "bad"], [f'{TEXTS[17]}"', "bad"])
    assert "quotes: letters, not around cells" in told[0]
    assert "--quoting minimal" in told[0]
    assert len(read(write(quoted(rows), "data.tsv"), quoting="minimal")[1]) == 10  # as the user insists


def test_lone_quotes_far_down_are_letters_too(write):
    rows = [f"{TEXTS[n % 24]} {n}\t{LABELS[n % 24]}" for n in range(9000)]
    rows[8700] = '"Great" said nobody\tbad'
    _columns, cells, _ = read(write(quoted(rows), "data.tsv"))
    assert (len(cells), cells[8700]) == (9000, ['"Great" said nobody', "bad"])


def test_a_quote_that_swallows_rows_far_down_is_refused_with_both_readings(write):
    rows = [f'"{TEXTS[n % 24]}, {n}",{LABELS[n % 24]}' for n in range(9000)]
    rows[8800:8803] = ['"one two,bad', "three four,good", 'five six",bad']
    with pytest.raises(InputError, match="the 3 lines from line 8802 on look like rows") as caught:
        read(write(lines(rows=rows)))
    assert "--quoting none" in caught.value.hint


BACKSLASHES = {
    r'"so \"fine\", they say","good"': 'so "fine", they say',
    r'"kept in C:\temp\new, \"ok\"","good"': r'kept in C:\temp\new, "ok"',
    r'"a \\ and a \"b\"","good"': r'a \ and a "b"',
}


@pytest.mark.parametrize("row", BACKSLASHES)
def test_backslashes_escape_quotes_and_backslashes_and_are_letters_elsewhere(write, row):
    content = lines(rows=[f'"{text}, yes","{label}"' for text, label in zip(TEXTS, LABELS, strict=True)] + [row])
    assert read(write(content))[1][-1] == [BACKSLASHES[row], "good"]


def test_a_backslash_before_a_quote_far_down_is_found(write):
    rows = [f'"{TEXTS[n % 24]}, {n}",{LABELS[n % 24]}' for n in range(9000)]
    rows[8800] = r'"so \"fine\"",bad'
    assert read(write(lines(rows=rows)))[1][8800] == ['so "fine"', "bad"]


def test_single_quotes_and_spaces_before_quotes_are_found(write):
    rows = [rf"'{text}, it\'s so','{label}'" for text, label in zip(TEXTS, LABELS, strict=True)]
    assert read(write(lines("'text','label'", rows=rows)))[1][0] == [f"{TEXTS[0]}, it's so", "good"]
    rows = [f'"{text}, so", "{label}"' for text, label in zip(TEXTS, LABELS, strict=True)]
    columns, cells, told = read(write(lines('"text", "label"', rows=rows)))
    assert (columns, cells[0]) == (["text", "label"], [f"{TEXTS[0]}, so", "good"])
    assert "spaces before cells were left out" in told[0]


def test_decimal_commas_do_not_cut_cells(write):
    rows = [f"{text};{number % 4},5" for number, text in enumerate(TEXTS)]
    assert read(write(lines(None, rows=rows)))[1][1] == [TEXTS[1], "1,5"]


def test_lines_with_different_numbers_of_commas_are_one_text_each(write):
    rows = ["Nice, and quiet", *TEXTS, "well, so, yes, then"]
    _columns, cells, _ = read(write(lines(None, rows=rows), "texts.txt"))
    assert cells == [[row] for row in rows]
    assert read(write(lines(), "texts.txt"), delimiter="none", header=False)[1][0] == ["text,label"]


RECORDS = [{"text": text, "label": label} for text, label in zip(TEXTS, LABELS, strict=True)]

DOCUMENTS = {
    "a list": json.dumps(RECORDS),
    "two lists": json.dumps(RECORDS[:10]) + "\n" + json.dumps(RECORDS[10:]),
    "objects one behind another": "\n".join(json.dumps(record, indent=1) for record in RECORDS),
    "under a key": json.dumps({"version": 1.5, "data": RECORDS, "more": [1, 2]}),
    "by column and row": json.dumps({key: {str(n): row[key] for n, row in enumerate(RECORDS)} for key in RECORDS[0]}),
    "by row": json.dumps({str(n): row for n, row in enumerate(RECORDS)}),
    "names and rows": json.dumps(
        {"columns": ["text", "label"], "index": [1], "data": [list(r.values()) for r in RECORDS]}
    ),
    "lists by column": json.dumps({key: [row[key] for row in RECORDS] for key in RECORDS[0]}),
    "JSON lines": "\n".join(map(json.dumps, RECORDS)),
    "JSON lines behind a byte order mark": "\ufeff" + "\n".join(map(json.dumps, RECORDS)),
}


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_every_way_to_write_records_as_json_gives_the_same_rows(write, kind):
    assert read(write(DOCUMENTS[kind], "data.json"))[:2] == PLAIN
    assert read(write(gzip.compress(DOCUMENTS[kind].encode()), "data.json.gz"))[:2] == PLAIN


def test_several_lists_of_records_and_what_stands_behind_a_list_are_refused(write):
    with pytest.raises(InputError, match="several lists of records: `train`, `test`"):
        read(write(json.dumps({"train": RECORDS, "test": RECORDS}), "data.json"))
    with pytest.raises(InputError, match="is not a JSON array of records: line 1 has 'x'"):
        read(write(json.dumps(RECORDS) + "x", "data.json"))
    with pytest.raises(InputError, match="is one JSON object, not a list of records"):
        read(write('{"a": {"b": 1}}', "data.json"))


def test_line_separators_inside_of_json_are_letters_and_nan_is_missing(write):
    content = '{"text": "one\u2028two\x85three", "label": NaN}\n{"text": "four", "label": "good"}\n'
    for name in ("data.json", "data.jsonl"):
        assert read(write(content, name))[1] == [["one\u2028two\x85three", ""], ["four", "good"]]


def test_a_text_inside_of_an_object_is_found_and_named_by_its_path(write):
    records = [
        {"kind": "t3", "data": {"title": text, "topic": label}} for text, label in zip(TEXTS, LABELS, strict=True)
    ]
    path = write("\n".join(map(json.dumps, records)), "data.jsonl")
    assert read(path)[0] == ["kind", "data.title", "data.topic"]
    with open_table(path, PrepareConfig()) as table:
        assert find_text(table.sample()).name == "data.title"
    beside = [{"text": text, "about": {"shop": "north"}} for text in TEXTS]
    path = write("\n".join(map(json.dumps, beside)), "data.jsonl")
    assert read(path)[0] == ["text", "about"]
    assert read(path, label_column="about.shop")[0] == ["text", "about.shop"]


def test_structs_and_short_floats_of_parquet_are_read_as_they_look(tmp_path):
    table = pa.table(
        {"text": [{"title": "so", "body": text} for text in TEXTS], "n": pa.array([0.1] * 24, pa.float32())}
    )
    pq.write_table(table, tmp_path / "data.parquet")
    columns, cells, _ = read(tmp_path / "data.parquet")
    assert (columns, cells[0]) == (["text.title", "text.body", "n"], ["so", TEXTS[0], "0.1"])


def test_several_text_columns_are_read_as_one_with_a_line_each(write):
    rows = [f"title {n},{text},{LABELS[n]}" if n else f",{text},good" for n, text in enumerate(TEXTS)]
    path = write(lines("title,body,label", rows=rows))
    columns, cells, _ = read(path, text_column="title,body")
    assert columns == ["title", "body", "label", "title,body"]
    assert (cells[0][3], cells[1][3]) == (TEXTS[0], f"title 1\n{TEXTS[1]}")
    with pytest.raises(InputError, match="column `bodi` not found"):
        read(path, text_column="title,bodi")


def test_old_encodings_are_recognised_by_their_letters_and_told(write):
    for codec, text, label, first in (
        ("cp932", "今日は天気がとてもいいですね", "良い", "本文,評価"),
        ("cp1251", "доставка пришла вовремя и все понравилось", "хорошо", "текст,метка"),
        ("koi8-r", "доставка пришла вовремя и все понравилось", "хорошо", "текст,метка"),
        ("gb18030", "这个东西很好用我的家人都很喜欢", "好的", "文本,标签"),
        ("cp949", "배송이 빠르고 품질이 아주 좋습니다", "좋음", "텍스트,라벨"),
    ):
        path = write(
            "".join(f"{line}\n" for line in [first, *[f"{text} {n},{label}" for n in range(20)]]).encode(codec)
        )
        columns, cells, told = read(path)
        assert (columns, cells[0]) == (first.split(","), [f"{text} 0", label])
        assert f"it was read as {codec}" in told[0]


def test_a_sorted_file_is_judged_over_its_whole_length(write):
    rows = [f"{TEXTS[n % 24]} {n},{'yes' if n < 15000 else 'no'},{'fmx'[n % 3]}" for n in range(30000)]
    path = write(lines("comment,recommended,gender", rows=rows))
    with open_table(path, PrepareConfig()) as table:
        sample = table.sample()
    with pytest.raises(InputError, match="2 columns that may be the label: `recommended`, `gender`"):
        find_label(sample, "comment")


def test_dates_counts_and_numbers_of_rows_are_no_labels():
    sample = {
        "text": TEXTS,
        "likes": [str(n % 3) for n in range(24)],
        "day_seen": ["2024-01-01", "2024-01-02"] * 12,
        "index": [str(n % 4) for n in range(24)],
        "mood": LABELS,
    }
    assert find_label(sample, "text").name == "mood"


def test_how_a_file_was_read_converts_to_json_and_back_and_reads_it_again(write):
    path = write("sep=;\n" + lines().replace(",", ";"))
    dialect = detect_dialect(path)
    assert Dialect.from_json(json.loads(json.dumps(dialect.to_json()))) == dialect
    options = ReadingOptions.from_json(json.loads(json.dumps(dialect.settle().to_json())))
    again = detect_dialect(path, options=options)
    assert (again.columns, again.delimiter, again.skip_lines) == (dialect.columns, ";", 1)


@pytest.mark.parametrize("name", ["data.parquet", "data.json"])
def test_options_that_say_nothing_about_a_format_are_refused(tmp_path, name):
    path = tmp_path / name
    path.write_text(json.dumps(RECORDS))
    if name.endswith("parquet"):
        pq.write_table(pa.table({"text": TEXTS}), path)
    for options in ({"header": True}, {"delimiter": ";"}, {"quoting": "none"}, {"skip_lines": 1}):
        with pytest.raises(InputError, match="is for text tables"):
            read(path, **options)


def test_a_dry_run_shows_rows_columns_classes_and_guesses_and_makes_nothing(write, capsys, monkeypatch):
    path = write("# made by the shop\n" + lines())
    monkeypatch.chdir(path.parent)
    before = sorted(path.parent.iterdir())
    assert main(["prepare", str(path), "--dry-run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"] == [dict(zip(PLAIN[0], cells, strict=True)) for cells in PLAIN[1][:3]]
    assert found["columns"]["label"]["name"] == "label"
    assert found["classes"] == {"bad": 12, "good": 12}
    assert sum(found["splits"].values()) == 24
    guessed = {guess["what"]: guess for guess in found["guesses"]}
    assert guessed["header"]["option"] == "--no-header"
    assert guessed["lines above the table"]["told"]
    assert main(["prepare", str(path), "--dry-run"]) == 0
    assert "good 12" in capsys.readouterr().out
    assert sorted(path.parent.iterdir()) == before


def test_a_dry_run_shows_what_is_known_before_the_error(write, capsys):
    path = write(lines("comment,mood,shop", rows=[f"{text},{LABELS[n]},{'ns'[n % 2]}" for n, text in enumerate(TEXTS)]))
    assert main(["prepare", str(path), "--dry-run", "--json"]) == 2
    shown = capsys.readouterr()
    assert "may be the label: `mood`, `shop`" in json.loads(shown.out)["problem"]["error"]
    assert "may be the label: `mood`, `shop`" in shown.err
