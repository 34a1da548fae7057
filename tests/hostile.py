"""Names that data may bring, made to harm: the same ones at every run."""

import random
import unicodedata

COUNT = 1000
SEED = 20261127
FRAGMENTS = (
    "\x1b]52;c;UFdORUQ=\x1b\\", "\x1b]52;c;UFdORUQ=\x07", "\x1b]0;title\x07", "\x1b]8;;http://x\x1b\\",
    "\x1b[2J", "\x1b[31m", "\x1b[999;999H", "\x1bc", "\x1b[?1049h", "\x1bP+q\x1b\\", "\x1b_G\x1b\\",
    "\x1b", "\x9b2J", "\x9d52;c;UFdORUQ=\x9c", "\x90q\x9c", "\x85", "\x7f", "\x08\x08\x08", "\x07",
    "\r", "\n", "\r\n", "\t", "\v", "\f", "\x00", "\x01", "\x1f",
    "\u202e", "\u202d", "\u202a", "\u202c", "\u2066", "\u2067", "\u2069", "\u200e", "\u200f",
    "\u061c",
    "\u2028", "\u2029", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\xad", "\u3164",
    "\U000e0041", "\U000e0100", "\ufff9", "\ud800", "\udc80", "\udcff", "\udcfe\udc9b",
    "[red]", "[/red]", "[/]", "[", "]", "[bold", "\\[", "[link=http://x]", "[@click=app.quit]x[/]",
    ":smile:", "$primary", "{0}", "%s", "%n", "`id`", "$(id)", "'", '"', "\\", "&", ";", "|", "*",
    "-w", "--json", "../..", "~", "#", "\\n", "\\x1b",
    "👩\u200d🔬", "👨\u200d👩\u200d👧\u200d👦", "🏳\ufe0f\u200d🌈", "❤\ufe0f",
    "👍🏽", "🇩🇪", "1\ufe0f\u20e3",
    "香豌豆", "ガーベラ", "한글", "ｗｉｄｅ", "　", "e\u0301", "\u0301", "Z\u0351\u036b\u0343",
    "नमस्ते", "سوسن", "שלום", "ße", "ﬁ", "ﷺ", "𝔘", "\ue000", "\U0010ffff", "\ufffd", "\U000f0000",
    "bird", "sweet pea", "n02085620", "a", " ", "",
)  # fmt: skip


def hostile_names(count: int = COUNT) -> list[str]:
    """Return names, each another one: every fragment alone, then any of them together."""
    draw = random.Random(SEED)
    names = dict.fromkeys(
        (*FRAGMENTS, "x\x1b" * 2048, "香" * 1400, "e" + "\u0301" * 2000, "a" * 4096)
    )
    while len(names) < count:
        parts = draw.choices(FRAGMENTS, k=draw.randint(1, 6))
        if draw.random() < 0.3:
            parts.append("".join(chr(draw.randrange(0x110000)) for _ in range(draw.randint(1, 8))))
        names["".join(parts)] = None
    return list(names)[:count]


OBEYED = {"Cc", "Cs", "Zl", "Zp"}
"""Categories: controls, halves of pairs, separators of lines and of paragraphs."""
TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
MARKS = {"\u200e", "\u200f", "\u061c"}


def forbidden(text: str) -> set[str]:
    """Return the characters of a line that must not reach a terminal, by Unicode's own tables."""
    return {
        c
        for c in text
        if unicodedata.category(c) in OBEYED or unicodedata.bidirectional(c) in TURNS or c in MARKS
    }
