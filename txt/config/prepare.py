"""Options of `txt prepare`, those that say how a file is read among them."""

from dataclasses import dataclass
from pathlib import Path

from txt.errors import InputError
from txt.option_schema import Config, option

READING = ("text_column", "label_column", "encoding", "delimiter", "quoting", "header", "header_rows", "skip_lines")
"""The options of `PrepareConfig` that say how a file is read; every command that reads one takes them."""


@dataclass(frozen=True)
class PrepareConfig(Config):
    """Options of `txt prepare`: how a data file becomes a prepared folder."""

    text_column: str | None = option(
        None, "Column of the text, or several: `title,body` [found by name and content].", group="Columns"
    )
    label_column: str | None = option(
        None,
        "Column that holds the label; in a file of Label Studio or Argilla, the control or question.",
        group="Columns",
        flags=("--label-column", "--control"),
    )
    split_column: str | None = option(
        None, "Column that says train, val or test; `none` where no column does.", group="Columns"
    )
    split_values: str | None = option(
        None, "What other values of that column mean: `eval=val,holdout=test`.", group="Columns"
    )
    missing: str | None = option(
        None,
        "Labels that mean no label: `nan,None`; `''` for none of them [`nan`, `null` and the like].",
        group="Columns",
    )
    multi_label: bool | None = option(
        None,
        "Rows may have several labels [detected]; `--no-multi-label` makes a class of each combination.",
        group="Columns",
    )
    label_separator: str | None = option(
        None, "What stands between the labels of a row, where there are several [detected].", group="Columns"
    )
    label_columns: str | None = option(None, "Columns of 0 and 1, a label each: `toxic,obscene`.", group="Columns")
    at_least: float | None = option(
        None, "With --label-columns that count votes: from how many on a label holds.", group="Columns", above=0
    )
    ordered: bool | None = option(
        None,
        "The classes are numbers, or --order names them, from low to high: a step off is better than two.",
        group="Columns",
    )
    nested: bool | None = option(
        None, "Classes are in levels, written `hardware > printer > paper` [detected].", group="Columns"
    )
    levels: str | None = option(
        None, "Columns of the levels of nested classes, from the top: `area,topic`.", group="Columns"
    )
    order: str | None = option(None, "Classes from low to high: `low,medium,high`.", group="Columns")
    group_column: str | None = option(None, "Rows with the same value here stay in one split.", group="Columns")
    use_labels: bool = option(
        True, "Use what `txt label` decided about this file.", group="Columns", flags=("--labels",)
    )
    label_store: Path | None = option(
        None, "File in which `txt label` keeps its labels [DATA.labels.db].", group="Columns", flags=("--store",)
    )
    encoding: str | None = option(None, "Encoding of the file [detected].", group="Reading")
    delimiter: str | None = option(
        None, "Delimiter of a CSV file; `tab`, or `none` for one text a line [detected].", group="Reading"
    )
    quoting: str | None = option(
        None,
        "Whether quotes surround cells: `minimal`, or `none` where they are part of the text; `backslash` where "
        "databases write `\\n` for a line break [detected].",
        group="Reading",
        choices=("minimal", "none", "backslash"),
    )
    header: bool | None = option(None, "Whether the first row holds the columns' names [detected].", group="Reading")
    header_rows: int | None = option(
        None, "Rows that the header takes, where survey tools write more than one [detected].", group="Reading", low=1
    )
    skip_lines: int | None = option(
        None, "Lines above the header, or above the first row [detected].", group="Reading", low=0
    )
    val: Path | None = option(None, "File with the val rows.", group="Splits")
    test: Path | None = option(None, "File with the test rows.", group="Splits")
    train_split: float = option(0.8, "Share of the rows for training.", group="Splits", above=0, high=1)
    val_split: float = option(0.1, "Share for val; the rest is test.", group="Splits", low=0, high=1)
    seed: int = option(42, "Seed of the split.", group="Splits", low=0, high=2**32 - 1)
    near_duplicates: str | None = option(
        None,
        "Texts that share most of their words: `drop` all but one, `group` them in one split, or `keep` [keep].",
        group="Splits",
        choices=("drop", "group", "keep"),
    )
    tokenizer: str = option(
        "wordpiece", "`wordpiece` or `bpe` (trained on the train split), a folder, or a hub name.", group="Tokenizer"
    )
    vocab_size: int = option(8000, "Entries of a trained tokenizer.", group="Tokenizer", low=100, high=1_000_000)
    cased: bool = option(False, "Keep upper case and accents.", group="Tokenizer")
    max_length: int = option(512, "Tokens kept of each text.", group="Tokenizer", low=4, high=100_000)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.train_split + self.val_split > 1 + 1e-9:
            raise InputError(
                f"--train-split {self.train_split:g} and --val-split {self.val_split:g} sum to more than 1",
                "what they leave is the test split: 0.8 and 0.1 leave 0.1",
            )
        self._check_labels()

    def _check_levels(self) -> None:
        others = {
            "--label-column": self.label_column,
            "--label-columns": self.label_columns,
            "--label-separator": self.label_separator,
            "--order": self.order,
            "--ordered": self.ordered or None,
            "--multi-label": self.multi_label or None,
            "--no-nested": True if self.nested is False else None,
        }
        other = next((flag for flag, value in others.items() if value is not None), None)
        if other is not None:
            raise InputError(f"--levels and {other} both say what the labels are", "give one of them")

    def _check_labels(self) -> None:
        if self.label_columns is not None and self.label_column is not None:
            raise InputError(
                "--label-column and --label-columns both say where the labels are",
                "--label-columns for a column of 0 and 1 a label, --label-column for names in one column",
            )
        if self.at_least is not None and self.label_columns is None:
            raise InputError("--at-least is about the votes in --label-columns, and there are none")
        if self.multi_label is False:
            for value, flag in ((self.label_columns, "--label-columns"), (self.label_separator, "--label-separator")):
                if value is not None:
                    raise InputError(f"{flag} is about several labels a row, and --no-multi-label takes each as one")
        if self.ordered is False and self.order is not None:
            raise InputError("--order says how the classes are ordered, and --no-ordered that they are not")
        if self.levels is not None:
            self._check_levels()
        several = self.multi_label or self.label_columns is not None or self.label_separator is not None
        if several and (self.ordered or self.order is not None):
            flag = "--ordered" if self.ordered else "--order"
            raise InputError(f"{flag} is about one class a row, and other options ask for several labels")
        if self.label_columns is not None and self.label_separator is not None:
            raise InputError("--label-separator is for names in one column, and --label-columns has one a label")
        if self.label_separator is not None and not self.label_separator:
            raise InputError("--label-separator is empty", "name what stands between two labels: --label-separator ,")
