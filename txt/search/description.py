"""The description of a study (data, options, space), shared by all its workers, and differences between two."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from txt.config import TrainConfig
from txt.search.space import Dimension, Space, space_from_json, space_to_json


@dataclass(frozen=True)
class StudyDescription:
    """A study's description as it is kept in the study itself."""

    data: Mapping[str, Any]
    base: Mapping[str, Any]
    space: Mapping[str, Any]
    sampler: str
    pruner: str
    seeds: int
    trials: int | None
    prepared: str = field(compare=False, default="")

    @property
    def config(self) -> TrainConfig:
        """The options that all trials share."""
        return TrainConfig.from_json(self.base, source="the study")

    @property
    def dimensions(self) -> dict[str, Dimension]:
        """The space."""
        return space_from_json(self.space)

    def differences(self, other: "StudyDescription") -> list[str]:
        """List what differs in another description."""
        found = _describe_data_differences(self.data, other.data)
        for name, ours in self.base.items():
            theirs = other.base.get(name)
            if ours != theirs:
                found.append(f"{name} was {ours}, is {theirs}")
        for name in ("space", "sampler", "pruner", "seeds", "trials"):
            if getattr(self, name) != getattr(other, name):
                found.append(f"{name} was {getattr(self, name)}, is {getattr(other, name)}")
        return found


def describe(
    data: Mapping[str, Any],
    base: TrainConfig,
    space: Space,
    sampler: str,
    pruner: str,
    seeds: int,
    trials: int | None,
    prepared: str,
) -> StudyDescription:
    """Return the description of a new study."""
    return StudyDescription(data, base.to_json(), space_to_json(space), sampler, pruner, seeds, trials, prepared)


def _describe_data_differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    if ours["fingerprint"] == theirs["fingerprint"]:
        return []
    found = [
        f"{split} had {rows:,} rows, has {theirs['rows'].get(split, 0):,}"
        for split, rows in ours["rows"].items()
        if rows != theirs["rows"].get(split, 0)
    ]
    if ours["labels"] != theirs["labels"]:
        found.append(f"labels were {', '.join(ours['labels'][:8])}, are {', '.join(theirs['labels'][:8])}")
    return ["other data: " + ("; ".join(found) or "the same sizes and labels, but other texts or another tokenizer")]
