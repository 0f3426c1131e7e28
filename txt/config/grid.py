"""Options of `txt grid`."""

from dataclasses import dataclass

from txt.config.shared import seconds_of
from txt.errors import InputError
from txt.option_schema import Config, option


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
