"""A thing in the folder: what it is, how it stands, and the commands that go on with it."""

import shlex
from dataclasses import dataclass, field

DATA, PREPARED, LABELS, RUN, STUDY, BEGIN = "data", "prepared", "labels", "run", "study", "begin"
KINDS = (DATA, PREPARED, LABELS, RUN, STUDY, BEGIN)


@dataclass(frozen=True)
class Step:
    """A command, without `txt`, and what it does in a few words."""

    arguments: tuple[str, ...]
    words: str

    @property
    def command(self) -> str:
        """The command as it is typed in a shell."""
        return shlex.join(("txt", *self.arguments))


@dataclass(frozen=True)
class Entry:
    """One of KINDS. The first of its steps is the sensible one; there is none for what cannot be used."""

    kind: str
    name: str
    state: str
    steps: tuple[Step, ...] = field(default=())
    is_broken: bool = False


def argument(name: str) -> str:
    """Return a name as an argument that no command takes for an option."""
    return f"./{name}" if name.startswith("-") else name
