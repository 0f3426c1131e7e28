"""Options of `txt train`."""

from dataclasses import dataclass
from pathlib import Path

from txt.config.augment import EDITS
from txt.config.shared import check_device, declare_device, declare_precision, declare_threads, seconds_of
from txt.errors import InputError, did_you_mean
from txt.metrics import SELECTABLE
from txt.option_schema import Config, list_options, option

TRACKERS = ("wandb", "mlflow", "trackio", "tensorboard")
"""Programs that keep a record of trainings, to which a finished one is told."""


_LADDER_TAKES = (
    "rungs",
    "budget",
    "pretrained",
    "soft_labels",
    "metric",
    "seed",
    "device",
    "precision",
    "threads",
    "log_to",
)


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
        "Start from pretrained weights: `minilm` (English), `multilingual`, `mpnet` (English, slower), a finished run, "
        "a folder, or a hub name.",
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
    soft_labels: bool = option(
        False,
        "Learn how probable each class is in each row, given the labels of several people in the store.",
        group="Training",
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
    device: str = declare_device()
    precision: str = declare_precision()
    threads: int = declare_threads()
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
