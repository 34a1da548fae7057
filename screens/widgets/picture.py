"""One picture and its caption, at the size of the widget."""

from asyncio import sleep

from textual import work
from textual.reactive import var
from textual.strip import Strip
from textual.widget import Widget

from engine.data.stored import PictureSource
from screens.widgets.previews import Box, Preview, cached, display_of, drawn
from screens.widgets.rows import one_line
from screens.widgets.slow_link import LARGE, on_slow_link
from screens.widgets.strips import text_strip
from screens.widgets.text import Text
from screens.widgets.tiles import picture_line

SETTLE = 0.05
"""Seconds without another resize before a picture is drawn at its new size."""


class Picture(Widget):
    """A picture drawn in the background: the old one stays until the new one is ready."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES = {"picture--words", "picture--caption"}
    DEFAULT_CSS = """
    Picture {
        width: 1fr;
        height: 1fr;
        & > .picture--words { color: $text-muted; }
        & > .picture--caption { color: $foreground; }
    }
    """
    caption: var[Text | str] = var("")
    """The lines under the picture."""

    def __init__(
        self,
        source: PictureSource | None = None,
        caption: Text | str = "",
        *,
        missing: str = "no picture",
        id: str | None = None,
        classes: str | None = None,
    ):
        super().__init__(id=id, classes=classes)
        self.missing = missing
        """Shown in place of a picture that does not exist yet."""
        self._source = source
        self._preview: Preview | None = None
        self.set_reactive(Picture.caption, caption)

    @property
    def source(self) -> PictureSource | None:
        """What is shown."""
        return self._source

    def show(self, source: PictureSource | None, caption: Text | str | None = None) -> None:
        """Show another image, or the same one again if it changed on disk; None is no picture."""
        if source != self._source:
            self._source = source
            box = self._box()
            self._preview = None if box is None else cached(box)
            self.refresh()
        if caption is not None:
            self.caption = caption
        self._draw(0)

    def watch_caption(self) -> None:
        """Give the picture the rows that the caption leaves."""
        self._draw(0)
        self.refresh()

    def redraw(self) -> None:
        """Draw the picture anew: something else draws it now."""
        self._draw(0)

    def on_resize(self) -> None:
        """Draw at the new size, once it has settled."""
        self._draw(0 if self._preview is None else SETTLE)

    def _box(self) -> Box | None:
        width, height = self.size.width, self.size.height - len(self._captions())
        if self._source is None or width < 1 or height < 1:
            return None
        if on_slow_link(self) and not self.screen.is_modal:  # a zoom is meant to be large
            width, height = min(width, LARGE), min(height, LARGE // 2)
        return Box(self._source, width, height, display_of(self))

    def _draw(self, wait: float) -> None:
        if self.is_mounted and self._box() is not None:
            self._drawing(wait)

    @work(group="picture", exclusive=True)
    async def _drawing(self, wait: float) -> None:
        await sleep(wait)
        box = self._box()
        if box is None:
            return
        preview = await drawn(box)
        if preview != self._preview:
            self._preview = preview
            self.refresh()

    def _captions(self) -> list[Text]:
        text = Text(self.caption) if isinstance(self.caption, str) else self.caption
        return [one_line(line) for line in text.split()] if text.plain else []

    def render_line(self, y: int) -> Strip:
        """Draw a row of the picture, of the text in its place, or of the caption."""
        captions = self._captions()
        below = y - (self.size.height - len(captions))
        if below >= 0:
            style = self.get_component_rich_style("picture--caption")
            return text_strip(captions[below], self.size.width, style, "center")
        preview = self._preview or Preview((), "…" if self._source else self.missing)
        size = (self.size.width, self.size.height - len(captions))
        styles = (self.rich_style, self.get_component_rich_style("picture--words"))
        return picture_line(preview.rows, preview.words, y, size, styles)
