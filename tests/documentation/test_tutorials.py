"""Every line of the tutorials, typed in the order of the page, on small files of the kind that the page is about.

Trainings climb only the first rung; all else is as the page has it.
"""

import io
import re
import shlex
import shutil
from pathlib import Path
from random import Random

import pytest

from tests.documentation.pages import DOCS, ROOT
from txt.cli import main

TOPICS = {
    "card lost": ["lost my card", "card was stolen", "block the card please", "cannot find my bank card"],
    "transfer late": ["transfer has not arrived", "where is my transfer", "money is still pending", "payment is slow"],
    "change pin": ["how do I change the pin", "new pin please", "forgot the pin code", "pin is blocked again"],
    "top up": ["top up failed", "cannot add money", "top up was refused", "adding funds does not work"],
}  # fmt: skip
FILLERS = ["today", "since Monday", "again", "for two days", "on my phone", "in the app", "abroad", "before lunch"]
GERMAN = {
    "gut": ["Sehr schöner Laden", "Tolle Größe und schöne Farbe", "Die Bedienung war freundlich", "Gerne wieder"],
    "schlecht": ["Leider völlig kaputt", "Der Preis ist unverschämt", "Nie wieder, viel zu groß", "Schlechte Qualität"],
}


def make_texts(topics: dict[str, list[str]], rows: int, fillers=FILLERS) -> list[tuple[str, str]]:
    """Return texts with their classes: a phrase of the class among others that say nothing, no two alike."""
    rng, made = Random(7), {}
    classes = list(topics)
    while len(made) < rows:
        label = classes[len(made) % len(classes)]
        text = f"{rng.choice(topics[label])} {rng.choice(fillers)} {rng.choice(fillers)} {rng.randrange(100)}"
        made.setdefault(text, label)
    return list(made.items())


def write_tickets(folder: Path) -> None:
    rows = make_texts(TOPICS, 160)
    (folder / "tickets.csv").write_text("text,intent\n" + "".join(f"{text},{label}\n" for text, label in rows))
    new = make_texts(TOPICS, 220)[160:]
    (folder / "new-tickets.csv").write_text("text\n" + "".join(f"{text}\n" for text, _ in new))


def write_comments(folder: Path) -> None:
    rows = make_texts(GERMAN, 120, ["heute", "im Büro", "für Gäste", "schon öfter", "überall"])
    lines = ["Kommentar;Urteil", *(f"{text};{label}" for text, label in rows)]
    (folder / "kommentare.csv").write_bytes("\r\n".join(lines).encode("cp1252") + b"\r\n")


def write_samples(folder: Path) -> None:
    for name in ("unlabeled.csv", "rules.toml"):
        shutil.copy(ROOT / "sample_data" / name, folder)


def write_unlabeled_reviews(folder: Path) -> None:
    rows = make_texts({"a": ["a fine film", "a lovely meal"], "b": ["a dull film", "a cold meal"]}, 80)
    (folder / "reviews.csv").write_text("text\n" + "".join(f"{text}\n" for text, _ in rows))
    shutil.copy(folder / "reviews.csv", folder / "theirs.csv")
    assert type_line("txt label theirs.csv --labels negative,neutral,positive --annotator carl", "13132" * 4)[0] == 0
    (folder / "theirs.csv.labels.db").rename(folder / "bens.labels.db")


def write_big(folder: Path) -> None:
    rows = make_texts({"no": ["lost my card", "a dull film"], "yes": ["a fine film", "pin works"]}, 2000)
    (folder / "big.csv").write_text("text,answer\n" + "".join(f"{text},{label}\n" for text, label in rows))


def write_reviews(folder: Path) -> None:
    shutil.copy(ROOT / "sample_data" / "reviews.csv", folder)


PAGES = {
    "sentiment": (write_samples, ["labeled.csv", "runs/001/report.html"]),
    "tickets": (write_tickets, ["new-tickets.predicted.csv", "unsure.db", "runs/001/report.json"]),
    "german": (write_comments, ["runs/001/report.html"]),
    "team": (write_unlabeled_reviews, ["labeled.csv", "runs/001/model"]),
    "million-rows": (write_big, ["prepared/manifest.json", "answers.csv"]),
    "notebook": (write_reviews, ["runs/001/report.json"]),
}
KEYS = {"sentiment": "131" * 40, "team": "31" * 30, "tickets": "", "million-rows": "12"}
"""What a person would press on the label screen of a page; without a terminal it is asked line by line."""


def type_line(line: str, keys: str) -> tuple[int, str]:
    """Run a line as typed, with keys as the lines that are typed into it; return its exit code and the line."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("\n".join([*keys, "q"]).encode() + b"\n")))
        return main(shlex.split(line)[1:]), line


def split_blocks(page: str) -> list[tuple[str, str]]:
    """Return the blocks of a page, each with its language."""
    text = (DOCS / "tutorials" / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(r"^```(sh|python)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_every_line_of_a_tutorial_works(page, tmp_path, monkeypatch):
    write, made = PAGES[page]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TXT_TRAIN_RUNGS", "1")
    write(tmp_path)
    known: dict[str, object] = {}
    for language, block in split_blocks(page):
        if language == "python":
            exec(block, known)
            continue
        for line in block.replace("--budget 10m", "--rungs 2 --budget 1s").strip().splitlines():
            assert type_line(line, KEYS.get(page, ""))[0] == 0, line
    for name in made:
        assert (tmp_path / name).exists(), name


def test_every_tutorial_is_tried():
    assert {path.stem for path in (DOCS / "tutorials").glob("*.md")} == {*PAGES, "cluster"}


def test_a_german_file_is_read_with_its_letters(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_comments(tmp_path)
    assert type_line("txt prepare kommentare.csv --dry-run", "")[0] == 0
    shown = capsys.readouterr().out
    assert any(word in shown for word in ("schöner", "Größe", "völlig", "Qualität", "für", "öfter", "überall", "Büro"))
    assert "Ã" not in shown
