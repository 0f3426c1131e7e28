"""The first rows of a data file with the copies that they would get."""

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from txt.augmentation.engine import Copy, Engine, LabelCheck, Row
from txt.augmentation.label_check import TFIDF, Examples
from txt.augmentation.plan import CopyPlan, plan_copies
from txt.augmentation.recipe import make_recipe
from txt.augmentation.survey import Columns, find_columns, read_rows, survey_file
from txt.config import AugmentConfig, PrepareConfig
from txt.data.reading.table import Table, open_table
from txt.errors import InputError


def preview_copies(
    source: Path | str, config: AugmentConfig, reading: PrepareConfig, count: int, check: LabelCheck | None = None
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
    with open_table(source, reading) as table:
        columns = find_columns(table, reading)
        planned, check = _plan_ahead(table, columns, reading, config, check)
        rows = list(islice(_select_rows(table, columns, config, planned), count))
        if not rows:
            raise InputError(f"no row of `{table.source}` gets copies", _explain_none(config))
        recipe, notes = make_recipe(config, [row.text for row in rows], check=check)
        made = Engine(recipe).copies(rows)
    return list(zip([row.text for row in rows], made.copies, strict=True)), notes


def _plan_ahead(
    table: Table, columns: Columns, reading: PrepareConfig, config: AugmentConfig, check: LabelCheck | None
) -> tuple[CopyPlan | None, LabelCheck | None]:
    """Return the plan and the check where they depend on all rows of the file."""
    judged = config.check == TFIDF
    if not (config.balance or config.per_class is not None or judged):
        return None, check
    examples = Examples(columns.text, columns.label, reading)
    with TemporaryDirectory(prefix="txt-") as folder:
        see = examples.see if judged else lambda _: None
        found = survey_file(table, columns, config.split, Path(folder) / "keys.npy", see, lambda _: None)
    return plan_copies(found, config), examples.fit_check() if judged else check


def _select_rows(table: Table, columns: Columns, config: AugmentConfig, planned: CopyPlan | None) -> Iterator[Row]:
    """Yield the rows that get copies."""
    for number, row in enumerate(chain.from_iterable(read_rows(table)), start=1):
        if columns.why_not(row, config.split) is None:
            label = (row.get(columns.label) or "") if columns.label else ""
            copies = planned.copies(label) if planned else config.factor
            if copies:
                yield Row(number, row[columns.text] or "", copies)


def _explain_none(config: AugmentConfig) -> str:
    if config.balance or config.per_class is not None:
        return "the classes are as large already, or --split names another split"
    return "--split names another split"
