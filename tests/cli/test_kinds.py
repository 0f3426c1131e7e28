"""Every command on files that are not lines of text: they give what the same rows give as CSV."""

import csv
import json
import shutil
import sqlite3
import zipfile
from collections import Counter
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pytest

from tests.evaluation.conftest import born_run, write_reviews  # noqa: F401
from tests.prediction.conftest import run  # noqa: F401
from txt.cli import main
from txt.config import PrepareConfig
from txt.data.reading.table import open_table
from txt.runs.folder import Run


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Path:  # noqa: F811
    """Stand in a folder with the run `born` in it, and reviews in many kinds of files."""
    shutil.copytree(run.path.parents[1], tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    write_reviews(tmp_path / "plain.csv", 60, seed=7)
    return tmp_path


def rows(here: Path) -> list[dict[str, str]]:
    with (here / "plain.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def make_xlsx(here: Path) -> str:
    openpyxl = pytest.importorskip("openpyxl", reason="the package openpyxl is not installed")
    pytest.importorskip("python_calamine", reason="the package python-calamine is not installed")
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Reviews"
    sheet.append(["text", "label", "source"])
    for row in rows(here):
        sheet.append(list(row.values()))
    sheet["A1"].font = openpyxl.styles.Font(bold=True)
    other = book.create_sheet("Sums")
    other.append(["rows", "=COUNTA(Reviews!A2:A61)"])
    book.save(here / "book.xlsx")
    return "book.xlsx::Reviews"


def make_sqlite(here: Path) -> str:
    with closing(sqlite3.connect(here / "data.sqlite")) as database, database:
        database.execute("CREATE TABLE reviews (text, label, source)")
        database.executemany("INSERT INTO reviews VALUES (?, ?, ?)", [tuple(row.values()) for row in rows(here)])
        database.execute("CREATE TABLE users (name)")
    database.close()
    return "data.sqlite::reviews"


def make_months(here: Path) -> str:
    found = rows(here)
    for number, part in enumerate((found[:30], found[30:]), start=1):
        with (here / f"2024-0{number}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["text", "label"])
            writer.writerows((row["text"], row["label"]) for row in part)
    return "2024-*.csv"


def make_zip(here: Path) -> str:
    with zipfile.ZipFile(here / "archive.zip", "w") as archive:
        archive.write(here / "plain.csv", "plain.csv")
    return "archive.zip"


def make_folder(here: Path) -> str:
    for number, row in enumerate(rows(here)):
        path = here / "reviews" / row["label"] / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(row["text"], "utf-8")
    return "reviews"


def make_feather(here: Path) -> str:
    pyarrow.feather.write_feather(pa.Table.from_pylist(rows(here)), str(here / "data.feather"))
    return "data.feather"


def make_sav(here: Path) -> str:
    pandas = pytest.importorskip("pandas", reason="the package pandas is not installed")
    pyreadstat = pytest.importorskip("pyreadstat", reason="the package pyreadstat is not installed")
    names = {1: "good", 2: "bad", 3: "so-so"}
    codes = {name: float(code) for code, name in names.items()}
    table = pandas.DataFrame([{**row, "label": codes[row["label"]]} for row in rows(here)])
    pyreadstat.write_sav(table, str(here / "survey.sav"), variable_value_labels={"label": names})
    return "survey.sav"


def read_made(path: Path) -> list[dict[str, str]]:
    """Return the rows of a file that a command wrote."""
    with open_table(path, PrepareConfig()) as table:
        return [{name: cell or "" for name, cell in row.items()} for row in table.rows()]


def make_odd_csv(here: Path) -> str:
    """Write what a survey tool and a spreadsheet might: a title, units below the header, semicolons, a total."""
    lines = ["Reviews of May", "", "text;label;source", "(words);(class);(place)"]
    lines += [";".join(row.values()) for row in rows(here)]
    (here / "odd.csv").write_bytes("\r\n".join([*lines, "Total;;60", ""]).encode("utf-16"))
    return "odd.csv"


def make_r_table(here: Path) -> str:
    lines = ["text\tlabel\tsource"]
    lines += ["\t".join((str(number), *row.values())) for number, row in enumerate(rows(here), start=1)]
    (here / "table.tsv").write_text("\n".join(lines) + "\n")
    return "table.tsv"


def make_spaced_table(here: Path) -> str:
    written = [" ".join(f'"{cell}"' for cell in row.values()) for row in rows(here)]
    lines = ['"text" "label" "source"', *(f'"{number}" {line}' for number, line in enumerate(written, start=1))]
    (here / "table.txt").write_text("\n".join(lines) + "\n")
    return "table.txt"


def make_coded_json(here: Path) -> str:
    names = sorted({row["label"] for row in rows(here)})
    records = [{**row, "label": names.index(row["label"])} for row in rows(here)]
    (here / "coded.json").write_text(json.dumps({"label_names": names, "data": records}))
    return "coded.json"


def make_json(here: Path) -> str:
    (here / "page.json").write_text(json.dumps({"count": 60, "page": {"items": rows(here)}}))
    return "page.json"


KINDS = {
    "spreadsheet": make_xlsx,
    "database": make_sqlite,
    "several files": make_months,
    "archive": make_zip,
    "folder": make_folder,
    "feather": make_feather,
    "statistics": make_sav,
    "odd table": make_odd_csv,
    "table of R": make_r_table,
    "table of R with spaces": make_spaced_table,
    "JSON below keys": make_json,
    "JSON with names beside": make_coded_json,
}

TEXT_KINDS = ("odd table", "table of R", "table of R with spaces", "JSON below keys", "JSON with names beside")

kinds = pytest.mark.parametrize("kind", KINDS)

SAME = ("labels", "columns", "class_counts", "sources", "reading", "fingerprint")
"""What a manifest says of rows and labels; the fingerprint is that of all texts and labels."""


@kinds
def test_prepare_gives_the_classes_of_the_rows(here, capsys, kind):
    data = KINDS[kind](here)
    assert main(["prepare", data, "--vocab-size", "300", "--json", "-o", "made"]) == 0
    report = json.loads(capsys.readouterr().out)
    counted = Counter()
    for classes in report["class_counts"].values():
        counted.update(classes)
    assert counted == Counter(row["label"] for row in rows(here))


@kinds
def test_train_learns_from_the_rows_that_prepare_makes(here, capsys, kind):
    data = KINDS[kind](here)
    small = ("--d-model", "16", "--nhead", "2", "--num-layers", "1", "--dim-feedforward", "16", "--epochs", "1")
    assert main(["train", data, "--name", "learned", "--vocab-size", "300", *small]) == 0
    assert main(["prepare", data, "--vocab-size", "300", "-o", "made"]) == 0
    learned, made = (
        json.loads((here / folder / "manifest.json").read_text()) for folder in ("runs/learned/prepared", "made")
    )
    assert {name: learned[name] for name in SAME} == {name: made[name] for name in SAME}


@kinds
def test_labels_given_by_hand_come_out_again_and_are_prepared(here, capsys, monkeypatch, kind):
    data = KINDS[kind](here)
    typed = "".join(f"{1 + number % 3}\n" for number in range(60)) + "q\n"
    monkeypatch.setattr("sys.stdin", __import__("io").StringIO(typed))
    assert main(["label", data, "--plain", "--relabel", "--labels", "good,bad,so-so"]) == 0
    told = capsys.readouterr().err.strip().splitlines()[-1].split("writes")[0].split("--export")
    target = here / told[1].strip()
    assert main(["label", data, "--export", str(target)]) == 0
    exported = f"{target}::Reviews" if target.suffix == ".xlsx" else str(target)
    assert main(["prepare", exported, "--vocab-size", "300", "--json", "-o", "exported"]) == 0
    capsys.readouterr()
    assert main(["prepare", data, "--vocab-size", "300", "--json", "-o", "stored"]) == 0
    counts = [json.loads((here / name / "report.json").read_text())["class_counts"] for name in ("exported", "stored")]
    assert counts[0] == counts[1]
    assert sum(sum(classes.values()) for classes in counts[0].values()) == 60
    assert not list(here.glob("*.rows"))


@kinds
def test_predict_writes_every_row_with_its_answer(here, capsys, kind):
    data = KINDS[kind](here)
    assert main(["predict", "born", data, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    paths = [Path(each["path"]) for each in (printed if isinstance(printed, list) else [printed])]  # one for each file
    if paths[0].suffix == ".xlsx":
        openpyxl = pytest.importorskip("openpyxl")
        header, *found = openpyxl.load_workbook(paths[0])["Reviews"].values
        table = [dict(zip(header, row, strict=True)) for row in found]
    else:
        table = [row for path in paths for row in read_made(path)]
    expected = sorted((row["text"], row["label"]) for row in rows(here))
    assert sorted((row["text"], row["label"]) for row in table) == expected
    answers = {row.get("predicted") or row.get("predicted_label") for row in table}
    assert answers <= {"good", "bad", "so-so"}
    assert None not in answers


@kinds
def test_eval_scores_the_same_rows_alike(here, capsys, kind):
    data = KINDS[kind](here)
    scores = []
    for each in (data, "plain.csv"):
        assert main(["eval", "born", "--data", each, "--no-embeddings", "--json", "-o", f"report-{len(scores)}"]) == 0
        metrics = json.loads(capsys.readouterr().out)["metrics"]
        scores.append({name: round(interval["value"], 6) for name, interval in metrics.items()})
    assert scores[0] == scores[1]


@kinds
def test_augment_copies_rows_into_a_file_of_text(here, capsys, kind):
    data = KINDS[kind](here)
    assert main(["augment", data, "--method", "swap", "--factor", "1", "--json"]) == 0
    made = Path(json.loads(capsys.readouterr().out)["path"])
    assert made.suffix == (Path(data).suffix if kind in TEXT_KINDS else ".csv")
    originals = [row for row in read_made(made) if row["augmented"] == "false"]
    assert sorted(row["text"] for row in originals) == sorted(row["text"] for row in rows(here))


@kinds
def test_labels_are_imported_as_they_are_prepared(here, capsys, kind):
    data = KINDS[kind](here)
    with (here / "bare.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["text"], *([row["text"]] for row in rows(here))])
    imported = here / data
    if not imported.is_file() or imported.suffix == ".zip":
        assert main(["label", "bare.csv", "--import", data]) in (0, 2)  # what holds several files may be refused
        assert "Traceback" not in capsys.readouterr().err
        return
    assert main(["label", "bare.csv", "--import", data]) == 0
    assert main(["label", "bare.csv", "--export", "out.csv"]) == 0
    with (here / "out.csv").open(newline="", encoding="utf-8") as file:
        assert [row["label"] for row in csv.DictReader(file)] == [row["label"] for row in rows(here)]


@kinds
@pytest.mark.parametrize("split", ["val", "test"])
def test_a_file_that_is_a_split_is_read_as_ever(here, capsys, kind, split):
    data = KINDS[kind](here)
    write_reviews(here / "train.csv", 80, seed=8)
    assert main(["prepare", "train.csv", f"--{split}", data, "--vocab-size", "300", "--json", "-o", "made"]) == 0
    counts = json.loads(capsys.readouterr().out)["class_counts"]
    assert counts[split] == Counter(row["label"] for row in rows(here))


def test_several_words_are_several_files(here, capsys):
    make_months(here)
    assert main(["prepare", "2024-01.csv", "2024-02.csv", "--vocab-size", "300", "--json", "-o", "made"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["rows_read"] == 60
    assert "source" in report["metadata"]
    assert set(report["sources"]) == {"2024-01.csv", "2024-02.csv"}
    assert main(["label", "2024-01.csv", "2024-02.csv", "--plain"]) == 2
    assert "--store labels.db" in capsys.readouterr().err


def test_the_copy_of_a_spreadsheet_keeps_its_other_cells_and_sheets(here, capsys, monkeypatch):
    openpyxl = pytest.importorskip("openpyxl", reason="the package openpyxl is not installed")
    data = make_xlsx(here)
    monkeypatch.setattr("sys.stdin", __import__("io").StringIO("1\n2\ns\nq\n"))
    assert main(["label", data, "--plain", "--relabel", "--labels", "=good,bad"]) == 0
    assert main(["label", data, "--export", "copy.xlsx"]) == 0
    before, after = openpyxl.load_workbook(here / "book.xlsx"), openpyxl.load_workbook(here / "copy.xlsx")
    assert after.sheetnames == before.sheetnames
    assert after["Sums"]["B1"].value == "=COUNTA(Reviews!A2:A61)"
    assert after["Reviews"]["A1"].font.bold
    for row in before["Reviews"].iter_rows():
        for cell in row:
            assert after["Reviews"][cell.coordinate].value == cell.value
    added = [[cell.value for cell in row[3:6]] for row in after["Reviews"].iter_rows(max_row=4)]
    assert added[0] == ["final_label", "final_label_status", "final_label_by"]
    assert [row[0] for row in added[1:3]] == ["=good", "bad"]
    assert after["Reviews"]["D2"].data_type == "s"  # a label, and no formula
    assert added[3][:2] == [None, "skipped"]
    assert main(["label", data, "--export", "book.xlsx", "--overwrite"]) == 2
    assert "cannot take the data file's place" in capsys.readouterr().err


def test_a_title_above_the_table_stays_where_it_is_in_the_copy(here, monkeypatch):
    openpyxl = pytest.importorskip("openpyxl", reason="the package openpyxl is not installed")
    pytest.importorskip("python_calamine", reason="the package python-calamine is not installed")
    book = openpyxl.Workbook()
    for row in (["Reviews of May"], [], ["text", "label"], ["a film that was great", "good"], ["a dull one", "bad"]):
        book.active.append(row)
    book.save(here / "may.xlsx")
    monkeypatch.setattr("sys.stdin", __import__("io").StringIO("1\nq\n"))
    assert main(["label", "may.xlsx", "--plain", "--relabel", "--labels", "good,bad"]) == 0
    assert main(["label", "may.xlsx", "--export", "copy.xlsx"]) == 0
    found = list(openpyxl.load_workbook(here / "copy.xlsx").active.values)
    assert found[0][0] == "Reviews of May"
    assert found[2][2:4] == ("final_label", "final_label_status")
    assert found[3][2:4] == ("good", "labeled")


def test_an_output_of_another_kind_is_refused_with_a_name_that_works(here, capsys):
    make_sqlite(here)
    assert main(["predict", "born", "data.sqlite::reviews", "-o", "out.sqlite"]) == 2
    assert "out.csv" in capsys.readouterr().err
