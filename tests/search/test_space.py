"""Lists and ranges, and the combinations of them."""

import itertools

import pytest

from txt.config import TrainConfig
from txt.errors import InputError
from txt.search.space import (
    Choices,
    Combinations,
    Range,
    find_base_config,
    grid_points,
    read_space_file,
    read_values,
    space_from_json,
    space_to_json,
)

BASE = TrainConfig()


def test_single_values_lists_and_ranges_are_told_apart():
    fixed, space = read_values(
        {
            "d_model": "256,512",
            "learning_rate": "1e-5..1e-3",
            "dropout": "0.0..0.5",
            "batch_size": "16",
            "dim_feedforward": "none,1024",
            "gradient_checkpointing": "true,false",
            "num_layers": "2..4",
        }
    )
    assert fixed == {"batch_size": 16}
    assert space == {
        "d_model": Choices((256, 512)),
        "learning_rate": Range(1e-5, 1e-3, log=True, whole=False),
        "dropout": Range(0.0, 0.5, log=False, whole=False),
        "dim_feedforward": Choices((None, 1024)),
        "gradient_checkpointing": Choices((True, False)),
        "num_layers": Range(2, 4, log=False, whole=True),
    }
    assert space_from_json(space_to_json(space)) == space


def test_a_list_in_a_file_is_taken_as_it_is_written(tmp_path):
    file = tmp_path / "space.toml"
    file.write_text('augment = ["synonym,delete", "swap"]\nlr = [1e-3]\n')
    assert read_space_file(file) == (
        {},
        {"augment": Choices(("synonym,delete", "swap")), "learning_rate": Choices((1e-3,))},
    )


def test_a_value_named_twice_counts_once():
    assert read_values({"learning_rate": "1e-3,0.001,1e-4"})[1] == {"learning_rate": Choices((1e-3, 1e-4))}


def test_combinations_are_the_product_in_its_order():
    space = {"d_model": Choices((8, 16)), "num_layers": Range(1, 3, log=False, whole=True), "nhead": Choices((1, 2))}
    combinations = Combinations(space)
    expected = [dict(zip(space, values, strict=True)) for values in itertools.product((8, 16), (1, 2, 3), (1, 2))]
    assert [combinations[number] for number in range(len(combinations))] == expected


def test_what_cannot_be_built_is_left_out_and_counted():
    points = grid_points({"d_model": Choices((8, 12)), "nhead": Choices((2, 3, 8))}, BASE, None, 0)
    assert [(each["d_model"], each["nhead"]) for each in points.params] == [(8, 2), (8, 8), (12, 2), (12, 3)]
    assert sum(points.left_out.values()) == 2


def test_some_trials_of_a_huge_grid_are_drawn_without_repeats_and_always_the_same():
    space = {"batch_size": Choices(tuple(range(1, 200))), "seed": Choices(tuple(range(500)))}
    one, other = (grid_points(space, BASE, 50, seed=3).params for _ in range(2))
    assert one == other
    assert len({tuple(each.values()) for each in one}) == 50
    with pytest.raises(InputError, match="99,500 combinations"):
        grid_points(space, BASE, None, 0)


def test_the_base_is_of_a_combination_that_can_be_built():
    assert find_base_config({"d_model": 100}, {"nhead": Choices((3, 5))}).nhead == 5
    with pytest.raises(InputError, match="not divisible"):
        find_base_config({"d_model": 100}, {"nhead": Choices((3, 7))})


def test_a_file_names_lists_ranges_and_single_values(tmp_path):
    path = tmp_path / "space.toml"
    path.write_text('lr = [1e-4, 5e-4]\ndropout = "0.0..0.5"\nepochs = 3\nnhead = [4]\n')
    fixed, space = read_space_file(path)
    assert fixed == {"num_epochs": 3}
    assert space == {
        "learning_rate": Choices((1e-4, 5e-4)),
        "dropout": Range(0.0, 0.5, log=False, whole=False),
        "nhead": Choices((4,)),
    }
