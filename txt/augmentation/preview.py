"""The first rows of a data file with the copies that they would get."""

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from txt.augmentation.check import TFIDF, Examples
from txt.augmentation.engine import Check, Copy, Engine, Row
from txt.augmentation.plan import Plan, plan
from txt.augmentation.recipe import recipe_for
from txt.augmentation.survey import Columns, find_columns, rows_of, survey
from txt.config import AugmentConfig, PrepareConfig
from txt.data.reading.table import Table, read
from txt.errors import InputError


def preview(
    source: Path | str, config: AugmentConfig, reading: PrepareConfig, count: int, check: Check | None = None
) -> tuple[list[tuple[str, list[Copy]]], list[str]]:
    """Return the first `count` rows that get copies with these, and what the user should know; nothing is written.

    Args:
        source: a data file, or `-` for standard input.
        config: which copies of which rows. The whole file is read only where these depend on all its rows.
        reading: options that settle columns, encoding and delimiter.
        count: rows to show at most.
        check: predicts labels, as in `augment`.

    Raises:
        InputError: the file cannot be used as it is, or no row gets copies.
    """
    with read(source, reading) as table:
        columns = find_columns(table, reading)
        planned, check = _foreseen(table, columns, config, check)
        rows = list(islice(_copied(table, columns, config, planned), count))
        if not rows:
            raise InputError(f"no row of `{table.source}` gets copies", _why_none(config))
        recipe, notes = recipe_for(config, [row.text for row in rows], check=check)
        made = Engine(recipe).copies(rows)
    return list(zip([row.text for row in rows], made.copies, strict=True)), notes


def _foreseen(
    table: Table, columns: Columns, config: AugmentConfig, check: Check | None
) -> tuple[Plan | None, Check | None]:
    """Return the plan and the check where they depend on all rows of the file."""
    judged = config.check == TFIDF
    if not (config.balance or config.per_class is not None or judged):
        return None, check
    examples = Examples(columns.text, columns.label)
    with TemporaryDirectory(prefix="txt-") as folder:
        see = examples.see if judged else lambda _: None
        found = survey(table, columns, config.split, Path(folder) / "keys.npy", see, lambda _: None)
    return plan(found, config), examples.fitted() if judged else check


def _copied(table: Table, columns: Columns, config: AugmentConfig, planned: Plan | None) -> Iterator[Row]:
    """Yield the rows that get copies."""
    for number, row in enumerate(chain.from_iterable(rows_of(table)), start=1):
        if columns.why_not(row, config.split) is None:
            label = (row.get(columns.label) or "") if columns.label else ""
            copies = planned.copies(label) if planned else config.factor
            if copies:
                yield Row(number, row[columns.text] or "", copies)


def _why_none(config: AugmentConfig) -> str:
    if config.balance or config.per_class is not None:
        return "the classes are as large already, or --split names another split"
    return "--split names another split"
