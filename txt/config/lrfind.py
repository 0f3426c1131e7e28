"""Options of `txt lrfind`."""

from dataclasses import dataclass

from txt.config.train import TrainConfig
from txt.errors import InputError
from txt.option_schema import Config, option


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
