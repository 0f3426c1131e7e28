"""Prints what `txt explore` found, readable at 80 columns and without colour."""

from collections.abc import Callable, Iterable, Sequence

from rich.table import Table
from rich.text import Text

from txt.cli.console import make_literal, out, say
from txt.exploration.corpus import Corpus
from txt.exploration.exploration import Clusters, Exploration, Hit, Overview, Signs, hide
from txt.exploration.repeats import Repeats
from txt.sanitize import clip, sanitize
from txt.wording.exploration import (
    describe_overview,
    describe_repeats,
    describe_settling,
    describe_signs,
    draw_map,
    format_classes,
    format_share,
    get_mark,
    name_cluster,
)

_MAP_LINES = 18
_DETAILED = 15  # clusters of which more than a line is printed
_SHOWN_REPEATS = 6


def show_overview(exploration: Exploration, overview: Overview) -> None:
    """Print what there is."""
    corpus = exploration.corpus
    _print_pairs(describe_overview(overview, corpus.source, corpus.text.name, exploration.why))


def show_clusters(exploration: Exploration, found: Clusters) -> None:
    """Print the clusters, the largest first, and the map of them."""
    show, total = hide(exploration.corpus), len(exploration.corpus)
    _print_title("Clusters", describe_settling(found))
    for each in found.clusters:
        head = Text.assemble((f"{get_mark(each.number):>2} ", "bold"), f"{len(each.rows):>8,}", " ")
        head.append(f"{format_share(len(each.rows) / total):>5}  ", "dim").append(sanitize(name_cluster(each)), "bold")
        out.print(head, no_wrap=True, overflow="ellipsis")
        if each.number >= _DETAILED:
            continue
        if each.name or len(each.words) > 3:
            _print_below("words", ", ".join(each.words if each.name else each.words[3:]))
        if each.apart and each.nearest is not None:
            _print_below(f"unlike {get_mark(each.nearest)}", ", ".join(each.apart))
        if each.classes:
            _print_below("classes", format_classes(each.classes))
        for name, rows in (("typical", each.typical), ("odd", each.odd)):
            for row in rows:
                _print_below(name, show(row))
    if len(found.clusters) > _DETAILED:
        out.print(Text("-i walks through all of them, --json lists their texts", style="dim"))
    if found.left_out:
        out.print(Text(f"{found.left_out:,} rows have no word that is known, and are in no cluster", style="dim"))
    drawn = draw_map(found, min(out.width, 100), _MAP_LINES)
    if drawn:
        _print_title("Map", "the texts by their vectors' first two components; neighbours there need not be alike")
        out.print(drawn, soft_wrap=True)


def show_signs(signs: Signs) -> None:
    """Print odd characters, and personal data by kind."""
    _print_title("Characters and personal data", "found by patterns: what is written otherwise is not seen")
    pairs = list(describe_signs(signs))
    if pairs:
        _print_pairs(pairs)
    else:
        out.print("nothing odd, and no personal data of a usual form")


def show_repeats(repeats: Repeats, rows: int) -> None:
    """Print copies, near-duplicates and templates."""
    _print_title("Repeated texts", describe_repeats(repeats, rows))
    for group in repeats.groups[:_SHOWN_REPEATS]:
        head = Text(f"{len(group.rows):>8,}  ", style="bold")
        out.print(head.append(clip(group.template, max(out.width - 10, 20)), style="not bold"), no_wrap=True)


def show_hits(hits: Sequence[Hit], show: Callable[[int], str], corpus: Corpus) -> None:
    """Print the rows that were found, the nearest first."""
    if not hits:
        say("no row shares anything with these words")
        return
    for hit in hits:
        label = _find_label(corpus, hit.row)
        line = Text(f"{hit.row + 1:>9,}  ", style="dim").append(f"{hit.likeness:.2f}  ", style="bold not dim")
        line.append(f"{clip(label, 16)}  " if label else "", style="not dim italic")
        line.append(clip(show(hit.row), max(out.width - line.cell_len, 20)), style="not dim")
        out.print(line, no_wrap=True)


def _find_label(corpus: Corpus, row: int) -> str:
    code = int(corpus.label_codes[row])
    return corpus.label_names[code] if code >= 0 else ""


def _print_title(title: str, more: str) -> None:
    out.print()
    out.print(Text(title, style="bold").append(f": {sanitize(more)}", style="not bold"))


def _print_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, value in pairs:
        table.add_row(name, make_literal(value))
    out.print(table)


def _print_below(name: str, value: str) -> None:
    line = Text(f"{name:>17}  ", style="dim")
    out.print(line.append(clip(value, max(out.width - 19, 20)), style="not dim"), no_wrap=True)
