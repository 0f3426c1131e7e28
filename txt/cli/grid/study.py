"""Opens the study of `txt grid`: a new one, one to join on another machine, or one to resume."""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from txt.cli.consent import require_consent
from txt.cli.grid.space import build_space, choose_sampler, say_count
from txt.cli.options import GivenOptions, is_prepared_folder, read_config_file
from txt.cli.stage_bar import StageBar
from txt.config import GridConfig, PrepareConfig, TrainConfig
from txt.data.reading.source import check_file
from txt.errors import InputError
from txt.option_schema import build_config, list_options

if TYPE_CHECKING:
    from txt.data.prepared import Prepared
    from txt.search.description import StudyDescription
    from txt.search.study import Study
    from txt.search.study_folder import StudyFolder


@dataclass(frozen=True)
class OpenStudy:
    """A study with its folder on this machine."""

    study: "Study"
    folder: "StudyFolder"


def begin_study(
    source: str | None,
    name: str | None,
    space_file: Path | None,
    preset: str | None,
    config: Path | None,
    given: GivenOptions,
    searching: GridConfig,
) -> OpenStudy:
    """Create the study that the command line describes, or join it if it exists."""
    options = read_config_file(config, TrainConfig, PrepareConfig)
    if options.get("learning_rate") == "auto":
        raise InputError(f'`{config}` has lr = "auto", and a search needs rates', "lr = [1e-4, 3e-4, 1e-3]")
    base, space = build_space(given, space_file, preset, options)
    sampler, trials = choose_sampler(searching, space)
    if sampler == "grid":
        say_count(space, base, trials)
    if searching.storage and name is None:
        raise InputError(
            "--storage needs a --name, by which other machines find the study", "--storage URL --name sizes"
        )
    preparing = build_config(
        PrepareConfig, given, {"tokenizer": base.pretrained} if base.pretrained else {}, options, given.settings
    )
    with_file = source is not None and not is_prepared_folder(source)
    if with_file:
        check_file(str(source))
    checked = None if with_file else _open_prepared(source, given)
    if searching.storage:
        _check_storage(searching.storage)
    from txt.search.study_folder import StudyFolder

    folder = StudyFolder.new(name)
    try:
        prepared = checked or _prepare_data(str(source), preparing, folder)
        from txt.search.description import describe
        from txt.search.study import Study
        from txt.training.start import ensure_epochs, fit_metric

        if "num_epochs" not in space:
            base = ensure_epochs(base, prepared)  # as many as `txt train` takes
        description = describe(
            _describe_data(prepared),
            fit_metric(base, prepared, "metric" in given.with_settings()),
            space,
            sampler,
            searching.pruner,
            searching.seeds,
            trials,
            str(prepared.path),
        )
        study = Study.begin(folder.name, folder.storage(searching.storage), description)
    except BaseException:
        if not folder.exists():
            shutil.rmtree(folder.path, ignore_errors=True)
            with suppress(OSError):  # other studies are in it
                folder.path.parent.rmdir()
        raise
    if not folder.exists():
        folder.describe(prepared.path, searching.storage)
    return OpenStudy(study, folder)


def resume_study(
    name: str, source: str | None, fresh: Sequence[str], given: GivenOptions, searching: GridConfig
) -> OpenStudy:
    """Open an existing study; options that only a new study can take are refused."""
    extra = [f"--{each}" for each in fresh]
    extra += [item.flag for item in list_options(TrainConfig).values() if item.name in given]
    extra += [item.flag for item in list_options(PrepareConfig).values() if item.name in given]
    extra += [
        item.flag
        for item in list_options(GridConfig).values()
        if item.name in ("sampler", "pruner", "trials", "seeds") and item.name in given
    ]
    if source is not None or extra:
        told = source if source is not None else extra[0]
        raise InputError(
            f"--resume goes on with a study as it was made, and takes no `{told}`",
            "it takes --workers, --timeout, --keep-models and --storage",
        )
    from txt.search.study_folder import STORAGE, StudyFolder

    folder = StudyFolder.open(name)
    if searching.storage is None:
        require_storage_consent(folder)
    from txt.consent import allow
    from txt.search.storage import without_password
    from txt.search.study import Study

    study = Study.open(folder.name, folder.storage(searching.storage))
    if searching.storage is not None:
        allow(STORAGE, *folder.storage_key(without_password(searching.storage)))
    _check_data(study.description, folder)
    return OpenStudy(study, folder)


def require_storage_consent(folder: "StudyFolder") -> None:
    """Ask, once, before a database is opened that a study's folder names.

    Raises:
        InputError: the user does not want that, or there is no terminal to ask on.
    """
    from txt.search.study_folder import STORAGE

    url = folder.storage_url()
    if url is not None:
        told, hint = folder.describe_storage(url), f"txt grid --resume {folder.name} --storage {url}"
        require_consent(STORAGE, folder.storage_key(url), told, "Open it, and go on with the study there?", hint)


def _check_data(description: "StudyDescription", folder: "StudyFolder") -> None:
    """Raise an error if the data was prepared again since the study began."""
    from txt.data.prepared import Prepared

    prepared = Prepared.open(folder.prepared_path())
    if prepared.fingerprint != description.data["fingerprint"]:
        raise InputError(
            f"`{prepared.path}` has different data from what study `{folder.name}` was made for",
            "prepare it as it was, or begin another study",
        )


def _open_prepared(source: str | None, given: GivenOptions) -> "Prepared":
    from txt.data.prepared import Prepared
    from txt.training.start import PREPARED

    for item in list_options(PrepareConfig).values():
        if item.name in given and item.name not in list_options(TrainConfig):
            raise InputError(f"{item.flag} is for preparing data, and this folder is prepared already")
    if source is None and not PREPARED.is_dir():
        raise InputError(
            "there is nothing to train on: no `prepared` folder here", "txt grid DATA, or txt prepare DATA"
        )
    return Prepared.open(Path(source) if source else PREPARED)


def _prepare_data(source: str, preparing: PrepareConfig, folder: "StudyFolder") -> "Prepared":
    """Prepare a data file into the study's folder; if the study exists, into a temporary folder for comparison."""
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


def _describe_data(prepared: "Prepared") -> dict[str, Any]:
    rows = {split: prepared.manifest.rows(split) for split in prepared.splits}
    for split in ("train", "val"):
        if not rows.get(split):
            raise InputError(f"`{prepared.path}` has no labeled rows in its {split} split")
    return {"fingerprint": prepared.fingerprint, "labels": list(prepared.labels), "rows": rows}


def _check_storage(url: str) -> None:
    from txt.search.storage import open_database

    open_database(url)
