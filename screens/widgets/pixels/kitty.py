"""kitty's graphics, placed by characters: the terminal keeps a picture, and cells show its parts.

https://sw.kovidgoyal.net/kitty/graphics-protocol/
"""

import secrets
from base64 import b64encode
from io import BytesIO

from screens.widgets.pixels.placeholders import DIGITS, NUMBERS, PLACEHOLDER, Part, replaced
from screens.widgets.pixels.store import PixelPicture, store

PNG = "kitty"
CHUNK = 4096
"""Bytes of a picture in one escape sequence, at most."""


class KittyPainter:
    """Sends each picture once, and then cells that name its parts.

    Args:
        tmux: Whether tmux is between, which passes on what is marked for the terminal.
    """

    def __init__(self, tmux: bool) -> None:
        self._tmux = tmux
        # pictures of other programs in the same terminal have numbers too, of 24 bits
        self._first = 1 + secrets.randbelow((1 << 24) - NUMBERS - 1)
        self._sent: set[int] = set()

    def paint(self, text: str, lines: int = 0) -> str:
        """Return text with kitty's cells; before it, the pictures not yet sent."""
        del lines
        sending: list[str] = []
        painted = replaced(text, lambda part, _: self._draw(part, sending))
        for number in store.gone(self._sent):
            self._sent.discard(number)
            sending.append(self._removal(number))
        return "".join(sending) + painted

    def forget(self) -> str:
        """Return what removes every picture that was sent."""
        removals = "".join(map(self._removal, sorted(self._sent)))
        self._sent.clear()
        return removals

    def prepare(self, picture: PixelPicture) -> None:
        """Encode a picture, in the thread that draws pictures."""
        file = BytesIO()
        picture.image.save(file, "PNG", compress_level=3)
        picture.protocol = PNG
        picture.escapes[PNG] = b64encode(file.getvalue()).decode("ascii")

    def _draw(self, part: Part, sending: list[str]) -> str:
        picture = store.get(part.number)
        if picture is None or picture.protocol != PNG:  # another protocol's
            return " " * part.count
        if part.number not in self._sent:
            self._sent.add(part.number)
            sending.extend(self._sendings(picture))
        name = self._first + part.number
        color = f"\x1b[38;2;{name >> 16};{name >> 8 & 255};{name & 255}m"
        columns = DIGITS[part.first : part.first + part.count]
        row = PLACEHOLDER + DIGITS[part.row]
        return color + "".join(row + column for column in columns)

    def _sendings(self, picture: PixelPicture) -> list[str]:
        """Return a picture in parts, the first with its number and its size in cells.

        q=2: the terminal answers neither success nor failure, which would be keys to the app.
        """
        code = picture.escapes[PNG]
        chunks = [code[at : at + CHUNK] for at in range(0, len(code), CHUNK)]
        keys = (
            f"a=T,U=1,f=100,q=2,i={self._first + picture.number},"
            f"c={picture.columns},r={picture.rows},"
        )
        return [
            self._escape(f"{'' if at else keys}m={int(at < len(chunks) - 1)}", chunk)
            for at, chunk in enumerate(chunks)
        ]

    def _removal(self, number: int) -> str:
        return self._escape(f"a=d,d=I,q=2,i={self._first + number}", "")

    def _escape(self, keys: str, payload: str) -> str:
        escape = f"\x1b_G{keys}{';' * bool(payload)}{payload}\x1b\\"
        if not self._tmux:
            return escape
        return "\x1bPtmux;" + escape.replace("\x1b", "\x1b\x1b") + "\x1b\\"
