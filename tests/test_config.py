from pathlib import Path

import pytest

from txt.config import PrepareConfig, TrainConfig
from txt.errors import InputError
from txt.option_schema import read_toml
from txt.recipes import PRESETS


def test_defaults_are_the_guides():
    config = TrainConfig()
    assert (config.d_model, config.nhead, config.num_layers, config.dropout) == (512, 8, 6, 0.1)
    assert (config.batch_size, config.learning_rate, config.num_epochs) == (32, 1e-4, 10)
    assert (config.max_grad_norm, config.weight_decay, config.feedforward) == (1.0, 0.01, 2048)
    assert (config.eval_interval, config.save_interval) == (500, 1000)
    prepare = PrepareConfig()
    assert (prepare.max_length, prepare.train_split, prepare.val_split) == (512, 0.8, 0.1)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_can_be_built(preset):
    TrainConfig(**PRESETS[preset])


def test_heads_that_do_not_divide_the_width_are_refused_with_those_that_do():
    with pytest.raises(InputError, match="--d-model 512 is not divisible by --nhead 12") as caught:
        TrainConfig(nhead=12)
    assert "1, 2, 4, 8, 16, 32, 64" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "value", "flag"),
    [
        ("num_epochs", 0, "--epochs"),
        ("batch_size", -1, "--batch-size"),
        ("learning_rate", 0.0, "--learning-rate"),
        ("learning_rate", float("nan"), "--learning-rate"),
        ("dropout", 1.0, "--dropout"),
        ("metric", "acuracy", "--metric"),
        ("seed", -1, "--seed"),
    ],
)
def test_a_value_out_of_range_is_told_by_its_flag(name, value, flag):
    with pytest.raises(InputError, match=flag):
        TrainConfig(**{name: value})


def test_splits_that_sum_over_one_are_refused():
    with pytest.raises(InputError, match="sum to more than 1"):
        PrepareConfig(train_split=0.8, val_split=0.3)


def test_a_configuration_survives_json():
    config = TrainConfig(d_model=96, nhead=3, warmup_steps=7, learning_rate=3e-4)
    assert TrainConfig.from_json(config.to_json()) == config
    assert PrepareConfig.from_json(PrepareConfig(val=Path("v.csv")).to_json()) == PrepareConfig(val=Path("v.csv"))


def test_a_toml_file_may_use_the_flags_names(tmp_path):
    (tmp_path / "c.toml").write_text('lr = 1\nepochs = 3\nbatch-size = 8\nmetric = "mcc"\n')
    config = TrainConfig.from_json(read_toml(tmp_path / "c.toml"))
    assert (config.learning_rate, config.num_epochs, config.batch_size, config.metric) == (1.0, 3, 8, "mcc")


def test_an_unknown_option_suggests_the_nearest():
    with pytest.raises(InputError, match="unknown option `droput`") as caught:
        TrainConfig.from_json({"droput": 0.2})
    assert "dropout" in caught.value.hint


def test_a_value_of_the_wrong_type_is_refused():
    with pytest.raises(InputError, match="`num_epochs` must be a whole number"):
        TrainConfig.from_json({"num_epochs": "three"})


def test_changed_lists_what_differs_from_the_defaults():
    assert TrainConfig(dropout=0.3).changed() == {"dropout": 0.3}
