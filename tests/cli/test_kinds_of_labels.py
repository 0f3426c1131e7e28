"""Each kind of labels from the first key to a model that another program has opened."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from txt.cli import main

WORDS = {"1": "awful broken late", "2": "fine usual plain", "3": "superb lovely quick"}
"""What texts about each of three classes say; a key of the label screen stands for each."""

NAMES = {
    "several": "late,dull,quick",
    "ordered": "1,2,3",
    "nested": "hardware > printer,hardware > screen,software > mail",
}
OPTIONS = {"several": [], "ordered": ["--ordered"], "nested": []}
LABELED = {"several": ["--multi-label"], "ordered": [], "nested": []}


def write_texts(path: Path, several: bool, count: int = 60) -> list[str]:
    """Write texts without labels; return the keys that label each, with Enter after those of several."""
    rng = np.random.default_rng(0)
    keys = []
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text"])
        for number in range(count):
            first = str(1 + number % 3)
            chosen = [first, str(1 + (number + 1) % 3)] if several and number % 4 == 0 else [first]
            words = " ".join(" ".join(rng.permutation(WORDS[key].split())) for key in chosen)
            writer.writerow([f"item {number}: {words}"])
            keys.append("\n".join(chosen) + ("\n\n" if several else "\n"))
    return keys


@pytest.mark.parametrize("kind", NAMES)
def test_labels_given_by_keys_are_learned_scored_predicted_and_opened_elsewhere(tmp_path, monkeypatch, capsys, kind):
    monkeypatch.chdir(tmp_path)
    keys = write_texts(tmp_path / "data.csv", kind == "several")
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(keys) + "q\n"))
    assert main(["label", "data.csv", "--plain", "--labels", NAMES[kind], *LABELED[kind]]) == 0
    options = [*OPTIONS[kind], "--linear", "--vocab-size", "300", "--name", "one", "--plain"]
    assert main(["train", "data.csv", *options]) == 0
    capsys.readouterr()
    assert main(["eval", "one", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["kind"] == kind
    score = "micro_f1" if kind == "several" else "accuracy"
    assert report["metrics"][score]["value"] > 0.8
    text = "item 7: superb lovely quick awful broken late" if kind == "several" else "item 7: superb lovely quick"
    assert main(["predict", "one", text, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    names = NAMES[kind].split(",")
    if kind == "several":
        assert set(answer["labels"]) == {names[0], names[2]}
    else:
        assert answer["label"] == names[2]
    assert main(["predict", "one", text, "--json", "--coverage", "0.7", "--explain-label", names[0]]) == 0
    with_set = json.loads(capsys.readouterr().out)
    answered = answer["labels"] if kind == "several" else [answer["label"]]
    assert set(answered) <= set(with_set["label_set"]) <= set(names)
    weights = {part["word"]: part["weight"] for part in with_set["words"]}
    assert max(weights, key=weights.__getitem__) in (WORDS["1"] if kind == "several" else "item 7:")
    assert main(["export", "one", "-o", "out"]) == 0
    from transformers import pipeline

    classify = pipeline("text-classification", "out", trust_remote_code=True)
    theirs = {each["label"]: each["score"] for each in classify([text], top_k=None)[0]}
    assert theirs == pytest.approx(answer["probabilities"], abs=1e-3)
