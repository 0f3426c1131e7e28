"""Which column of a file is its text, its label, its split, its group and its id."""

from dataclasses import asdict, dataclass

from txt.data.reading.columns import Column
from txt.data.reading.split_column import SplitColumn


@dataclass(frozen=True)
class Roles:
    """Which column plays which role; None where no column does."""

    text: Column
    label: Column | None = None
    split: SplitColumn | None = None
    group: Column | None = None
    row_id: Column | None = None

    def to_json(self) -> dict[str, dict[str, str] | None]:
        """Return the roles as a JSON object."""
        return asdict(self)

    def names(self) -> set[str]:
        """Return the columns that play a role; all others are metadata."""
        return {column.name for column in (self.text, self.label, self.split, self.group, self.row_id) if column}
