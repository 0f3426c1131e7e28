"""The questions before the labeling screen is left, and the export on leaving."""

from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from txt.durations import format_estimate
from txt.labeling.answers import propose_nothing
from txt.labeling.export import export
from txt.labeling.row_states import FROM_FILE
from txt.labeling.rules.rule_book import RuleBook
from txt.labeling.session import LabelSession
from txt.sanitize import clip
from txt.screens.widgets.chips import Chip
from txt.screens.widgets.dialogs import ChoiceDialog
from txt.wording import labeling as label_lines


@dataclass(frozen=True)
class Restart:
    """The wish to begin again with an option of txt label, `review` or `relabel`."""

    option: str


@dataclass(frozen=True)
class TrainNow:
    """The wish to train on the labels that there are."""


def ask_to_train(session: LabelSession) -> ChoiceDialog:
    """Return the question before labeling is left for a training; its answer is `train`."""
    counts = session.states.class_counts()
    body = Text(f"{sum(counts.values()):,} labels of {len(counts):,} classes, all saved.")
    body.append("\nThe labeling ends, a model is trained on them, and the dashboard shows it.")
    choices = [Chip("train", "enter", "train now"), Chip("stay", "esc", "go on labeling")]
    return ChoiceDialog("Train on these labels?", body, choices)


def ask_to_leave(session: LabelSession, export_to: Path, open_marks: int = 0) -> ChoiceDialog:
    """Return the question before the screen is left; its answer is `leave`, `export` or `stay`.

    `open_marks` is the number of rows with marks that were not accepted.
    """
    count, each = len(session.pace.sitting), session.pace.median()
    decisions = "1 decision" if count == 1 else f"{count:,} decisions"
    body = Text(f"{decisions} in this sitting, all saved.")
    if session.pace.has_enough() and each is not None:
        body.append(f" {label_lines.format_pace(each)}, {format_estimate(sum(session.pace.sitting))} of work.")
    if open_marks:
        rows = "1 row" if open_marks == 1 else f"{open_marks:,} rows"
        body.append(f"\nMarks on {rows} are not accepted, and go when you leave.", style="bold")
    body.append("\n" + " · ".join(label_lines.format_progress(session.progress())))
    body.append(f"\ne writes {clip(export_to.name, 30)}: the file with its labels")
    choices = [
        Chip("leave", "enter", "leave"),
        Chip("export", "e", "leave and export"),
        Chip("stay", "esc", "stay"),
    ]
    return ChoiceDialog("Leave?", body, choices)


def ask_to_leave_unsaved(session: LabelSession) -> ChoiceDialog:
    """Return the question where decisions would be lost; its answer is `retry`, `lose` or `stay`."""
    body = Text(f"{label_lines.describe_unsaved(session)}.", style="bold")
    choices = [
        Chip("retry", "r", "try again"),
        Chip("lose", "x", "leave and lose them"),
        Chip("stay", "esc", "stay"),
    ]
    return ChoiceDialog("Not everything is saved", body, choices)


def ask_what_is_left(session: LabelSession) -> ChoiceDialog:
    """Return the question where every row has a label from the start.

    Its answer is `review` or `relabel` (as the options of txt label), `look`, or `leave`.
    """
    states = session.states
    count, from_file = len(states), states.ways().get(FROM_FILE, 0)
    body = Text(f"All {count:,} rows have a label" + (" or were skipped." if states.skipped_count else "."))
    choices = [Chip("look", "enter", "look through them")]
    if not session.task.multi_label:
        body.append("\nA review shows those that a model, a near-duplicate or somebody else contradicts.")
        choices.append(Chip("review", "r", "review"))
    if from_file and session.task.file_labels:
        body.append(
            f"\nAnew leaves the {from_file:,} labels of the file aside (they stay in it), and offers those rows again."
        )
        choices.append(Chip("relabel", "a", "label anew"))
    return ChoiceDialog("Nothing left to label", body, [*choices, Chip("leave", "esc", "leave")])


def write_export(session: LabelSession, target: Path, rules: RuleBook | None) -> str:
    """Export the data file with labels, and rule suggestions if the rules have seen all rows; returns a message."""
    proposals = rules.proposals if rules is not None and rules.whole else None
    propose = proposals.answer if proposals is not None else propose_nothing
    count = export(session.rows, session.states, session.journal, target, propose=propose)
    return f"exported to {target.name}, {count:,} labels"
