"""One image as large as the terminal, with all that is known of it."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.widgets import Footer

from engine.data.stored import PictureFinder
from screens.command import Command, bindings
from screens.guarded import Dialog
from screens.messages import Copied
from screens.mistakes.grouped import GroupedImages, facts
from screens.widgets.picture import Picture
from screens.widgets.text import Static, Text


class Zoom(Dialog[int]):
    """Shows one image after the other; closed, it returns the last one's index.

    Args:
        images: All that can be gone through.
        index: The first to show.
        root: The data's root.
        picture_of: Finds an image by its path.
    """

    TABLE: ClassVar = (
        Command("zoom.previous", "left,h", "step(-1)", "Previous", "Show the previous image"),
        Command("zoom.next", "right,l", "step(1)", "Next", "Show the next image"),
        Command("zoom.path", "c", "copy_path", "Copy path", "Copy the file's path"),
        Command("zoom.back", "escape,enter", "close", "Back", "Go back to the images"),
    )
    BINDINGS = bindings(TABLE)
    DEFAULT_CSS = """
    Zoom {
        background: $background;
        & > Picture { margin: 0 1; }
        & > Static { height: auto; padding: 0 1; background: $panel; }
    }
    """

    def __init__(
        self, images: GroupedImages, index: int, root: str, picture_of: PictureFinder
    ) -> None:
        super().__init__()
        self._picture_of = picture_of
        self._images, self._index, self._root = images, index, root

    def compose(self) -> ComposeResult:
        """Return the picture over its details."""
        yield Picture()
        yield Static()
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Show the first."""
        self._show()

    def _show(self) -> None:
        image = self._images.images[self._index]
        self.query_one(Picture).show(self._picture_of(image.path))
        place = Text(f"{self._index + 1:,} of {len(self._images.images):,}", style="dim")
        self.query_one(Static).update(Text("   ").join([place, *facts(image, self._root)]))

    def action_step(self, images: int) -> None:
        """Go to another image; there is nothing before the first, nor after the last."""
        self._index = max(0, min(self._index + images, len(self._images.images) - 1))
        self._show()

    def action_copy_path(self) -> None:
        """Copy the path."""
        self.post_message(Copied(self._images.images[self._index].path))

    def action_close(self) -> None:
        """Go back to the list, at this image."""
        self.dismiss(self._index)
