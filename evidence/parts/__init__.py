"""The parts of the evidence: a file each, `make evidence PART=NAME`."""

from typing import TYPE_CHECKING

from engine.schema.registry import Registry

if TYPE_CHECKING:
    from evidence.parts.base import Part

PARTS: "Registry[Part]" = Registry(
    "evidence.parts", "neuroinspect_tui.evidence_parts", "part", hyphens=True
)
