"""One file for each way of ranking neurons; `RANKINGS` lists them, third parties' too."""

from typing import TYPE_CHECKING

from engine.schema.registry import Registry

if TYPE_CHECKING:  # names are listed without numpy
    from engine.attribution.rankings.base import Ranking

DEFAULT = "contrast"
RANKINGS: "Registry[Ranking]" = Registry(
    "engine.attribution.rankings", "neuroinspect_tui.rankings", "ranking", hyphens=True
)
