from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

import txt
from tests.conftest import ROOT
from txt import BadInputError

FAST = {"rungs": 1, "threads": 1}


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return pd.read_csv(ROOT / "sample_data" / "reviews.csv").head(300)


@pytest.fixture(scope="module")
def trained(frame, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run = txt.train(frame, name="one", **FAST)
    return folder, run


def test_a_frame_is_prepared_as_its_file_is(frame, tmp_path: Path):
    frame.to_csv(tmp_path / "reviews.csv", index=False)
    of_file = txt.prepare(tmp_path / "reviews.csv", tmp_path / "one", max_length=64)
    of_frame = txt.prepare(frame, tmp_path / "two", max_length=64)
    of_arrow = txt.prepare(pa.Table.from_pandas(frame, preserve_index=False), tmp_path / "three", max_length=64)
    assert of_file.report.rows == of_frame.report.rows == of_arrow.report.rows
    assert of_file.report.class_counts == of_frame.report.class_counts
    assert "<table>" in of_frame._repr_html_()
    assert "negative" in str(of_frame)


def test_a_frame_with_missing_values_is_read_as_an_empty_cell(frame, tmp_path: Path):
    holed = frame.copy()
    holed.loc[3, "label"] = float("nan")
    holed.loc[4, "text"] = None
    report = txt.prepare(holed, tmp_path / "holed").report
    assert report.rows["unlabeled"] == 1
    assert sum(report.rows.values()) == len(holed) - 1


def test_a_run_is_trained_evaluated_and_compared(trained, frame, monkeypatch):
    folder, run = trained
    monkeypatch.chdir(folder)
    assert (run.path / "report.json").is_file()
    assert run.name == "one"
    assert run.rungs[0].kept
    again = txt.evaluate("one")
    assert again.scores == pytest.approx(run.evaluation.scores)
    seen = txt.evaluate(run, data=frame.head(50))
    assert seen.report.rows == 50
    other = txt.train(frame, name="two", cased=True, **FAST)
    difference = txt.compare(run, "two").differences[0]
    assert (difference.base, difference.run) == ("one", "two")
    assert difference.metrics["accuracy"].value == pytest.approx(
        other.evaluation.scores["accuracy"] - run.evaluation.scores["accuracy"]
    )
    for shown in (run, again, txt.compare(run, other)):
        assert "<table>" in shown._repr_html_()
        assert "accuracy" in str(shown)
    assert (run.classifier().predict(["great"]) == txt.load("one").predict(["great"])).all()


def test_an_explanation_shows_text_from_data_as_text(trained, monkeypatch):
    folder, run = trained
    monkeypatch.chdir(folder)
    found = txt.explain(run, "great <script>alert(1)</script> but \x1b[31mnot lovely")
    assert "<script>" not in found._repr_html_()
    assert "\x1b" not in found._repr_html_() + str(found)
    assert found.label in run.classifier().classes_
    assert txt.explain(run.classifier(precision="float32"), "great").label == txt.explain("one", "great").label


def test_labels_are_a_table_of_the_file_and_its_store(tmp_path: Path):
    data = tmp_path / "reviews.csv"
    data.write_text("text,shop\nfine words,4a\nbad words,1b\n,2c\n", encoding="utf-8")
    from contextlib import closing

    from txt.config import LabelConfig
    from txt.data.reading.how_read import ReadingOptions
    from txt.labeling.open_labels import open_labels

    with closing(open_labels(data, LabelConfig(labels="pos,neg", annotator="anna"), ReadingOptions())) as opened:
        session = opened.session()
        session.label("pos")
        session.skip()
        session.leave()
    labels = txt.Labels(data)
    assert labels.classes == ("pos", "neg")
    found = labels.to_pandas()
    assert found["label"].tolist()[0] == "pos"
    assert found["label_status"].tolist() == ["labeled", "skipped", "unlabeled"]
    assert found["label_by"].tolist()[0] == "anna"
    assert found["shop"].tolist() == ["4a", "1b", "2c"]
    assert len(labels) == 3
    assert "<table>" in labels._repr_html_()
    assert "pos" in str(labels)


def test_labels_of_a_file_without_a_store_are_none(tmp_path: Path):
    (tmp_path / "reviews.csv").write_text("text\nfine words\nbad words\n", encoding="utf-8")
    assert txt.Labels(tmp_path / "reviews.csv").to_arrow()["label"].to_pylist() == [None, None]
    assert {path.name for path in tmp_path.iterdir()} == {"reviews.csv"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda frame: txt.train(frame, learnig_rate=3), "no option `learnig_rate`"),
        (lambda frame: txt.train(frame, learning_rate=-3.0), "learning_rate must be above 0"),
        (lambda _: txt.prepare(object()), "not data that can be read"),
        (lambda _: txt.prepare("missing.csv"), "missing.csv"),
        (lambda frame: txt.prepare(frame, text_column="nothing"), "nothing"),
        (lambda _: txt.evaluate("none-such"), "does not exist"),
        (lambda _: txt.compare("none-such"), "none-such"),
        (lambda _: txt.load("none-such"), "does not exist"),
    ],
)
def test_mistakes_are_value_errors(call, message, frame, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInputError, match=message) as raised:
        call(frame)
    assert "--" not in str(raised.value)
