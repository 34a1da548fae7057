"""Themes of our own: colour-blind people can tell blue from orange, but not green from red."""

from difflib import get_close_matches

from textual.theme import BUILTIN_THEMES, Theme

from engine.schema.errors import EngineError

DEFAULT = "textual-dark"
OURS = (
    Theme(
        name="blue-orange", primary="#0072b2", secondary="#56b4e9", accent="#e69f00",
        success="#56b4e9", warning="#f0e442", error="#e69f00", foreground="#e6e6e6",
        background="#101418", surface="#171c22", panel="#222a33", dark=True,
    ),
    Theme(
        name="blue-orange-light", primary="#0072b2", secondary="#004d78", accent="#b35900",
        success="#0072b2", warning="#8a6d00", error="#b35900", foreground="#1a1a1a",
        background="#fafafa", surface="#f0f2f4", panel="#e1e6eb", dark=False,
    ),
)  # fmt: skip
"""Okabe and Ito's colours: `success` is blue, `error` orange."""
SOME = ("textual-dark", "textual-light", "blue-orange", "blue-orange-light", "ansi-dark")


def chosen_theme(name: str) -> str:
    """Return the theme of that name; the default for none.

    Raises:
        EngineError: There is no such theme.
    """
    names = [*BUILTIN_THEMES, *(theme.name for theme in OURS)]
    if not name or name in names:
        return name or DEFAULT
    near = [*get_close_matches(name, names, 2), *SOME]
    raise EngineError(
        f"Unknown theme {name!r}; choose from {', '.join(dict.fromkeys(near))} and "
        f"{len(names) - len(set(near))} more, which ctrl+p lists in the app."
    )
