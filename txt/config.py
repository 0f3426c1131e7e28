"""Every option of every long command, declared once.

A configuration checks its values when it is made, before any work begins, and its errors quote the flag.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from txt.errors import InputError, did_you_mean
from txt.metrics import SELECTABLE
from txt.option_schema import Config, list_options, option

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

TRACKERS = ("wandb", "mlflow", "trackio", "tensorboard")
"""Programs that keep a record of trainings, to which a finished one is told."""

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
        "Whether quotes surround cells: `minimal`, or `none` where they are part of the text [detected].",
        group="Reading",
        choices=("minimal", "none"),
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


@dataclass(frozen=True)
class ExploreConfig(Config):
    """Options of `txt explore`."""

    encoder: str | None = option(
        None,
        "What vectors are distilled from: an installed encoder, or the `words` alone [by the language].",
        group="Clusters",
        choices=("minilm", "multilingual", "words"),
    )
    clusters: int | None = option(None, "Number of clusters [as many as settle].", group="Clusters", low=1, high=500)
    seed: int = option(42, "Seed of the clusters.", group="Clusters", low=0, high=2**32 - 1)
    like: str | None = option(
        None, "Show the rows that are nearest in meaning to these words, and nothing else.", group="Search"
    )
    top: int = option(20, "Rows shown with --like.", group="Search", low=1, high=100_000)


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


_LADDER_TAKES = ("rungs", "budget", "pretrained", "metric", "seed", "device", "precision", "threads", "log_to")


@dataclass(frozen=True)
class TrainConfig(Config):
    """Options of `txt train`: the `TrainingConfig` of the course guide that this project follows, and additions to it.

    The fields that come from the guide keep its names and defaults.
    """

    rungs: int = option(
        0,
        "How far the ladder is climbed: 1 n-grams, 2 a frozen encoder beside them, 3 the encoder fine-tuned; 0 trains "
        "one model [3, unless an option asks for one model].",
        group="Ladder",
        low=0,
        high=3,
    )
    budget: str | None = option(None, "Time the ladder may take: `90s`, `10m`, `1h` [by the rows].", group="Ladder")

    d_model: int = option(512, "Width of the model.", group="Model", low=1)
    nhead: int = option(8, "Attention heads; must divide --d-model.", group="Model", low=1)
    num_layers: int = option(6, "Encoder layers.", group="Model", low=1)
    dim_feedforward: int | None = option(
        None, "Width of the feed-forward layers [4 × --d-model].", group="Model", low=1
    )
    dropout: float = option(0.1, "Dropout rate.", group="Model", low=0, high=0.95)

    norm_first: bool = option(False, "Normalize what goes into each layer rather than what comes out.", group="Model")
    ngrams: bool = option(
        False, "Add a linear model on n-grams of words and characters, trained together.", group="Model"
    )

    pretrained: str | None = option(
        None,
        "Start from pretrained weights: `minilm` (English), `multilingual`, a finished run, a folder, or a hub name.",
        group="Pretrained",
        flags=("--from",),
    )
    freeze: str | None = option(
        None, "Leave the embeddings and this many layers as they are; `all` fits the head alone.", group="Pretrained"
    )
    lora: int = option(
        0, "Train adapters of this rank instead of the encoder's own weights (extra `lora`).", group="Pretrained", low=0
    )
    few_shot: bool = option(
        False,
        "For few labels: train the encoder by contrast, and then a linear head; --epochs are rounds of 50 steps.",
        group="Pretrained",
    )
    fitted_head: bool = option(
        True,
        "Begin with a head fitted to the encoder's embeddings, where it is new and the encoder gives the mean.",
        group="Pretrained",
    )
    layer_decay: float = option(
        1.0, "Each layer learns at this share of the rate of the one above it.", group="Pretrained", above=0, high=1
    )

    num_epochs: int = option(
        10, "Passes over the train split.", group="Training", flags=("--epochs", "--num-epochs"), low=1
    )
    min_steps: int = option(
        0, "Train for further epochs until there are this many steps, where rows are few.", group="Training", low=0
    )
    batch_size: int = option(32, "Rows per step.", group="Training", low=1)
    learning_rate: float = option(
        1e-4,
        "Peak learning rate; `auto` takes what `txt lrfind` finds.",
        group="Training",
        flags=("--learning-rate", "--lr"),
        above=0,
        high=100,
        words=("auto",),
    )
    warmup_steps: int | None = option(
        None, "Steps of rising learning rate [10 % of all steps].", group="Training", low=0
    )
    max_grad_norm: float = option(1.0, "Clip gradients to this norm; 0 clips nothing.", group="Training", low=0)
    weight_decay: float = option(0.01, "Weight decay; not on biases and norms.", group="Training", low=0)
    label_smoothing: float = option(
        0.0, "Share of each label spread over all classes.", group="Training", low=0, high=0.99
    )
    class_weights: str = option(
        "none", "`balanced` weighs rare classes up.", group="Training", choices=("none", "balanced")
    )
    accumulate: int = option(1, "Split each batch into this many pieces to save memory.", group="Training", low=1)
    gradient_checkpointing: bool = option(False, "Compute activations twice to save memory.", group="Training")
    on_divergence: str = option(
        "stop",
        "When the loss explodes: `stop`, or `rollback` to the last checkpoint at half the learning rate.",
        group="Training",
        choices=("stop", "rollback"),
    )

    augment: str | None = option(
        None, "Edit half of the train rows, anew each epoch: `synonym+delete`.", group="Augmentation"
    )
    augment_rate: float = option(
        0.1, "Share of an edited text's words that are changed.", group="Augmentation", above=0, high=1
    )
    language: str | None = option(None, "Language of the texts: `en`, `de` … [detected].", group="Augmentation")
    wordnet: Path | None = option(None, "Folder with WordNet's files, for synonyms.", group="Augmentation")

    metric: str = option(
        "accuracy",
        "Chooses the best checkpoint.",
        group="Evaluation",
        choices=SELECTABLE,
    )
    patience: int = option(
        0, "Stop after this many evaluations without a better one; 0 never stops early.", group="Evaluation", low=0
    )
    log_interval: int = option(10, "Steps between recorded training losses.", group="Evaluation", low=1)
    eval_interval: int = option(
        500, "Steps between evaluations, besides one after each epoch; 0 for none.", group="Evaluation", low=0
    )
    save_interval: int = option(
        1000, "Steps between checkpoints, besides one after each epoch; 0 for none.", group="Evaluation", low=0
    )
    keep_checkpoints: int = option(2, "Checkpoints kept for resuming.", group="Evaluation", low=1)

    seed: int = option(42, "Seed of weights, order and dropout.", group="Machine", low=0, high=2**32 - 1)
    device: str = option("auto", "`auto`, `cpu`, `cuda`, `cuda:1`, `mps`.", group="Machine")
    precision: str = option(
        "auto",
        "`bf16` where the machine is faster with it, else `float32`.",
        group="Machine",
        choices=("auto", "bf16", "float32"),
    )
    threads: int = option(0, "CPU threads; 0 takes all cores.", group="Machine", low=0, high=1024)
    log_to: str | None = option(
        None,
        "Tell a tracker of the finished run: options, curves, scores with intervals, report and model.",
        group="Evaluation",
        choices=TRACKERS,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_device(self.device)
        if self.d_model % self.nhead:
            fitting = [str(heads) for heads in range(1, 65) if self.d_model % heads == 0]
            raise InputError(
                f"--d-model {self.d_model} is not divisible by --nhead {self.nhead}",
                f"head counts that fit: {', '.join(fitting)}",
            )
        self._check_ladder()
        if self.freeze is not None:
            self._check_freeze(self.freeze)
        if self.lora and self.pretrained is None:
            raise InputError("--lora adapts a pretrained encoder, and there is none", "give --from MODEL")
        if self.lora and self.freeze is not None:
            raise InputError("--lora leaves the encoder's weights as they are, and takes no --freeze")
        if self.few_shot and self.pretrained is None:
            raise InputError("--few-shot trains a pretrained encoder, and there is none", "give --from MODEL")
        if self.augment is not None:
            self._check_edits()

    def _check_ladder(self) -> None:
        if not self.rungs:
            if self.budget is not None:
                raise InputError(
                    "--budget is how long the ladder may take, and other options ask for one model",
                    "leave it out, or give --rungs 3 and none of the others",
                )
            return
        self.budget_seconds()
        changed = self.changed()
        others = [
            item for name, item in list_options(type(self)).items() if name in changed and name not in _LADDER_TAKES
        ]
        if others:
            raise InputError(
                f"{others[0].flag} is for training one model, and the ladder of --rungs does not take it",
                "leave one of them out; --recipe scratch trains one model",
            )
        if self.pretrained is not None and self.rungs == 1:
            raise InputError("--from names an encoder, and --rungs 1 has none", "--rungs 2 or 3 takes it")

    def budget_seconds(self) -> float | None:
        """Return how long the ladder may take; None for what its rows ask for.

        Raises:
            InputError: it is not a length of time.
        """
        return None if self.budget is None else seconds_of("--budget", self.budget)

    def _check_freeze(self, freeze: str) -> None:
        if self.pretrained is None:
            raise InputError("--freeze leaves pretrained layers as they are, and there are none", "give --from MODEL")
        if freeze != "all" and not freeze.isdecimal():
            raise InputError(f"--freeze is `{freeze}`, and must be a number of layers or `all`")

    def _check_edits(self) -> None:
        for name in self.edits:
            if name not in EDITS:
                raise InputError(
                    f"--augment cannot edit with `{name}` while training",
                    f"{did_you_mean(name, EDITS) or ''} it can with: {', '.join(EDITS)}".lstrip(),
                )
        if self.few_shot or self.freeze == "all":
            other = "--few-shot" if self.few_shot else "--freeze all"
            raise InputError(
                f"--augment edits rows anew each epoch, and {other} fits a head on rows that are embedded once",
                "txt augment makes copies that stay",
            )

    @property
    def edits(self) -> tuple[str, ...]:
        """The methods of `--augment`, separated by + or commas; in a search, commas separate the choices."""
        if self.augment is None:
            return ()
        return tuple(name.strip() for name in self.augment.replace("+", ",").split(","))

    @property
    def feedforward(self) -> int:
        """Width of the feed-forward layers."""
        return self.dim_feedforward or 4 * self.d_model


@dataclass(frozen=True)
class LRFindConfig(Config):
    """Options of `txt lrfind`: which learning rates are tried, and the rule that suggests one of them."""

    start_lr: float = option(1e-7, "Lowest learning rate.", group="Range test", above=0, high=100)
    end_lr: float = option(10.0, "Highest learning rate.", group="Range test", above=0, high=100)
    steps: int = option(100, "Steps from one to the other.", group="Range test", low=20, high=100_000)
    repeats: int = option(3, "Tests with other weights and orders; the median counts.", group="Range test", low=1)
    rule: str | None = option(
        None,
        "Rule for the suggestion [valley; for pretrained weights edge].",
        group="Range test",
        choices=("valley", "steepest", "slide", "minimum", "edge"),
    )
    val_loss: bool = option(False, "Record the val loss as well.", group="Range test")
    verify: bool = option(
        False, "Train briefly at a third of the suggestion, at it and at three times it.", group="Range test"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.start_lr >= self.end_lr:
            raise InputError(
                f"--start-lr {self.start_lr:g} is not below --end-lr {self.end_lr:g}", "the defaults are 1e-07 and 10"
            )

    def choose_rule(self, training: TrainConfig) -> str:
        """Return the rule that the user chose, or else the one that suits the weights that training starts from.

        The loss of a pretrained model falls slowly at any low rate, and the middle of that fall would be too low.
        """
        return self.rule or ("edge" if training.pretrained and training.fitted_head else "valley")

    def rates(self) -> list[float]:
        """Return the learning rates to try, in a geometric series."""
        factor = self.end_lr / self.start_lr
        return [self.start_lr * factor ** (step / (self.steps - 1)) for step in range(self.steps)]


@dataclass(frozen=True)
class PredictConfig(Config):
    """Options of `txt predict`: how texts are read, and what is written for each."""

    probabilities: bool = option(False, "Add a column for the probability of each class.", group="Answers")
    threshold: float | None = option(
        None,
        "Give no label to rows whose confidence is below this; of several labels, none below it.",
        group="Answers",
        flags=("--threshold", "--abstain-below"),
        above=0,
        high=1,
    )
    coverage: float | None = option(
        None,
        "Add the smallest set of classes that holds the right one this often: 0.9.",
        group="Answers",
        above=0,
        high=0.999,
    )
    thresholds: str | None = option(
        None,
        "Where rows have several labels, from which probability some hold: `toxic=0.3,insult=0.6`.",
        group="Answers",
    )
    top: int | None = option(
        None,
        "Where rows have several labels: the likeliest so many, whatever their probability.",
        group="Answers",
        low=1,
    )
    stride: int | None = option(
        None, "Read long texts in windows this many tokens apart, and average [cut them].", group="Answers", low=1
    )
    int8: bool = option(False, "Compute in 8 bits: faster where the model is not small.", group="Machine")
    cascade: bool = option(
        False, "Let n-grams answer alone where they are sure: faster with a model of the ladder.", group="Machine"
    )
    precision: str = option(
        "auto",
        "`bf16` where the machine is faster with it, else `float32`.",
        group="Machine",
        choices=("auto", "bf16", "float32"),
    )
    device: str = option("auto", "`auto`, `cpu`, `cuda`, `cuda:1`, `mps`.", group="Machine")
    threads: int = option(0, "CPU threads; 0 takes all cores.", group="Machine", low=0, high=1024)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_device(self.device)

    def parse_thresholds(self) -> dict[str, float]:
        """Return the thresholds of `--thresholds` by label.

        Raises:
            InputError: it is not written as LABEL=NUMBER, or a number is not between 0 and 1.
        """
        found: dict[str, float] = {}
        for part in (self.thresholds or "").split(","):
            name, sign, number = part.rpartition("=")
            if not part.strip():
                continue
            try:
                value = float(number)
            except ValueError:
                value = -1.0
            if not sign or not 0 <= value <= 1:
                raise InputError(
                    f"--thresholds `{part.strip()}` is not a label with a number from 0 to 1", "try toxic=0.3"
                )
            found[name.strip()] = value
        return found


@dataclass(frozen=True)
class ServeConfig(Config):
    """Options of `txt serve`: where it listens, and what a request may ask for."""

    host: str = option("127.0.0.1", "Address to listen at; any but this machine's own needs a token.", group="Server")
    port: int = option(8000, "Port to listen at; 0 takes a free one.", group="Server", low=0, high=65535)
    token_file: Path | None = option(
        None, "File with the token that requests must bring [the variable TXT_TOKEN].", group="Server"
    )
    reload: bool = option(True, "Take a model that was trained anew, without losing a request.", group="Server")
    max_texts: int = option(1000, "Texts of one request.", group="Limits", low=1, high=1_000_000)
    max_bytes: int = option(10_000_000, "Bytes of one request.", group="Limits", low=1000, high=1_000_000_000)
    max_waiting: int = option(
        10_000, "Texts that may wait; more are refused for a moment.", group="Limits", low=1, high=100_000_000
    )
    timeout: float = option(30.0, "Seconds after which a request is given up.", group="Limits", above=0, high=3600)
    drain: float = option(30.0, "Seconds to finish what was begun, when it is told to stop.", group="Limits", above=0)
    stride: int | None = option(
        None, "Read long texts in windows this many tokens apart, and average [cut them].", group="Answers", low=1
    )
    int8: bool = option(False, "Compute in 8 bits: faster where the model is not small.", group="Machine")
    cascade: bool = option(
        False, "Let n-grams answer alone where they are sure: faster with a model of the ladder.", group="Machine"
    )
    precision: str = option(
        "auto",
        "`bf16` where the machine is faster with it, else `float32`.",
        group="Machine",
        choices=("auto", "bf16", "float32"),
    )
    device: str = option("auto", "`auto`, `cpu`, `cuda`, `cuda:1`, `mps`.", group="Machine")
    threads: int = option(0, "CPU threads; 0 takes all cores.", group="Machine", low=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_device(self.device)


@dataclass(frozen=True)
class GridConfig(Config):
    """Options of `txt grid`: which combinations are tried, in what order, and when a search ends."""

    sampler: str | None = option(
        None,
        "`grid` tries every combination, `random` and `tpe` draw [grid for lists, tpe for ranges].",
        group="Search",
        choices=("grid", "random", "tpe"),
    )
    pruner: str = option(
        "none",
        "Ends weak trials early, by their val score after each epoch.",
        group="Search",
        choices=("none", "hyperband", "halving", "median"),
    )
    trials: int | None = option(
        None, "Combinations to try [all of a grid, else 20].", group="Search", low=1, high=1_000_000
    )
    seeds: int = option(1, "Trainings of each combination; their mean decides.", group="Search", low=1, high=1000)
    workers: int = option(
        1, "Processes on this machine; they share its cores and GPUs.", group="Search", low=1, high=1024
    )
    keep_models: str = option(
        "3", "Best trials whose weights stay on the disk, or `all`; every run's record stays.", group="Search"
    )
    timeout: str | None = option(None, "Stop after this long, to be resumed: `3600`, `90m`, `8h`.", group="Search")
    storage: str | None = option(
        None,
        "Database shared by several machines: `postgresql://user@host/name` [a journal in studies/NAME].",
        group="Search",
    )

    def parse_keep_models(self) -> int | None:
        """Return how many trials keep their weights; None for all.

        Raises:
            InputError: it is neither `all` nor a whole number of at least 1.
        """
        if self.keep_models == "all":
            return None
        if not self.keep_models.isdecimal() or int(self.keep_models) < 1:
            raise InputError(f"--keep-models `{self.keep_models}` is not a number of trials", "try 3, or all")
        return int(self.keep_models)

    def seconds(self) -> float | None:
        """Return the timeout in seconds.

        Raises:
            InputError: it is not a length of time.
        """
        return None if self.timeout is None else seconds_of("--timeout", self.timeout)


def seconds_of(flag: str, length: str) -> float:
    """Return a length of time, as people type it, in seconds.

    Raises:
        InputError: it is not one.
    """
    number, unit = length[:-1], {"s": 1, "m": 60, "h": 3600, "d": 86400}.get(length[-1:])
    try:
        seconds = float(number) * unit if unit else float(length)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise InputError(f"{flag} `{length}` is not a length of time", "try 3600, 90m or 8h")
    return seconds


def check_device(name: str) -> None:
    """Refuse what is no device's name on any machine; whether this one has it, torch knows.

    Raises:
        InputError: it is none.
    """
    if not re.fullmatch(r"auto|cpu|(cuda|mps|xpu|hpu)(:\d+)?", name):
        raise InputError(f"--device `{name}` is not available here", "--device auto takes the best there is")
