"""The actions of labeling and their keys; the screen, its help page and the plain mode are made from this table."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Action:
    """Something to do: `key` is the easy key, `other` one that works even when letters type a class's name.

    Keys are named as they are written; `word` is for the line of keys, `help` for the page of help.
    """

    name: str
    key: str
    other: str
    word: str
    help: str


ACTIONS = (
    Action("skip", "s", "space", "skip", "leave this row without a label, for good"),
    Action("undo", "u", "backspace", "undo", "take back what you did last, without limit"),
    Action("redo", "U", "ctrl+y", "redo", "do again what was undone"),
    Action("back", "←", "left", "back", "the row before"),
    Action("forward", "→", "right", "on", "the next row, without deciding on this one"),
    Action("flag", "f", "!", "flag", "flag this row, or take the flag off"),
    Action("note", "n", "ctrl+n", "note", "write a note on this row"),
    Action("find", "/", "ctrl+f", "find", "search and filter the whole file"),
    Action("label_all", "b", "*", "all", "label all that the filter shows, after a preview"),
    Action("jump", "g", "#", "go to", "go to a row by its number"),
    Action("columns", "m", "tab", "more", "show the other columns of the row"),
    Action("add_class", "+", "+", "class", "add a class"),
    Action("progress", "p", "%", "pace", "rows of each class, pace, time to go"),
    Action("help", "?", "f1", "help", "all keys"),
    Action("leave", "q", "ctrl+q", "leave", "leave, and export if you like"),
)

REVIEW_ACTIONS = tuple(
    replace(action, word="keep", help="keep the label that is there") if action.name == "skip" else action
    for action in ACTIONS
)
"""What can be done in a review, where the key that skips elsewhere keeps a label."""

RULES = Action("rules", "r", "ctrl+r", "rules", "how good the rules are; the table follows when their file is edited")
"""There only where a file of rules was given."""
