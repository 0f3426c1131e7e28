import csv
import gzip
import io
import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from txt.config import PredictConfig, PrepareConfig
from txt.errors import InputError, Interrupted, TxtError
from txt.evaluation.prediction_sets import SetRule
from txt.prediction.classifier import Predictor
from txt.prediction.predict_file import PredictRequest, PredictSummary, log_path, predict_file

ROWS = [
    {"id": "007", "text": "the film was great", "stars": "1.10"},
    {"id": "8", "text": 'so "very" awful,\nand dreary', "stars": ""},
    {"id": "9", "text": "  ", "stars": "3"},
    {"id": "10", "text": "ordinary ; fine | größer", "stars": "4"},
]


def predicted(classifier: Predictor, source: Path, out: Path, **options) -> PredictSummary:
    own = {name: options.pop(name) for name in ("resume", "force", "reading") if name in options}
    calls = {name: options.pop(name) for name in ("stop", "leave", "progress") if name in options}
    return predict_file(classifier, source, PredictRequest(out, "weights", PredictConfig(**options), **own), **calls)


def expected(classifier: Predictor, text: str) -> tuple[str, float]:
    (found,) = classifier.predict([text])
    return found.label, found.confidence


def answer_for(classifier: Predictor, text: str) -> tuple[str, str]:
    """Return the cells that a text gets."""
    if not text.strip():
        return "", ""
    label, confidence = expected(classifier, text)
    return label, f"{confidence:.4f}"


def as_line(cells, delimiter: str) -> str:
    line = io.StringIO(newline="")
    csv.writer(line, delimiter=delimiter, lineterminator="").writerow(cells)
    return line.getvalue()


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("ending", "delimiter", "line_end", "mark", "codec"),
    [
        (".csv", ",", "\n", b"", "utf-8"),
        (".csv", ";", "\r\n", b"\xef\xbb\xbf", "utf-8"),
        (".tsv", "\t", "\n", b"", "latin-1"),
        (".csv.gz", ",", "\n", b"", "utf-8"),
    ],
)
def test_every_byte_of_a_delimited_file_stays_and_cells_follow(
    classifier, tmp_path, ending, delimiter, line_end, mark, codec
):
    lines = [as_line(values, delimiter) for values in [list(ROWS[0]), *map(dict.values, ROWS)]]
    content = mark + line_end.join(lines).encode(codec)  # the last line has no end
    source, out = tmp_path / f"data{ending}", tmp_path / f"out{ending}"
    source.write_bytes(gzip.compress(content) if ending.endswith(".gz") else content)
    predicted(classifier, source, out)
    made = gzip.decompress(out.read_bytes()) if ending.endswith(".gz") else out.read_bytes()
    answers = [answer_for(classifier, row["text"]) for row in ROWS]
    added = [delimiter + delimiter.join(answer) for answer in [("label", "confidence"), *answers]]
    assert made == mark + line_end.join(line + more for line, more in zip(lines, added, strict=True)).encode(codec)


def test_fields_are_added_to_json_lines_and_numbers_stay_as_they_are_written(classifier, tmp_path):
    source, out = tmp_path / "data.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"text": "great film", "n": 1.10}\n\n{"n": 7}\n{}\n')
    predicted(classifier, source, out, probabilities=True)
    first, blank, second, third = out.read_text().split("\n")[:4]
    assert first.startswith('{"text": "great film", "n": 1.10, "label": "')
    found = json.loads(first)
    assert found["confidence"] == max(found[f"probability_{label}"] for label in classifier.labels)
    assert blank == ""
    assert json.loads(second)["label"] is None
    assert json.loads(third)["confidence"] is None


def test_a_json_array_stays_one(classifier, tmp_path):
    source, out = tmp_path / "data.json", tmp_path / "out.json"
    source.write_text('[{"text": "great ] film",\n "n": 1.10, "tags": ["a", {"b": null}]}, {"text": "awful"}\n]')
    predicted(classifier, source, out)
    found = json.loads(out.read_text())
    assert [row["text"] for row in found] == ["great ] film", "awful"]
    assert [row["label"] for row in found] == [expected(classifier, row["text"])[0] for row in found]
    assert '"n": 1.10, "tags": ["a", {"b": null}]' in out.read_text()


