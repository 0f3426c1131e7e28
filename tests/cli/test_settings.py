"""txt.toml and the variables TXT_…: typed above variables, those above the file, the file above what is built in."""

import json
from pathlib import Path

import pytest

from tests.runs.made_runs import make_run_folder, make_training_events
from txt.cli import main
from txt.cli.options import GivenOptions
from txt.cli.training_options import merge_settings, take_auto_rate
from txt.config import TrainConfig
from txt.recipes import MINILM, PRESETS, RECIPE
from txt.training.options import build_training_options


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TXT_TRUST_SETTINGS", "1")


@pytest.fixture
def txt(capsys):
    def run(*arguments) -> tuple[int, str, str]:
        code = main([*map(str, arguments)])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def shown(txt, command: str) -> dict[str, tuple]:
    """What `txt config` says of a command: each option's value, and where it stands."""
    code, out, err = txt("config", *command.split(), "--json")
    assert code == 0, err
    return {value["option"]: (value["value"], value["from"]) for value in json.loads(out)["values"]}


def test_variables_are_above_the_file_and_the_special_above_the_general(txt, monkeypatch):
    Path("txt.toml").write_text("seed = 1\n[train]\nseed = 2\nepochs = 3\n")
    assert shown(txt, "train")["seed"] == (2, "txt.toml")
    assert shown(txt, "prepare")["seed"] == (1, "txt.toml")
    monkeypatch.setenv("TXT_SEED", "4")
    assert shown(txt, "train")["seed"] == (4, "TXT_SEED")
    monkeypatch.setenv("TXT_TRAIN_SEED", "5")
    assert shown(txt, "train")["seed"] == (5, "TXT_TRAIN_SEED")
    assert shown(txt, "prepare")["seed"] == (4, "TXT_SEED")
    assert shown(txt, "train")["epochs"] == (3, "txt.toml")
    assert shown(txt, "train")["dropout"] == (RECIPE["dropout"], "recipe")
    assert shown(txt, "train")["patience"] == (0, "built in")
    assert shown(txt, "train")["rungs"] == (0, "built in")  # --epochs, which is set, asks for one model
    monkeypatch.setenv("TXT_NO_CONFIG", "1")
    assert shown(txt, "train")["seed"] == (42, "built in")


def test_an_architecture_in_the_file_brings_the_guides_defaults_as_its_flags_do(txt):
    Path("txt.toml").write_text("[train]\nd_model = 64\n")
    assert shown(txt, "train")["ngrams"] == (False, "built in")
    assert shown(txt, "train")["d_model"] == (64, "txt.toml")


@pytest.mark.parametrize(
    ("written", "message", "hint"),
    [
        ("[train]\nepocs = 3", "[train] has no option `epocs`", "epochs"),
        ("[trian]\nepochs = 3", "no command for the table [trian]", "[train]"),
        ("sede = 3", "has no option `sede`", "seed"),
        ("[train]\nepochs = 0", "must be at least 1, not 0", "default is 10"),
        ("[train]\nepochs = 'many'", "`epochs` is 'many'", ""),
        ("[train]\nepochs = true", "`epochs` takes one value, not True", ""),
        ("[train]\nepochs = [1, 2]", "`epochs` takes one value", ""),
        ("[train]\nplain = 'yes'", "`plain` must be true or false", ""),
        ("[train]\nmetric = 'acuracy'", "must be one of accuracy", "accuracy"),
        ("[runs.rm]\nyes = true", "cannot set `yes`", "must be typed"),
        ("force = true", "cannot set `force`", "must be typed"),
        ("[train", "is not valid TOML", ""),
    ],
)
def test_what_is_wrong_in_the_file_is_told_in_one_line(txt, written, message, hint):
    Path("txt.toml").write_text(written)
    Path("data.csv").write_text("text,label\na,b\n")
    code, _, err = txt("config")
    assert code == 2
    line, _, rest = err.partition("\n")
    assert line.startswith("error: `txt.toml`")
    assert message in line
    assert hint in rest
    assert "Traceback" not in err
    assert txt("train", "--help")[0] == 0


def test_a_command_stops_at_a_wrong_file_before_it_does_anything(txt):
    Path("txt.toml").write_text("[train]\nepocs = 3")
    Path("data.csv").write_text("text,label\na,b\n")
    assert txt("prepare", "data.csv")[0] == 2
    assert sorted(path.name for path in Path().iterdir()) == ["data.csv", "txt.toml"]


