"""One file for each edit method; `EDIT_METHODS` lists them, third parties' too."""

from typing import TYPE_CHECKING

from engine.schema.registry import Registry

if TYPE_CHECKING:  # names are listed without numpy
    from engine.editing.methods.base import EditMethod

DEFAULT = "zero"
EDIT_METHODS: "Registry[EditMethod]" = Registry(
    "engine.editing.methods", "neuroinspect_tui.edit_methods", "edit method"
)
