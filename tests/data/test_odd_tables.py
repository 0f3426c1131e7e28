"""Tables as old computers, survey tools, R and web services write them: each is read right and told, or refused."""

import json
import subprocess

import pytest

from tests.data.test_how_files_are_read import LABELS, PLAIN, TEXTS, lines, read
from txt.config import PrepareConfig
from txt.data.reading.columns import find_label, find_text
from txt.data.reading.dialect import detect_dialect
from txt.data.reading.table import open_table
from txt.errors import InputError

RECORDS = [{"text": text, "label": label} for text, label in zip(TEXTS, LABELS, strict=True)]
NUMBERED = [
    f"{number},2024-03-{number + 1:02},{text},{label}"
    for number, (text, label) in enumerate(zip(*[TEXTS, LABELS], strict=True))
]
FIRST = "id,day,text,label"

ENCODINGS = {
    "French on a Mac": ("mac-roman", "Très déçu, ça n’a jamais marché"),
    "French in DOS": ("cp850", "Très déçu, ça a brûlé à la première fois"),
    "German in Windows": ("cp1252", "Die Tür schließt nicht – für ein Gerät dieser Größe zu wenig"),
    "Spanish in Latin-1": ("iso8859-1", "¿Cómo devuelvo la lámpara? No funcionó ningún día"),
    "Swedish in Windows": ("cp1252", "Lampan är för mörk på kvällen, tyvärr"),
    "Portuguese in Windows": ("cp1252", "A luminária não é boa, três dias e já não funcionava"),
    "Polish in Windows": ("cp1250", "Źle świeci, głośno brzęczy i się psuje"),
    "Polish in Latin-2": ("iso8859-2", "Źle świeci, głośno brzęczy i się psuje"),
    "Czech in Windows": ("cp1250", "Příliš žluťoučký kůň, vůbec nesvítí a je křivá"),
    "Hungarian in Windows": ("cp1250", "Nem működik, rossz minőségű és túl erős a fénye"),
    "Turkish in Windows": ("cp1254", "Işığı çok kötü, şikâyetçiyim ve geri gönderdim"),
    "Russian on a Mac": ("mac-cyrillic", "Очень плохая лампа, сломалась через неделю"),
    "Russian in Windows": ("cp1251", "Очень плохая лампа, сломалась через неделю"),
    "Russian for mail": ("koi8-r", "Очень плохая лампа, сломалась через неделю"),
    "Japanese for mail": ("iso2022_jp", "このランプは一週間で壊れてしまい残念でした"),
}


@pytest.mark.parametrize("kind", ENCODINGS)
def test_old_encodings_are_known_by_their_letters_and_told(write, kind):
    encoding, text = ENCODINGS[kind]
    rows = [f'"{text} {number}",{label}' for number, label in enumerate(LABELS)]
    _columns, cells, told = read(write(lines(rows=rows).encode(encoding)))
    assert [row[0] for row in cells] == [f"{text} {number}" for number in range(len(LABELS))]
    assert any("read as" in warning and "--encoding" in warning for warning in told)


@pytest.mark.parametrize("step", [2, 3, 4])
@pytest.mark.parametrize("other", ["cp1252", "cp1251", "koi8-r", "gbk"])
def test_lines_of_two_encodings_are_refused(write, step, other):
    text = (
        "Très déçu, ça n'a pas marché" if other == "cp1252" else "это очень плохо, увы" if other != "gbk" else "很不好"
    )
    rows = [
        f"{text} {number},{label}\n".encode("utf-8" if number % step == 0 else other)
        for number, label in enumerate(LABELS)
    ]
    with pytest.raises(InputError, match=r"mixes encodings: (most|a part) of it is UTF-8, (but|and) line"):
        read(write(b"text,label\n" + b"".join(rows)))


SECOND_HEADERS = {
    "units": "(number),(date),(words),(class)",
    "types": "int,date,string,category",
    "a rule": "---,----------,----,-----",
    "questions": "Number,Start Date,What did you think of it?,Your verdict",
    "answers of a survey": ",,Open-Ended Response,Response",
    "answers of a survey and choices": "Phone,Tablet,Open-Ended Response,Other (please specify)",
}


