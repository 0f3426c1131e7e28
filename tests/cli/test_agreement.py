"""Commands agree with each other: every help has an example, and an option means the same everywhere."""

import re
from collections import defaultdict

import pytest
import typer
from typer.core import TyperGroup

from txt.cli import app
from txt.cli.settings import list_settable_options

ROOT = typer.main.get_command(app)
COMMANDS = {path: path for path in list_settable_options(ROOT)}


def command(path):
    found = ROOT
    for name in path:
        found = found.commands[name]
    return found


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_help_has_an_example_that_begins_with_the_command(path):
    assert f"Example: `txt {' '.join(path)}" in " ".join((command(path).help or "").split())


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_option_says_what_it_is_for_in_a_sentence(path):
    for option in command(path).params:
        told = option.help or ""
        if option.param_type_name == "option" and option.name != "help":
            assert told.endswith((".", "].")), (option.name, told)
            assert told[0].isupper() or told[0] in "`-", (option.name, told)


def test_many_options_are_in_groups_and_general_ones_come_first():
    for path in COMMANDS:
        options = [each for each in command(path).params if each.param_type_name == "option"]
        ungrouped = [each for each in options if not getattr(each, "rich_help_panel", None)]
        assert len(ungrouped) <= 12, (path, [each.name for each in ungrouped])


@pytest.mark.parametrize("flag", ["--json", "--seed", "--plain", "--yes", "--force", "--device", "--threads", "--out"])
def test_an_option_has_the_same_letter_and_kind_everywhere(flag):
    kinds = defaultdict(list)
    for path in COMMANDS:
        for option in command(path).params:
            if flag in option.opts:
                letters = tuple(each for each in option.opts if not each.startswith("--"))
                kinds[letters, option.is_flag].append(path)
    assert len(kinds) == 1, dict(kinds)


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("--json", r"Print (.+ as )?JSON on stdout\.|Print every event as a line of JSON on stdout\."),
        ("--plain", r".+: for pipes and screen readers\."),
        ("--seed", r"Seed of .+ \[42\]\."),
    ],
)
def test_an_option_is_told_in_the_same_words_everywhere(flag, words):
    told = {path: option.help for path in COMMANDS for option in command(path).params if flag in option.opts}
    assert len(told) >= 4
    assert not {path: text for path, text in told.items() if not re.fullmatch(words, text)}


def test_a_seed_is_told_by_what_it_draws_there():
    told = {path: option.help for path in COMMANDS for option in command(path).params if "--seed" in option.opts}
    assert told["augment",] == "Seed of the copies [42]."
    assert told["prepare",] == "Seed of the split [42]."


def test_groups_list_their_commands():
    assert isinstance(ROOT, TyperGroup)
    assert {"prepare", "label", "train", "eval", "predict", "config"} <= set(ROOT.commands)
