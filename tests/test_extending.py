"""What the README says of adding to the project: each addition is made here as it says, and works at once."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from txt.augmentation import methods
from txt.augmentation.rng import RowRng
from txt.augmentation.spans import Splitter
from txt.cli import app, main
from txt.cli.options import GivenOptions, build_config, takes
from txt.config import LABEL_FORMATS, LabelConfig, PrepareConfig, TrainConfig
from txt.data.formats import catalog
from txt.data.prepare import prepare
from txt.data.prepared import Prepared
from txt.data.reading import source, table
from txt.evaluation.intervals import intervals
from txt.labeling.rules import conditions
from txt.labeling.rules.corpus import Corpus
from txt.labeling.rules.parse import parse_rules
from txt.metrics import METRICS
from txt.option_schema import Config, option
from txt.runs import diagnosis


@dataclass(frozen=True)
class TeaConfig(Config):
    """Options of a command that is made here."""

    minutes: int = option(4, "Minutes that it draws.", group="Tea", low=1)
    milk: bool = option(False, "With milk.", group="Tea")


class Shouting:
    """A condition that is made here."""

    def fires(self, corpus):
        return np.array([text.isupper() for text in corpus.texts])

    def seen(self, text):
        return [text]


@takes(TeaConfig)
def tea(*, given: GivenOptions) -> None:
    """Make tea.

    Example: `txt tea`
    """
    print(json.dumps(build_config(TeaConfig, given).to_json()))


@pytest.fixture
def with_tea(monkeypatch):
    module = SimpleNamespace(register=lambda to: to.command("tea")(tea))
    monkeypatch.setattr(app, "registered_commands", [*app.registered_commands])
    module.register(app)


def test_an_option_is_one_field_and_gets_flag_help_checks_and_json(with_tea, capsys):
    assert main(["tea", "--minutes", "3", "--milk"]) == 0
    assert json.loads(capsys.readouterr().out) == {"minutes": 3, "milk": True}
    assert main(["tea", "--minutes", "0"]) == 2
    assert "--minutes must be at least 1, not 0" in capsys.readouterr().err
    assert main(["tea", "--help"]) == 0
    assert "Minutes that it draws [4]." in capsys.readouterr().out


def test_a_subcommand_is_one_file_with_register(with_tea, capsys):
    assert main(["--help"]) == 0
    assert "Make tea." in capsys.readouterr().out


def test_a_data_format_is_a_reader_and_its_ending(monkeypatch, tmp_path):
    def read_pairs(file, _dialect) -> Iterator[pa.RecordBatch]:
        lines = [line.split(" | ") for line in file.path.read_text().splitlines()]
        yield pa.RecordBatch.from_pydict({"label": [each[0] for each in lines], "text": [each[1] for each in lines]})

    monkeypatch.setitem(table.READERS, "pairs", read_pairs)
    monkeypatch.setitem(source.FORMATS, ".pairs", "pairs")
    data = tmp_path / "reviews.pairs"
    data.write_text("".join(f"{'good' if n % 2 else 'bad'} | review number {n} of many\n" for n in range(60)))
    prepare(data, PrepareConfig(vocab_size=200), tmp_path / "prepared")
    assert Prepared.open(tmp_path / "prepared").labels == ("bad", "good")


def test_a_score_is_a_function_and_gets_its_interval(monkeypatch):
    monkeypatch.setitem(METRICS, "error_rate", lambda sums: 1 - METRICS["accuracy"](sums))
    labels, answers = np.array([0, 1] * 50), np.array([0, 1] * 40 + [1, 0] * 10)
    found = intervals(labels, answers, 2)
    assert found["error_rate"].value == pytest.approx(0.2)
    assert found["error_rate"].low < 0.2 < found["error_rate"].high


def test_a_way_to_augment_is_one_entry(monkeypatch):
    monkeypatch.setitem(methods.AUGMENTERS, "shout", lambda _setup: lambda _spans, _draws, _rate: "LOUD")
    monkeypatch.setattr(methods, "METHODS", (*methods.AUGMENTERS, *methods.REWRITERS))
    assert methods.parse_methods(["shout:2"]) == (("shout", 2),)
    assert methods.AUGMENTERS["shout"](methods.Setup())(Splitter().split("so good"), RowRng(1), 0.1) == "LOUD"


def test_a_kind_of_rule_is_one_entry(monkeypatch):
    monkeypatch.setitem(conditions.CONDITIONS, "shouting", lambda _written, _known: Shouting())
    rule = parse_rules('[[rule]]\nname = "loud"\nlabel = "bad"\nshouting = true\n', "rules.toml").rules[0]
    fired = rule.when.fires(Corpus(["NEVER AGAIN", "so good"], lambda _column: []))
    assert fired.tolist() == [True, False]


def test_a_format_of_labels_is_one_entry_with_its_name_in_the_options(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(catalog.FORMATS, "mine", replace(catalog.FORMATS["fasttext"], suffix=".mine"))
    field = LabelConfig.__dataclass_fields__["format"]
    monkeypatch.setattr(field, "metadata", {**field.metadata, "choices": (*LABEL_FORMATS, "mine")})
    (tmp_path / "data.csv").write_text("text,label\nso good,pos\nso bad,neg\n")
    assert main(["label", "data.csv", "--export", "out.mine", "--format", "mine"]) == 0, capsys.readouterr().err
    assert (tmp_path / "out.mine").read_text() == "__label__pos so good\n__label__neg so bad\n"


def test_advice_on_a_training_is_a_check_in_a_table(monkeypatch):
    def breezy(case):
        return diagnosis.Advice("breezy", "the window is open", ("--seed 1",))

    monkeypatch.setattr(diagnosis, "SPEED", (breezy,))
    assert [each.kind for each in diagnosis.diagnose([], TrainConfig())] == ["breezy"]
