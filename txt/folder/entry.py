"""An entry of the home screen: a thing in the folder, its state, and the next commands for it."""

import shlex
from dataclasses import dataclass, field

DATA, PREPARED, LABELS, RUN, STUDY, BEGIN = "data", "prepared", "labels", "run", "study", "begin"
KINDS = (DATA, PREPARED, LABELS, RUN, STUDY, BEGIN)


@dataclass(frozen=True)
class NextStep:
    """A command, without `txt`, and what it does in a few words."""

    arguments: tuple[str, ...]
    words: str

    @property
    def command(self) -> str:
        """The command as it is typed in a shell."""
        return shlex.join(("txt", *self.arguments))


@dataclass(frozen=True)
class FolderEntry:
    """One of KINDS. The first step is the recommended one; an entry that cannot be used has no steps."""

    kind: str
    name: str
    state: str
    steps: tuple[NextStep, ...] = field(default=())
    is_broken: bool = False


def as_argument(name: str) -> str:
    """Return a name as an argument that no command takes for an option."""
    return f"./{name}" if name.startswith("-") else name
