"""Text from data as a terminal may have it: nothing in it is obeyed, and nothing is hidden.

A class, a file or a log line may hold anything: an escape that writes to the clipboard, a newline,
a letter that turns the ones after it around. All that people read goes through `shown`.
"""

import re
import shlex

_CHARACTERS = (
    r"\x00-\x1f\x7f-\x9f"  # C0 and C1 control characters
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # directions, which turn other text around
    r"\u2028\u2029"  # line and paragraph
    r"\xad\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\u3164\uffa0"  # invisible
    r"\U000e0000-\U000e0fff"  # tags, and variants of ideographs
    r"\ud800-\udfff"  # bytes of a file's name that is not UTF-8
)
_BESIDE = rf"[^\x00-\x7f\u200c\u200d{_CHARACTERS}]"
"""What may stand beside a joiner: letters of scripts that need it, and emoji."""
_HIDDEN = re.compile(
    "("  # kept: the flags of England, Scotland and Wales, and variants where there are some
    r"\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f"
    r"|(?<=[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])[\U000e0100-\U000e01ef]"
    rf")|[{_CHARACTERS}]"
    rf"|(?<!{_BESIDE})[\u200c\u200d]|[\u200c\u200d](?!{_BESIDE})"
)
_LETTERS = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "'": "\\'", "\\": "\\\\"}


def shown(text: str) -> str:
    r"""Return text as one line in which every character is seen, such as `bird\x1b]52;c;...`.

    Control characters, newlines, directions of writing, what has no width, and what is not UTF-8
    are written as Python writes them. All else stays: accents, emoji, any script.
    """
    if text.isascii() and text.isprintable():
        return text
    return _HIDDEN.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    return match[0] if match[1] else match[0].encode("unicode_escape").decode()


def shown_lines(text: str) -> str:
    """Return text of our own of several lines, such as a traceback, each as it may be shown."""
    return "\n".join(map(shown, text.split("\n")))


def without_hidden(text: str, instead: str) -> str:
    """Return text with `instead` for each character that `shown` would write out."""
    return _HIDDEN.sub(lambda match: match[1] or instead, text)


def json_escaped(document: str) -> str:
    r"""Return a JSON document with `\u202e` for what a terminal obeys: to a reader, the same."""
    return _HIDDEN.sub(_json_escape, document)


def _json_escape(match: re.Match[str]) -> str:
    if match[1] or match[0] == "\n":  # a string's own newline is escaped already
        return match[0]
    units = match[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def quoted(word: str) -> str:
    r"""Return a word as a shell reads it; `$'bird\x1b'` where it holds what is not shown.

    Bash, zsh, ksh and busybox read that form, and whoever pastes it pastes no control character.
    """
    if shown(word) == word:
        return shlex.quote(word)
    return f"$'{''.join(map(_letter, word))}'"


def _letter(letter: str) -> str:
    if letter in _LETTERS:
        return _LETTERS[letter]
    if shown(letter) == letter:
        return letter
    try:
        units = letter.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half of a pair: no file's name has it
        units = letter.encode("utf-8", "surrogatepass")
    return "".join(f"\\x{unit:02x}" for unit in units)


def pasteable(text: str) -> str:
    """Return text for the clipboard: quoted for a shell where it holds what is not shown."""
    return text if shown(text) == text else quoted(text)


def command(*words: str) -> str:
    """Return a command of such words."""
    return " ".join(map(quoted, words))
