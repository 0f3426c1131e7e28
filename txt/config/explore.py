"""Options of `txt explore`."""

from dataclasses import dataclass

from txt.option_schema import Config, option


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
