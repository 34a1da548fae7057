"""An app of two screens of pictures, to be run in a terminal: python -m ... RENDERER FILE FILE ...

It draws as the whole app does. Keys: a to z are shown; 2 shows another screen, 1 goes back; the
arrows scroll; q quits.
"""

import sys
from pathlib import Path

from textual.screen import Screen
from textual.widgets import Static

from neuroinspect_tui.app.painting import PaintingApp
from neuroinspect_tui.app.probe import ask, understood_here
from screens.widgets.gallery import Gallery, Tile


class Other(Screen[None]):
    def compose(self):
        yield Static("no pictures here")


class GalleryApp(PaintingApp):
    """A gallery under a line of what was pressed."""

    CSS = "Static { height: 1; } Screen { background: #000000; }"

    def __init__(self, renderer, files, answers):
        super().__init__(renderer, understood_here(answers.text), answers)
        self.files, self.pressed = files, ""

    def compose(self):
        yield Static("", id="pressed")
        yield Gallery(captions=1)

    def on_mount(self):
        self._say()
        gallery = self.query_one(Gallery)
        gallery.show(len(self.files), lambda i: Tile(self.files[i], [self.files[i].name]))
        gallery.focus()

    def _say(self):
        shown = f"<{self.display_pictures.renderer}:{self.pressed}>"
        self.screen_stack[0].query_one("#pressed", Static).update(shown)

    def on_late_answers(self, message):
        super().on_late_answers(message)
        self._say()

    def on_key(self, event):
        if event.key == "q":
            self.exit()
        elif event.key == "2":
            self.push_screen(Other())
        elif event.key == "1":
            self.pop_screen()
        elif event.character:
            self.pressed += event.character
            self._say()


if __name__ == "__main__":
    renderer, *files = sys.argv[1:]
    GalleryApp(renderer, [Path(file) for file in files], ask()).run()