@pytest.mark.parametrize("kind", SECOND_HEADERS)
def test_a_row_about_the_columns_is_left_out_and_told(write, kind):
    columns, cells, told = read(write(lines(FIRST, rows=[SECOND_HEADERS[kind], *NUMBERED])), text_column="text")
    assert columns == FIRST.split(",")
    assert cells == [row.split(",") for row in NUMBERED]
    assert any("rows below the header: 1 left out" in warning for warning in told)


@pytest.mark.parametrize("kind", SECOND_HEADERS)
def test_how_many_rows_the_header_takes_can_be_said(write, kind):
    path = write(lines(FIRST, rows=[SECOND_HEADERS[kind], *NUMBERED]))
    _, cells, told = read(path, text_column="text", header_rows=1)
    assert cells[1:] == [row.split(",") for row in NUMBERED]
    assert not any("below the header" in warning for warning in told)
    _, cells, _ = read(path, text_column="text", header_rows=3)
    assert cells == [row.split(",") for row in NUMBERED[1:]]
    assert detect_dialect(path).settle().header_rows == 2
    with pytest.raises(InputError, match="read as one without"):
        read(path, header=False, header_rows=2)


@pytest.mark.parametrize("row", ["[0],[0]", "(a),(b)", "---,---"])
def test_the_only_row_is_a_row_whatever_it_says(write, row):
    assert read(write(lines(rows=[row])))[1] == [row.split(",")]


FIRST_ROWS = {
    "no number": f",2024-03-01,{TEXTS[0]},good",
    "a mark for none": f"n/a,unknown,{TEXTS[0]},good",
    "a class that comes again": f"none of these,a day in March,{TEXTS[0]},good",
    "a class of its own": f"0,2024-03-01,{TEXTS[0]},neither",
    "a question": "0,2024-03-01,Why did number 0 come on a rainy day?,good",
}


@pytest.mark.parametrize("kind", FIRST_ROWS)
def test_a_first_row_that_is_only_unusual_stays(write, kind):
    _columns, cells, told = read(write(lines(FIRST, rows=[FIRST_ROWS[kind], *NUMBERED[1:]])), text_column="text")
    assert cells == [row.split(",") for row in [FIRST_ROWS[kind], *NUMBERED[1:]]]
    assert told == []


def test_names_of_groups_of_columns_are_left_out_and_told(write):
    columns, cells, told = read(write(",,Answers,\n" + lines(FIRST, rows=NUMBERED)), text_column="text")
    assert (columns, len(cells)) == (FIRST.split(","), len(NUMBERED))
    assert any("`,,Answers,`" in warning for warning in told)


