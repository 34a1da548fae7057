"""One neuron as closely as the disk shows it: its images, its heat maps, its drawing. No torch."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.attribution.neurons import describe_neuron
from engine.features.cache import FeatureCache
from engine.schema.jobs import OVER
from engine.schema.records import Illusion, Neuron, NeuronUse
from engine.schema.requests import HeatRequest
from engine.visualization.heatmap_store import with_heat, without_heat
from engine.visualization.store import finished
from screens.ports import Workspace

USES = 3


@dataclass(frozen=True)
class Closeup:
    """What is known of a neuron."""

    neuron: Neuron
    """Its images carry their heat maps where there are."""
    drawn: Illusion | None
    """Its newest finished drawing for the class."""
    heat: bool
    """Whether all heat maps are there."""
    job: str | None
    """The job that makes the heat maps now."""


def look_closely(
    workspace: Workspace, cache: FeatureCache, class_index: int, neuron: int
) -> Closeup:
    """Collect what is known of a neuron for a class."""
    found = with_heat(workspace.home / "heat", cache, describe_neuron(cache, neuron, class_index))
    request = HeatRequest(class_index=class_index, neuron=neuron)
    jobs = (job for job in workspace.jobs() if job.request == request and job.state not in OVER)
    drawn = finished(workspace.home / "illusions", class_index, cache.meta.weights)
    return Closeup(
        neuron=found,
        drawn=next((some for some in drawn if some.neuron == neuron), None),
        heat=not without_heat(found),
        job=next((job.id for job in jobs), None),
    )


def uses(some: Sequence[NeuronUse]) -> str:
    """Return the first classes with their weights."""
    return " · ".join(f"{use.name} {use.weight:+.2f}" for use in some[:USES]) or "none"
