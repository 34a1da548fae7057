"""What a terminal or a file without UTF-8 gets instead of our signs: ASCII that means the same."""

import codecs

NAME = "spelled"
"""The error handler of the streams."""
ASCII = {
    "█": "#", "▉": "#", "▊": "#", "▋": "#", "▌": "#", "▍": "+", "▎": "+", "▏": "|", "░": ".",
    "─": "-", "━": "-", "│": "|", "…": "...", "–": "-", "·": "-", "→": "->", "←": "<-", "›": ">",
    "✓": "+", "✗": "x", "●": "*", "○": "o", "‖": "=", "±": "+-", "×": "x", "▲": "^", "▼": "v",
    "Δ": "d", "λ": "lambda",
}  # fmt: skip


def _spell(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    left = error.object[error.start : error.end]
    return "".join(ASCII.get(sign, "?") for sign in left), error.end


codecs.register_error(NAME, _spell)
