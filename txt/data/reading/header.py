"""Finds where a table begins in a delimited file, and whether its first row holds names or data.

Each sign counts for or against a header; where they say nothing, both readings are told and the user decides.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from txt.data.reading.columns import ends_usually, is_usual_name
from txt.json_input import load_json

_LONGEST_NAME = 64  # characters; a longer cell in the first row is a text, unless it is a question
_MOST_TITLES = 20
_FEW_VALUES = 100
_QUESTION = re.compile(
    r"[?？؟]\s*$|^(please|how|what|why|which|when|where|who|would|did|do|does|is|are|rate|tell|describe)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.!…]$|\s\S+\s\S+\s\S+\s")
_IDENTIFIER = re.compile(r"[a-z]+(_[a-z0-9]+)+|[a-z]+[A-Z][a-zA-Z]*|[a-z]+\d+|[A-Z]{2,}[A-Z_]*", re.ASCII)
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T]\d{1,2}:\d\d.*)?")
_ADDRESS = re.compile(r"https?://\S+|\S+@\S+\.\S+")
_TIME = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}:\d\d")
_NO_VALUE = frozenset({"nan", "na", "n/a", "none", "null", "-", "--", "?", "unknown", "missing", "n.a.", "nil", "\\n"})
_FEWEST_ROWS = 8  # below a row that may be a second header
_RULE = re.compile(r"[-=:+_|\s]*[-=]{2}[-=:+_|\s]*")
_TYPE = re.compile(
    r"\([\w ./%€$£°]+\)|\[[\w ./%€$£°]+\]"
    r"|(str(ing)?|text|(var)?char|int(eger|8|16|32|64)?|bigint|float(32|64)?|double|number"
    r"|numeric|real|bool(ean)?|date(time)?|timestamp|object|category|categorical|factor|nominal|discrete|continuous"
    r"|meta|class|ignore|d|c|s)(\(\d+(,\d+)?\))?",
    re.IGNORECASE,
)
_TOTAL = re.compile(
    r"(grand |sub-?|overall )?(totals?|sum|summe|gesamt|somme|suma|totale?|totaal|average|mean|mittelwert"
    r"|итого|всего|合计|总计|合計|합계|toplam|जोड़)\W*",
    re.IGNORECASE,
)
_OPEN_ENDED = "open-ended response"
_SECOND_HEADER = frozenset({"response", "open-ended response", "open ended response", "other (please specify)"})


@dataclass(frozen=True)
class HeaderJudgement:
    """Whether the first row holds names, None where it may or may not, and the sign that weighed most."""

    is_header: bool | None
    because: str


def is_number(cell: str) -> bool:
    """Tell whether a cell holds a number."""
    try:
        float(cell)
    except ValueError:
        return re.fullmatch(r"\s*[+-]?\d{1,3}(?:\d*|(?:[.\s]\d{3})*),\d+\s*", cell) is not None
    return True


def find_top(rows: Sequence[Sequence[str]]) -> int:
    """Return how many of the first lines, each given by its cells, stand above the table: titles, comments, blanks."""
    top = 0
    for place, cells in enumerate(rows[:_MOST_TITLES]):
        rest = [row for row in rows[place + 1 : place + 6] if any(map(str.strip, row))]
        if not rest or not _is_above(cells, rest):
            break
        top = place + 1
    if top < len(rows) and _is_group_row(rows[top], rows[top + 1 :]):
        top += 1
    named = next((place for place, cells in enumerate(rows[:10]) if _is_all_names(cells)), 0)
    if named > top and not any(is_usual_name(cell) for row in rows[:named] for cell in row if cell.strip()):
        return named
    while top and top < len(rows) and not any(map(str.strip, rows[top])):
        top += 1
    return top


def judge_header(first: Sequence[str], below: Sequence[Sequence[str]]) -> HeaderJudgement:
    """Tell names from data by the first row and those below it."""
    first = [cell.strip() for cell in first]
    below = [row for row in below if not _repeats(row, first)]  # a file can repeat its header
    counted = [["", *map(str, range(len(first) - 1))], *(list(map(str, range(at, at + len(first)))) for at in (0, 1))]
    if len(first) > 1 and first in counted and _has_word_columns(first, below):
        return HeaderJudgement(True, "its cells count, as programs name columns without names")
    signs: list[tuple[int, str]] = []
    for place, cell in enumerate(first):
        values = [row[place].strip() for row in below if place < len(row) and row[place].strip()]
        signs += _weigh_cell(cell, values)
    if not any(first):
        return HeaderJudgement(False, "its cells are empty")
    total = sum(weight for weight, _ in signs)
    best = max(signs, key=lambda sign: sign[0] if total > 0 else -sign[0], default=(0, "nothing tells it apart"))[1]
    if not below:
        return HeaderJudgement(total >= 0, best if signs else "it is the only row")
    if total >= 2:
        return HeaderJudgement(True, best)
    if total < 0 or (len(first) == 1 and total < 1):
        return HeaderJudgement(False, best if total < 0 else "it looks like the lines below")
    if len(below) < 5:  # too few rows to repeat anything: names are what short words without a number are
        return HeaderJudgement(True, "it is short, and does not occur below")
    return HeaderJudgement(None, best)


def count_extra_headers(below: Sequence[Sequence[str]]) -> int:
    """Return how many rows below the header say more about the columns, as survey tools write them."""
    count = 0
    for row, rest in zip(below[:2], (below[1:], below[2:]), strict=False):
        if not rest or not (_is_about_columns(row) or _is_import_id(rest[0]) or _breaks_types(row, rest)):
            break
        count += 1
    return count


def has_row_names(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Tell whether every row has one cell more than the header, and begins with a number of its own: R writes so."""
    width = len(first) + 1
    names = [row[0].strip() for row in below if row]
    if len(names) < 2 or not all(len(row) == width for row in below) or len(set(names)) < len(names):
        return False
    return all(map(str.isdigit, names)) and any(row[-1].strip() for row in below) and not any(map(is_number, first))


