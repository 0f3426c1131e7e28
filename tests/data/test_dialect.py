import csv
import gzip
import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txt.data.reading.dialect import detect_dialect
from txt.errors import InputError


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_delimiter_and_line_end_are_found(write, delimiter, line_end):
    rows = [["text", "label"], ["Well, then; or | so\tbe it", "yes"], ["plain", "no"], ['a "quoted" word', "no"]]
    content = io.StringIO(newline="")
    csv.writer(content, delimiter=delimiter, lineterminator=line_end).writerows(rows)
    dialect = detect_dialect(write(content.getvalue()))
    assert (dialect.delimiter, dialect.line_end, dialect.columns) == (delimiter, line_end, ("text", "label"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_encodings_are_found_without_a_warning(write, encoding):
    dialect = detect_dialect(write("text,label\nGrüße aus 東京 😀,gut\n".encode(encoding)))
    assert dialect.columns == ("text", "label")
    assert dialect.warnings == ()
    assert "Grüße aus 東京 😀".encode(encoding).decode(dialect.encoding) == "Grüße aus 東京 😀"


@pytest.mark.parametrize(("text", "encoding"), [("Grüße – “so”", "cp1252"), ("Grüße \x8d", "latin-1")])
def test_other_files_are_read_as_windows_text_or_latin1_with_a_warning_that_names_a_line(write, text, encoding):
    dialect = detect_dialect(write(f"text,label\nplain,a\n{text},b\n".encode(encoding)))
    assert dialect.encoding == encoding
    assert f"read as {encoding}; if line 3 looks wrong, give --encoding" in dialect.warnings[0]


def test_an_encoding_is_found_from_the_whole_file_and_not_from_its_head(write):
    dialect = detect_dialect(write(b"text,label\n" + b"plain words,a\n" * 200_000 + "Grüße,b\n".encode("cp1252")))
    assert dialect.encoding == "cp1252"
    assert "line 200002 " in dialect.warnings[0]


def test_a_letter_cut_by_the_end_of_a_piece_is_still_utf8(write):
    for shift in range(4):
        content = "text,label\n" + "x" * shift + "😀" * 600_000 + ",a\n"
        assert detect_dialect(write(content)).encoding == "utf-8"


def test_mixed_encodings_are_refused_with_the_line(write):
    path = write("text,label\nGrüße,a\nÄpfel,b\n".encode() + "Straße,b\n".encode("cp1252"))
    with pytest.raises(InputError, match="mixes encodings: most of it is UTF-8, but line 4 has a byte 0xdf") as caught:
        detect_dialect(path)
    assert "--encoding cp1252" in caught.value.hint


def test_a_wanted_encoding_is_used_and_checked(write):
    path = write("text,label\nПривет,a\n".encode("cp1251"))
    assert detect_dialect(path, encoding="cp1251").encoding == "cp1251"
    with pytest.raises(InputError, match="is not utf-8: line 2 has a byte 0xcf"):
        detect_dialect(path, encoding="utf-8")
    with pytest.raises(InputError, match="--encoding `utf-ate` is unknown") as caught:
        detect_dialect(path, encoding="utf-ate")
    assert "did you mean `utf-8`?" in caught.value.hint
    with pytest.raises(InputError, match="--encoding `base64` is unknown"):
        detect_dialect(path, encoding="base64")


def test_a_nul_byte_is_refused_with_the_line(write):
    with pytest.raises(InputError, match="has a NUL byte in line 3") as caught:
        detect_dialect(write(b"text,label\nfine,a\nbro\0ken,b\n"))
    assert "tr -d" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PK\x03\x04rest", "a zip archive or an Excel file"),
        (b"%PDF-1.7 rest", "a PDF"),
        (b"SQLite format 3\0" + bytes(100), "cannot be read: file is not a database"),
        (bytes(range(1, 256)) * 4, "a binary file"),
    ],
)
def test_binary_files_are_refused_by_what_they_are(write, content, kind):
    with pytest.raises(InputError, match=kind):
        detect_dialect(write(content))


def test_random_bytes_are_refused_whatever_their_seed(write):
    for _ in range(20):
        with pytest.raises(InputError):
            detect_dialect(write(os.urandom(4096)))


def test_a_missing_file_a_directory_and_an_empty_file_are_told_apart(write, tmp_path):
    path = write("text,label\na,b\n", "reviews.csv")
    with pytest.raises(InputError, match="does not exist") as caught:
        detect_dialect(tmp_path / "revews.csv")
    assert caught.value.hint == f"did you mean `{path}`?"
    with pytest.raises(InputError, match="is a folder, not a data file") as caught:
        detect_dialect(tmp_path)
    assert "reviews.csv" in caught.value.hint
    for nothing in (b"", b" \n\n", b"\xef\xbb\xbf", gzip.compress(b"")):
        with pytest.raises(InputError, match="is empty"):
            detect_dialect(write(nothing))


