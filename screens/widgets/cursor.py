"""A cursor over any number of items, each with a key: the base of tables and galleries."""

from collections.abc import Hashable, Sequence
from typing import Any

from textual.message import Message
from textual.scroll_view import ScrollView
from textual.widget import Widget

RESTS = 0.12
"""Seconds after which a cursor rests: a held key passes much of which nothing is drawn."""


class Cursor(ScrollView, can_focus=True, inherit_bindings=False):
    """The number of items, and a cursor that stays on its key."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Cursor {
        width: 1fr;
        height: 1fr;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
    }
    """

    class _Event(Message):
        def __init__(self, widget: Widget, index: int, key: Any) -> None:
            super().__init__()
            self.widget = widget
            self.index = index
            self.key = key

        @property
        def control(self) -> Widget:
            """The widget, for `@on(Table.Moved, "#id")`."""
            return self.widget

    class Moved(_Event):
        """The cursor is at another index, or on another key."""

    class Chosen(_Event):
        """Enter, or a click on the cursor."""

    def __init__(self, *, empty: str = "", id: str | None = None, classes: str | None = None):
        super().__init__(id=id, classes=classes)
        self.empty = empty
        """Shown in the middle when there are no items."""
        self._count = 0
        self._keys: Sequence[Hashable] | None = None
        self._cursor = 0

    @property
    def count(self) -> int:
        """The number of items."""
        return self._count

    @property
    def index(self) -> int | None:
        """The cursor's index; None when there are no items."""
        return self._cursor if self._count else None

    @property
    def key(self) -> Any:
        """The cursor's key, or its index where no keys were given; None when there are no items."""
        if not self._count:
            return None
        return self._cursor if self._keys is None else self._keys[self._cursor]

    @property
    def keys(self) -> Sequence[Hashable]:
        """The keys of all items, or their indexes where no keys were given."""
        return range(self._count) if self._keys is None else self._keys

    def move_to(self, index: int) -> None:
        """Put the cursor on the item nearest to an index, and scroll to it."""
        index = max(0, min(index, self._count - 1))
        if not self._count or index == self._cursor:
            return
        before, self._cursor = self._cursor, index
        self._follow()
        self._refresh_at(before)
        self._refresh_at(index)
        self.post_message(self.Moved(self, index, self.key))

    def move_to_key(self, key: Hashable) -> None:
        """Put the cursor on a key; an unknown one moves nothing."""
        place = self._place(key)
        if place is not None:
            self.move_to(place)

    def _recount(self, count: int, keys: Sequence[Hashable] | None) -> None:
        """Take other items; the cursor stays on its key, or else at its index."""
        before = (self.index, self.key)
        self._count, self._keys = count, keys
        same = self._place(before[1]) if keys is not None else None
        self._cursor = max(0, min(self._cursor if same is None else same, count - 1))
        if count and before != (self.index, self.key):
            self.post_message(self.Moved(self, self._cursor, self.key))

    def _place(self, key: Hashable) -> int | None:
        return next((place for place, other in enumerate(self.keys) if other == key), None)

    def _follow(self) -> None:
        """Scroll to the cursor."""
        raise NotImplementedError

    def _refresh_at(self, index: int) -> None:
        """Redraw what the cursor changes of an item."""
        raise NotImplementedError

    def action_move(self, places: int) -> None:
        """Move the cursor by a number of items."""
        self.move_to(self._cursor + places)

    def action_first(self) -> None:
        """Move to the first."""
        self.move_to(0)

    def action_last(self) -> None:
        """Move to the last."""
        self.move_to(self._count - 1)

    def action_choose(self) -> None:
        """Choose the cursor's item."""
        if self._count:
            self.post_message(self.Chosen(self, self._cursor, self.key))

    def _clicked(self, index: int) -> None:
        if index == self._cursor:
            self.action_choose()
        self.move_to(index)

    def on_focus(self) -> None:
        """Draw the cursor as focused."""
        self._refresh_at(self._cursor)

    def on_blur(self) -> None:
        """Draw the cursor as blurred."""
        self._refresh_at(self._cursor)
