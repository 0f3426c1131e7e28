"""Keys of all screens: what Textual binds, the line of keys, and the action of a key, from the table of actions."""

from collections.abc import Mapping, Sequence

from textual import events
from textual.binding import Binding, BindingType

from txt.actions import Action
from txt.screens.widgets.chips import Chip

_NAMES = {"/": "slash", "?": "question_mark", "→": "right", "←": "left"}
"""Textual's names of keys that are written otherwise."""


def make_bindings(actions: Sequence[Action], *, priority: bool = False) -> list[BindingType]:
    """Return what Textual binds for a screen whose actions are methods; several keys in one are bound by `calls`."""
    bound = []
    for action in actions:
        keys = {} if " " in action.key else {_NAMES.get(action.key, action.key): action.name}
        keys |= {action.other: action.name} if action.other else {}
        for key, call in {**keys, **action.calls}.items():
            bound.append(Binding(key, call, action.word or action.help, show=False, priority=priority))
    return list(bound)


def make_chips(actions: Sequence[Action]) -> list[Chip]:
    """Return the line of keys."""
    return [Chip(action.name, action.key, action.word, quiet=True) for action in actions if action.word]


def find_action(event: events.Key, actions: Sequence[Action], typing: bool = False) -> Action | None:
    """Return the action that a key stands for; while letters type a class's name, only its other key counts."""
    for action in actions:
        easy = "" if typing and action.key.isalnum() else action.key
        if action.other in (event.key, event.character) or (easy and easy == event.character):
            return action
    return None


def build_action_chips(
    actions: Sequence[Action], typing: bool, label_keys: Mapping[str, str], multi_label: bool
) -> list[Chip]:
    """Return each action with the key under which it can be had now."""
    keys = [_choose_key(action, typing, label_keys) for action in actions]
    chips = [Chip(action.name, key, action.word, quiet=True) for action, key in zip(actions, keys, strict=True)]
    return [Chip("accept", "enter", "accept", quiet=True), *chips] if multi_label else chips


def _choose_key(action: Action, typing: bool, label_keys: Mapping[str, str]) -> str:
    """Return the key to show for an action: its second key if a class uses the first."""
    taken = action.key in label_keys.values() or (typing and action.key.isalnum())
    return action.other if taken else action.key
