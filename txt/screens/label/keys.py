"""The keys of the labeling screen: finds the action of a key, and the key to show for each action."""

from collections.abc import Mapping, Sequence

from textual import events

from txt.labeling.actions import Action
from txt.screens.widgets.chips import Chip


def find_action(event: events.Key, actions: Sequence[Action], typing: bool) -> Action | None:
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
