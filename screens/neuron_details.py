"""All that the disk has of one neuron: its images, its heat maps, its drawing. No torch."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.attribution.neurons import describe_neuron
from engine.data.stored import PictureFinder
from engine.features.cache import FeatureCache
from engine.schema.jobs import OVER
from engine.schema.records import Illusion, Neuron, NeuronUse
from engine.schema.requests import HeatRequest
from engine.visualization.heatmap_store import with_heat, without_heat
from engine.visualization.store import finished
from screens.ports import Workspace

CLASSES = 3
"""Named by `weights`."""


@dataclass(frozen=True)
class NeuronDetails:
    """What is known of a neuron."""

    neuron: Neuron
    """Its images carry their heat maps where these are made."""
    drawn: Illusion | None
    """Its newest finished drawing for the class."""
    picture_of: PictureFinder
    """Finds its images by their paths."""
    heat: bool
    """Whether all heat maps are there."""
    job: str | None
    """The job that makes the heat maps now."""


def load_details(
    workspace: Workspace, cache: FeatureCache, class_index: int, neuron: int
) -> NeuronDetails:
    """Collect what the disk has of a neuron for a class."""
    described = describe_neuron(cache, neuron, class_index)
    found = with_heat(workspace.home / "heat", cache, described)
    request = HeatRequest(class_index=class_index, neuron=neuron)
    jobs = (job for job in workspace.jobs() if job.request == request and job.state not in OVER)
    drawn = finished(workspace.home / "illusions", class_index, cache.meta.weights)
    return NeuronDetails(
        neuron=found,
        drawn=next((drawing for drawing in drawn if drawing.neuron == neuron), None),
        picture_of=cache.picture_of,
        heat=not without_heat(found),
        job=next((job.id for job in jobs), None),
    )


def weights(uses: Sequence[NeuronUse]) -> str:
    """Return the first classes with their weights for a neuron."""
    return " · ".join(f"{use.name} {use.weight:+.2f}" for use in uses[:CLASSES]) or "none"
