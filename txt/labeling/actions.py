"""The actions of labeling and their keys; the screen, its help page and the plain mode are made from this table."""

from dataclasses import replace

from txt.actions import Action

ACTIONS = (
    Action("skip", "s", "skip", "leave this row without a label, for good", other="space"),
    Action("undo", "u", "undo", "take back what you did last, without limit", other="backspace"),
    Action("redo", "U", "redo", "do again what was undone", other="ctrl+y"),
    Action("back", "←", "back", "the row before", other="left"),
    Action("forward", "→", "on", "the next row, without deciding on this one", other="right"),
    Action("flag", "f", "flag", "flag this row, or take the flag off", other="!"),
    Action("note", "n", "note", "write a note on this row", other="ctrl+n"),
    Action("find", "/", "find", "search and filter the whole file; esc leaves the filter", other="ctrl+f"),
    Action("label_all", "b", "all", "label all that the filter shows, after a preview", other="*"),
    Action("jump", "g", "go to", "go to a row by its number", other="#"),
    Action("similar", "m", "more like it", "the rows most like this one; one key labels all of them", other="f4"),
    Action("columns", "tab", "columns", "show the other columns of the row", other="tab"),
    Action("add_class", "+", "class", "add a class", other="+"),
    Action("recent", ".", "last", "your last decisions; enter goes to the row of one", other="."),
    Action("bare", "z", "text only", "nothing but the text and the classes, and back", other="f2"),
    Action("train", "t", "train", "train on the labels so far, and watch it", other="ctrl+t"),
    Action("progress", "p", "pace", "rows of each class, pace, time to go", other="%"),
    Action("help", "?", "help", "all keys", other="f1"),
    Action("leave", "q", "leave", "leave, and export if you like", other="ctrl+q"),
)

REVIEW_ACTIONS = tuple(
    replace(action, word="keep", help="keep the label that is there") if action.name == "skip" else action
    for action in ACTIONS
)
"""What can be done in a review, where the key that skips elsewhere keeps a label."""

RULES = Action(
    "rules", "r", "rules", "how good the rules are; the table follows when their file is edited", other="ctrl+r"
)
"""There only where a file of rules was given."""

WHY = Action("why", "w", "why", "why this label is suggested, by which sources", other="f3")
"""There only where several sources suggest labels."""