def test_columns_of_parquet_keep_their_types_and_values(classifier, tmp_path):
    source, out = tmp_path / "data.parquet", tmp_path / "out.parquet"
    table = pa.table(
        {
            "text": ["great film", None, "awful"],
            "n": pa.array([1, None, 3], pa.int16()),
            "tags": [["a"], [], ["b", "c"]],
        }
    )
    pq.write_table(table, source)
    predicted(classifier, source, out, probabilities=True)
    found = pq.read_table(out)
    assert found.select(table.column_names) == table
    assert found["label"].to_pylist()[1] is None
    assert found["label"].to_pylist()[0] == expected(classifier, "great film")[0]
    assert found["probability_bad"].type == pa.float64()


def test_columns_that_are_taken_get_another_name(classifier, reviews, tmp_path):
    out, again = tmp_path / "out.csv", tmp_path / "again.csv"
    predicted(classifier, reviews, out)
    assert out.read_text().splitlines()[0] == "text,label,source,predicted_label,predicted_confidence"
    predicted(classifier, out, again)
    head = again.read_text().splitlines()[0]
    assert head.endswith("predicted_predicted_label,predicted_predicted_confidence")


def test_rows_below_the_threshold_have_no_label_and_are_handed_on(classifier, reviews, tmp_path):
    everything = tmp_path / "all.csv"
    predicted(classifier, reviews, everything)
    rows = rows_of(everything)
    threshold = sorted(float(row["predicted_confidence"]) for row in rows)[40]
    left = []
    summary = predicted(classifier, reviews, tmp_path / "some.csv", threshold=threshold, leave=left.append)
    some = rows_of(tmp_path / "some.csv")
    unsure = [row for row in some if not row["predicted_label"]]
    assert [row["text"] for row in unsure] == [row.text for row in left]
    assert all(float(row["predicted_confidence"]) < threshold for row in unsure)
    assert 0 < summary.unsure == len(unsure) <= 40
    assert summary.labels.total() + summary.unsure == summary.rows == 90
    by_text = {row["text"]: row["predicted_label"] for row in rows}
    assert all(row.label == by_text[row.text] for row in left)


@pytest.fixture
def small_steps(monkeypatch):
    monkeypatch.setattr("txt.prediction.predict_file._STEP_ROWS", 16)


def stop_after(count: int):
    calls = iter(range(1000))
    return lambda: next(calls) >= count


def test_stopped_work_goes_on_to_the_same_bytes(classifier, reviews, tmp_path, small_steps):
    whole, out = tmp_path / "whole.csv", tmp_path / "out.csv"
    predicted(classifier, reviews, whole)
    with pytest.raises(Interrupted, match="stopped after 48 of 90 rows"):
        predicted(classifier, reviews, out, stop=stop_after(3))
    assert not out.exists()
    summary = predicted(classifier, reviews, out, resume=True)
    assert summary.resumed_at == 48
    assert out.read_bytes() == whole.read_bytes()
    assert not log_path(out).exists()


@pytest.mark.parametrize("tail", [b"torn", b"\0" * 64, b"\0" * 5])
def test_what_a_crash_tore_is_done_again(classifier, reviews, tmp_path, small_steps, tail):
    whole, out = tmp_path / "whole.csv", tmp_path / "out.csv"
    predicted(classifier, reviews, whole)
    with pytest.raises(Interrupted):
        predicted(classifier, reviews, out, stop=stop_after(2))
    with log_path(out).open("ab") as file:
        file.write(tail)
    assert predicted(classifier, reviews, out, resume=True).resumed_at == 32
    assert out.read_bytes() == whole.read_bytes()


def test_answers_for_another_file_are_not_taken(classifier, reviews, tmp_path, small_steps):
    out = tmp_path / "out.csv"
    with pytest.raises(Interrupted):
        predicted(classifier, reviews, out, stop=stop_after(2))
    reviews.write_bytes(reviews.read_bytes().replace(b"film", b"play"))
    with pytest.raises(InputError, match="is for another file, model or options"):
        predicted(classifier, reviews, out, resume=True)
    reviews.write_bytes(reviews.read_bytes().replace(b"play", b"film"))
    assert predicted(classifier, reviews, out, resume=True).resumed_at == 32  # a wrong --resume lost nothing


def test_nothing_to_go_on_with_is_told(classifier, reviews, tmp_path):
    with pytest.raises(InputError, match=r"no work on .* to go on with"):
        predicted(classifier, reviews, tmp_path / "out.csv", resume=True)
    assert list(tmp_path.iterdir()) == [reviews]


