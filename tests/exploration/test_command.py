"""`txt explore`: what it prints, writes and refuses."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.exploration.conftest import write_things
from txt.cli import main
from txt.config import ExploreConfig
from txt.model.encoders import installed_encoders
from txt.option_schema import list_options


@pytest.fixture(autouse=True)
def here(own_cache, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_things(tmp_path / "things.csv")


def explore(capsys, *arguments: str, code: int = 0):
    assert main(["explore", *arguments]) == code, capsys.readouterr().err
    return capsys.readouterr()


def report(capsys, *arguments: str):
    return json.loads(explore(capsys, *arguments, "--json").out)


def test_clusters_are_the_things_and_every_row_is_in_one(capsys):
    found = report(capsys, "things.csv", "--encoder", "words")
    assert found["settled"] is True
    assert [cluster["rows"] for cluster in found["clusters"]] == [80, 80, 80]
    assert all(list(cluster["classes"].values()) == [1.0] for cluster in found["clusters"])
    names = {next(iter(cluster["classes"])): " ".join(cluster["words"]) for cluster in found["clusters"]}
    assert "parcel" in names["letter"] or "courier" in names["letter"]
    assert found["label_column"] == "label"


def test_the_plain_report_shows_all_parts(capsys):
    shown = explore(capsys, "things.csv", "--encoder", "words").out
    for part in ("240 rows", "3 clusters", "Map:", "Characters and personal data", "Repeated texts", "classes"):
        assert part in shown, part
    assert max(map(len, shown.splitlines())) <= 100


def test_personal_data_and_control_codes_of_the_data_never_reach_the_output(capsys, tmp_path):
    rows = [f"write to anna{n}@example.org \x1b[31m or call +49 30 12345{n:02} about kettle {n}" for n in range(40)]
    (tmp_path / "mails.csv").write_text("text\n" + "\n".join(f'"{row}"' for row in rows))
    for arguments in (["mails.csv"], ["mails.csv", "--json"], ["mails.csv", "--like", "call anna about a kettle"]):
        printed = explore(capsys, *arguments, "--encoder", "words").out
        assert "@example.org" not in printed
        assert "+49" not in printed
        assert "\x1b" not in printed
    found = report(capsys, "mails.csv", "--encoder", "words")
    assert found["personal_data"]["e-mail addresses"] == {"rows": 40, "found": 40}
    assert found["odd_characters"]["control characters"] == 40


def test_the_rows_nearest_to_some_words_are_found(capsys):
    found = report(capsys, "things.csv", "--encoder", "words", "--like", "courier parcel", "--top", "5")["rows"]
    assert len(found) == 5
    assert all((row["row"] - 1) % 3 == 1 for row in found)
    assert [row["likeness"] for row in found] == sorted((row["likeness"] for row in found), reverse=True)
    out = explore(capsys, "things.csv", "--encoder", "words", "--like", "courier parcel", "--top", "5").out
    assert [int(line.split()[0]) for line in out.splitlines()] == [row["row"] for row in found]
    told = explore(capsys, "things.csv", "--encoder", "words", "--like", "zzz").err
    assert "no row shares anything" in told


def test_rows_with_their_clusters_and_the_report_are_written(capsys):
    explore(capsys, "things.csv", "--encoder", "words", "-o", "rows.csv")
    rows = list(csv.DictReader(Path("rows.csv").read_text().splitlines()))
    assert [row["row"] for row in rows] == [str(number) for number in range(1, 241)]
    assert len({(row["cluster"], number % 3) for number, row in enumerate(rows)}) == 3
    explore(capsys, "things.csv", "--encoder", "words", "-o", "report.json")
    assert json.loads(Path("report.json").read_text())["rows"] == 240
    explore(capsys, "things.csv", "--encoder", "words", "-o", "report.json")  # its own file is replaced


def test_no_file_of_the_user_is_replaced_without_force(capsys):
    Path("mine.csv").write_text("mine")
    assert "--force" in explore(capsys, "things.csv", "-o", "mine.csv", code=2).err
    assert Path("mine.csv").read_text() == "mine"
    explore(capsys, "things.csv", "--encoder", "words", "-o", "mine.csv", "--force")
    assert Path("mine.csv").read_text().startswith("row,cluster")
    assert "read by this command" in explore(capsys, "things.csv", "-o", "things.csv", "--force", code=2).err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nosuch.csv"], "nosuch.csv"),
        (["things.csv", "--text-column", "txt"], "--text-column"),
        (["things.csv", "--top", "5"], "--like"),
        (["things.csv", "--like", " "], "no words"),
        (["things.csv", "--like", "a", "--clusters", "3"], "--clusters is about clusters"),
        (["things.csv", "--like", "a", "--seed", "3"], "--seed is about clusters"),
        (["things.csv", "--like", "a", "-o", "x.csv"], "-o is about clusters"),
        (["things.csv", "--like", "a", "-i"], "-i is about clusters"),
        (["things.csv", "-i", "--json"], "-i opens a screen"),
        (["things.csv", "-i"], "-i needs a terminal"),
        (["things.csv", "--force"], "there is no -o"),
        (["things.csv", "-o", "x.xlsx"], "neither .json nor .csv"),
        (["things.csv", "--encoder", "bert"], "minilm"),
        (["things.csv", "--clusters", "0"], "at least 1"),
        (["things.csv", "--store", "nosuch.db"], "nosuch.db"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_hint(capsys, arguments, told):
    error = explore(capsys, *arguments, code=2).err
    assert told in error
    assert error.startswith("error: ")


def test_an_empty_column_and_a_prepared_folder_are_refused(capsys, tmp_path):
    (tmp_path / "empty.csv").write_text("text,label\n,a\n,b\n")
    assert "has no text" in explore(capsys, "empty.csv", "--text-column", "text", code=2).err
    (tmp_path / "prepared").mkdir()
    (tmp_path / "prepared" / "manifest.json").write_text("{}")
    assert "is prepared data" in explore(capsys, "prepared", code=2).err


def test_every_option_changes_what_is_found(capsys):
    usual = report(capsys, "things.csv", "--encoder", "words")
    changed = {
        "encoder": ["--encoder", "minilm"],
        "clusters": ["--encoder", "words", "--clusters", "2"],
        "seed": ["--encoder", "words", "--clusters", "7", "--seed", "1"],
        "like": ["--encoder", "words", "--like", "kettle"],
        "top": ["--encoder", "words", "--like", "kettle", "--top", "3"],
    }
    assert changed.keys() == list_options(ExploreConfig).keys()
    before = {"seed": report(capsys, "things.csv", "--encoder", "words", "--clusters", "7")}
    before["top"] = report(capsys, "things.csv", "--encoder", "words", "--like", "kettle")
    if "minilm" not in installed_encoders():
        del changed["encoder"]
    for name, arguments in changed.items():
        assert report(capsys, "things.csv", *arguments) != before.get(name, usual), name


def test_labels_that_people_gave_count_and_can_be_left_aside(capsys):
    from txt.config import LabelConfig
    from txt.data.reading.how_read import ReadingOptions
    from txt.labeling.open_labels import open_labels

    write_things(Path("bare.csv"), 60, labels=False)
    opened = open_labels(Path("bare.csv"), LabelConfig(labels="x,y"), ReadingOptions())
    session = opened.session()
    session.label("y")
    session.leave()
    opened.close()
    words = ["bare.csv", "--encoder", "words"]
    assert {"y": 1.0} in [cluster["classes"] for cluster in report(capsys, *words)["clusters"]]
    assert not any(cluster["classes"] for cluster in report(capsys, *words, "--no-labels")["clusters"])


def test_standard_input_is_read(tmp_path):
    code = "from txt.cli import main; import sys; sys.exit(main(['explore', '-', '--encoder', 'words', '--json']))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=(tmp_path / "things.csv").read_text(),
        capture_output=True,
        text=True,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] == 240


def test_a_few_texts_and_one_text_are_explored(capsys, tmp_path):
    (tmp_path / "few.txt").write_text("a kettle\nthe parcel\n")
    assert report(capsys, "few.txt", "--encoder", "words")["rows"] in (1, 2)
    found = report(capsys, "things.csv", "--encoder", "words", "--clusters", "500")
    assert 3 <= len(found["clusters"]) <= 240
    assert re.fullmatch(r"\d+", str(found["clusters"][-1]["rows"]))
