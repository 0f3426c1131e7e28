"""What won a study, as a training of its own would take it."""

from dataclasses import fields
from typing import Any

from txt.errors import InputError
from txt.search.board import board_of
from txt.search.study import Study
from txt.search.study_folder import StudyFolder


def winner_of(name: str, source: str | None) -> tuple[str, dict[str, Any]]:
    """Return the data and the options of a study's best trial; `source` is the data where other is wanted.

    Raises:
        InputError: there is no such study, or none of its trials ended with a score.
    """
    folder = StudyFolder.open(name)
    study = Study.open(folder.name, folder.storage())
    best = board_of(study).best
    if best is None:
        raise InputError(f"study `{folder.name}` has no finished trial", f"txt grid --resume {folder.name} goes on")
    options = study.description.config.with_options(**best.params)
    return source or str(folder.prepared_path()), {item.name: getattr(options, item.name) for item in fields(options)}
