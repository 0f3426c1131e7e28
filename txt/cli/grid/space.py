"""Builds the search space of `txt grid` from typed options, a space file, a preset, --config and settings."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from itertools import product
from typing import TYPE_CHECKING, Any

from txt.cli.console import say
from txt.cli.options import GivenOptions
from txt.config import GridConfig, TrainConfig
from txt.errors import InputError
from txt.idle_options import find_idle_options, refuse_idle_options
from txt.option_schema import list_options
from txt.recipes import OWN_ARCHITECTURE, choose_new_defaults, get_preset_options

if TYPE_CHECKING:
    from pathlib import Path

    from txt.search.space import Space

_ALONE = ("metric", "seed", "device", "threads", "log_interval", "save_interval", "keep_checkpoints", "log_to")
LISTED = tuple(name for name in list_options(TrainConfig) if name not in _ALONE)
"""The options that take a list or a range."""

_DRAWN_TRIALS = 20


def build_space(
    given: GivenOptions, space_file: "Path | None", preset: str | None, options: Mapping[str, Any]
) -> "tuple[TrainConfig, Space]":
    """Return the options that all trials share, and the space; flags override the space file, lists override values.

    Then come, in this order, the preset, the `options` of --config, the settings of txt.toml and of environment
    variables, and at last the defaults of `txt train`.
    """
    from txt.search.space import GUIDE_GRID, find_base_config, read_space_file, read_values

    from_file, listed_in_file = read_space_file(space_file) if space_file else ({}, {})
    of_preset = get_preset_options(preset)
    said = {*given, *from_file, *listed_in_file, *of_preset, *options}
    set_values, set_lists = read_values({n: v for n, v in given.settings.items() if n in LISTED and n not in said})
    set_values |= {n: v for n, v in given.settings.items() if n in _ALONE}
    typed = {name: value for name, value in given.items() if name in LISTED}
    fixed, listed = read_values(typed)
    fixed |= {name: given[name] for name in _ALONE if name in given}
    for item in list_options(TrainConfig).values():
        if item.name in listed_in_file and item.name in _ALONE:
            raise InputError(f"{item.flag} takes one value: scores would not compare", "choose one")
    space = set_lists | {name: each for name, each in listed_in_file.items() if name not in fixed} | listed
    named = {**set_values, **options, **from_file, **fixed, **space}
    values, default_space = {**set_values, **options, **of_preset, **from_file, **fixed}, GUIDE_GRID
    if named.get("pretrained") is not None:
        _refuse_architecture({*options, *from_file, *fixed, *listed_in_file, *listed}, given.typed)
        values, space, default_space = map(_drop_architecture, (values, space, default_space))
    space = dict(space or {name: each for name, each in default_space.items() if name not in fixed})
    values = {**choose_new_defaults({**named, **space}), **values}
    base = find_base_config({name: value for name, value in values.items() if name in list_options(TrainConfig)}, space)
    _refuse_idle(base, space, {**options, **from_file, **fixed, **listed_in_file, **listed})
    return base, space


def choose_sampler(searching: GridConfig, space: "Space") -> tuple[str, int | None]:
    """Return the name of the sampler, and how many combinations it tries; None for all."""
    from txt.search.space import has_real_ranges

    sampler = searching.sampler or ("tpe" if has_real_ranges(space) else "grid")
    trials = searching.trials
    return sampler, trials if sampler == "grid" else trials or _DRAWN_TRIALS


def say_count(space: "Space", base: TrainConfig, trials: int | None) -> None:
    """Say how many combinations there are, and how many cannot be built."""
    from txt.search.space import grid_points

    points = grid_points(space, base, trials, base.seed)
    left_out = sum(points.left_out.values())
    told = f"; {left_out:,} left out: {next(iter(points.left_out))}" if left_out else ""
    say(f"{len(points.params):,} combinations{told}")


def _refuse_idle(base: TrainConfig, space: "Space", said: Mapping[str, Any]) -> None:
    """Refuse options that no trial of the space would heed; what decides how to train may be among what is tried."""
    deciding = [name for name in ("pretrained", "freeze", "few_shot", "augment") if hasattr(space.get(name), "values")]
    ways = product(*(getattr(space[name], "values") for name in deciding))  # noqa: B009
    idle: dict[str, str] | None = None
    for way in ways:
        with suppress(InputError):  # a combination that cannot be built is left out of the search
            found = find_idle_options(base.with_options(**dict(zip(deciding, way, strict=True))))
            idle = found if idle is None else {name: why for name, why in idle.items() if name in found}
    refuse_idle_options(base, said, idle or {})


def _refuse_architecture(said: Collection[str], typed: Collection[str]) -> None:
    named = [name for name in OWN_ARCHITECTURE if name in said] + [name for name in typed if name == "preset"]
    if named:
        raise InputError(f"--from brings its own architecture, and takes no --{named[0].replace('_', '-')}")


def _drop_architecture(table: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in table.items() if name not in OWN_ARCHITECTURE}
