"""Options of `txt augment`."""

from dataclasses import dataclass
from pathlib import Path

from txt.errors import InputError
from txt.option_schema import Config, option

EDITS = (
    "synonym",
    "swap",
    "delete",
    "insert",
    "split",
    "keyboard",
    "ocr",
    "spelling",
    "punctuation",
    "sentence",
    "eda",
)
"""Augmentation methods that need no model and keep the label correct: fast enough to be applied while training."""


@dataclass(frozen=True)
class AugmentConfig(Config):
    """Options of `txt augment`: which rows are copied, how often, and which words are never changed."""

    methods: str = option("synonym,swap,delete", "Methods with weights.", group="Copies")
    factor: int = option(2, "Copies of each row.", group="Copies", low=1)
    per_class: int | None = option(None, "Instead: copies until each class has this many rows.", group="Copies", low=1)
    balance: bool = option(False, "Instead: copies until each class is as large as the largest.", group="Copies")
    rate: float = option(0.1, "Share of a text's words that are changed.", group="Copies", above=0, high=1)
    chain: bool = option(False, "Apply all methods to each copy, in the order given.", group="Copies")
    split: str = option("train", "Rows that are copied, where a column says which are which.", group="Copies")
    seed: int = option(42, "Seed of the copies.", group="Copies", low=0, high=2**32 - 1)
    workers: int = option(0, "Processes; 0 goes by the cores and the work.", group="Copies", low=0, high=1024)

    check: str | None = option(
        None, "`tfidf` or a run: drop copies whose predicted label flips.", group="Labels stay true"
    )
    keep: str | None = option(None, "Leave alone what this regular expression matches.", group="Labels stay true")
    stopwords: str | None = option(
        None, "Leave these words alone: `soup,salad`, or a file with one a line.", group="Labels stay true"
    )
    allow_label_flips: bool = option(False, "Offer `antonym` too.", group="Labels stay true")

    engine: str = option(
        "txt",
        "Whose `keyboard`, `ocr`, `spelling` and `split`: our own, or nlpaug's, a word at a time.",
        group="Words and models",
        choices=("txt", "nlpaug"),
    )
    language: str | None = option(None, "Language of the texts: `en`, `de` … [detected].", group="Words and models")
    wordnet: Path | None = option(None, "Folder with WordNet's files, for synonyms.", group="Words and models")
    translators: str = option(
        "facebook/wmt19-en-de,facebook/wmt19-de-en",
        "Models for back-translation, there and back: hub names or folders of MarianMT or FSMT.",
        group="Words and models",
    )
    sampled: bool = option(False, "Draw translations at random, the first one too.", group="Words and models")
    masked_model: str = option(
        "distilbert-base-uncased", "Masked language model for `contextual`.", group="Words and models"
    )
    device: str = option("auto", "Device of these models: `auto`, `cpu`, `cuda`.", group="Words and models")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.balance and self.per_class is not None:
            raise InputError("--balance and --per-class both say how large classes become", "leave one of them out")
