"""The keys of the labeling screen: which action a key stands for, and under which key each action shows."""

from collections.abc import Mapping, Sequence

from textual import events

from txt.labeling.actions import Action
from txt.screens.widgets.chips import Chip


def action_for(event: events.Key, actions: Sequence[Action], typing: bool) -> Action | None:
    """Return the action that a key stands for; while letters type a class's name, only its other key counts."""
    for action in actions:
        easy = "" if typing and action.key.isalnum() else action.key
        if action.other in (event.key, event.character) or (easy and easy == event.character):
            return action
    return None


def action_chips(
    actions: Sequence[Action], typing: bool, label_keys: Mapping[str, str], multi_label: bool
) -> list[Chip]:
    """Return each action with the key under which it can be had now."""
    keys = [_shown_key(action, typing, label_keys) for action in actions]
    chips = [Chip(action.name, key, action.word, quiet=True) for action, key in zip(actions, keys, strict=True)]
    return [Chip("accept", "enter", "accept", quiet=True), *chips] if multi_label else chips


def _shown_key(action: Action, typing: bool, label_keys: Mapping[str, str]) -> str:
    """Return the key of an action: classes may have taken its easy one."""
    taken = action.key in label_keys.values() or (typing and action.key.isalnum())
    return action.other if taken else action.key
