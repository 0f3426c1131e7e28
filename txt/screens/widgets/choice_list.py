"""A list of which one item is chosen, by keys, by clicks and by the wheel."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from textual import events, on
from textual.message import Message
from textual.widget import Widget

Item = TypeVar("Item")


class ChoiceList(Widget, Generic[Item]):
    """Items of which one is chosen; who derives from it draws them and finds the item that was clicked."""

    class Opened(Message):
        """The chosen item was clicked once more."""

    class Chosen(Message):
        """Another item was chosen."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._items: Sequence[Item] = ()
        self._at = 0

    @property
    def chosen(self) -> Item | None:
        """The item that the keys are about; None where there is none."""
        return self._items[self._at] if self._items else None

    def move_to(self, place: int) -> None:
        """Choose the item at a place, or the nearest there is."""
        self._at = max(0, min(place, len(self._items) - 1))
        self.refresh()
        self.post_message(self.Chosen())

    def move(self, places: int) -> None:
        """Choose the item so many places further."""
        self.move_to(self._at + places)

    def _find_clicked(self, line: int) -> int | None:
        """Return the place of the item that a line shows, None where it shows none."""
        raise NotImplementedError

    @on(events.Click)
    def _click(self, event: events.Click) -> None:
        place = self._find_clicked(event.y)
        if place is not None:
            if place == self._at:
                self.post_message(self.Opened())
            self.move_to(place)

    @on(events.MouseScrollDown)
    def _choose_next(self) -> None:
        self.move(1)

    @on(events.MouseScrollUp)
    def _choose_previous(self) -> None:
        self.move(-1)