def is_total(cells: Sequence[str]) -> bool:
    """Tell whether a row sums up those above: it says so, and has nothing but numbers beside."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return len(filled) > 1 and bool(_TOTAL.fullmatch(filled[0])) and all(map(is_number, filled[1:]))


def _repeats(row: Sequence[str], first: Sequence[str]) -> bool:
    """Tell whether a row is the first once more, or its beginning where columns were added to the first since."""
    cells = [cell.lstrip("\ufeff").strip() for cell in row]
    filled = len(cells) - next((place for place, cell in enumerate(reversed(cells)) if cell), len(cells))
    return cells == list(first) or (filled > 1 and cells[:filled] == list(first[:filled]))


def _has_word_columns(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Tell whether some column has no numbers at all, as it would if the first row were one of its rows."""
    columns = ([row[place] for row in below if place < len(row)] for place in range(len(first)))
    return any(values and not any(map(is_number, values)) for values in columns)


def _is_above(cells: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    filled = [cell for cell in cells if cell.strip()]
    below = max(len([cell for cell in row if cell.strip()]) for row in rest)
    if not filled:
        return True
    if filled[0].lstrip().startswith(("#", "//", "%")) and len(cells) != len(rest[0]):
        return True
    if below < 2 or len(filled) > 1 or not cells[0].strip() or is_usual_name(cells[0]):
        return False
    return len(cells) == 1 or (len(cells) > 2 and sum(1 for cell in rest[0] if cell.strip()) > 2)


def _is_group_row(cells: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Tell whether a row has names of groups of columns, above the first of each (merged cells) or each (pandas)."""
    if len(cells) < 3 or len(rest) < _FEWEST_ROWS or any(map(is_number, cells)):
        return False
    groups, names = [cell.strip() for cell in cells], [cell.strip() for cell in rest[0]]
    if len(set(groups)) == len(groups) and all(groups):
        return False
    blank = sum(1 for name in names if not name)  # the column of row numbers has a name in neither row
    if blank > (not groups[0] and not names[0]) or len(set(names)) < len(names) or any(map(is_number, names)):
        return False
    return judge_header(names, rest[1:]).is_header is True


def _is_all_names(cells: Sequence[str]) -> bool:
    return len(cells) > 1 and all(cell.strip() and is_usual_name(cell) for cell in cells)


def _weigh_cell(cell: str, values: Sequence[str]) -> list[tuple[int, str]]:
    """Return what a cell of the first row says, by the values below it: weights above 0 speak for a header."""
    known = bool(cell) and (is_usual_name(cell) or ends_usually(cell))
    numbers = sum(map(is_number, values))
    counted = len(values) >= 2 and numbers >= 0.9 * len(values)
    if not cell:
        return [(1, "the column of row numbers has no name")] if counted else []
    if counted and not is_number(cell):
        return [(3, f"`{cell}` stands above numbers")]
    if is_number(cell):
        return [(-3, f"`{cell}` is a number")]
    if known:
        if cell in values:
            return [(-4, f"`{cell}` comes again below")] if _is_few(values) else []
        return [(3 if is_usual_name(cell) else 2, f"`{cell}` is a usual name")]
    if cell in values:
        return [(-4, f"`{cell}` comes again below")]
    if _ADDRESS.fullmatch(cell) or _DATE.fullmatch(cell):
        return [(-3, f"`{cell}` is a value")]
    if sum(1 for value in values if _DATE.fullmatch(value)) > 0.9 * len(values) > 0:
        return [(3, f"`{cell}` stands above dates")]
    signs = []
    if (
        len(values) > 1
        and _QUESTION.search(cell)
        and not sum(1 for value in values if _QUESTION.search(value)) > len(values) / 4
    ):
        return [(2, f"`{cell}` is a question, and nothing below is")]
    if len(cell) > _LONGEST_NAME or _SENTENCE.search(cell):
        return [(-2, "it holds a sentence")]
    if _IDENTIFIER.fullmatch(cell):
        signs.append((1, f"`{cell}` is written as a name"))
    if _is_few(values):
        signs.append((1, f"`{cell}` is not among the few values below it"))
    long = [value for value in values if len(value) > 2 * len(cell) and " " in value]
    if " " not in cell and values and len(long) > 0.7 * len(values):
        signs.append((1, f"`{cell}` is one word, and long texts stand below"))
    return signs


def _is_few(values: Sequence[str]) -> bool:
    return len(values) >= 8 and len(set(values)) <= min(_FEW_VALUES, len(values) // 4 + 1)


def _is_about_columns(row: Sequence[str]) -> bool:
    """Tell whether a row's cells are kinds of answers, ids of questions, kinds of values, or the rule of a table."""
    filled = [cell.strip() for cell in row if cell.strip()]
    if not filled:
        return False
    if _is_answer_kind(row) or _is_import_id(row) or _OPEN_ENDED in map(str.lower, filled):
        return True
    return all(map(_RULE.fullmatch, filled)) or (len(filled) > 1 and all(map(_TYPE.fullmatch, filled)))


def _breaks_types(row: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Tell whether a row is unlike all below it: words above numbers or dates, and no class that comes again."""
    if len(rest) < _FEWEST_ROWS:
        return False
    kinds: tuple[Callable[[str], object], ...] = (is_number, _DATE.fullmatch, _TIME.match)
    unlike = new = 0
    for place, cell in enumerate(map(str.strip, row)):
        values = [each[place].strip() for each in rest if place < len(each) and each[place].strip()]
        if not cell or not values:
            continue
        if cell in values:
            return False
        if is_number(cell) or _DATE.fullmatch(cell) or cell.lower() in _NO_VALUE:
            return False
        if any(all(map(kind, values)) for kind in kinds) or (
            _QUESTION.search(cell) and not any(map(_QUESTION.search, values))
        ):
            unlike += 1
        if _is_few(values):
            new += 1
    return unlike > 1 or (unlike > 0 and new > 0)


def _is_answer_kind(row: Sequence[str]) -> bool:
    filled = [cell.strip().lower() for cell in row if cell.strip()]
    return bool(filled) and all(cell in _SECOND_HEADER for cell in filled)


def _is_import_id(row: Sequence[str]) -> bool:
    filled = [cell for cell in row if cell.strip()]
    return bool(filled) and all(cell.lstrip().startswith('{"ImportId"') and _is_json(cell) for cell in filled)


def _is_json(cell: str) -> bool:
    try:
        load_json(cell)
    except json.JSONDecodeError:
        return False
    return True
