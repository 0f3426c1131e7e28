"""The questions before the labeling screen is left, and the export on leaving."""

from pathlib import Path

from rich.text import Text

from txt.durations import format_estimate
from txt.labeling.answers import propose_nothing
from txt.labeling.export import export
from txt.labeling.rules.rule_book import RuleBook
from txt.labeling.session import LabelSession
from txt.sanitize import clip
from txt.screens.widgets.chips import Chip
from txt.screens.widgets.dialogs import ChoiceDialog
from txt.wording import labeling as label_lines


def ask_to_leave(session: LabelSession, export_to: Path) -> ChoiceDialog:
    """Return the question before the screen is left; its answer is `leave`, `export` or `stay`."""
    count, each = len(session.pace.sitting), session.pace.median()
    decisions = "1 decision" if count == 1 else f"{count:,} decisions"
    body = Text(f"{decisions} in this sitting, all saved.")
    if session.pace.has_enough() and each is not None:
        body.append(f" {each:.1f} s each, {format_estimate(sum(session.pace.sitting))} of work.")
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


def write_export(session: LabelSession, target: Path, rules: RuleBook | None) -> str:
    """Export the data file with labels, and rule suggestions if the rules have seen all rows; returns a message."""
    proposals = rules.proposals if rules is not None and rules.whole else None
    propose = proposals.answer if proposals is not None else propose_nothing
    count = export(session.rows, session.states, session.journal, target, propose=propose)
    return f"exported to {target.name}, {count:,} labels"
