"""What keys do: a screen's bindings, its line of keys, its help and the command palette follow from such a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Action:
    """Something that a key of a screen does.

    `key` is the key as it is written, and `other` a second one, by Textual's name, that works even where letters type a
    class's name. `word` is for the line of keys, from which an action without one is left out; `help` is for the page
    of all keys, where `shown` stands for the key if there are more to show. `calls` are more keys, by Textual's names
    between commas, and what each calls. `controls` are for a training itself; `rare` ones are shown where there is
    room.
    """

    name: str
    key: str
    word: str
    help: str
    other: str = ""
    shown: str = ""
    calls: Mapping[str, str] = field(default_factory=dict)
    controls: bool = False
    rare: bool = False


def list_help(actions: Sequence[Action]) -> list[tuple[str, str]]:
    """Return the keys of each action and what it does, for a page of help."""
    return [(action.shown or action.key, action.help) for action in actions]
