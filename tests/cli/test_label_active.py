"""`txt label` with a model: replays, reviews, merges, and what is refused."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.label_command import Txt
from tests.cli.test_label import txt  # noqa: F401  (a fixture)
from tests.labeling.test_active import reviews
from txt.cli import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with reviews, some labels of which are wrong, and the first fifty of which are for testing."""
    texts, labels = reviews(200)
    with (tmp_path / "data.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "split"])
        for row, (text, label) in enumerate(zip(texts, labels, strict=True)):
            wrong = row in (61, 83, 107)
            writer.writerow([text, ("neg", "pos")[label ^ wrong], "test" if row < 50 else "train"])
    with (tmp_path / "bare.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["text"], *([text] for text in texts)])
    return tmp_path


def test_a_replay_is_told_in_words_and_as_json(folder: Path, txt: Txt):  # noqa: F811
    told = txt("data.csv", "--simulate", "--seeds", "2", "--most-labels", "30")
    assert told.returncode == 0, told.stderr
    assert "150 labeled rows" in told.stderr  # without those of the test split
    assert "beside random order" in told.stdout
    assert "margin" in told.stdout
    found = json.loads(txt("data.csv", "--simulate", "--seeds", "2", "--most-labels", "30", "--json").stdout)
    assert set(found) == {"strategy", "full", "curves", "area", "gain", "labels_to"} - {"gain"}
    assert set(found["curves"]) == {"margin", "random"}
    assert not (folder / "data.csv.labels.db").exists()


def test_a_review_keeps_or_changes_with_one_key_each_and_is_logged_as_such(folder: Path, txt: Txt):  # noqa: F811
    first = txt("data.csv", "--review", "--model", "tfidf", "--plain", answers="s\nq\n")
    assert first.returncode == 0, first.stderr
    assert "labels to look at again, the worst first" in first.stderr
    assert "suggested: " in first.stdout
    stats = json.loads(txt("data.csv", "--stats", "--json").stdout)
    assert stats["ways"]["review"] == 1
    again = txt("data.csv", "--review", "--model", "tfidf", "--plain", answers="q\n")
    shown = [line for line in first.stdout.splitlines() if line.startswith("Text ")]
    assert shown[0] not in again.stdout  # what was reviewed is not offered again
    assert shown[1] in again.stdout


def test_where_no_label_is_doubtful_that_is_said(folder: Path, txt: Txt):  # noqa: F811
    path = folder / "right.csv"
    path.write_text("text,label\nso good,pos\nso bad,neg\n")
    done = txt("right.csv", "--review", "--plain")
    assert done.returncode == 0
    assert "There is no label to doubt" in done.stderr


def test_two_stores_are_merged_and_the_agreement_is_told(folder: Path, txt: Txt):  # noqa: F811
    for who, answers in (("anna", "1\n2\n1\nq\n"), ("ben", "1\n1\n1\nq\n")):
        store = ["--store", f"{who}.db", "--annotator", who, "--labels", "neg,pos"]
        assert txt("bare.csv", *store, "--plain", answers=answers).returncode == 0
    merged = txt("bare.csv", "--store", "anna.db", "--merge", "ben.db")
    assert merged.returncode == 0, merged.stderr
    assert "on 1 row the two differ" in merged.stderr
    assert "kappa 0.000" in txt("bare.csv", "--store", "anna.db", "--stats").stdout
    review = txt("bare.csv", "--store", "anna.db", "--annotator", "carla", "--review", "--plain", answers="2\n")
    assert "1 that annotators disagree on" in review.stderr
    assert "anna: pos, ben: neg" in review.stdout


def test_labeling_line_by_line_can_be_guided_by_a_model(folder: Path, txt: Txt):  # noqa: F811
    done = txt("bare.csv", "--active", "--labels", "neg,pos", "--plain", answers="1\n2\np\nq\n")
    assert done.returncode == 0, done.stderr
    assert "2 decisions in this sitting" in done.stderr
    assert "rows held out are labeled" in done.stdout
    texts = [line for line in done.stdout.splitlines() if line.startswith("Text ")]
    assert not texts[0].startswith("Text 1:")  # not in the file's order


def test_several_labels_are_suggested_marked_and_looked_at_again(folder: Path, txt: Txt):  # noqa: F811
    rng = np.random.default_rng(0)
    words = {"a": "apple orchard", "b": "boat harbour"}
    sets = [("a", "b", "ab")[number % 3] for number in range(60)]
    texts = [f"{' '.join(words[name] for name in each)} {rng.integers(1000)} item{n}" for n, each in enumerate(sets)]
    (folder / "bare.csv").write_text(
        "text,labels\n" + "".join(f"{t},{'|'.join(s)}\n" for t, s in zip(texts, sets, strict=True))
    )
    many = ["bare.csv", "--multi-label", "--label-column", "labels", "--plain"]
    replay = txt(*many[:4], "--simulate", "--seeds", "2", "--most-labels", "30")
    assert replay.returncode == 0, replay.stderr
    assert txt(*many, "--review").returncode == 0
    bare = ["bare.csv", "--multi-label", "--relabel", "--labels", "a,b", "--active", "--holdout", "0", "--plain"]
    done = txt(*bare, answers="\n1\n\n" * 3 + "q\n")
    assert done.returncode == 0, done.stderr
    assert "a; Enter accepts" in done.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--active", "--model", "tdidf"], "--model `tdidf` is neither a model nor a run"),
        (["--active", "--strategy", "margn"], "did you mean `margin`?"),
        (["--suggest", "names", "--multi-label", "--labels", "a,b"], "--suggest proposes one class a row"),
        (["--active", "--review"], "--review shows labeled ones again"),
        (["--simulate"], "too few to replay"),
        (["--merge", "nowhere.db", "--labels", "a,b"], "`nowhere.db` does not exist"),
        (["--active", "--split-column", "nope", "--labels", "a,b"], "column `nope` not found"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(folder: Path, txt: Txt, options, message):  # noqa: F811
    done = txt("bare.csv", *options, "--plain")
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_replay_that_lacks_the_files_own_labels_says_how_to_have_them(folder: Path, txt: Txt):  # noqa: F811
    assert txt("data.csv", "--relabel", "--plain", answers="1\nq\n").returncode == 0
    refused = txt("data.csv", "--simulate")
    assert refused.returncode == 2
    assert "--no-relabel counts the file's own labels" in refused.stderr
    told = txt("data.csv", "--simulate", "--no-relabel", "--seeds", "2", "--most-labels", "30")
    assert told.returncode == 0, told.stderr


def test_the_seed_of_the_draws_can_be_chosen(tmp_path, capsys):
    path = tmp_path / "u.csv"
    path.write_text("text\n" + "".join(f"text number {number}\n" for number in range(20)))
    assert main(["label", str(path), "--labels", "a,b", "--active", "--seed", "-1"]) == 2
    assert "--seed must be at least 0" in capsys.readouterr().err
