"""iTerm2's inline images, which WezTerm, mintty and others show too.

https://iterm2.com/documentation-images.html
"""

from base64 import b64encode
from io import BytesIO

from screens.widgets.pixels.painter import RowPainter, box
from screens.widgets.pixels.placeholders import Part
from screens.widgets.pixels.store import PixelPicture


class ITermPainter(RowPainter):
    """Draws with iTerm2's escape sequence: a PNG at a size in cells."""

    protocol = "iterm"

    def encode(self, picture: PixelPicture, part: Part) -> str:
        """Return the PNG of a part, to fill its cells."""
        file = BytesIO()
        picture.image.crop(box(picture, part)).save(file, "PNG", compress_level=3)
        size = f"size={len(file.getvalue())};width={part.count};height=1;preserveAspectRatio=0"
        code = b64encode(file.getvalue()).decode("ascii")
        return f"\x1b]1337;File=inline=1;{size}:{code}\x07"
