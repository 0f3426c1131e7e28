"""Which defaults a training has: the recipe's, the guide's, or those of pretrained weights."""

import pytest

from txt.cli import main
from txt.config import TrainConfig
from txt.errors import InputError
from txt.recipes import FEW_SHOT, FINE_TUNING, LADDER, MINILM, PRESETS, RECIPE
from txt.training.options import build_training_options, name_of_one_model


def test_without_a_word_on_the_model_the_ladder_is_climbed():
    assert build_training_options(None, None, {}, {}) == TrainConfig(**LADDER)
    assert build_training_options(None, "auto", {}, {}) == TrainConfig(**LADDER)
    its_own = {"seed": 7, "budget": "2m", "threads": 1, "precision": "float32"}
    assert build_training_options(None, None, {"device": "cpu"}, its_own) == TrainConfig(
        **LADDER, device="cpu", **its_own
    )
    assert build_training_options(None, None, {}, {"rungs": 1}) == TrainConfig(**{**LADDER, "rungs": 1})
    encoder = {"pretrained": "minilm", "budget": "5m"}
    assert build_training_options(None, None, {}, encoder) == TrainConfig(**LADDER, **encoder)


@pytest.mark.parametrize(
    "given", [{"dropout": 0.5}, {"patience": 3}, {"metric": "accuracy"}, {"augment": "swap"}, {"batch_size": 8}]
)
def test_an_option_of_one_model_asks_for_one_model(given):
    assert build_training_options(None, None, {}, given) == TrainConfig(**{**RECIPE, **given})
    assert build_training_options(None, None, given, {}) == TrainConfig(**{**RECIPE, **given})
    assert name_of_one_model(None, None, given).lstrip("-").replace("-", "_") in given


def test_a_learning_rate_that_is_to_be_found_asks_for_one_model():
    assert build_training_options(None, None, {}, {}, take_rate=True) == TrainConfig(**RECIPE)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rungs": 3, "dropout": 0.5}, "--dropout is for training one model"),
        ({"rungs": 2, "pretrained": "minilm", "freeze": "all"}, "--freeze is for training one model"),
        ({"rungs": 1, "pretrained": "minilm"}, "--rungs 1 has none"),
        ({"budget": "2m"}, "--budget is how long the ladder may take"),
        ({"rungs": 3, "budget": "soon"}, "--budget `soon` is not a length of time"),
    ],
)
def test_an_option_without_effect_on_the_ladder_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        TrainConfig(**options)


def test_from_scratch_without_a_word_on_the_architecture_the_recipe_is_taken():
    assert build_training_options(None, "scratch", {}, {}) == TrainConfig(**RECIPE)
    assert build_training_options(None, None, {}, {"dropout": 0.5}) == TrainConfig(**{**RECIPE, "dropout": 0.5})
    assert build_training_options("small", None, {}, {}) == TrainConfig(**{**RECIPE, **PRESETS["small"]})


@pytest.mark.parametrize("given", [{"d_model": 512}, {"nhead": 8}, {"num_layers": 6}, {"dim_feedforward": 2048}])
def test_the_guides_own_flags_bring_back_its_defaults(given):
    assert build_training_options(None, None, {}, given) == TrainConfig(**given)
    assert build_training_options(None, None, given, {}) == TrainConfig(**given)
    assert build_training_options(None, "auto", {}, given) == TrainConfig(**{**RECIPE, **given})


def test_the_guides_defaults_by_name():
    assert build_training_options(None, "guide", {}, {}) == TrainConfig()
    assert build_training_options("tiny", "guide", {}, {}) == TrainConfig(**PRESETS["tiny"])


def test_epochs_that_were_asked_for_are_the_epochs():
    assert build_training_options(None, None, {}, {"num_epochs": 2}).min_steps == 0


def test_pretrained_weights_have_defaults_of_their_own():
    assert build_training_options(None, None, {}, {"pretrained": "minilm"}) == TrainConfig(
        pretrained="minilm", **MINILM
    )
    other = build_training_options(None, None, {}, {"pretrained": "./bert"})
    assert other == TrainConfig(pretrained="./bert", **FINE_TUNING)
    few = build_training_options(None, None, {"few_shot": True}, {"pretrained": "minilm"})
    assert few == TrainConfig(pretrained="minilm", few_shot=True, **FEW_SHOT)
    beaten = build_training_options(None, None, {"learning_rate": 3e-4}, {"pretrained": "minilm", "num_epochs": 1})
    assert (beaten.learning_rate, beaten.num_epochs) == (3e-4, 1)


@pytest.mark.parametrize(
    ("preset", "recipe", "given", "message"),
    [
        (None, None, {"pretrained": "minilm", "d_model": 64}, "takes no --d-model"),
        ("tiny", None, {"pretrained": "minilm"}, "takes no --preset"),
        (None, "auto", {"pretrained": "minilm"}, "takes no --recipe"),
        (None, "autto", {}, "--recipe `autto` does not exist"),
    ],
)
def test_what_does_not_go_together_is_refused(preset, recipe, given, message):
    with pytest.raises(InputError, match=message):
        build_training_options(preset, recipe, {}, given)


def test_a_range_test_is_of_one_model_and_a_search_takes_no_option_of_the_ladder(txt_help):
    assert "--rungs" not in txt_help("grid")
    assert "--budget" not in txt_help("lrfind")


@pytest.fixture
def txt_help(capsys):
    def show(command: str) -> str:
        assert main([command, "--help"]) == 0
        return capsys.readouterr().out

    return show
