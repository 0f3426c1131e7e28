"""Files whose lines are neither texts nor rows are refused by what they are, and the line that helps works."""

import json
import subprocess

import pytest

from tests.data.test_how_files_are_read import LABELS, TEXTS
from txt.config import PrepareConfig
from txt.data.reading.table import open_table
from txt.errors import InputError

SIGNS = [1 if label == "good" else -1 for label in LABELS]
PAIRS = list(zip(SIGNS, TEXTS, strict=True))
WORDS = "\n".join("".join(f"{word} NN O\n" for word in text.split()) for text in TEXTS)
TWEETS = [{"tweet": {"id": str(number), "full_text": text}} for number, text in enumerate(TEXTS)]
INSERTED = "".join(f"INSERT INTO `mail` VALUES ({sign},'{text}');\n" for sign, text in PAIRS)


def subtitles(mark=","):
    return "".join(f"{place}\n00:00:{place:02}{mark}000 --> 00:00:{place:02}{mark}900\n{text}\n\n"
                   for place, text in enumerate(TEXTS))  # fmt: skip


def mail(text, start=""):
    return f"{start}From: Ann <ann@shop.example>\nTo: me@shop.example\nSubject: a parcel\n\n{text}\n\n"


KINDS = {
    "a mailbox": ("in.mbox", "".join(mail(each, "From ann Mon Jan  1 10:00:00 2024\n") for each in TEXTS), "mail"),
    "one mail": ("in.eml", mail("\n".join(TEXTS)), "mail"),
    "subtitles": ("in.srt", subtitles(), "subtitles"),
    "subtitles of the web": ("in.txt", "WEBVTT\n\n" + subtitles("."), "subtitles"),
    "a dump of MySQL": ("in.sql", "-- MySQL dump 10.13\nCREATE TABLE `mail` (a int, b text);\n" + INSERTED, "SQL dump"),
    "Weka": ("in.arff", "% made by hand\n@relation mail\n@attribute text string\n@attribute label {1,-1}\n@data\n"
             + "".join(f"'{text}',{sign}\n" for sign, text in PAIRS), "Weka"),
    "LibSVM": ("in.txt", "".join(f"{sign} 3:0.5 17:1\n" for sign in SIGNS), "LibSVM"),
    "a namespace": ("in.vw", "".join(f"{sign} |t {text}\n" for sign, text in PAIRS), "Vowpal Wabbit"),
    "two namespaces": ("in.txt", "".join(f"{sign} 'a|t {text} |u 3\n" for sign, text in PAIRS), "Vowpal Wabbit"),
    "a weight and a tag": ("in.vw", "".join(f"{sign} 1.0 a| {text}\n" for sign, text in PAIRS), "Vowpal Wabbit"),
    "CoNLL": ("in.conll", WORDS, "words with tags"),
    "CoNLL-U": ("in.txt", "# text = one\n1\tone\tone\tNUM\t_\t_\t0\troot\t_\t_\n\n" * 9, "words with tags"),
    "trees": ("in.txt", "(3 (2 The) (4 (2 parcel) (3 came)))\n" * 9, "trees"),
    "a Twitter archive": ("in.js", "window.YTD.tweets.part0 = " + json.dumps(TWEETS, indent=1) + ";\n", "holds JSON"),
    "printed by Python": ("in.json", "".join(f"{ {'text': text, 'label': sign} }\n" for sign, text in PAIRS), "Python"),
    "YAML": ("in.yaml", "".join(f"- text: {text}\n  label: {sign}\n" for sign, text in PAIRS), "YAML"),
}  # fmt: skip


def read(path, **options):
    with open_table(path, PrepareConfig(**options)) as table:
        return [list(row.values()) for row in table.rows()]


@pytest.mark.parametrize("kind", KINDS)
def test_lines_of_other_formats_are_refused_by_name_and_read_as_lines_when_asked(tmp_path, kind):
    name, content, expected = KINDS[kind]
    (tmp_path / name).write_text(content, "utf-8")
    with pytest.raises(InputError, match=f"is .*{expected}.*, not a table") as refused:
        read(tmp_path / name)
    assert refused.value.hint
    if not name.endswith((".json", ".js")):
        assert len(read(tmp_path / name, delimiter="none", header=False)) == sum(map(bool, content.split("\n")))


HELPED = {
    "subtitles": ("in.texts.txt", [[text] for text in TEXTS]),
    "Weka": ("in.csv", [[text, str(sign)] for sign, text in PAIRS]),
    "a namespace": ("in.tsv", [[str(sign), text] for sign, text in PAIRS]),
    "two namespaces": ("in.tsv", [[str(sign), f"{text} 3"] for sign, text in PAIRS]),
    "a weight and a tag": ("in.tsv", [[str(sign), text] for sign, text in PAIRS]),
    "a Twitter archive": ("in.json", [list(each["tweet"].values()) for each in TWEETS]),
    "printed by Python": ("in.jsonl", [[text, str(sign)] for sign, text in PAIRS]),
}


@pytest.mark.parametrize("kind", HELPED)
def test_the_line_that_helps_makes_the_table(tmp_path, kind):
    name, content, _ = KINDS[kind]
    made, rows = HELPED[kind]
    (tmp_path / name).write_text(content, "utf-8")
    with pytest.raises(InputError) as refused:
        read(tmp_path / name)
    command = refused.value.hint.rpartition(" > ")
    done = subprocess.run(f"{command[0]} > {command[2].split()[0]}", shell=True, cwd=tmp_path, check=False)
    assert done.returncode == 0
    assert read(tmp_path / made) == rows


ORDINARY = {
    "a number and a bar": "".join(f"{sign}|{text}\n" for sign, text in PAIRS),
    "a number, a bar, and the same word": "".join(f"{sign}|The {text}\n" for sign, text in PAIRS),
    "drawn with bars": "".join(f"{sign} | {text}\n" for sign, text in PAIRS),
    "three columns with bars": "".join(f"{sign}|en|{text}\n" for sign, text in PAIRS),
    "times in front": "".join(f"10:{place:02}:00,{text}\n" for place, text in enumerate(TEXTS)),
    "one sentence about SQL": "".join(f"CREATE TABLE is what {text} says\n" for text in TEXTS),
    "questions by mail": "".join(f"From: {text}\n" for text in TEXTS),
}


@pytest.mark.parametrize("kind", ORDINARY)
def test_ordinary_lines_stay_what_they_are(tmp_path, kind):
    (tmp_path / "in.txt").write_text(ORDINARY[kind], "utf-8")
    assert len(read(tmp_path / "in.txt", header=False)) == len(TEXTS)
