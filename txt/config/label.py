"""Options of `txt label`."""

from dataclasses import dataclass
from pathlib import Path

from txt.option_schema import Config, option

LABEL_FORMATS = (
    "csv",
    "jsonl",
    "prodigy",
    "doccano",
    "doccano-csv",
    "label-studio",
    "spacy",
    "spacy-docbin",
    "argilla",
    "fasttext",
    "parquet",
)
"""Formats in which labels are exported and imported."""


@dataclass(frozen=True)
class LabelConfig(Config):
    """Options of `txt label`: the classes, the screen, the store, and which rows are offered."""

    labels: str | None = option(None, "Classes, where the file has none yet: `pos,neg`.", group="Classes")
    keys: str | None = option(
        None, "Keys of the classes: `pos=p,neg=n`, or `mnemonic` for letters of their names.", group="Classes"
    )
    multi_label: bool | None = option(
        None, "Several classes a row: keys toggle, Enter accepts; remembered.", group="Classes"
    )
    relabel: bool | None = option(
        None, "Ignore the file's own labels, and offer all rows; remembered.", group="Classes"
    )
    twins: bool = option(True, "Give identical rows the same label.", group="Classes")
    guide: Path | None = option(
        None,
        "Guide to the classes, TOML or Markdown [labels.toml beside DATA]; `?` shows it.",
        group="Classes",
    )
    rules: Path | None = option(
        None, "File of rules that propose labels (TOML); `r` shows how good they are.", group="Rules"
    )
    highlight: str | None = option(None, "Highlight what this regular expression matches.", group="Screen")
    mouse: bool = option(True, "Take the mouse; without it, the terminal selects text.", group="Screen")
    fast: bool = option(
        False, "Take keys at once: else those typed before a text could be read are dropped.", group="Screen"
    )
    annotator: str | None = option(None, "Who labels [the user's name].", group="Store")
    store: Path | None = option(None, "File that keeps the labels [DATA.labels.db].", group="Store")

    format: str | None = option(
        None,
        "Format of --export or --import [the data file's; by its content].",
        group="Exchange",
        choices=LABEL_FORMATS,
    )
    probable: bool = option(
        False,
        "With --export: the label most probable given all annotators, and not the one given last.",
        group="Exchange",
    )
    import_from: Path | None = option(
        None, "Take labels from a file of another tool into the store.", group="Exchange", flags=("--import",)
    )

    active: bool = option(False, "Ask about the rows that would teach a model most.", group="Active learning")
    model: str = option(
        "tfidf", "What learns: `tfidf`, `forest`, `minilm`, or a finished run.", group="Active learning"
    )
    strategy: str = option(
        "margin",
        "What counts as worth asking.",
        group="Active learning",
        choices=("margin", "entropy", "least-confidence", "random", "diverse"),
    )
    holdout: int = option(
        200, "Random rows that the model never learns from, to measure it.", group="Active learning", low=0
    )
    goal: float | None = option(
        None,
        "Accuracy on the holdout to work towards: the screen says about how many labels more.",
        group="Active learning",
        above=0,
        high=1,
    )
    keywords: str | None = option(
        None, "Begin with rows that have one of these words: `refund,broken`.", group="Active learning"
    )
    seed: int = option(42, "Seed of every draw.", group="Active learning", low=0, high=2**32 - 1)
    simulate: bool = option(
        False, "Label nothing: replay with the labels that are there, beside random order.", group="Active learning"
    )
    noise: float = option(0.0, "Share of wrong answers in --simulate.", group="Active learning", low=0, high=0.9)
    most_labels: int = option(500, "Labels given in --simulate.", group="Active learning", low=20)
    seeds: int = option(10, "Repetitions of --simulate.", group="Active learning", low=2, high=1000)

    suggest: str | None = option(
        None,
        "What suggests labels, joined by how often each is right: `names,rules,model,near,llm`.",
        group="Suggestions",
    )
    blind: float = option(
        0.1, "Share of rows shown without a suggestion, to measure them.", group="Suggestions", low=0, high=0.9
    )
    llm_url: str | None = option(
        None, "Address of your language model, for --suggest llm: `http://localhost:11434/v1`.", group="Suggestions"
    )
    llm_model: str | None = option(None, "Name of the language model there.", group="Suggestions")
    llm_most: int = option(2000, "Requests sent to it in a sitting.", group="Suggestions", low=1)
    llm_timeout: float = option(60.0, "Seconds it may take for an answer.", group="Suggestions", above=0)
    llm_dry_run: bool = option(False, "Print what would be sent to it, and send nothing.", group="Suggestions")

    review: bool = option(
        False, "Look again at labels that a model, a near-duplicate or somebody else contradicts.", group="Second look"
    )
    merge: Path | None = option(None, "Take in the decisions of another store; see --review.", group="Second look")
    merge_as: str | None = option(
        None, "Name for whoever decided there, if both stores know the same one.", group="Second look"
    )
