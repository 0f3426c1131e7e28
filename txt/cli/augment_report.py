"""Prints the result of an augmentation, a preview of it, and how much it helps training."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from txt.cli.console import make_literal, out, say
from txt.sanitize import sanitize_lines

if TYPE_CHECKING:
    from txt.augmentation.augment import AugmentSummary
    from txt.augmentation.engine import Copy
    from txt.augmentation.gain import Gain

_CLASSES_SHOWN = 12
_LONGEST = 600  # characters of a text in the preview


def show_summary(summary: "AugmentSummary") -> None:
    """Print the number of copies by method and class, and the reasons why some are missing."""
    if summary.resumed_at:
        say(f"went on from row {summary.resumed_at:,}")
    methods = ", ".join(f"{name} {count:,}" for name, count in summary.methods.most_common())
    out.print(make_literal(f"{summary.rows:,} rows, {summary.copies:,} copies" + (f": {methods}" if methods else "")))
    missing = summary.wanted - summary.copies
    if missing:
        reasons = "; ".join(f"{count:,} since {reason}" for reason, count in summary.missing.most_common())
        out.print(make_literal(f"{missing:,} copies fewer than asked for: {reasons}"))
    if summary.flips:
        out.print(make_literal(f"{summary.flips:,} tries dropped since the predicted label flipped"))
    if summary.passed:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in summary.passed.most_common())
        out.print(make_literal(f"passed through without copies: {reasons}"))
    if len(summary.classes) > 1:
        _show_classes(summary.classes)
    for note in summary.notes:
        say(f"note: {note}")


def show_preview(pairs: Sequence[tuple[str, Sequence["Copy"]]]) -> None:
    """Print texts beside their copies, with what was taken out in [-…-] and what was put in in {+…+}."""
    table = Table(box=None, show_header=True, padding=(0, 2, 1, 0), expand=True)
    table.add_column("original", ratio=1)
    table.add_column("copy", ratio=1)
    table.add_column("method", no_wrap=True)
    for text, copies in pairs:
        for copy in copies:
            before, after = mark_differences(text[:_LONGEST], copy.text[:_LONGEST])
            table.add_row(before, after, make_literal(copy.method))
        if not copies:
            table.add_row(Text(sanitize_lines(text[:_LONGEST])), Text("no copy", style="italic"), "")
    out.print(table)


def mark_differences(before: str, after: str) -> tuple[Text, Text]:
    """Return both texts with their differences in colour, and in brackets for terminals without colour."""
    from difflib import SequenceMatcher

    from txt.augmentation.spans import Splitter

    split = Splitter().split
    old, new = split(before).pieces, split(after).pieces
    left, right = Text(), Text()
    for kind, old_start, old_end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        taken, put = "".join(old[old_start:old_end]), "".join(new[new_start:new_end])
        if kind == "equal":
            left.append(sanitize_lines(taken))
            right.append(sanitize_lines(put))
            continue
        if taken:
            left.append(f"[-{sanitize_lines(taken)}-]", style="red")
        if put:
            right.append(f"{{+{sanitize_lines(put)}+}}", style="green")
    return left, right


def show_gain(gain: "Gain") -> None:
    """Print how much training on copies helps, compared with plain duplicates of the same rows."""
    table = Table(box=None, padding=(0, 3, 0, 0))
    for heading in ("trained on", "rows", "accuracy", "gain", "95 % interval"):
        table.add_column(heading, justify="left" if heading == "trained on" else "right")
    for arm in gain.arms:
        interval = "" if arm.gain is None else f"{arm.gain.low:+.1%} to {arm.gain.high:+.1%}"
        table.add_row(
            arm.name,
            f"{arm.rows:,}",
            f"{arm.accuracy:.1%}",
            "" if arm.gain is None else f"{arm.gain.value:+.1%}",
            interval,
        )
    out.print(table)
    out.print()
    out.print(make_literal(f"{gain.verdict}. {gain.how}"))


def _show_classes(classes: Mapping[str, tuple[int, int]]) -> None:
    table = Table(box=None, padding=(0, 3, 0, 0))
    table.add_column("class")
    for heading in ("train rows", "with copies"):
        table.add_column(heading, justify="right")
    shown_classes = sorted(classes.items(), key=lambda item: -item[1][1])
    for name, (before, after) in shown_classes[:_CLASSES_SHOWN]:
        table.add_row(make_literal(name), f"{before:,}", f"{after:,}")
    if len(classes) > _CLASSES_SHOWN:
        table.add_row(f"and {len(classes) - _CLASSES_SHOWN} more", "", "")
    out.print()
    out.print(table)
