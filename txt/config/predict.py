"""Options of `txt predict`."""

from dataclasses import dataclass

from txt.config.shared import (
    check_device,
    declare_cascade,
    declare_device,
    declare_int8,
    declare_precision,
    declare_stride,
    declare_threads,
)
from txt.errors import InputError
from txt.option_schema import Config, option


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
        "Add the smallest set of classes that holds the right one, or each of several labels, this often: 0.9.",
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
    stride: int | None = declare_stride()
    int8: bool = declare_int8()
    cascade: bool = declare_cascade()
    precision: str = declare_precision()
    device: str = declare_device()
    threads: int = declare_threads()

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
