"""The best trial of a study, as data and options for a full training."""

from dataclasses import fields
from typing import Any

from txt.errors import InputError
from txt.search.board import build_board
from txt.search.study import Study
from txt.search.study_folder import StudyFolder


def find_winner(name: str, source: str | None) -> tuple[str, dict[str, Any]]:
    """Return the data and the options of a study's best trial; `source` is the data where other is wanted.

    Raises:
        InputError: there is no such study, or none of its trials ended with a score.
    """
    folder = StudyFolder.open(name)
    study = Study.open(folder.name, folder.storage())
    best = build_board(study).best
    if best is None:
        raise InputError(f"study `{folder.name}` has no finished trial", f"txt grid --resume {folder.name} goes on")
    options = study.description.config.with_options(**best.params)
    return source or str(folder.prepared_path()), {item.name: getattr(options, item.name) for item in fields(options)}