def test_a_mistake_in_the_last_row_is_told_before_any_work(classifier, reviews, tmp_path):
    with reviews.open("a") as file:
        file.write("one,two,three,four,five\n")
    seen = []
    with pytest.raises(InputError, match="line 92 of"):
        predicted(classifier, reviews, tmp_path / "out.csv", progress=lambda each: seen.append(each.stage))
    assert "predicting" not in seen
    assert list(tmp_path.iterdir()) == [reviews]


def test_a_file_that_changes_meanwhile_is_told_and_nothing_is_written(classifier, reviews, tmp_path):
    def change(progress) -> None:
        if progress.stage == "predicting" and progress.done == progress.total:
            with reviews.open("a") as file:
                file.write("one more,good,web\n")

    with pytest.raises(TxtError, match="has changed while it was being read"):
        predicted(classifier, reviews, tmp_path / "out.csv", progress=change)
    assert not (tmp_path / "out.csv").exists()


def test_nothing_is_taken_away(classifier, reviews, tmp_path):
    taken = tmp_path / "taken.csv"
    taken.write_text("mine")
    for out, message in [
        (taken, "exists already"),
        (reviews, "cannot take the data file's place"),
        (tmp_path, "is a directory"),
        (tmp_path / "out.ods", "asks for a format that is only read"),
    ]:
        with pytest.raises(InputError, match=message):
            predicted(classifier, reviews, out, reading=PrepareConfig())
    assert taken.read_text() == "mine"
    predicted(classifier, reviews, taken, force=True)
    assert taken.read_text() != "mine"


def test_classes_that_the_model_does_not_know_are_noted(classifier, reviews, tmp_path):
    assert predicted(classifier, reviews, tmp_path / "known.csv").notes == []
    reviews.write_bytes(reviews.read_bytes().replace(b",good,", b",splendid,"))
    (note,) = predicted(classifier, reviews, tmp_path / "unknown.csv").notes
    assert "column `label` has classes that the model does not know, `splendid`" in note


def test_two_processes_do_not_make_one_file(classifier, reviews, tmp_path):
    import fcntl

    out = tmp_path / "out.csv"
    log_path(out).touch()
    other = os.open(log_path(out), os.O_RDWR)
    fcntl.flock(other, fcntl.LOCK_EX)
    try:
        with pytest.raises(InputError, match="another process is at work"):
            predicted(classifier, reviews, out)
    finally:
        os.close(other)


def test_the_columns_that_were_trained_on_are_read_where_the_file_has_them(classifier, tmp_path):
    source = tmp_path / "data.csv"
    source.write_text("title,body\n" + "".join(f"word {each},so good a story it was {each}\n" for each in range(8)))
    for number, (trained_on, column) in enumerate([("title,body", "title,body"), ("title", "title"), ("text", "body")]):
        asked = PredictRequest(tmp_path / f"{number}.csv", "weights", PredictConfig(), trained_on=trained_on)
        assert predict_file(classifier, source, asked).column == column
    asked = PredictRequest(
        tmp_path / "3.csv", "weights", PredictConfig(), PrepareConfig(text_column="body"), trained_on="title"
    )
    assert predict_file(classifier, source, asked).column == "body"


def test_json_lines_in_a_json_file_are_written_so_again(classifier, tmp_path):
    source, out = tmp_path / "data.json", tmp_path / "data.predicted.json"
    source.write_text('{"text": "so good"}\n{"text": "so bad"}\n')
    predicted(classifier, source, out)
    assert [json.loads(line)["text"] for line in out.read_text().splitlines()] == ["so good", "so bad"]


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_sets_of_classes_are_written_in_every_format(classifier, tmp_path, ending, monkeypatch):
    monkeypatch.setattr(classifier, "set_rule", SetRule(0.9, 0.2, 50))
    source, out = tmp_path / f"data{ending}", tmp_path / f"out{ending}"
    texts = ["great film", "", "awful film"]
    if ending == ".csv":
        source.write_text("text\ngreat film\n \nawful film\n")
    elif ending == ".jsonl":
        source.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    else:
        pq.write_table(pa.table({"text": texts}), source)
    summary = predicted(classifier, source, out, probabilities=True, coverage=0.9)
    if ending == ".csv":
        rows = rows_of(out)
    elif ending == ".jsonl":
        rows = [json.loads(line) for line in out.read_text().splitlines()]
    else:
        rows = pq.read_table(out).to_pylist()
    assert not rows[1]["label_set"]
    for row in (rows[0], rows[2]):
        probable = {label for label in classifier.labels if float(row[f"probability_{label}"]) >= 0.2}
        assert set(json.loads(row["label_set"])) == probable | {row["label"]}
    assert sum(summary.set_sizes.values()) == 2
