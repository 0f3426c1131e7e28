"""Exported labels in the hands of the tools that they are for: TESTS_PEERS_PYTHON names a python that has them."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.labeling.conftest import Open, write_csv
from txt.data.formats.catalog import FORMATS
from txt.data.formats.record import LabelTask
from txt.labeling.exchange import export_as

PYTHON = os.environ.get("TESTS_PEERS_PYTHON")
pytestmark = pytest.mark.skipif(PYTHON is None, reason="TESTS_PEERS_PYTHON names a python with the tools")

CLASSES = ("neg", "pos")
TEXTS = [f"this one is {'good' if number % 2 else 'bad'}, says number {number}" for number in range(12)]


def run_with(package: str, code: str, folder: Path, *arguments: str) -> str:
    """Return the last line that some code prints in a process with a package."""
    if subprocess.run([PYTHON, "-c", f"import {package}"], capture_output=True).returncode:
        pytest.skip(f"{package} is not installed")
    done = subprocess.run([PYTHON, "-c", code, *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def export(name: str, open_session: Open, path: Path) -> Path:
    """Label all rows but the last, which is skipped, and export them."""
    session = open_session(write_csv(path / "data.csv", TEXTS), labels=CLASSES)
    for number in range(len(TEXTS) - 1):
        session.label(CLASSES[number % 2])
    session.skip()
    target = path / f"out{FORMATS[name].suffix}"
    export_as(name, session.rows, session.states, session.journal, LabelTask(CLASSES), target)
    return target


def test_argilla_reads_the_records_and_what_it_writes_is_read(open_session: Open, tmp_path: Path):
    target = export("argilla", open_session, tmp_path)
    code = """
import json, sys
from argilla.records._io import JsonIO
records = JsonIO._records_from_json(sys.argv[1])  # what dataset.records.from_json does, without a server
found = [each.to_dict() for each in records]
print(json.dumps([[each["fields"]["text"], each["suggestions"].get("label", {}).get("value")] for each in found]))
JsonIO.to_json(records, "back.json")
"""
    found = json.loads(run_with("argilla", code, tmp_path, str(target)).strip())
    assert found == [[text, CLASSES[number % 2] if number < 11 else None] for number, text in enumerate(TEXTS)]
    ours, back = (list(FORMATS["argilla"].read(path, LabelTask(CLASSES))) for path in (target, tmp_path / "back.json"))
    assert back == ours
    assert [(each.status, each.by) for each in ours] == [("labeled", "anna")] * 11 + [("skipped", "anna")]


def test_responses_that_argilla_writes_are_people(tmp_path: Path):
    code = """
import uuid
import argilla
from argilla.records._io import JsonIO
people = [uuid.UUID(int=number) for number in (1, 2)]
responses = [argilla.Response("mood", label, user_id=user) for label, user in zip(("pos", "neg"), people)]
responses.append(argilla.Response("stars", 4, user_id=people[0]))
suggestion = argilla.Suggestion("mood", "neg", score=0.5, agent="a model")
record = argilla.Record(fields={"text": "so good"}, metadata={"shop": "north"}, responses=responses,
    suggestions=[suggestion])
JsonIO.to_json([record], "x.json")
print("done")
"""
    run_with("argilla", code.replace("\n    ", " "), tmp_path)
    for control, first, second in (("mood", "pos", ("neg",)), ("stars", "4", None)):
        (found,) = FORMATS["argilla"].read(tmp_path / "x.json", LabelTask(CLASSES, label_column=control))
        assert (found.labels, found.by, found.columns) == (
            (first,),
            f"{'0' * 8}-0000-0000-0000-{1:012}",
            {"shop": "north"},
        )
        assert [each.labels for each in found.opinions] == ([] if second is None else [second])


def test_spacy_trains_on_the_documents(open_session: Open, tmp_path: Path):
    pytest.importorskip("spacy", reason="spaCy is not installed")
    target = export("spacy-docbin", open_session, tmp_path)
    code = """
import sys
from spacy.cli.init_config import init_config
from spacy.cli.train import train
init_config(lang="en", pipeline=["textcat"]).to_disk("config.cfg")
train("config.cfg", "model", overrides={"paths.train": sys.argv[1], "paths.dev": sys.argv[1], "training.max_steps": 20,
    "training.eval_frequency": 10})
import spacy
model = spacy.load("model/model-last")
print(sorted(model.get_pipe("textcat").labels))
"""
    found = run_with("spacy", code.replace("\n    ", " "), tmp_path, str(target))
    assert found == "['neg', 'pos']"
