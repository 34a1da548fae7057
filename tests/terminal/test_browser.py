"""Pictures on the screen of xterm.js in a browser, as VS Code has it, compared with the files.

XTERM_JS names a folder in which `npm install @xterm/xterm @xterm/addon-image` was run.
"""

import base64
import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.screens.widgets.pixels.decoding import rms
from tests.screens.widgets.pixels.test_pixels import bird
from tests.terminal.emulated import EmulatedTerminal

MODULES = Path(os.environ.get("XTERM_JS", "/nowhere")) / "node_modules" / "@xterm"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not MODULES.is_dir(), reason="XTERM_JS names no folder with xterm.js"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium"),
]
ERROR = 15
"""Of 255, root mean square: a cell is 9.03 pixels wide there, and pictures are scaled to it."""
DRAWING_SECONDS = 5
PAGE = """<html><head><link rel=stylesheet href="/xterm/css/xterm.css">
<script src="/xterm/lib/xterm.js"></script><script src="/addon-image/lib/addon-image.js"></script>
</head><body style="margin:0"><div id=terminal></div><img src="/slow" style="display:none"><script>
const terminal = new Terminal({cols: 60, rows: 26, fontSize: 15, allowProposedApi: true});
terminal.loadAddon(new ImageAddon.ImageAddon());
terminal.open(document.getElementById("terminal"));
terminal.write(Uint8Array.from(atob("DATA"), c => c.charCodeAt(0)));
const box = document.querySelector(".xterm-screen").getBoundingClientRect();
document.body.dataset.screen = box.width + "x" + box.height;
</script></body></html>"""


class Pages(http.server.BaseHTTPRequestHandler):
    """Serves the page, xterm.js, and an image that comes late: the browser waits for it."""

    page = b""

    def do_GET(self):
        if self.path == "/slow":
            time.sleep(DRAWING_SECONDS)
            return self.send_error(404)
        file = MODULES / self.path.lstrip("/")
        content = self.page if self.path == "/" else file.read_bytes() if file.is_file() else b""
        self.send_response(200)
        kinds = {".css": "text/css", ".js": "text/javascript"}
        self.send_header("Content-Type", kinds.get(file.suffix, "text/html"))
        self.end_headers()
        self.wfile.write(content)
        return None

    def log_message(self, *_):
        pass


@pytest.fixture
def browse(tmp_path):
    """Show what a program wrote; return the page and a screenshot."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def browse_(written):
        Pages.page = PAGE.replace("DATA", base64.b64encode(written).decode()).encode()
        at = f"http://127.0.0.1:{server.server_address[1]}/"
        words = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=900,700",
                 f"--user-data-dir={tmp_path / 'browser'}"]  # fmt: skip
        shot = tmp_path / "shot.png"
        ran = subprocess.run([*words, "--dump-dom", at], capture_output=True, text=True, check=True)
        subprocess.run([*words, f"--screenshot={shot}", at], capture_output=True, check=True)
        return ran.stdout, Image.open(shot).convert("RGB")

    yield browse_
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("protocol", "name", "attributes"), [("sixel", "", "62;4;22"), ("iterm", "mintty 3.6", "62;22")]
)
def test_what_is_seen_is_the_file(protocol, name, attributes, browse, tmp_path):
    page, _ = browse(b"")
    width, height = map(float, re.search(r'data-screen="([\d.]+)x([\d.]+)"', page).groups())
    cell = width / 60, height / 26
    files = []
    for index in range(6):
        files.append(tmp_path / f"{index:02}.png")
        tint = Image.new("RGB", (160, 160), (40 * index, 90, 40))
        Image.blend(bird(160), tint, 0.5).save(files[-1])
    answers = {
        "\x1b[>0q": f"\x1bP>|{name}\x1b\\",
        "\x1b[16t": f"\x1b[6;{round(cell[1])};{round(cell[0])}t",
        "\x1b[c": f"\x1b[?{attributes}c",
    }
    words = [sys.executable, "-m", "tests.terminal.gallery_app", "auto", *map(str, files)]
    terminal = EmulatedTerminal(words, answers, size=(60, 26))
    terminal.wait(f"<{protocol}:>")
    terminal.quiet(2.0)
    _, shot = browse(terminal.output.encode())
    terminal.press("q")
    terminal.close()
    tiles = []
    for index in range(6):
        left, top = (1 + 17 * (index % 3)) * cell[0], (2, 12)[index // 3] * cell[1]
        box = left, top, left + 16 * cell[0], top + 8 * cell[1]
        tiles.append(shot.crop(tuple(map(round, box))))
    for index, tile in enumerate(tiles):
        error, *others = (
            rms(tile, Image.open(files[i]).resize(tile.size)) for i in (index, (index + 3) % 6)
        )
        assert error < ERROR < min(others), (index, error, others)
