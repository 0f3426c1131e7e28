"""Formats the texts of labeling: progress, the state of a row, the pages of help and pace, the summary."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text

from txt.actions import Action
from txt.charts.plot import Series, draw_bars, draw_line_chart
from txt.durations import format_estimate
from txt.labeling.actions import ACTIONS
from txt.labeling.agreement import Agreement
from txt.labeling.classes import MOST_KEYS
from txt.labeling.item import Item, LabelProgress, Opinion, RecentDecision, Suggestion
from txt.labeling.row_states import FROM_FILE
from txt.labeling.session import LabelSession
from txt.labeling.store.decision import SEPARATOR
from txt.labeling.summary import StoreSummary, WeakRow
from txt.proportions import Interval
from txt.sanitize import clip, sanitize
from txt.wording.key_page import format_key_page

if TYPE_CHECKING:
    from txt.labeling.guide import Guide
    from txt.labeling.reliability import Consensus
    from txt.labeling.search import Search  # importing it loads the scanner, which would delay the first text

_MORE_KEYS = (
    ("↑ ↓ PgUp PgDn", "scroll a long text; Home and End too"),
    ("ctrl+p", "every action by its name; themes and colors"),
)
_EXAMPLE_LENGTH = 80
_WINDOW = 15  # decisions whose median makes a point of the pace


def format_progress(progress: LabelProgress) -> list[str]:
    """Return the progress in the corner, what matters most first."""
    parts = [f"{progress.done:,} done", f"{progress.left:,} left"]
    if progress.seconds_each is not None:
        parts.append(format_pace(progress.seconds_each))
        if progress.seconds_left is not None and progress.left:
            parts.append(f"{format_estimate(progress.seconds_left)} to go")
    return parts


def format_pace(seconds: float) -> str:
    """Return the seconds a decision takes, as words."""
    return f"{seconds:.1f} s each" if seconds >= 0.05 else "under 0.1 s each"


def join_left_right(left: Text, right: Sequence[str], width: int) -> Text:
    """Return a line with `right` at its end; without enough room, drop the last parts of `right`, then cut `left`."""
    parts = list(right)
    while len(parts) > 1 and left.cell_len + len(" · ".join(parts)) + 2 > width:
        parts.pop()
    end = " · ".join(parts)
    left.truncate(max(width - len(end) - 1, 0), overflow="ellipsis", pad=True)
    return Text.assemble(left, " ", (end, "dim"))


def format_file_name(session: LabelSession) -> Text:
    """Return the name of the data file."""
    return Text(clip(session.rows.path.name, 40), style="bold")


def format_place(session: LabelSession, search: "Search | None") -> Text:
    """Return which row this is, of the file or of what a filter shows."""
    view, row = session.queue.view, session.row
    if view is None:
        return Text(f"  row {row + 1:,}" if row is not None else "", style="not bold dim")
    place = view.find_place(row, "left") + 1 if row is not None else 0
    still = " so far" if search is not None and not search.done else ""
    filtered = (f" {clip(view.name, 30)} ", "not bold reverse")
    return Text.assemble("  ", filtered, (f" {place:,} of {len(view.rows):,}{still}", "not bold"))


def draw_progress_rule(share: float, width: int) -> Text:
    """Return a thin line whose heavy part is the share of the work done."""
    heavy = round(share * width)
    heavy = max(heavy, 1) if share > 0 else 0
    return Text.assemble(("━" * heavy, "not dim"), ("─" * (width - heavy), "dim"))


def describe_marks(item: Item, annotator: str) -> Text:
    """Return the state of a row: its label and origin, flag, copies and note."""
    parts: list[Text] = []
    if item.label is not None or item.skipped:
        what = "skipped" if item.skipped else "labeled" if item.label else "no class"
        parts.append(Text.assemble((what, "bold"), _describe_origin(item, annotator)))
    if item.flagged:
        parts.append(Text("flagged", style="bold reverse"))
    if item.copies > 1:
        parts.append(Text(f"{item.copies:,} identical rows"))
    if item.note:
        parts.append(Text.assemble(("note: ", "bold"), sanitize(item.note)))
    return Text(" · ").join(parts)


def format_recent(decision: RecentDecision, width: int) -> Text:
    """Return a decision as one line: when (local time), what, and about which row."""
    when = datetime.fromisoformat(decision.time).astimezone().strftime("%H:%M")
    row = "row gone" if decision.row is None else f"row {decision.row + 1:,}"
    what = "skipped" if decision.label is None else decision.label or "no class"
    room = max(width - len(when) - len(row) - 2, 4)
    style = "dim" if decision.label is None else ""
    return Text.assemble((f"{when} ", "dim"), (f"{clip(what, room):<{room}}", style), (f" {row}", "dim"))


def list_opinions(opinions: Sequence[Opinion], width: int) -> list[Text]:
    """Return what annotators say of a row, one below the other, with their notes."""
    lines = []
    longest = max((len(clip(each.annotator, 12)) for each in opinions), default=0)
    for each in opinions:
        what = "skipped" if each.skipped else each.label if each.label is not None else "–"
        name = f"{clip(each.annotator, 12):<{longest}}  "
        lines.append(Text.assemble(name, (clip(what or "no class", max(width - len(name), 4)), "bold")))
        if each.note:
            lines.append(Text(f"{'':>{len(name)}}{clip(each.note, max(width - len(name), 4))}", "dim italic"))
    return lines


def join_opinions(opinions: Sequence[Opinion]) -> Text:
    """Return what annotators say of a row on one line."""
    said = [
        f"{clip(each.annotator, 12)}: {'skipped' if each.skipped else clip(each.label or 'no class', 16)}"
        for each in opinions
        if each.skipped or each.label is not None
    ]
    return Text(", ".join(said), style="bold")


def differ(opinions: Sequence[Opinion]) -> bool:
    """Tell whether annotators gave a row different labels."""
    return len({(each.label, each.skipped) for each in opinions if each.label is not None or each.skipped}) > 1


def describe_unsaved(session: LabelSession) -> str:
    """Return how many decisions wait to be saved, and why."""
    count = len(session.pending)
    return f"{'1 decision is' if count == 1 else f'{count} decisions are'} not saved: {session.problem}"


def build_word_pattern(word: str, text: str) -> re.Pattern[str]:
    """Return a pattern that finds a word of a text: where it stands alone, or else wherever it stands."""
    alone = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
    return alone if alone.search(text) else re.compile(re.escape(word))


def format_metadata(item: Item, lines: int) -> Text:
    """Return the other columns of a row, one a line, as many as there is room for."""
    entries = list(item.metadata.items())
    width = max((len(sanitize(name)) for name, _ in entries), default=0)
    shown = [
        Text.assemble((f"{sanitize(name):<{width}}  ", "dim"), clip(value, 500)) for name, value in entries[:lines]
    ]
    if len(entries) > lines:
        shown[-1:] = [Text(f"and {len(entries) - lines + 1} more columns", style="dim")]
    return Text("\n").join(shown) if entries else Text("there are no other columns", style="dim")


def build_help_page(keys: dict[str, str], typing: bool, multi_label: bool, actions: Sequence[Action] = ACTIONS) -> Text:
    """Return all keys and what they do, but the one that opens this page."""
    shown = [action for action in actions if action.name != "help"]
    rows = [(_format_key_names(action, typing), action.help) for action in shown] + list(_MORE_KEYS)
    return Text("\n").join([Text(_describe_label_keys(keys, typing, multi_label)), format_key_page(rows)])


def format_guide(guide: "Guide", keys: Mapping[str, str]) -> list[Text]:
    """Return what the guide says of each class: a line of what belongs, one of what does not, one of examples."""
    lines = [Text(sanitize(guide.task), style="bold italic")] if guide.task else []
    for each in guide.classes:
        key = f"{keys[each.name]} " if each.name in keys else ""
        lines.append(
            Text.assemble((key, "bold"), (sanitize(each.name), "bold"), f"  {sanitize(each.belongs)}".rstrip())
        )
        if each.excludes:
            lines.append(Text.assemble(("  not: ", "bold"), sanitize(each.excludes)))
        if each.examples:
            quoted = " · ".join(f"“{clip(example, _EXAMPLE_LENGTH)}”" for example in each.examples)
            lines.append(Text(f"  {quoted}", style="dim"))
    return lines


def name_label(label: str, several: bool) -> str:
    """Return a label as it is shown: of several, all with commas between, or that none of the classes holds."""
    return ", ".join(label.split(SEPARATOR)) if several and label else label or "no class"


def explain_suggestion(suggestion: Suggestion, joined_by: str | None) -> list[Text]:
    """Return the whole of a suggestion: the classes by how likely they are, who says so and why."""
    score = "" if suggestion.score is None else f" {suggestion.score:.0%}"
    lines = [Text.assemble((sanitize(suggestion.label), "bold"), score)]
    others = [name for name in suggestion.ranked if name != suggestion.label]
    lines += [Text(f"then {', '.join(sanitize(name) for name in others)}")] if others else []
    lines += [Text(f"by {suggestion.who}")] if suggestion.who else []
    lines += [Text(f"the sources are joined by: {joined_by}")] if joined_by else []
    lines += [Text(sanitize(part)) for part in suggestion.reason.split(" · ") if part]
    return lines


def describe_nothing_left(in_view: bool, whole: bool, review: bool) -> str:
    """Return the message to show when there is no row left to label."""
    if in_view:
        return "Nothing here without a label. esc leaves the filter."
    if review:
        return "Every doubtful label was looked at.\n\n← goes back · q leaves, and can export"
    if not whole:
        return "All rows read so far are labeled; the file is still being read."
    return "Every row is labeled or skipped.\n\n← goes back · / finds · q leaves, and can export"


def draw_pace_chart(seconds: Sequence[float], width: int, height: int) -> Text:
    """Draw the seconds a decision over the decisions, each point the median of a few."""
    if len(seconds) < 3:
        return Text("after a few labels, the pace stands here", style="dim")
    window = min(_WINDOW, max(len(seconds) // 3, 1))
    smooth = [sorted(seconds[end - window : end])[window // 2] for end in range(window, len(seconds) + 1)]
    xs = list(range(window, len(seconds) + 1))
    chart = draw_line_chart([Series(xs, smooth)], width, height - 1, from_zero=True)
    return Text("\n").join([Text("seconds each", style="dim"), chart])


def format_summary(numbers: StoreSummary, width: int) -> Text:
    """Return a summary of a store: counts, classes as bars, people, the pace as a chart."""
    head = Text.assemble(
        (f"{numbers.labeled:,}", "bold"),
        f" of {numbers.rows:,} rows labeled · {numbers.left:,} left",
        f" · {numbers.skipped:,} skipped" if numbers.skipped else "",
        f" · {numbers.flagged:,} flagged" if numbers.flagged else "",
    )
    parts = [head]
    if numbers.classes:
        safe = {clip(name, 40): count for name, count in numbers.classes.items()}
        parts += [Text(""), draw_bars(safe, min(width, 70))]
    ways = [f"{count:,} {_WAYS.get(way, way)}" for way, count in numbers.ways.items()]
    if len(ways) > 1:
        parts += [Text(""), Text(" · ".join(ways))]
    for name, person in numbers.people.items():
        pace = "" if person.median_seconds is None else f" · {format_pace(person.median_seconds)}"
        time = f" · {format_estimate(person.active_seconds)} of work" if person.active_seconds else ""
        parts.append(Text.assemble((sanitize(name), "bold"), f" {person.rows:,} rows{pace}{time}"))
    if numbers.median_seconds is not None and numbers.left:
        parts.append(Text(f"at this pace {format_estimate(numbers.median_seconds * numbers.left)} to go"))
    if numbers.unmatched:
        rows = "1 decision is" if numbers.unmatched == 1 else f"{numbers.unmatched:,} decisions are"
        parts.append(Text(f"{rows} about rows that are not in the file any more, and kept"))
    if numbers.agreement is not None:
        parts += [Text(""), *format_agreement(numbers.agreement)]
    if numbers.consensus is not None:
        parts += [Text(""), *format_reliability(numbers.consensus, numbers.weakest)]
    if len(numbers.seconds) >= 3:
        parts += [Text(""), draw_pace_chart(numbers.seconds, min(width, 70), 10)]
    return Text("\n").join(parts)


def format_agreement(found: Agreement) -> list[Text]:
    """Return how far annotators agree: overall, and for each pair that shares rows."""
    rows = "1 row has" if found.rows == 1 else f"{found.rows:,} rows have"
    differ = f"they differ on {found.disputed:,} of them" if found.disputed else "they never differ"
    lines = [Text(f"{rows} labels of several people; {differ}")]
    masi = " with MASI's distance of sets" if found.labels else ""
    kappa = "Cohen's kappa, the mean over labels," if found.labels else "Cohen's kappa"
    lines.append(
        Text(f"{kappa} {_format_number(found.kappa)} · Krippendorff's alpha{masi} {_format_number(found.alpha)}")
    )
    lines += [
        Text(f"{clip(label.name, 30)}: kappa {_format_number(label.kappa)}, given to {label.rows:,}")
        for label in found.labels
    ]
    if len(found.pairs) > 1:
        lines += [
            Text(
                f"{clip(pair.first, 30)} and {clip(pair.second, 30)}: kappa {_format_number(pair.kappa)},"
                f" {pair.agreed:.0%} alike on {pair.rows:,} rows"
            )
            for pair in found.pairs
        ]
    return lines


def format_reliability(found: "Consensus", weakest: Sequence[WeakRow]) -> list[Text]:
    """Return how often each person is right by the labels of all, and which rows need another opinion."""
    lines = [Text("how often each is right, by the labels of all (Dawid–Skene), with 95 % intervals", style="dim")]
    for each in found.annotators:
        lines.append(
            Text.assemble((clip(each.annotator, 30), "bold"), f" {_format_share(each.right)} on {each.rows:,} rows")
        )
        by_class = ", ".join(f"{clip(name, 20)} {_format_share(share)}" for name, share in each.by_class.items())
        lines.append(Text(f"  {by_class}"))
    if found.changed:
        lines.append(Text(f"weighed by that, {found.changed:,} rows get another label than by a plain majority"))
    if weakest:
        rows = ", ".join(f"{each.row + 1:,} ({clip(each.label, 16)} {each.probability:.0%})" for each in weakest)
        lines.append(Text(f"another opinion helps most on rows {rows}"))
    return lines


def _format_share(share: Interval) -> str:
    return f"{100 * share.value:.0f} % [{100 * share.low:.0f}, {100 * share.high:.0f}]"


def _format_number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


_WAYS = {
    FROM_FILE: "from the file",
    "duplicate": "copied to identical rows",
    "bulk": "labeled all at once",
    "import": "labeled elsewhere",
    "rule": "by rules",
    "model": "by a model",
}


def _describe_origin(item: Item, annotator: str) -> str:
    how = {
        "manual": "",
        FROM_FILE: " from the file",
        "duplicate": " from an identical row",
        "bulk": " with others",
        "import": " elsewhere",
        "review": " in a review",
    }
    who = "" if item.annotator in ("", annotator) else f" by {sanitize(item.annotator)}"
    return how.get(item.how, f" {item.how}") + who


def _format_key_names(action: Action, typing: bool) -> str:
    easy = "" if typing and action.key.isalnum() else action.key
    other = {"left": "←", "right": "→"}.get(action.other, action.other)
    return ", ".join(dict.fromkeys(key for key in (easy, other) if key))


def _describe_label_keys(keys: dict[str, str], typing: bool, multi_label: bool) -> str:
    if typing:
        return f"over {MOST_KEYS} classes have no keys: letters find one by its name, enter takes it"
    shown = "  ".join(f"{key} {clip(name, 20)}" for name, key in keys.items())
    return f"{shown}   " + ("toggles a class, enter accepts" if multi_label else "labels, saves and moves on")
