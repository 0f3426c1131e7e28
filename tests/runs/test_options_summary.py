from txt.config import TrainConfig
from txt.recipes import FEW_SHOT, MINILM, PRESETS, RECIPE
from txt.runs.options_summary import changed_options, options_summary


def told(**options: object) -> list[str]:
    return options_summary(TrainConfig().with_options(**options).to_json())


def test_options_are_told_as_short_as_they_can_be_typed():
    assert told(**PRESETS["small"], num_epochs=4, learning_rate=0.0005) == ["small", "epochs 4", "lr 0.0005"]
    assert told(dropout=0.2) == ["dropout 0.2"]
    assert told(d_model=128) == ["d-model 128"]


def test_what_each_way_to_train_takes_by_itself_is_not_told():
    assert told() == []
    assert told(**RECIPE) == []
    assert told(pretrained="minilm", **MINILM) == ["from minilm"]
    assert told(pretrained="minilm", few_shot=True, **FEW_SHOT) == ["from minilm", "few-shot"]
    assert told(fitted_head=False) == ["no-fitted-head"]


def test_what_was_asked_of_the_recipe_is_told_though_it_is_a_default_elsewhere():
    asked = {**RECIPE, "dropout": TrainConfig().dropout}
    assert changed_options(asked) == {"dropout": 0.1}
    assert told(**asked) == ["dropout 0.1"]
    assert told(**RECIPE | PRESETS["small"]) == ["small"]
    assert told(**RECIPE | {"num_epochs": 9, "min_steps": 0}) == ["epochs 9"]
