"""What a model card says of where a model is from: what is known, and nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from txt.cli import main
from txt.config import TrainConfig
from txt.data.prepared import Prepared
from txt.export.hugging_face import export_hugging_face
from txt.export.origin import BaseModel, find_base_model
from txt.export.padded_form import PaddedForm, padded_form
from txt.prediction.model_source import find_model
from txt.runs.folder import Run


def read_card(folder: Path) -> dict:
    return yaml.safe_load((folder / "README.md").read_text(encoding="utf-8").split("---")[1])


def test_a_model_from_nothing_has_no_base_and_no_licence_but_a_language(run: Run, tmp_path: Path):
    export_hugging_face(find_model(run.path), tmp_path / "out")
    card = read_card(tmp_path / "out")
    assert "base_model" not in card
    assert "license" not in card
    assert card["language"] == "en"


def test_the_licence_is_the_one_that_was_named(run: Run, tmp_path: Path, capsys):
    command = ["export", str(run.path), "-o", str(tmp_path / "out"), "--license"]
    assert main([*command, "apache-2.0"]) == 0
    assert read_card(tmp_path / "out")["license"] == "apache-2.0"
    assert main([*command, "as you like it", "--force"]) == 2
    assert "--license apache-2.0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("minilm", BaseModel("sentence-transformers/all-MiniLM-L6-v2", "apache-2.0")),
        ("multilingual", BaseModel("intfloat/multilingual-e5-small", "mit")),
        ("mpnet", BaseModel("sentence-transformers/all-mpnet-base-v2", "apache-2.0")),
        ("somebody/bert-of-theirs", BaseModel("somebody/bert-of-theirs")),
        ("/home/anna/models/bert", None),
    ],
)
def test_the_base_is_the_pretrained_model_by_its_public_name(name: str, base, run: Run, monkeypatch):
    form = padded_form(find_model(run.path))
    manifest = Prepared.open(run.locate_prepared()).manifest
    assert find_base_model(form, manifest) is None  # the architecture is ours, whatever the options say
    other = replace(form, model=form.model.encoder if hasattr(form.model, "encoder") else object())
    monkeypatch.setattr(Run, "config", lambda _: TrainConfig(pretrained=name))
    assert find_base_model(other, manifest) == base


def test_the_card_tells_that_unlike_texts_are_not_doubted_where_txt_does(run: Run, tmp_path: Path, monkeypatch):
    told = "is less sure of a text that shares few of its n-grams"
    export_hugging_face(find_model(run.path), tmp_path / "without")
    assert told not in (tmp_path / "without" / "README.md").read_text(encoding="utf-8")
    monkeypatch.setattr("txt.prediction.classifier.Predictor.usual_share", 0.5)
    export_hugging_face(find_model(run.path), tmp_path / "with")
    assert told in (tmp_path / "with" / "README.md").read_text(encoding="utf-8")


def test_a_search_for_the_base_goes_through_the_runs_before(run: Run, tmp_path: Path, monkeypatch):
    form: PaddedForm = replace(padded_form(find_model(run.path)), model=object())
    (tmp_path / "runs" / "first").mkdir(parents=True)
    (tmp_path / "runs" / "first" / "events.jsonl").touch()
    monkeypatch.chdir(tmp_path)
    chain = {"first": "minilm"}
    monkeypatch.setattr(Run, "open", staticmethod(lambda path: Run(Path(path))))
    monkeypatch.setattr(Run, "config", lambda self: TrainConfig(pretrained=chain.get(self.path.name, "first")))
    assert find_base_model(form, None) == BaseModel("sentence-transformers/all-MiniLM-L6-v2", "apache-2.0")
