"""Formats how good suggestions are: a line for each source, what joins them, and how people took them."""

from rich.text import Text

from txt.labeling.suggest.judging import SourceLine, Suggestions
from txt.labeling.suggest.unaided import Following
from txt.proportions import Interval
from txt.sanitize import clip

_HEADS = ("covers", "overlap", "conflict", "right [95 %]", "guess", "tokens", "s a row")
_WIDTHS = (6, 7, 8, 15, 5, 6, 7)
_FEW = 20  # labels; with fewer, an interval is wider than anybody can use


def format_suggestion_table(found: Suggestions, following: Following, width: int) -> Text:
    """Return the table of the sources, how they are joined, and how people took suggestions."""
    lines = [Text(clip(f"{'source':<8} {_join_cells(_HEADS)}", width), style="dim")]
    for line in [*found.lines, found.joined]:
        lines.append(Text.assemble((f"{line.name:<8} ", "bold"), _format_line(line, max(len(found.codes), 1))))
        if not line.used:
            lines.append(Text("         ! worse than guessing the largest class, and left out", style="bold"))
    lines += [Text(""), *map(Text, _describe_joining(found)), *map(Text, describe_following(following))]
    return Text("\n").join(lines)


def describe_following(following: Following) -> list[str]:
    """Return how people took suggestions: taken, rejected, and how many wrong ones they followed."""
    if not following.shown:
        return []
    lines = [f"{_count(following.taken, 'suggestion')} taken of {following.shown:,} that were shown"]
    if following.right is not None and following.wrong is not None and following.followed is not None:
        right = (
            f"{100 * following.right.value:.0f} % [{100 * following.right.low:.0f}, {100 * following.right.high:.0f}]"
        )
        lines.append(f"where they were hidden, {right} of {following.hidden:,} were right: by that,")
        wrong, followed = _format_range(following.wrong), _format_range(following.followed)
        lines.append(f"about {wrong} of those shown were wrong, and about {followed} of these were followed")
    else:
        lines.append("how many of them were wrong is not known: nothing was hidden (--blind 0.1)")
    if following.known_wrong:
        lines.append(
            f"{following.known_wrong:,} of them are not the label now; {following.known_followed:,} of these had been"
            " taken"
        )
    return lines


def _describe_joining(found: Suggestions) -> list[str]:
    if not found.judged:
        return ["no label was given without a suggestion yet: label some, and the sources are judged by them"]
    held = f", {found.held_out:,} of them held out" if found.held_out else ""
    lines = [f"judged by {_count(found.judged, 'label')} given without a suggestion{held}"]
    if found.judged < _FEW:
        lines.append(f"with fewer than {_FEW}, the intervals are wide, and all sources count alike")
    if found.shares is not None:
        ranked = sorted(found.shares.items(), key=lambda each: -each[1])
        others = ", ".join(f"{name} {share:.1%}" for name, share in ranked)
        lines.append(f"joined by {found.method}, which was right most often out of fold: {others}")
    elif len(found.sources) > 1:
        lines.append(f"joined: {found.method}")
    return lines


def _format_line(line: SourceLine, whole: int) -> str:
    score = line.score
    is_joined = not (line.overlapping or line.conflicting)
    counts = [line.covered, line.overlapping, line.conflicting]
    shares = [_format_percent(count / whole) for count in counts]
    cells = [shares[0], *(["", ""] if is_joined else shares[1:])]
    accuracy = "" if score.accuracy is None else _format_interval(score.accuracy)
    guess = "" if score.guess is None else _format_percent(score.guess)
    tokens = f"{line.tokens:,.0f}" if line.tokens else ""
    return _join_cells((*cells, accuracy, guess, tokens, _format_seconds(line.seconds)))


def _join_cells(cells: tuple[str, ...]) -> str:
    return " ".join(f"{cell:>{size}}" for cell, size in zip(cells, _WIDTHS, strict=True)).rstrip()


def _format_seconds(seconds: float) -> str:
    return "" if seconds <= 0 else "<0.001" if seconds < 0.001 else f"{seconds:.3f}"


def _format_percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"


def _format_interval(interval: Interval) -> str:
    return f"{100 * interval.value:.0f} % [{100 * interval.low:.0f}, {100 * interval.high:.0f}]"


def _format_range(interval: Interval) -> str:
    return f"{interval.value:.0f} [{interval.low:.0f}, {interval.high:.0f}]"


def _count(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count:,} {what}s"
