"""Tasks with several fields and questions, as Label Studio and Argilla have them: which is text, and which label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from txt.data.formats.record import LabelRecord, RowStatus, convert_to_texts
from txt.data.reading.columns import find_text
from txt.errors import InputError, did_you_mean

Answers = Mapping[str, tuple[str, ...]]
"""What somebody answered, by question (Label Studio calls it a control)."""


@dataclass(frozen=True)
class ControlledTask:
    """A task: its fields, and what people answered, or a model where nobody did.

    `about` are fields of a LabelRecord; `spans` says that somebody marked parts of the text.
    """

    fields: Mapping[str, Any]
    answers: Sequence[Answers] = ()
    status: RowStatus = "unlabeled"
    about: Mapping[str, Any] = field(default_factory=dict)
    spans: bool = False

    def is_disputed(self, control: str | None) -> bool:
        """Tell whether people gave different answers."""
        return control is not None and len({each[control] for each in self.answers if control in each}) > 1


def choose_control(tasks: Sequence[ControlledTask], source: str, wanted: str | None) -> str | None:
    """Return the question whose answers are the labels, None where nobody answered any.

    Raises:
        InputError: there are several, or there is none named `wanted`, or people marked parts of texts only.
    """
    names = list(dict.fromkeys(name for task in tasks for answers in task.answers for name in answers))
    if wanted is not None and names and wanted not in names and wanted != "label":
        raise InputError(
            f"`{source}` has no question `{wanted}`", did_you_mean(wanted, names, f"it has {', '.join(names)}")
        )
    if wanted in names:
        return wanted
    if len(names) > 1:
        options = " or ".join(f"--label-column {name}" for name in names[:4])
        raise InputError(
            f"`{source}` has answers to {len(names)} questions: {', '.join(f'`{name}`' for name in names)}",
            f"choose the one that is the label: {options}",
        )
    if not names and any(task.spans for task in tasks):
        raise InputError(f"`{source}` has labels for parts of texts", "labels are for whole texts here, not for spans")
    return names[0] if names else None


def choose_text(tasks: Sequence[ControlledTask], source: str, wanted: str | None) -> str:
    """Return the field that is the text: `text`, the one that the user named, or the one that looks so.

    Raises:
        InputError: none does, or two do.
    """
    names = list(dict.fromkeys(name for task in tasks for name in task.fields))
    sample = {name: [_read_field(task.fields.get(name)) for task in tasks] for name in names}
    return find_text(sample, wanted, source).name


def read_controlled(task: ControlledTask, text: str, control: str | None, where: str) -> LabelRecord:
    """Return a task as a labeled row; of several answers the first one counts.

    Raises:
        InputError: it has no such text.
    """
    written = task.fields.get(text)
    if not isinstance(written, str):
        raise InputError(f"{where} has no text under `{text}`", f"there are {', '.join(task.fields) or 'no fields'}")
    columns = convert_to_texts({name: value for name, value in task.fields.items() if name != text}, where)
    answer = next((each[control] for each in task.answers if control is not None and control in each), ())
    return LabelRecord(written, answer, task.status, columns=columns, **task.about)


def _read_field(value: Any) -> str | None:
    return value if isinstance(value, str) else None
