"""The study of `txt grid`: the one that a command line describes, made or joined, or one that was begun before."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from txt.cli.grid.space import sampler_of, say_count, space_of
from txt.cli.options import Given, build, file_options
from txt.cli.stage_bar import StageBar
from txt.config import GridConfig, PrepareConfig, TrainConfig
from txt.errors import InputError
from txt.option_schema import flag, list_option_names

if TYPE_CHECKING:
    from txt.data.prepared import Prepared
    from txt.search.description import Description
    from txt.search.study import Study
    from txt.search.study_folder import StudyFolder


@dataclass(frozen=True)
class Begun:
    """A study with its folder on this machine."""

    study: "Study"
    folder: "StudyFolder"


def begin(
    source: str | None,
    name: str | None,
    space_file: Path | None,
    preset: str | None,
    config: Path | None,
    given: Given,
    searching: GridConfig,
) -> Begun:
    """Make the study that the command line describes, or join it."""
    from txt.search.study_folder import StudyFolder

    options = file_options(config, TrainConfig, PrepareConfig)
    if options.get("learning_rate") == "auto":
        raise InputError(f'`{config}` has lr = "auto", and a search needs rates', "lr = [1e-4, 3e-4, 1e-3]")
    base, space = space_of(given, space_file, preset, options)
    sampler, trials = sampler_of(searching, space)
    if sampler == "grid":
        say_count(space, base, trials)
    if searching.storage and name is None:
        raise InputError(
            "--storage needs a --name, by which other machines find the study", "--storage URL --name sizes"
        )
    preparing = build(
        PrepareConfig, given, {"tokenizer": base.pretrained} if base.pretrained else {}, options, given.settings
    )
    with_file = source is not None and not Path(source).is_dir()
    checked = None if with_file else _open(source, given)
    if searching.storage:
        _reachable(searching.storage)
    folder = StudyFolder.new(name)
    try:
        prepared = checked or _prepared(str(source), preparing, folder)
        from txt.search.description import describe
        from txt.search.study import Study

        description = describe(
            _data(prepared), base, space, sampler, searching.pruner, searching.seeds, trials, str(prepared.path)
        )
        study = Study.begin(folder.name, folder.storage(searching.storage), description)
    except BaseException:
        if not folder.exists():
            shutil.rmtree(folder.path, ignore_errors=True)
        raise
    if not folder.exists():
        folder.describe(prepared.path, searching.storage)
    return Begun(study, folder)


def go_on(name: str, source: str | None, fresh: Sequence[str], given: Given, searching: GridConfig) -> Begun:
    """Open a study that was begun before; what only a new one can take is refused."""
    from txt.search.study import Study
    from txt.search.study_folder import StudyFolder

    extra = [f"--{each}" for each in fresh]
    extra += [flag(item) for item in fields(TrainConfig) if item.name in given]
    extra += [flag(item) for item in fields(PrepareConfig) if item.name in given]
    extra += [
        flag(item)
        for item in fields(GridConfig)
        if item.name in ("sampler", "pruner", "trials", "seeds") and item.name in given
    ]
    if source is not None or extra:
        told = source if source is not None else extra[0]
        raise InputError(
            f"--resume goes on with a study as it was made, and takes no `{told}`",
            "it takes --workers, --timeout, --keep-models and --storage",
        )
    folder = StudyFolder.open(name)
    study = Study.open(folder.name, folder.storage(searching.storage))
    _check_data(study.description, folder)
    return Begun(study, folder)


def _check_data(description: "Description", folder: "StudyFolder") -> None:
    """Refuse to go on with data that was prepared anew meanwhile."""
    from txt.data.prepared import Prepared

    prepared = Prepared.open(folder.prepared_path())
    if prepared.fingerprint != description.data["fingerprint"]:
        raise InputError(
            f"`{prepared.path}` holds other data than study `{folder.name}` was made for",
            "prepare it as it was, or begin another study",
        )


def _open(source: str | None, given: Given) -> "Prepared":
    from txt.data.prepared import Prepared
    from txt.training.start import PREPARED

    for item in fields(PrepareConfig):
        if item.name in given and item.name not in list_option_names(TrainConfig):
            raise InputError(f"{flag(item)} is about preparing data, and a prepared folder is prepared already")
    if source is None and not PREPARED.is_dir():
        raise InputError(
            "there is nothing to train on: no `prepared` folder here", "txt grid DATA, or txt prepare DATA"
        )
    return Prepared.open(Path(source) if source else PREPARED)


def _prepared(source: str, preparing: PrepareConfig, folder: "StudyFolder") -> "Prepared":
    """Prepare a data file into the study's folder; where the study is there already, only to compare."""
    from txt.cli.data_report import say_report
    from txt.data.prepare import prepare
    from txt.data.prepared import Prepared
    from txt.labeling.store.stored_labels import open_stored_labels

    target = folder.path / ".compared" if folder.exists() else folder.prepared
    try:
        with StageBar() as bar:
            decided = open_stored_labels(source, preparing)
            report = prepare(source, preparing, target, bar.advance, decided=decided)
        if not folder.exists():
            say_report(report)
        return Prepared.open(target)
    finally:
        if target.name == ".compared":
            shutil.rmtree(target, ignore_errors=True)


def _data(prepared: "Prepared") -> dict[str, Any]:
    rows = {split: prepared.manifest.rows(split) for split in prepared.splits}
    for split in ("train", "val"):
        if not rows.get(split):
            raise InputError(f"`{prepared.path}` has no labeled rows in its {split} split")
    return {"fingerprint": prepared.fingerprint, "labels": list(prepared.labels), "rows": rows}


def _reachable(url: str) -> None:
    from txt.search.storage import open_database

    open_database(url)
