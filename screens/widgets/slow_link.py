"""The size of pictures where every byte counts (`--slow-link`)."""

from textual.widget import Widget

THUMBNAIL, LARGE = 16, 24
"""Cells across at most: a cell of a picture costs 41 bytes."""


def on_slow_link(widget: Widget) -> bool:
    """Tell whether the app is seen over a slow link."""
    return widget.app.has_class("-slow-link")