@pytest.mark.parametrize("end", ["Total,,,24", "Grand total,,24,", "Summe:,,,24.5", "合計,,,24"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_total_is_no_row(write, end, encoding):
    _columns, cells, told = read(write(lines(FIRST, rows=[*NUMBERED, end]).encode(encoding)), text_column="text")
    assert cells == [row.split(",") for row in NUMBERED]
    assert any("as a footer" in warning for warning in told)


def test_a_last_row_that_begins_with_the_word_total_stays(write):
    rows = [*NUMBERED, "Total,2024-03-30,Total loss of a parcel,bad"]
    assert len(read(write(lines(FIRST, rows=rows)), text_column="text")[1]) == 25


def test_a_total_of_a_big_file_is_found_at_its_end(write):
    many = [f"{number},{TEXTS[number % 24]} and {number},{LABELS[number % 2]}" for number in range(9000)]
    _columns, cells, told = read(write(lines("id,text,label", rows=[*many, "Total,9000,"])), text_column="text")
    assert (len(cells), cells[-1][0]) == (9000, "8999")
    assert any("as a footer" in warning for warning in told)


def test_footers_of_several_lines_are_left_out_and_told(write):
    columns, cells, told = read(write(lines() + "\nTotal: 24 answers\nmade by the shop\n"))
    assert (columns, cells) == PLAIN
    assert sum("as a footer" in warning for warning in told) == 2


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_row_names_without_a_name_in_the_header_are_a_column_of_their_own(write, delimiter):
    rows = [delimiter.join((str(number + 1), *pair)) for number, pair in enumerate(zip(TEXTS, LABELS, strict=True))]
    columns, cells, _told = read(write(lines(delimiter.join(("text", "label")), rows=rows)), text_column="text")
    assert columns == ["column_1", "text", "label"]
    assert cells[3] == ["4", TEXTS[3], LABELS[3]]


@pytest.mark.parametrize("quote", ['\\"', '""'])
@pytest.mark.parametrize("has_row_names", [True, False])
def test_quoted_cells_between_spaces_are_cells_as_r_writes_them(write, has_row_names, quote):
    rows = [
        f'"{number + 1}" ' * has_row_names + f'"{text} {quote}so{quote}" {number} "{label}"'
        for number, (text, label) in enumerate(zip(TEXTS, LABELS, strict=True))
    ]
    _columns, cells, _told = read(write(lines('"text" "mark" "label"', rows=rows)), text_column="text")
    assert [row[-3:] for row in cells] == [
        [f'{text} "so"', str(number), label] for number, (text, label) in enumerate(zip(TEXTS, LABELS, strict=True))
    ]


def test_speech_in_quotes_is_no_table(write):
    rows = [f'"{text}" said the {"old " * (number % 4)}postman' for number, text in enumerate(TEXTS)]
    with open_table(write("".join(row + "\n" for row in rows), "said.txt"), PrepareConfig()) as table:
        assert [list(row.values()) for row in table.rows()] == [[row] for row in rows]


def test_a_cell_too_many_that_is_no_row_name_is_refused(write):
    rows = [f"{text},{label},{text} again" for text, label in zip(TEXTS, LABELS, strict=True)]
    with pytest.raises(InputError, match="has 3 cells, the header has 2"):
        read(write(lines(rows=rows)))


@pytest.mark.parametrize("first", ["1,2", "0,1"])
def test_names_that_only_count_are_names(write, first):
    columns, cells, _told = read(write(lines(first)))
    assert (columns, cells) == (first.split(","), PLAIN[1])


def test_a_name_of_several_lines_is_one(write):
    columns, cells, _told = read(write('"your\nwords",label\n' + lines(first=None)), text_column="your\nwords")
    assert (columns, cells) == (["your\nwords", "label"], PLAIN[1])


@pytest.mark.parametrize("first", ["Yorum Metni,Duygu Durumu", "Treść opinii,Ocena", "Texto da mensagem,Categoria"])
def test_names_of_two_words_in_other_languages_are_names(write, first):
    assert read(write(lines(first)))[0] == first.split(",")


JSON = {
    "below two keys": json.dumps({"status": 1, "response": {"count": 24, "items": RECORDS}}),
    "below three keys": json.dumps({"result": {"page": {"size": 24, "records": RECORDS}, "next": None}}),
    "names in the first row": json.dumps([["text", "label"], *([each["text"], each["label"]] for each in RECORDS)]),
}
JSON_LINES = {
    "a comma behind each": "".join(json.dumps(each) + ",\n" for each in RECORDS),
    "objects over several lines": "\n".join(json.dumps(each, indent=2) for each in RECORDS),
    "a list over several lines": "[\n" + ",\n".join(map(json.dumps, RECORDS)) + "\n]\n",
    "a list in one line": json.dumps(RECORDS),
}


@pytest.mark.parametrize(
    ("content", "name"),
    [*((each, "data.json") for each in JSON.values()), *((each, "data.jsonl") for each in JSON_LINES.values())],
    ids=[*JSON, *JSON_LINES],
)
def test_json_is_read_wherever_its_records_are(tmp_path, content, name):
    path = tmp_path / name
    path.write_text(content, "utf-8")
    with open_table(path, PrepareConfig()) as table:
        assert list(table.rows()) == RECORDS


def test_two_lists_below_keys_are_refused(tmp_path):
    path = tmp_path / "data.json"
    path.write_text(json.dumps({"a": {"items": RECORDS}, "b": {"items": RECORDS}}))
    with pytest.raises(InputError, match="several lists of records: `a/items`, `b/items`"):
        detect_dialect(path)


def test_lists_of_words_are_not_texts_unless_they_are_asked_for():
    sample = {"text": [json.dumps(text.split()) for text in TEXTS], "label": LABELS}
    with pytest.raises(InputError, match="has lists, not texts"):
        find_text(sample)
    assert find_text(sample, "text").name == "text"


def test_an_empty_column_with_a_texts_name_is_not_the_text():
    assert find_text({"data": TEXTS, "Comments": ["[]"] * 24, "label": LABELS}).name == "data"


def test_two_columns_of_one_name_are_a_tie_unless_they_say_the_same():
    other = LABELS[1:] + LABELS[:1]
    with pytest.raises(InputError, match="2 columns that may be the label: `label`, `label_2`"):
        find_label({"text": TEXTS, "label": LABELS, "label_2": other}, "text")
    assert find_label({"text": TEXTS, "label": LABELS, "label_2": LABELS}, "text").name == "label"
    with pytest.raises(InputError, match="2 columns that may be the text: `text`, `text_2`"):
        find_text({"text": TEXTS, "text_2": TEXTS[::-1], "label": LABELS})


@pytest.mark.parametrize("delimiter", ["^", "~", "\x01", "§", "#", ":"])
def test_an_unusual_delimiter_between_usual_names_is_found(write, delimiter):
    rows = [f"{text}, it is said{delimiter}{label}" for text, label in zip(TEXTS, LABELS, strict=True)]
    columns, cells, _told = read(write(lines(f"text{delimiter}label", rows=rows)))
    assert (columns, cells[1]) == (["text", "label"], [f"{TEXTS[1]}, it is said", LABELS[1]])


@pytest.mark.parametrize("sign", ["::", "@@", "+++$+++"])
def test_a_delimiter_of_several_characters_is_refused_with_a_line_that_mends_it(write, tmp_path, monkeypatch, sign):
    rows = [sign.join(pair) for pair in zip(TEXTS, LABELS, strict=True)]
    path = write(lines(sign.join(("text", "label")), rows=rows))
    with pytest.raises(InputError, match="between its cells, and a delimiter is one character") as raised:
        read(path)
    monkeypatch.chdir(tmp_path)
    subprocess.run(raised.value.hint.partition(" makes ")[0], shell=True, check=True)
    assert read(tmp_path / "data.tsv")[:2] == PLAIN


def test_columns_without_names_between_semicolons_are_no_delimiter_of_two(write):
    rows = [f"{text};;{label}" for text, label in zip(TEXTS, LABELS, strict=True)]
    assert read(write(lines("text;;label", rows=rows)))[0] == ["text", "column_2", "label"]


@pytest.mark.parametrize("form", ['"{},{}"', '"{},""{}"""'])
def test_a_table_that_was_saved_twice_is_refused(write, form):
    rows = [form.format(*pair) for pair in zip(TEXTS, LABELS, strict=True)]
    with pytest.raises(InputError, match="is one quoted cell"):
        read(write(lines(form.format("text", "label"), rows=rows)))


def test_a_column_of_quoted_texts_is_no_table_that_was_saved_twice(write):
    assert len(read(write(lines('"text"', rows=[f'"{text}, it is said"' for text in TEXTS])))[1]) == 24


def test_a_title_above_lone_quotes_changes_nothing_about_them(write):
    rows = [f"{chr(34) * (number in (3, 9))}{text}\t{LABELS[number]}" for number, text in enumerate(TEXTS)]
    columns, cells, told = read(write("Answers of May\n" + lines("text\tlabel", rows=rows)))
    assert (columns, cells) == (["text", "label"], [row.split("\t") for row in rows])
    assert any("--quoting minimal" in warning for warning in told)
