"""The keys of dialogs and parts of screens, from what their classes are bound by."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType

from textual.binding import Binding
from textual.dom import DOMNode

import neuroinspect_tui.app
import screens
from neuroinspect_tui.app.keys import display, key_table


def dialog_keys() -> list[tuple[str, str, str, str]]:
    """Return place, keys, meaning and id of every binding that the table of keys leaves out."""
    listed = {id_ for _, rows in key_table() for _, _, id_ in rows}
    return [
        (_place(owner), _keys(some), _meaning(some), f"`{some.id}`" if some.id else "")
        for owner in owners()
        for some in bound(owner)
        if some.id not in listed
    ]


def owners() -> list[type[DOMNode]]:
    """Return every class of the app and its screens that binds keys of its own."""
    found: dict[str, type[DOMNode]] = {}
    for package in (screens, neuroinspect_tui.app):
        for module in _modules(package):
            for value in vars(module).values():
                if isinstance(value, type) and issubclass(value, DOMNode):
                    ours = value.__module__.startswith(("screens.", "neuroinspect_tui."))
                    if ours and "BINDINGS" in vars(value):
                        found[f"{value.__module__}.{value.__name__}"] = value
    return [found[name] for name in sorted(found)]


def bound(owner: type[DOMNode]) -> list[Binding]:
    """Return what a class itself binds."""
    return [some if isinstance(some, Binding) else Binding(*some) for some in owner.BINDINGS]


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(module.name)


def _keys(some: Binding) -> str:
    return " ".join(f"`{key}`" for key in display(some.key).split()).replace("|", "\\|")


def _meaning(some: Binding) -> str:
    return some.tooltip or some.description


def _place(owner: type[DOMNode]) -> str:
    """Return the screen and the class in words, such as `Compare: ask path`."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", owner.__name__).capitalize()
    _, *inside = owner.__module__.split(".")
    return f"{inside[0].capitalize()}: {words.lower()}" if len(inside) > 1 else words
