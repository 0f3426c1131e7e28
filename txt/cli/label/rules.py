"""Rules without a screen: reads a rules file for a data file, shows how good the rules are, proposes their labels."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from txt.cli.console import out as stdout
from txt.cli.console import print_json
from txt.config import LabelConfig
from txt.errors import InputError

if TYPE_CHECKING:
    from txt.data.reading.how_read import ReadingOptions
    from txt.labeling.active.active_learning import ActiveLearning
    from txt.labeling.item import Suggestion
    from txt.labeling.open_labels import OpenLabels
    from txt.labeling.row_states import RowStates
    from txt.labeling.rules.analysis import Analysis
    from txt.labeling.rules.proposals import Proposals
    from txt.labeling.rules.rule import RuleSet
    from txt.labeling.session import LabelSession


def add_declared_classes(config: LabelConfig) -> LabelConfig:
    """Return the options with the classes that the rules file declares, where --labels names none."""
    if config.rules is None or config.labels is not None:
        return config
    from txt.labeling.rules.parse import read_declared_labels

    declared = read_declared_labels(config.rules)
    odd = next((label for label in declared if "," in label), None)
    if odd is not None:
        raise InputError(f"the class `{odd}` of `{config.rules}` cannot have a comma", "give it another name")
    return config.with_options(labels=",".join(declared)) if declared else config


def check_rules_file(data: Path, config: LabelConfig, asked: "ReadingOptions") -> None:
    """Raise an error for a mistake in the rules file, before a store is made.

    Raises:
        InputError: something in it is wrong, or in the data file.
    """
    from txt.labeling.open_labels import open_labels

    if config.rules is None:
        return
    with closing(open_labels(data, config, asked, write=False, need_store=False)) as opened:
        classes = opened.states()[1] if opened.rows.index.complete else []
        read_rules_for(opened, classes, config.rules)


def read_rules_for(opened: "OpenLabels", classes: list[str], path: Path) -> "RuleSet":
    """Read a rules file, checked against the classes and columns of an open data file.

    Raises:
        InputError: something in it is wrong, or rows have several labels here.
    """
    from txt.labeling.rules.parse import read_rules

    if opened.multi_label:
        raise InputError("rules propose one class a row, and rows have several here", "leave out --rules")
    form = opened.rows.form
    return read_rules(path, classes, [name for name in form.columns if name != form.text_column])


def judge_rules(opened: "OpenLabels", states: "RowStates", classes: list[str]) -> "tuple[Analysis, Proposals]":
    """Let the rules vote on every row of a data file, and judge them by the labels that people gave.

    Raises:
        InputError: the rules file has a mistake.
    """
    from tqdm import tqdm

    from txt.data.reading.held_out import find_held_out
    from txt.labeling.rules.analysis import analyze
    from txt.labeling.rules.corpus import read_corpus
    from txt.labeling.rules.firing import Firing
    from txt.labeling.rules.judged_rows import find_judged_rows
    from txt.labeling.rules.proposals import Proposals
    from txt.labeling.rules.vote_choice import choose_vote

    path, form = opened.rows.path, opened.rows.form
    assert opened.config.rules is not None
    rules = read_rules_for(opened, classes, opened.config.rules)
    with tqdm(desc="rules", total=1.0, leave=False, delay=0.5, bar_format="{desc}: {percentage:.0f} %") as bar:
        fired = Firing(read_corpus(path, form, lambda share: bar.update(share - bar.n))).fire(rules)
    test = find_held_out(path, form)
    judged = find_judged_rows(states, rules.labels, test)
    decided = choose_vote(fired, judged)
    return analyze(fired, judged, decided), Proposals(fired, judged, decided, test)


def show_rules(analysis: "Analysis", as_json: bool) -> None:
    """Print how good rules are, as a table or as JSON."""
    from txt.wording.rules import format_rule_table

    if as_json:
        print_json(analysis.to_json())
    else:
        stdout.print(format_rule_table(analysis, stdout.width))


def suggest_by_rules(opened: "OpenLabels", session: "LabelSession", active: "ActiveLearning | None") -> None:
    """Show suggestions of the rules in a session without a screen; they come before those of a model."""
    _, proposals = judge_rules(opened, session.states, session.classes)

    def suggest(row: int) -> "Suggestion | None":
        return proposals.explain(row, opened.rows.text(row))

    session.set_suggest(active.combine_with(suggest) if active else suggest)
