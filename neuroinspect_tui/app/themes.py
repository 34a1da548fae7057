"""Themes of our own: for eyes that cannot tell green from red, and for those that need contrast."""

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches

from rich.terminal_theme import TerminalTheme
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from engine.schema.errors import EngineError

DEFAULT = "textual-dark"
OURS = (
    Theme(
        name="blue-orange", primary="#0072b2", secondary="#56b4e9", accent="#e69f00",
        success="#56b4e9", warning="#f0e442", error="#e69f00", foreground="#e6e6e6",
        background="#101418", surface="#171c22", panel="#222a33", dark=True,
        variables={"block-cursor-foreground": "#ffffff", "text-disabled": "#8a9096"},
    ),
    Theme(
        name="blue-orange-light", primary="#0072b2", secondary="#004d78", accent="#b35900",
        success="#0072b2", warning="#8a6d00", error="#b35900", foreground="#1a1a1a",
        background="#fafafa", surface="#f0f2f4", panel="#e1e6eb", dark=False,
        variables={
            "block-cursor-foreground": "#ffffff", "footer-key-foreground": "#8a4500",
            "text-disabled": "#666b70",
        },
    ),
    replace(
        BUILTIN_THEMES["textual-light"],
        variables={
            "footer-key-foreground": "#00508c", "text-accent": "#6b4400", "text-warning": "#6b4400",
            "text-success": "#1d5c2f", "text-error": "#8c1f3a", "text-disabled": "#5c5c5c",
        },
    ),

    Theme(
        name="high-contrast", primary="#5fd7ff", secondary="#ffd700", accent="#ffd700",
        success="#5fff87", warning="#ffd700", error="#ff8787", foreground="#ffffff",
        background="#000000", surface="#000000", panel="#1c1c1c", dark=True,
        variables={"text-muted": "#e4e4e4", "text-disabled": "#bcbcbc"},
    ),
    Theme(
        name="high-contrast-light", primary="#00299c", secondary="#6b3d00", accent="#6b3d00",
        success="#005a1e", warning="#6b3d00", error="#a30000", foreground="#000000",
        background="#ffffff", surface="#ffffff", panel="#e8e8e8", dark=False,
        variables={"text-muted": "#262626", "text-disabled": "#4a4a4a"},
    ),
)  # fmt: skip
"""Blue and orange are Okabe and Ito's: `success` is blue, `error` orange. Of Textual's own light
theme, orange on grey cannot be read."""
SHORT = {"dark": "textual-dark", "light": "textual-light"}
"""Textual's own two, by what they are asked for by."""
SOME = ("dark", "light", "high-contrast", "blue-orange", "ansi-dark")


def chosen_theme(name: str) -> str:
    """Return the theme of that name; the default for none.

    Raises:
        EngineError: There is no such theme.
    """
    names = [*BUILTIN_THEMES, *(theme.name for theme in OURS)]
    name = SHORT.get(name, name)
    if not name or name in names:
        return name or DEFAULT
    near = [*get_close_matches(name, names, 2), *SOME]
    raise EngineError(
        f"Unknown theme {name!r}; choose from {', '.join(dict.fromkeys(near))} and "
        f"{len(names) - len(set(near))} more, which ctrl+p lists in the app."
    )


def in_sixteen_colors(name: str) -> str:
    """Return the theme of the terminal's own colours: the nearest of 16 to another's may be alike.

    Textual's own light theme has yellow on white there, and grey on cyan.
    """
    themes = BUILTIN_THEMES | {theme.name: theme for theme in OURS}
    return "ansi-dark" if themes[name].dark else "ansi-light"


def named_colors(variables: Mapping[str, str]) -> TerminalTheme:
    """Return what red, green and so on are within a theme.

    Args:
        variables: The theme's, as Textual has them.
    """

    def rgb(name: str) -> tuple[int, int, int]:
        return Color.parse(variables[name]).rgb

    names = ("background", "text-error", "text-success", "text-warning", "text-primary",
             "text-secondary", "text-accent", "foreground")  # fmt: skip
    return TerminalTheme(rgb("background"), rgb("foreground"), [rgb(name) for name in names])