def test_an_unknown_variable_of_a_command_is_an_error_and_a_strangers_is_a_note(txt, monkeypatch):
    monkeypatch.setenv("TXT_HOME", "/somewhere")
    code, _, err = txt("config")
    assert code == 0
    assert "TXT_HOME is not an option" in err
    monkeypatch.setenv("TXT_TRAIN_EPOCS", "3")
    code, _, err = txt("config")
    assert code == 2
    assert "did you mean TXT_TRAIN_EPOCHS?" in err


def test_what_is_set_reaches_the_command_and_what_is_typed_is_above_it(txt):
    make_run_folder("b", make_training_events(0.9), day=1)
    make_run_folder("a", make_training_events(0.8), day=2)
    Path("txt.toml").write_text('[runs]\nsort = "name"\nreverse = true\njson = true\n')
    assert [run["name"] for run in json.loads(txt("runs")[1])["runs"]] == ["b", "a"]
    assert [run["name"] for run in json.loads(txt("runs", "--sort", "best")[1])["runs"]] == ["a", "b"]


def test_prepare_takes_what_is_set_and_its_folder_says_so(txt):
    rows = "".join(f"text number {n},{'pos' if n % 2 else 'neg'}\n" for n in range(60))
    Path("data.csv").write_text(f"body,stars\n{rows}")
    Path("txt.toml").write_text('text_column = "body"\nlabel-column = "stars"\n[prepare]\nmax_length = 32\nseed = 3\n')
    code, _, err = txt("prepare", "data.csv", "--seed", "4")
    assert code == 0, err
    config = json.loads(Path("prepared/manifest.json").read_text())["config"]
    assert (config["text_column"], config["max_length"], config["seed"]) == ("body", 32, 4)


# The options of a training


def options(settings: dict, preset=None, recipe=None, file=None, **typed) -> TrainConfig:
    given = GivenOptions(typed, settings, frozenset([*typed, *(["preset"] if preset else [])]))
    preset = preset or settings.get("preset")
    below, recipe, table = merge_settings(preset, recipe or settings.get("recipe"), file or {}, given)
    return build_training_options(below, recipe, table, given)


def test_without_anything_typed_a_set_preset_is_a_size_of_the_recipe():
    assert options({"preset": "small"}) == TrainConfig(**{**RECIPE, **PRESETS["small"]})
    assert options({"preset": "small", "nhead": 8}) == TrainConfig(**{**PRESETS["small"], "nhead": 8})


def test_a_typed_preset_is_above_a_set_width():
    assert options({"d_model": 64, "nhead": 2}, preset="small").d_model == PRESETS["small"]["d_model"]


def test_typed_pretrained_weights_leave_a_set_architecture_aside():
    trained = options({"d_model": 64, "preset": "small", "recipe": "guide"}, pretrained="minilm")
    assert trained == TrainConfig(pretrained="minilm", **MINILM)


def test_a_typed_architecture_leaves_set_pretrained_weights_aside():
    assert options({"pretrained": "minilm", "freeze": "all"}, d_model=64, nhead=4) == TrainConfig(d_model=64, nhead=4)
    assert options({"pretrained": "minilm", "few_shot": True}, file={"d_model": 64}) == TrainConfig(d_model=64)


def test_typed_adapters_leave_a_set_freeze_aside():
    assert options({"pretrained": "minilm", "freeze": "all"}, lora=8).freeze is None


def test_auto_in_a_file_asks_for_the_range_test_unless_a_rate_is_typed():
    assert take_auto_rate({"learning_rate": "auto"}, GivenOptions({}))
    assert not take_auto_rate({"learning_rate": "auto"}, GivenOptions({"learning_rate": 1e-3}))
    table = {"learning_rate": "auto"}
    take_auto_rate(table, GivenOptions({}))
    assert table == {}


def test_auto_is_taken_in_a_config_file(tmp_path):
    from txt.cli.options import read_config_file

    (tmp_path / "a.toml").write_text('lr = "auto"\n')
    assert read_config_file(tmp_path / "a.toml", TrainConfig) == {"learning_rate": "auto"}
