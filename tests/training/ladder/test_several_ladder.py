"""The ladder's first rung on rows with several labels, from a file to predictions in the file's own form."""

import csv
import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tests.tickets import WORDS, write_tickets
from txt.cli import main
from txt.label_set_metrics import label_losses
from txt.model.logistic import fit_logistic_sets
from txt.prediction import classifier as prediction
from txt.training.ladder.blend import fit_blend_sets, mix
from txt.training.ladder.folds import make_folds_of_sets


@pytest.mark.parametrize("form", ["joined", "jsonl", "columns"])
def test_from_a_file_to_predictions_in_its_own_form(tmp_path, monkeypatch, capsys, form):
    monkeypatch.chdir(tmp_path)
    data = write_tickets(tmp_path / ("data.jsonl" if form == "jsonl" else "data.csv"), form)
    options = ["--label-columns", ",".join(WORDS)] if form == "columns" else []
    assert main(["train", str(data), *options, "--linear", "--vocab-size", "300", "--name", "one", "--plain"]) == 0
    capsys.readouterr()
    assert main(["eval", "one", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["kind"] == "several"
    assert report["metrics"]["micro_f1"]["value"] > 0.8
    assert report["metrics"]["subset_accuracy"] == report["metrics"]["accuracy"]
    assert set(report["sets"]["thresholds"]) == set(WORDS)
    page = (tmp_path / "runs" / "one" / "report.html").read_text(encoding="utf-8")
    assert "Hamming loss" in page
    loaded = prediction.load("one")
    (answer,) = loaded.predict(["ticket 9: friendly helpful staff and screen cracked dead"])
    assert set(answer.labels) == {"kind", "broken"}
    ending = "jsonl" if form == "jsonl" else "csv"
    unseen = tmp_path / f"unseen.{ending}"
    texts = ["ticket 7: screen cracked dead", "ticket 8: nothing to say today"]
    if form == "jsonl":
        unseen.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    else:
        unseen.write_text("text\n" + "".join(f"{text}\n" for text in texts))
    assert main(["predict", "one", str(unseen), "--thresholds", "kind=0.9"]) == 0
    lines = (tmp_path / f"unseen.predicted.{ending}").read_text().splitlines()
    if form == "jsonl":
        assert json.loads(lines[0])["labels"] == ["broken"]
        assert json.loads(lines[1])["labels"] == []
    elif form == "columns":
        assert lines[0] == "text,broken,kind,late,confidence"
        assert [line.split(",")[1:4] for line in lines[1:]] == [["1", "0", "0"], ["0", "0", "0"]]
    else:
        assert lines[0] == "text,labels,confidence"
        assert [line.split(",")[1] for line in lines[1:]] == ["broken", ""]
    capsys.readouterr()
    other = write_tickets(tmp_path / f"other.{ending}", form, count=40)
    assert main(["eval", "one", "--data", str(other), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["rows"] == 40
    assert report["metrics"]["micro_f1"]["value"] > 0.8
    assert main(["predict", "one", "text", "--thresholds", "nobody=0.5"]) == 2
    assert "`nobody`, which the model does not know" in " ".join(capsys.readouterr().err.split())


def test_a_metric_of_the_other_kind_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    data = write_tickets(tmp_path / "data.csv", "joined")
    assert main(["train", str(data), "--recipe", "scratch", "--metric", "mcc", "--plain", "--vocab-size", "300"]) == 2
    assert "is for one label a row" in " ".join(capsys.readouterr().err.split())
    assert not list((tmp_path / "runs").iterdir())


def test_on_the_ladder_a_score_is_taken_where_answers_follow_from_it_and_refused_elsewhere(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    data = write_tickets(tmp_path / "data.csv", "joined")
    options = ["--linear", "--vocab-size", "300", "--plain", "--metric", "macro_f1"]
    assert main(["train", str(data), *options, "--name", "macro"]) == 0
    capsys.readouterr()
    assert main(["train", str(data), *options, "--no-multi-label", "--name", "apart"]) == 2
    assert "--metric does nothing here" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "runs" / "apart").exists()


def test_one_regression_a_label_is_scikit_learns():
    rng = np.random.default_rng(2)
    features = rng.normal(size=(200, 6)).astype(np.float32)
    targets = rng.random((200, 4)) < [0.5, 0.2, 0.0, 1.0]
    targets[:, :2] |= features[:, :2] > 1
    found = fit_logistic_sets(features, targets, 2.0)
    for label in range(2):
        expected = LogisticRegression(C=2.0, tol=1e-8, max_iter=1000).fit(features, targets[:, label])
        assert found.weight[:, label] == pytest.approx(expected.coef_[0], abs=2e-2)
        assert found.bias[label] == pytest.approx(expected.intercept_[0], abs=2e-2)
    logits = found.logits(features)
    assert (logits[:, 2] < -20).all()
    assert (logits[:, 3] > 20).all()


def test_a_blend_is_no_worse_than_any_other_weights():
    rng = np.random.default_rng(4)
    targets = rng.random((300, 3)) < 0.3
    good, poor = 2 * targets - 1 + rng.normal(size=targets.shape), rng.normal(size=targets.shape)
    weights = fit_blend_sets([good, poor], targets)
    best = label_losses(mix([good, poor], weights), targets).mean()
    for one in np.linspace(0, 3, 13):
        for other in np.linspace(0, 1, 5):
            assert best <= label_losses(mix([good, poor], np.array([one, other])), targets).mean() + 1e-3
    assert (fit_blend_sets([good, -good], targets) >= 0).all()


def test_folds_keep_groups_together_and_shares_equal():
    rng = np.random.default_rng(6)
    targets, groups = rng.random((600, 4)) < [0.4, 0.2, 0.1, 0.02], rng.integers(400, size=600)
    folds = make_folds_of_sets(targets, groups, 5, 0)
    assert all(len(set(folds[groups == group])) == 1 for group in set(groups.tolist()))
    for label in range(4):
        counts = np.bincount(folds[targets[:, label]], minlength=5)
        assert counts.max() - counts.min() <= 4


def test_classes_in_levels_are_scored_by_level_and_answered_with_the_parent(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = {
        ("hardware", "printer"): "paper jam ink",
        ("hardware", "screen"): "flicker dark pixels",
        ("software", "mail"): "inbox attachment spam",
        ("software", "login"): "password account locked",
    }
    rng = np.random.default_rng(0)
    with (tmp_path / "data.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "area", "topic"])
        for number in range(160):
            area, topic = list(words)[number % 4]
            said = " ".join(rng.permutation(words[area, topic].split()))
            writer.writerow([f"{area} {said} number {number}", area, topic])
    options = ["--levels", "area,topic", "--linear", "--vocab-size", "300", "--plain"]
    assert main(["train", "data.csv", *options, "--name", "deep"]) == 0
    capsys.readouterr()
    assert main(["eval", "deep", "--data", "data.csv", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["kind"] == "nested"
    assert [level["classes"] for level in report["nested"]["levels"]] == [2, 4]
    assert report["nested"]["levels"][0]["metrics"]["accuracy"]["value"] > 0.9
    assert main(["predict", "deep", "hardware paper jam flicker dark", "--threshold", "0.9", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    loaded = prediction.load("deep")
    found = loaded.predict_probabilities(["hardware paper jam flicker dark"]).probabilities
    assert answer["label"] == loaded.tree.nodes[int(loaded.tree.decide(found, 0.9)[0])]
    assert answer["label"].startswith("hardware")
    total = sum(value for name, value in answer["probabilities"].items() if name.startswith("hardware"))
    assert answer["parents"]["hardware"] == pytest.approx(total, abs=1e-3)
    assert main(["predict", "deep", "hardware paper jam ink", "--threshold", "0.7", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["label"] == "hardware > printer"


def test_classes_in_an_order_are_scored_by_steps_and_the_rule_is_kept(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    words = ["awful broken", "poor slow", "fine okay", "good quick", "superb perfect"]
    rows = [(number % 5, words[int(np.clip(number % 5 + rng.integers(-1, 2), 0, 4))]) for number in range(300)]
    lines = "".join(f"item {number} {said},{stars + 1}\n" for number, (stars, said) in enumerate(rows))
    (tmp_path / "data.csv").write_text("text,stars\n" + lines)
    assert main(["train", "data.csv", "--ordered", "--linear", "--vocab-size", "300", "--name", "o", "--plain"]) == 0
    capsys.readouterr()
    assert main(["eval", "o", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["kind"] == "ordered"
    assert {"qwk", "mae", "within_one", "accuracy"} <= report["metrics"].keys() & report["baseline"]["metrics"].keys()
    assert report["metrics"]["qwk"]["value"] > 0.5
    config = json.loads((tmp_path / "runs" / "o" / "model" / "config.json").read_text())
    assert (config["label_kind"], config["ordered_answer"] in ("mode", "median", "mean")) == ("ordered", True)
    loaded = prediction.load("o")
    probabilities = loaded.predict_probabilities(["item superb perfect", "item fine okay"]).probabilities
    answers = [answer.label for answer in loaded.predict(["item superb perfect", "item fine okay"])]
    assert answers == [loaded.labels[place] for place in loaded.order.decide(probabilities)]
