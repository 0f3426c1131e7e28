"""Formats what there is to see of a data file, a label store and a study."""

from collections.abc import Mapping
from textwrap import wrap

from rich.text import Text

from txt.charts.plot import draw_bars
from txt.folder.detail import FileDetail, Ranking
from txt.sanitize import clip, sanitize

_MOST_COLUMNS = 8
_MOST_CLASSES = 8
_TEXT_LINES = 2


def format_file_detail(file: FileDetail, width: int, height: int) -> list[Text]:
    """Return a file's columns, class shares, lengths and first texts, as much as there is room for."""
    rows = [Text(f"the first {file.rows:,} rows", style="dim"), Text()]
    longest = min(max((len(sanitize(name)) for name, _ in file.columns), default=0), width // 3)
    for name, example in file.columns[:_MOST_COLUMNS]:
        what = " text" if name == file.text else " label" if name == file.label else ""
        line = Text.assemble(f"{clip(name, longest):<{longest}}", (f"{what:<6}  ", "bold"), no_wrap=True)
        rows.append(line.append(clip(example, max(width - longest - 8, 4)), "dim"))
    if len(file.columns) > _MOST_COLUMNS:
        rows.append(Text(f"and {len(file.columns) - _MOST_COLUMNS} more columns", style="dim"))
    if file.classes:
        rows += [Text(), Text(f"classes in {clip(file.label or '', 30)}", style="bold")]
        rows += _list_shares(file.classes, width)
    if file.usual:
        told = f"{file.usual:,.0f} words are usual, one text in twenty has more than {file.longest:,}"
        rows += [Text(), Text.assemble(("length  ", "bold"), told)]
    rows.append(Text())
    for text in file.texts:
        if len(rows) >= height:
            break
        shown = clip(" ".join(text[: _TEXT_LINES * width].split()), _TEXT_LINES * width - 8)
        rows += [
            Text(("“" if not number else " ") + line)
            for number, line in enumerate(wrap(shown, max(width - 2, 10))[:_TEXT_LINES])
        ]
    return rows[:height]


def format_stored_classes(classes: Mapping[str, int], width: int) -> list[Text]:
    """Return the labels of a store as bars."""
    return _list_shares(classes, width) if classes else [Text("no labels yet", style="dim")]


def format_ranking(ranking: Ranking, width: int, height: int) -> list[Text]:
    """Return the trials of a study as a table, the best first."""
    heads = ["", "", ranking.metric, *(name.replace("_", "-") for name in ranking.options), "run"]
    table = [heads]
    for place, trial in enumerate(ranking.trials, 1):
        score = f"{float(trial.score):.4f}" if trial.score.replace(".", "").isdigit() else "–"
        table.append([str(place), trial.state, score, *trial.values, trial.run])
    widths = [max(len(clip(row[column], 16)) for row in table) for column in range(len(heads))]
    rows = [
        Text("  ".join(f"{clip(cell, 16):<{room}}" for cell, room in zip(row, widths, strict=True)), no_wrap=True)
        for row in table[: max(height - 1, 1)]
    ]
    rows[0].stylize("dim")
    for row in rows:
        row.truncate(width, overflow="ellipsis")
    if ranking.total > len(rows) - 1:
        rows.append(Text(f"and {ranking.total - len(rows) + 1:,} more", style="dim"))
    return rows


def _list_shares(classes: Mapping[str, int], width: int) -> list[Text]:
    shown = dict(list(classes.items())[:_MOST_CLASSES])
    total = sum(classes.values())
    names = {f"{clip(name, 24)} {count / total:.0%}": count for name, count in shown.items()}
    rows = list(draw_bars(names, min(width, 70)).split("\n"))
    more = [Text(f"and {len(classes) - len(shown):,} more classes", style="dim")] if len(classes) > len(shown) else []
    return [*rows, *more]
