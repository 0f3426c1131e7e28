"""Formats the quality of rules: a table, their vote compared with guessing, and which rules disagree."""

from collections.abc import Sequence

from rich.text import Text

from txt.labeling.rules.analysis import Analysis, RuleLine, Score
from txt.proportions import Interval
from txt.sanitize import clip

_HEADS = ("covers", "overlap", "conflict", "right [95 %]", "guess")
_WIDTHS = (6, 7, 8, 15, 5)
_WORST_PAIRS = 12
_LONGEST_NAME, _LONGEST_LABEL = 30, 14


def format_rule_table(analysis: Analysis, width: int) -> Text:
    """Return the table of rules, the vote, and the conflicts between pairs of rules, at most `width` wide."""
    parts = [*_format_rules(analysis, width), Text(""), *_describe_vote(analysis)]
    if analysis.conflicts.any():
        parts += [Text(""), *_format_conflicts(analysis, width)]
    return Text("\n").join(parts)


def _format_rules(analysis: Analysis, width: int) -> list[Text]:
    label_width = min(max(len(line.label) for line in analysis.lines), _LONGEST_LABEL)
    room = width - label_width - sum(_WIDTHS) - len(_WIDTHS) - 2
    name_width = max(min(max(len(line.name) for line in analysis.lines), _LONGEST_NAME, room), 8)
    heads = " ".join(f"{head:>{size}}" for head, size in zip(_HEADS, _WIDTHS, strict=True))
    lines = [Text(f"{'rule':<{name_width}}  {'label':<{label_width}} {heads}", style="dim")]
    for line in analysis.lines:
        names = f"{clip(line.name, name_width):<{name_width}}  {clip(line.label, label_width):<{label_width}} "
        lines.append(Text.assemble((names, "bold"), _format_cells(analysis, line)))
        remark = _describe_remark(line)
        if remark:
            lines.append(Text(f"{'':<{name_width}}  ! {remark}", style="bold"))
    return lines


def _format_cells(analysis: Analysis, line: RuleLine) -> str:
    counts = (line.covered, line.overlapping, line.conflicting)
    shares = [_format_percent(count / max(analysis.rows, 1)) for count in counts]
    cells = [*shares, *_format_score(line.score)]
    return " ".join(f"{cell:>{size}}" for cell, size in zip(cells, _WIDTHS, strict=True))


def _format_score(score: Score) -> list[str]:
    return [_format_interval(score.accuracy), "" if score.guess is None else _format_percent(score.guess)]


def _describe_remark(line: RuleLine) -> str:
    if line.slow_at is not None:
        return f"switched off: its regex takes too long at row {line.slow_at + 1:,}"
    return "worse than guessing the largest class" if line.score.worse else ""


def _describe_vote(analysis: Analysis) -> list[Text]:
    decided, judged = analysis.decided, f"{analysis.judged:,} rows labeled by people"
    covers = _format_percent(analysis.covered / max(analysis.rows, 1))
    lines = [Text.assemble(("vote ", "bold"), (decided.used, "bold"), f" labels {analysis.covered:,} rows, {covers}")]
    if analysis.vote.accuracy is not None:
        right, guess = _format_interval(analysis.vote.accuracy), _format_percent(analysis.vote.guess or 0)
        lines.append(Text(f"  right {right}, guessing the largest class there {guess}"))
    if decided.asked == "weighted":
        lines += [Text(line) for line in _describe_weighted_vote(analysis)]
    if not analysis.judged:
        return [*lines, Text("no row is labeled by a person yet: label some, and the rules are judged by them")]
    name, gain = clip(analysis.largest_class or "", 20), analysis.gain
    lines.append(Text(f"on {judged}:"))
    lines.append(Text(f"  always {name} is right {_format_interval(analysis.guessing)}"))
    lines.append(Text(f"  rules, and {name} for the rest, {_format_interval(analysis.with_guesses)}"))
    lines.append(Text(f"  that is {_format_points(gain)} over guessing"))
    if gain is not None and gain.high < 0:
        lines.append(Text("! the rules do more harm than guessing the largest class", style="bold"))
    return lines


def _describe_weighted_vote(analysis: Analysis) -> list[str]:
    """Return which vote is used where a weighted one was asked for, and by how much it wins or loses."""
    decided = analysis.decided
    if decided.gain is None:
        return [f"  weighted is not used, {decided.used} is: too few rows are labeled by people"]
    used = "weighted is used" if decided.used == "weighted" else f"weighted is not used, {decided.used} is"
    return [
        f"  {used}: {_format_points(decided.gain)} against {decided.rival},",
        "  judged on rows that it did not learn from",
    ]


def _format_conflicts(analysis: Analysis, width: int) -> list[Text]:
    """Return the matrix of rows on which two rules disagree, or where it is too wide the worst pairs."""
    counts = analysis.conflicts
    places = [place for place in range(len(analysis.lines)) if counts[place].any()]
    names = [clip(analysis.lines[place].name, 20) for place in places]
    name_width, cell = max(map(len, names)), max(len(f"{counts.max():,}"), 2) + 2
    if name_width + 5 + cell * (len(places) - 1) > width:
        return _format_worst_pairs(analysis, places)
    lines = [Text("rows on which two rules disagree", style="dim")]
    for number, (place, name) in enumerate(zip(places, names, strict=True)):
        cells = "".join(f"{counts[place, other] or '·':>{cell}}" for other in places[:number])
        lines.append(Text.assemble(f"{number + 1:>2} {name:<{name_width}} ", cells))
    heads = "".join(f"{number + 1:>{cell}}" for number in range(len(places) - 1))
    return [*lines, Text(f"{'':<{name_width + 4}}{heads}", style="dim")]


def _format_worst_pairs(analysis: Analysis, places: Sequence[int]) -> list[Text]:
    counts = analysis.conflicts
    pairs = [(int(counts[one, two]), one, two) for one in places for two in places if one < two and counts[one, two]]
    lines = [Text("pairs of rules that disagree most, in rows (--json has all)", style="dim")]
    for count, one, two in sorted(pairs, key=lambda pair: -pair[0])[:_WORST_PAIRS]:
        names = f"{clip(analysis.lines[one].name, 20)} / {clip(analysis.lines[two].name, 20)}"
        lines.append(Text(f"{count:>9,}  {names}"))
    return lines


def _format_percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"


def _format_interval(interval: Interval | None) -> str:
    if interval is None:
        return ""
    return f"{100 * interval.value:.0f} % [{100 * interval.low:.0f}, {100 * interval.high:.0f}]"


def _format_points(interval: Interval | None) -> str:
    if interval is None:
        return ""
    return f"{100 * interval.value:+.1f} points [{100 * interval.low:+.1f}, {100 * interval.high:+.1f}]"
