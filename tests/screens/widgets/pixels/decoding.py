"""What terminals would show: kitty's, sixel's and iTerm2's bytes back to pixels."""

import base64
import io
import re

import numpy as np
from PIL import Image

KITTY = re.compile(r"\x1b_G([^;\x1b]*);?([^\x1b]*)\x1b\\")
SIXEL = re.compile(r"\x1bP([\d;]*)q([^\x1b]*)\x1b\\")
ITERM = re.compile(r"\x1b\]1337;File=([^:\x07]*):([^\x07]*)\x07")
CELL = re.compile("\x1b\\[38;2;(\\d+);(\\d+);(\\d+)m((?:\U0010eeee[^\U0010eeee\x1b ]*)+)")


def unwrapped(text):
    """What tmux passes on of what is marked for the terminal, in place."""
    return re.sub(
        "\x1bPtmux;((?:\x1b\x1b|[^\x1b])*)\x1b\\\\",
        lambda found: found.group(1).replace("\x1b\x1b", "\x1b"),
        text,
    )


class KittyTerminal:
    """Keeps the pictures that it is sent."""

    def __init__(self):
        self.pictures, self.sizes, self.sent, self.removed = {}, {}, [], []
        self._number, self._code = 0, ""

    def read(self, text):
        """Take all commands of some output."""
        for keys, payload in KITTY.findall(text):
            self._take(dict(key.split("=") for key in keys.split(",") if key), payload)
        return self

    def _take(self, keys, payload):
        if keys.get("a") == "d":
            assert keys["d"] == "I", "the data is freed too"
            self.removed.append(int(keys["i"]))
            self.pictures.pop(int(keys["i"]), None)
            return
        if keys.get("a") == "q":
            return
        if "i" in keys:
            assert self._code == "", "a picture ends before the next begins"
            assert (keys["a"], keys["U"], keys["f"], keys["q"]) == ("T", "1", "100", "2")
            self._number = int(keys["i"])
            self.sizes[self._number] = int(keys["c"]), int(keys["r"])
        assert len(payload) <= 4096
        self._code += payload
        if keys["m"] == "0":
            image = Image.open(io.BytesIO(base64.b64decode(self._code)))
            self.pictures[self._number] = image.convert("RGB")
            self.sent.append(self._number)
            self._code = ""


def kitty_cells(text, digits):
    """(picture, row, column) of every cell, in the order they are written."""
    found = []
    for red, green, blue, run in CELL.findall(text):
        number = int(red) << 16 | int(green) << 8 | int(blue)
        cells = run.split("\U0010eeee")[1:]
        found += [(number, digits.index(cell[0]), digits.index(cell[1])) for cell in cells]
    return found


def sixel_image(data):
    """The pixels of the body of one sixel sequence, and which of them are drawn."""
    raster = re.match(r'"1;1;(\d+);(\d+)', data)
    width, height = int(raster.group(1)), int(raster.group(2))
    pixels = np.zeros((height + 6, width, 3))
    drawn = np.zeros((height + 6, width), dtype=bool)
    palette, color, x, y = {}, 0, 0, 0
    for token in re.findall(r"#\d+;2;\d+;\d+;\d+|#\d+|!\d+.|[$-]|[?-~]", data[raster.end() :]):
        if token.startswith("#"):
            number, *levels = map(int, re.findall(r"\d+", token))
            if levels:
                palette[number] = [255 * level / 100 for level in levels[1:]]
            color = number
        elif token == "$":
            x = 0
        elif token == "-":
            x, y = 0, y + 6
        else:
            times = int(token[1:-1]) if token.startswith("!") else 1
            bits = ord(token[-1]) - 63
            for row in range(6):
                if bits >> row & 1:
                    pixels[y + row, x : x + times] = palette[color]
                    drawn[y + row, x : x + times] = True
            x += times
    assert not drawn[height:].any(), "nothing below the cells"
    return pixels[:height], drawn[:height]


def rms(image, other):
    """The root mean square difference of two images, of 255."""
    return float(np.sqrt(((np.asarray(image, float) - np.asarray(other, float)) ** 2).mean()))
