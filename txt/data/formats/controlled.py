"""Tasks with several fields and questions, as Label Studio and Argilla have them: which is text, and which label."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from txt.data.formats.record import LabelRecord, Opinion, RowStatus, convert_to_texts
from txt.data.reading.columns import find_text
from txt.errors import InputError, did_you_mean

Answers = Mapping[str, tuple[str, ...]]
"""What somebody answered, by question (Label Studio calls it a control)."""


@dataclass(frozen=True)
class Answerer:
    """Who gave an answer, and when (UTC in ISO 8601), as far as that is known."""

    by: str = ""
    time: str = ""


@dataclass(frozen=True)
class ControlledTask:
    """A task: its fields, and what people answered, or a model where nobody did.

    `people` says who gave each of the answers, where that is known; `skipped_by` who skipped the task, and `opinions`
    what else others said of its row, where the file has that apart. `about` are
    fields of a LabelRecord; `unread` are the questions whose answers are no labels, with their kind: `textarea`, or
    `labels` where somebody marked parts of the text.
    """

    fields: Mapping[str, Any]
    answers: Sequence[Answers] = ()
    status: RowStatus = "unlabeled"
    about: Mapping[str, Any] = field(default_factory=dict)
    people: Sequence[Answerer] = ()
    skipped_by: Sequence[Answerer] = ()
    opinions: tuple[Opinion, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)

    def is_disputed(self, control: str | None) -> bool:
        """Tell whether people gave different answers."""
        return control is not None and len({each[control] for each in self.answers if control in each}) > 1


def choose_control(tasks: Sequence[ControlledTask], source: str, wanted: str | None) -> str | None:
    """Return the question whose answers are the labels, None where nobody answered any.

    Raises:
        InputError: there are several, or there is none named `wanted`, or people marked parts of texts only.
    """
    names = list(dict.fromkeys(name for task in tasks for answers in task.answers for name in answers))
    unread = {name: kind for task in tasks for name, kind in task.unread.items() if name not in names}
    if wanted in unread or (unread and not names):
        raise _explain_unread(source, {wanted: unread[wanted]} if wanted in unread else unread, names)
    if wanted is not None and names and wanted not in names and wanted != "label":
        raise InputError(
            f"`{source}` has no question `{wanted}`", did_you_mean(wanted, names, f"it has {', '.join(names)}")
        )
    if wanted in names:
        return wanted
    if len(names) > 1:
        options = " or ".join(f"--control {shlex.quote(name)}" for name in names[:4])
        raise InputError(
            f"`{source}` has answers to {len(names)} questions: {', '.join(f'`{name}`' for name in names)}",
            f"choose the one that is the label: {options}",
        )
    return names[0] if names else None


def _explain_unread(source: str, unread: Mapping[str, str], names: Sequence[str]) -> InputError:
    """Return the refusal of answers that are no labels of whole texts."""
    kinds = ", ".join(f"`{name}` is a `{kind}`" for name, kind in unread.items())
    hint = "labels are for whole texts: choices, a rating, a number or a taxonomy"
    if names:
        hint = " or ".join(f"--control {shlex.quote(name)}" for name in names[:4])
    return InputError(f"`{source}` has answers that are not labels of whole texts: {kinds}", hint)


def choose_text(tasks: Sequence[ControlledTask], source: str, wanted: str | None) -> str:
    """Return the field that is the text: `text`, the one that the user named, or the one that looks so.

    Raises:
        InputError: none does, or two do.
    """
    names = list(dict.fromkeys(name for task in tasks for name in task.fields))
    sample = {name: [_read_field(task.fields.get(name)) for task in tasks] for name in names}
    return find_text(sample, wanted, source).name


def read_controlled(task: ControlledTask, text: str, control: str | None, where: str) -> LabelRecord:
    """Return a task as a labeled row; of several answers the first one counts, and the others are opinions.

    Somebody who skipped the task, or left this question open, is one who skipped the row.

    Raises:
        InputError: it has no such text.
    """
    written = task.fields.get(text)
    if not isinstance(written, str):
        raise InputError(f"{where} has no text under `{text}`", f"there are {', '.join(task.fields) or 'no fields'}")
    columns = convert_to_texts({name: value for name, value in task.fields.items() if name != text}, where)
    given = [
        (each[control], who)
        for each, who in zip(task.answers, task.people or [Answerer()] * len(task.answers), strict=True)
        if control is not None and control in each
    ]
    if not given:
        first, *rest = task.skipped_by if task.status == "skipped" and task.skipped_by else [*task.people, Answerer()]
        skips = (Opinion(who.by, (), True, who.time) for who in rest if who.by and task.status == "skipped")
        about = _fill(task.about, first)
        return LabelRecord(written, (), task.status, columns=columns, opinions=(*skips, *task.opinions), **about)
    (answer, first), *others = given
    opinions = (
        *(Opinion(who.by, labels, time=who.time) for labels, who in others if who.by),
        *(Opinion(who.by, (), True, who.time) for who in task.skipped_by if who.by),
        *task.opinions,
    )
    return LabelRecord(written, answer, task.status, columns=columns, opinions=opinions, **_fill(task.about, first))


def _fill(about: Mapping[str, Any], who: Answerer) -> dict[str, Any]:
    """Return the fields of a record, with who answered and when where they do not say it."""
    known = {name: value for name, value in (("by", who.by), ("time", who.time)) if value}
    return {**known, **about}


def _read_field(value: Any) -> str | None:
    return value if isinstance(value, str) else None
