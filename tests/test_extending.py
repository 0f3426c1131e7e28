"""What docs/architecture.md says of adding to the project: each addition is made here as it says, and works at once."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import typer
from rich.console import Console

from tests.evaluation.samples import report_of
from tests.runs.made_runs import evaluation, finished, make_run_folder, make_training_events, started, step
from tests.screens.dashboard_pilot import app_on, shown_after
from txt import config
from txt.augmentation import methods
from txt.cli import app, main
from txt.cli.completion import complete
from txt.cli.options import GivenOptions, read_config_file, takes
from txt.cli.scorecard import show_report
from txt.config import LABEL_FORMATS, LabelConfig, PrepareConfig, TrainConfig
from txt.config import train as train_options
from txt.data.formats import catalog
from txt.data.prepare import prepare
from txt.data.prepared import Prepared
from txt.data.reading import source, table
from txt.errors import InputError
from txt.evaluation.compare import compare
from txt.evaluation.html import render_page
from txt.evaluation.intervals import intervals
from txt.evaluation.markdown import markdown
from txt.evaluation.predictions import Predictions
from txt.export.model_card import describe_evaluation
from txt.folder.entry import DATA
from txt.folder.survey import survey
from txt.labeling.rules import conditions
from txt.labeling.rules.corpus import Corpus
from txt.labeling.rules.parse import parse_rules
from txt.metrics import METRICS, Metric, compute_accuracy
from txt.option_schema import Config, build_config, list_options, option
from txt.runs import diagnosis
from txt.runs.folder import Run
from txt.runs.summary import find_leaders, summarize_runs
from txt.training.validation import is_better


@dataclass(frozen=True)
class TeaConfig(Config):
    """Options of a command that is made here."""

    minutes: int = option(4, "Minutes that it draws.", group="Tea", low=1)
    milk: bool = option(False, "With milk.", group="Tea")


class Shouting:
    """A condition that is made here."""

    def fires(self, corpus):
        return np.array([text.isupper() for text in corpus.texts])

    def find_matches(self, text):
        return [text]


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@takes(TeaConfig)
def tea(*, given: GivenOptions) -> None:
    """Make tea.

    Example: `txt tea`
    """
    print(json.dumps(build_config(TeaConfig, given.with_settings()).to_json()))


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
    assert main(["tea", "--minuts", "3"]) == 2
    assert "did you mean `--minutes`?" in capsys.readouterr().err
    assert main(["tea", "--help"]) == 0
    assert "Minutes that it draws [4]." in capsys.readouterr().out


def test_an_option_is_one_field_and_can_be_set_in_files_and_by_variables(with_tea, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert read_config_file(write(tmp_path / "tea.toml", "minutes = 6"), TeaConfig) == {"minutes": 6}
    with pytest.raises(InputError, match="unknown option `minuts`"):
        read_config_file(write(tmp_path / "tea.toml", "minuts = 6"), TeaConfig)
    monkeypatch.setenv("TXT_TRUST_SETTINGS", "1")
    write(tmp_path / "txt.toml", "[tea]\nminutes = 6\nmilk = true")
    assert main(["tea"]) == 0
    assert json.loads(capsys.readouterr().out) == {"minutes": 6, "milk": True}
    monkeypatch.setenv("TXT_TEA_MINUTES", "2")
    assert main(["tea"]) == 0
    assert json.loads(capsys.readouterr().out) == {"minutes": 2, "milk": True}
    assert main(["config", "tea", "--json"]) == 0
    values = {each["option"]: each["value"] for each in json.loads(capsys.readouterr().out)["values"]}
    assert values == {"minutes": 2, "milk": True}
    monkeypatch.setenv("TXT_TEA_MINUTES", "0")
    assert main(["tea"]) == 2
    assert "TXT_TEA_MINUTES: --minutes must be at least 1" in capsys.readouterr().err
    old = TeaConfig.from_json({"minutes": 5})  # written before there was milk
    assert old == TeaConfig(minutes=5, milk=False)


def test_a_subcommand_is_one_file_with_register(with_tea, capsys):
    assert main(["--help"]) == 0
    assert "Make tea." in capsys.readouterr().out
    assert main(["tee"]) == 2
    assert "tea" in capsys.readouterr().err
    context = typer.main.get_command(app).make_context("txt", [], resilient_parsing=True)
    assert "tea" in complete(context, "command", "t")


def read_pairs(file, _dialect, _notes) -> Iterator[pa.RecordBatch]:
    """Read lines like `good | a fine film`: a data format that is made here."""
    lines = [line.split(" | ") for line in file.path.read_text().splitlines()]
    yield pa.RecordBatch.from_pydict({"label": [each[0] for each in lines], "text": [each[1] for each in lines]})


@pytest.fixture
def pairs(monkeypatch, tmp_path) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(table.READERS, "pairs", read_pairs)
    monkeypatch.setitem(source.FORMATS, ".pairs", "pairs")
    lines = (f"{'good' if n % 2 else 'bad'} | review number {n} of many\n" for n in range(60))
    return write(tmp_path / "reviews.pairs", "".join(lines))


def test_a_data_format_is_a_reader_and_its_ending(pairs, tmp_path):
    prepare(pairs, PrepareConfig(vocab_size=200), tmp_path / "prepared")
    assert Prepared.open(tmp_path / "prepared").labels == ("bad", "good")


def test_a_data_format_is_a_reader_and_its_ending_for_other_commands(pairs, capsys):
    assert main(["augment", "reviews.pairs", "--method", "swap", "-o", "more.csv"]) == 0, capsys.readouterr().err
    assert "review" in Path("more.csv").read_text()
    assert [entry.name for entry in survey() if entry.kind == DATA] == ["more.csv", "reviews.pairs"]
    context = typer.main.get_command(app).make_context("txt", [], resilient_parsing=True)
    assert "reviews.pairs" in complete(context, "data", "rev")


@pytest.fixture
def with_error_rate(monkeypatch):
    """A score that is made here; less of it is better."""
    monkeypatch.setitem(
        METRICS,
        "error_rate",
        Metric("error_rate", "error rate", lambda tally: 1 - compute_accuracy(tally), unit="err.", is_error=True),
    )


def make_run_by_error_rate(name: str, *scores: float) -> Run:
    """Make a run that was evaluated after each epoch, the best by the score that is made here."""
    events = [started(epochs=len(scores))]
    for number, score in enumerate(scores, 1):
        best = min(scores[:number])
        events.append(step(20 * number - 10))
        entry = evaluation(20 * number, 1 - score, metric="error_rate", best=score == best)
        events.append(replace(entry, score=score, best_score=best, metrics={**entry.metrics, "error_rate": score}))
    return make_run_folder(name, [*events, finished(20 * len(scores), min(scores))], metric="error_rate")


def test_a_score_is_an_entry_and_can_be_chosen(with_error_rate):
    assert TrainConfig(metric="error_rate").metric == "error_rate"
    with pytest.raises(InputError, match=r"one of accuracy, .*, error_rate, loss"):
        TrainConfig(metric="eror")
    assert is_better(0.1, 0.2, "error_rate")
    assert not is_better(0.2, 0.1, "error_rate")


def test_a_score_is_an_entry_and_gets_its_interval(with_error_rate):
    labels, answers = np.array([0, 1] * 50), np.array([0, 1] * 40 + [1, 0] * 10)
    found = intervals(labels, answers, 2)
    assert found["error_rate"].value == pytest.approx(0.2)
    assert found["error_rate"].low < 0.2 < found["error_rate"].high
    better = Predictions(("a", "b"), labels, labels, "f"), Predictions(("a", "b"), labels, answers, "f")
    (difference,) = compare({"good": better[0], "bad": better[1]}, "error_rate")
    assert difference.is_better is False
    assert difference.ahead < 0.05


def test_a_score_is_an_entry_and_is_in_every_report(with_error_rate, capsys):
    report = report_of.__wrapped__()
    assert "| error rate |" in markdown(report)
    page = render_page(report)
    assert "<td>error rate</td>" in page
    assert page.count(">error rate<") >= 3  # in the table and in both charts
    show_report(report, Console(file=sys.stdout, width=80))
    assert "error rate" in capsys.readouterr().out
    assert "error rate" in "".join(describe_evaluation(report.to_json()))


def test_a_score_is_an_entry_and_is_shown_of_every_run(with_error_rate, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    make_run_by_error_rate("001", 0.25, 0.2)
    make_run_by_error_rate("002", 0.3, 0.4, 0.35)
    assert find_leaders(summarize_runs()) == {"001"}
    for command, told in (
        (["runs"], "0.200 err. ★"),
        (["runs", "show", "001"], "error rate 0.200 at epoch 2"),
        (["runs", "show", "001"], "val error rate"),
        (["runs", "compare", "001", "002"], "error rate 0.300 at 1"),
        (["runs", "export", "--csv", "-o", "-"], "val_error_rate"),
        (["watch", "001", "--plain"], "error rate 0.2000"),
    ):
        assert main(command) == 0
        output = capsys.readouterr()
        assert told in output.out + output.err, command
    shown = shown_after(app_on(Run.open("001")))
    assert "error rate 0.2000" in shown
    assert "best 0.2000 at epoch 2" in shown


def test_a_way_to_augment_is_one_entry_with_its_name_in_the_options(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(
        methods.AUGMENTERS, "shout", lambda _setup: lambda spans, _draws, _rate: "".join(spans.pieces) + " indeed"
    )
    edits = (*config.EDITS, "shout")
    for options in (config, train_options):  # what completes names, and what checks them
        monkeypatch.setattr(options, "EDITS", edits)
    assert methods.parse_methods(["shout:2"]) == (("shout", 2),)
    with pytest.raises(InputError) as refused:
        methods.parse_methods(["shot"])
    assert "shout" in refused.value.hint
    write(tmp_path / "data.csv", "text,label\nso good,pos\nso bad,neg\n")
    assert main(["augment", "data.csv", "--method", "shout", "-o", "more.csv"]) == 0, capsys.readouterr().err
    assert "so good indeed" in Path("more.csv").read_text()
    assert TrainConfig(augment="swap+shout").augment == "swap+shout"
    context = typer.main.get_command(app).make_context("txt", [], resilient_parsing=True)
    assert "shout" in complete(context, "method", "s")


def test_a_kind_of_rule_is_one_entry(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(conditions.CONDITIONS, "shouting", lambda _written, _known: Shouting())
    rules = '[[rule]]\nname = "loud"\nlabel = "bad"\nshouting = true\n'
    rule = parse_rules(rules, "rules.toml").rules[0]
    fired = rule.when.fires(Corpus(["NEVER AGAIN", "so good"], lambda _column: []))
    assert fired.tolist() == [True, False]
    write(tmp_path / "rules.toml", rules)
    write(tmp_path / "data.csv", "text\nNEVER AGAIN\nso good\n")
    assert main(["label", "data.csv", "--labels", "good,bad", "--rules", "rules.toml", "--check"]) == 0
    assert "loud" in capsys.readouterr().out
    write(tmp_path / "rules.toml", rules.replace("shouting", "shoutin"))
    assert main(["label", "data.csv", "--labels", "good,bad", "--rules", "rules.toml", "--check"]) == 2
    assert "shouting" in capsys.readouterr().err


def test_a_format_of_labels_is_one_entry_with_its_name_in_the_options(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(catalog.FORMATS, "mine", replace(catalog.FORMATS["fasttext"], suffix=".mine"))
    options = list_options(LabelConfig)
    monkeypatch.setitem(options, "format", replace(options["format"], choices=(*LABEL_FORMATS, "mine")))
    write(tmp_path / "data.csv", "text,label\nso good,pos\nso bad,neg\n")
    assert main(["label", "data.csv", "--export", "out.mine", "--format", "mine"]) == 0, capsys.readouterr().err
    assert (tmp_path / "out.mine").read_text() == "__label__pos so good\n__label__neg so bad\n"
    write(tmp_path / "new.csv", "text\nso good\nso bad\n")
    assert main(["label", "new.csv", "--import", "out.mine"]) == 0, capsys.readouterr().err
    assert "2 rows labeled" in capsys.readouterr().err
    assert main(["label", "data.csv", "--export", "out.mine", "--format", "min"]) == 2
    assert "mine" in capsys.readouterr().err


def test_advice_on_a_training_is_a_check_in_a_table(monkeypatch, tmp_path):
    def breezy(case):
        return diagnosis.Advice("breezy", "the window is open", ("--seed 1",))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(diagnosis, "SPEED", (breezy,))
    assert [each.kind for each in diagnosis.diagnose([], TrainConfig())] == ["breezy"]
    shown = shown_after(app_on(make_run_folder("001", make_training_events())))
    assert shown.count("→ The window is open. Try --seed 1.") >= 1
