"""What was found in a corpus, in words and drawings: for `txt explore` and its screen."""

import string
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from rich.text import Text

from txt.charts.plot import draw_field_chart
from txt.charts.raster import Ink, Line, Numbers
from txt.charts.ticks import Axis
from txt.exploration.clustering import Trial
from txt.exploration.exploration import Cluster, Clusters, Overview, Signs
from txt.exploration.repeats import Repeats
from txt.sanitize import clip, sanitize

MARKS = string.digits[1:] + string.ascii_lowercase + string.ascii_uppercase
"""The letters that stand for the clusters on a map, the largest first; those behind have a dot."""

_COLORS = ("blue", "green", "magenta", "cyan", "yellow", "red")
_SHOWN_CLASSES = 3
_LANGUAGES = 4


def get_mark(number: int) -> str:
    """Return the letter of a cluster on the map."""
    return MARKS[number] if number < len(MARKS) else "·"


def name_cluster(cluster: Cluster) -> str:
    """Return a cluster's name, else its key words."""
    return cluster.name or ", ".join(cluster.words[:3]) or "no words in common"


def format_share(share: float) -> str:
    """Return a share in per cent: one decimal where it is small."""
    return f"{share:.0%}" if share >= 0.0995 else f"{share:.1%}"


def format_classes(classes: Mapping[str, float], most: int = _SHOWN_CLASSES) -> str:
    """Return the largest shares of classes; `most` of them."""
    shown = [f"{clip(name, 24)} {share:.0%}" for name, share in list(classes.items())[:most]]
    return " · ".join(shown) + (" · …" if len(classes) > most else "")


def describe_overview(overview: Overview, source: str, text_column: str, why: str) -> Iterator[tuple[str, str]]:
    """Yield what there is, as names and values."""
    copies = overview.rows - overview.different
    rows = f"{overview.rows:,} rows of {source}, column `{text_column}`"
    yield "texts", sanitize(rows)
    if overview.without_text:
        yield "empty", f"{overview.without_text:,} rows have no text"
    yield "copies", f"{copies:,} rows repeat an earlier text word for word" if copies else "no text comes twice"
    words, characters = overview.words, overview.characters
    yield (
        "lengths",
        f"{words.median:,} words in the middle, {words.most:,} at most in 95 of 100, {words.longest:,} in the longest; "
        f"{characters.median:,}, {characters.most:,} and {characters.longest:,} characters",
    )
    yield "languages", ", ".join(_format_shares(overview.languages))
    if len(overview.scripts) > 1:
        yield "scripts", ", ".join(_format_shares(overview.scripts))
    yield "vectors", sanitize(why)


def _format_shares(shares: Mapping[str, float]) -> list[str]:
    return [f"{sanitize(name)} {format_share(share)}" for name, share in list(shares.items())[:_LANGUAGES]]


def describe_settling(found: Clusters) -> str:
    """Say how many clusters there are, and whether they settle."""
    count = len(found.clusters)
    what = "1 cluster" if count == 1 else f"{count:,} clusters"
    if found.settled is None:
        return f"{what}, as many as were asked for"
    if not found.trials:
        return f"{what}: there are too few texts to try more"
    trial = _find_trial(found.trials, count)
    if found.settled:
        return f"{what}: the most at which two halves of the texts still give the same groups (agreement {trial})"
    return f"{what}, and not even so many settle (agreement {trial}): take the groups as a rough guide"


def _find_trial(trials: Sequence[Trial], count: int) -> str:
    found = min(trials, key=lambda trial: abs(trial.count - count))
    return f"{found.stability:.2f}"


def describe_signs(signs: Signs) -> Iterator[tuple[str, str]]:
    """Yield odd characters and personal data, as names and values; the data themselves are not known here."""
    for name, rows in signs.odd.items():
        yield name, _format_rows(rows, signs.rows)
    for name, count in signs.personal.items():
        times = f", {count.found:,} in all" if count.found > count.rows else ""
        yield name, f"{_format_rows(count.rows, signs.rows)}{times}"


def _format_rows(rows: int, of: int) -> str:
    share = format_share(rows / max(of, 1))
    return f"{rows:,} {'row' if rows == 1 else 'rows'}" + (f", {share}" if share != "0.0%" else "")


def describe_repeats(repeats: Repeats, rows: int) -> str:
    """Say how many rows repeat others."""
    groups = len(repeats.groups)
    near = f"{repeats.near:,} rows share most of their words with an earlier one" if repeats.near else "no near-copies"
    among = "" if repeats.looked_at >= rows else f", of the first {repeats.looked_at:,} rows"
    return f"{near}{among}; {groups:,} {'group' if groups == 1 else 'groups'}"


def draw_map(found: Clusters, width: int, height: int, chosen: int | None = None) -> Text:
    """Draw the texts on their first two principal components, a letter for each cluster; one of them may be chosen."""
    if len(found.places) < 3:
        return Text("")
    xs, ys = found.places.T.astype(np.float64)
    lines = []
    order = sorted(range(len(found.clusters)), key=lambda number: (number == chosen, -number))
    for number in order:
        own = found.place_codes == number
        loud = chosen is None or number == chosen
        color = _COLORS[number % len(_COLORS)] if loud else "bright_black"
        ink = Ink(color, "bold" if number == chosen else "", letter=get_mark(number), joined=False)
        lines.append(Line(xs[own], ys[own], ink))
    rows = draw_field_chart(lines, width, height, _make_axis(xs), _make_axis(ys))
    return Text("\n", no_wrap=True).join(rows) if rows else Text("")


def _make_axis(values: Numbers) -> Axis:
    pad = float(np.ptp(values)) * 0.03 or 0.5
    return Axis(float(values.min()) - pad, float(values.max()) + pad, ())
