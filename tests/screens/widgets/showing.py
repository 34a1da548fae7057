"""An app of one widget, and what a widget shows."""

from textual.app import App


class Showing(App[None]):
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, *widgets):
        super().__init__()
        self.widgets = widgets

    def compose(self):
        yield from self.widgets


def shown(widget):
    """The lines of a widget, as text."""
    return [widget.render_line(y).text for y in range(widget.size.height)]


async def settle(pilot):
    """Wait until nothing is drawn any more."""
    await pilot.pause()
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


def posted(seen, kind):
    """The messages of a kind, each once: a message hook sees it again at every parent."""
    once = {id(message): message for message in seen if type(message) is kind}
    return [(message.index, message.key) for message in once.values()]
