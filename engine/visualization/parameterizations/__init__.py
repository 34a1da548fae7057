"""One file for each parameterization of drawings; `PARAMETERIZATIONS` lists them."""

from typing import TYPE_CHECKING

from engine.schema.registry import Registry

if TYPE_CHECKING:
    from engine.visualization.parameterizations.base import Parameterization

PARAMETERIZATIONS: "Registry[Parameterization]" = Registry(
    "engine.visualization.parameterizations",
    "neuroinspect_tui.parameterizations",
    "parameterization",
    hyphens=True,
)
