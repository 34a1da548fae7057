"""Which picture renderer the app draws with."""

from engine.schema.errors import RequestError
from screens.widgets.pictures.base import BUILT_IN, RENDERERS, Renderer, Terminal

AUTO = "auto"
NONE = "none"
ORDER = ("shades", "kitty", "sixel", "iterm", "sextant", "quadrant", BUILT_IN)
"""Ours that `auto` takes, best first; third parties' come before."""


def chosen(name: str, terminal: Terminal) -> tuple[str, list[str]]:
    """Return the name of the renderer to draw with, and what went wrong, a sentence each.

    `auto` is the first that supports the terminal; half blocks, which every terminal supports,
    come last. A renderer that is named is used as it is.

    Raises:
        RequestError: There is no renderer of that name.
    """
    names = RENDERERS.names()
    if name not in (AUTO, *names):
        raise RequestError(
            f"Unknown picture renderer {name!r} in config.toml; choose from "
            f"{', '.join((AUTO, *names))}."
        )
    problems: list[str] = []
    if name != AUTO and (sentence := _doubt(name, terminal)):
        problems.append(sentence)
    for candidate in (name,) if name != AUTO else _best_first():
        renderer = _loaded(candidate, problems)
        if renderer is not None and (name != AUTO or renderer.supported(terminal)):
            return candidate, problems
    return BUILT_IN, problems


def _doubt(name: str, terminal: Terminal) -> str:
    renderer = _loaded(name, [])
    if renderer is None or renderer.supported(terminal):
        return ""
    return (
        f"This terminal did not say that it shows {name}; if pictures are wrong, "
        "choose others from the palette, or --pictures auto."
    )


def described(terminal: Terminal) -> list[str]:
    """Return what is known of a terminal, in clauses."""
    known = terminal.name or f"TERM={terminal.environment.get('TERM', '')}"
    shows = ", ".join(sorted(terminal.graphics)) or "no protocol for pictures"
    said = [f"{known} shows {shows}"]
    if terminal.cell:
        said.append(f"cells of {terminal.cell[0]} x {terminal.cell[1]} pixels")
    if "TMUX" in terminal.environment and not terminal.tmux:
        said.append(
            "tmux passes on kitty's pictures to kitty and Ghostty: set -g allow-passthrough on"
        )
    return said


def offered(terminal: Terminal) -> dict[str, Renderer]:
    """Return the renderers that support a terminal, best first, then none."""
    loaded = {name: _loaded(name, []) for name in (*_best_first(), NONE)}
    return {name: one for name, one in loaded.items() if one and one.supported(terminal)}


def _best_first() -> list[str]:
    theirs = [name for name in RENDERERS.names() if name not in (*ORDER, NONE)]
    return [*theirs, *ORDER]


def _loaded(name: str, problems: list[str]) -> Renderer | None:
    try:
        return RENDERERS.get(name)
    except RequestError as error:  # a third party's that cannot be imported
        problems.append(str(error))
        return None