def test_an_unreadable_file_is_told(write):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    path = write("text\na\n")
    path.chmod(0)
    with pytest.raises(InputError, match="may not be read"):
        detect_dialect(path)


def test_gzip_is_known_by_its_content_and_damage_to_it_is_told(write):
    packed = gzip.compress(b"text,label\n" + b"some words,a\n" * 1000)
    assert detect_dialect(write(packed, "data.csv")).compressed
    for broken in (packed[:-20], packed[:40], packed[:20] + b"\xff" * 20 + packed[40:]):
        with pytest.raises(InputError, match="its gzip data is wrong or breaks off"):
            detect_dialect(write(broken, "data.csv.gz"))


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("I like it.,positive\nI hate it.,negative\n", ("column_1", "column_2")),
        ("neutral,The firm has many plans for the year\nneutral,None\n", ("column_1", "column_2")),
        ("1,first text\n2,second text\n", ("column_1", "column_2")),
        (f"{'long ' * 20},a\nshort,b\n", ("column_1", "column_2")),
    ],
)
def test_a_file_without_header_gets_numbered_columns_and_a_warning(write, content, columns):
    dialect = detect_dialect(write(content))
    assert (dialect.columns, dialect.has_header) == (columns, False)
    assert "has no header" in dialect.warnings[0]


def test_columns_without_a_name_or_with_the_same_name_become_distinct(write):
    dialect = detect_dialect(write(",text,text,text_2,\n0,a,b,c,d\n"))
    assert dialect.columns == ("column_1", "text", "text_3", "text_2", "column_5")
    assert "two columns `text`" in dialect.warnings[0]


def test_a_header_that_stands_there_twice_is_still_a_header(write):
    assert detect_dialect(write("word,kind\na,x\nword,kind\nb,y\n")).has_header
    assert detect_dialect(write("text,label\na,x\ntext,y\n")).has_header


def test_one_column_of_texts_needs_no_quotes(write):
    dialect = detect_dialect(write("text\nHello, you\nyes, no, perhaps\n"))
    assert (dialect.columns, dialect.delimiter, dialect.quote) == (("text",), None, None)
    assert detect_dialect(write('text\n"Hello, you"\n"yes, no"\n')).quote == '"'


def test_lone_quotes_are_letters_in_a_tab_separated_file_only(write):
    lone = 'text\tlabel\n"so they said\tgood\n5" disks\tbad\n'
    assert detect_dialect(write(lone, "data.tsv")).quote is None
    assert detect_dialect(write('text\tlabel\n"so, ""they"" said"\tgood\n', "data.tsv")).quote == '"'
    assert detect_dialect(write(lone.replace("\t", ","))).quote == '"'


def test_single_quotes_and_backslashes_are_found(write):
    assert detect_dialect(write("text,label\n'Hello, you',a\n'Well, yes',b\n")).quote == "'"
    assert detect_dialect(write('text,label\n"say \\"hi, you\\"",a\n"well, yes",b\n')).escape == "\\"


def test_a_wanted_delimiter_settles_it(write):
    path = write("text;with,label\na;b,c\n")
    with pytest.raises(InputError, match=r"may be cut at each comma .* or at each semicolon") as caught:
        detect_dialect(path)
    assert "--delimiter ';'" in caught.value.hint
    assert detect_dialect(path, delimiter=",").columns == ("text;with", "label")
    assert detect_dialect(path, delimiter=";").columns == ("text", "with,label")
    assert detect_dialect(write("a\tb\nc\td\n"), delimiter="tab").delimiter == "\t"
    with pytest.raises(InputError, match="--delimiter `::` is not one character"):
        detect_dialect(path, delimiter="::")


@pytest.mark.parametrize(
    ("content", "name", "form"),
    [
        ('{"text": "a"}\n{"text": "b"}\n', "data.json", "jsonl"),
        ('[{"text": "a"}]', "data.json", "json"),
        ('{\n"text": "a"}', "data.json", "json"),
        ('[{"text": "a"}]', "data", "json"),
        ('{"text": "a"}\n', "data.ndjson", "jsonl"),
        ('{"text": "a"}\n', "standard input", "jsonl"),
        ("text,label\na,b\n", "data.dat", "csv"),
    ],
)
def test_the_format_comes_from_the_ending_or_the_content(write, content, name, form):
    assert detect_dialect(write(content, name)).format == form


@given(st.binary(max_size=300))
def test_any_bytes_give_a_dialect_or_one_clear_line(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)
    told = ""
    try:
        dialect = detect_dialect(path)
    except InputError as error:
        told = error.message
    assert "\n" not in told
    assert told or dialect.columns or dialect.format != "csv"
