"""One file for each objective of drawings; `OBJECTIVES` lists them."""

from typing import TYPE_CHECKING

from engine.schema.registry import Registry

if TYPE_CHECKING:
    from engine.visualization.objectives.base import DrawingObjective

OBJECTIVES: "Registry[DrawingObjective]" = Registry(
    "engine.visualization.objectives",
    "neuroinspect_tui.drawing_objectives",
    "objective",
    hyphens=True,
)
