"""One neuron as closely as the disk shows it: its images, its heat maps, its drawing. No torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec import structs

from engine import answers
from engine.bank import Bank
from engine.drawings import finished
from engine.job_records import OVER, Request
from engine.records import Illusion, Neuron, NeuronImage, NeuronUse
from engine.requests import HeatRequest
from screens.ports import Backstage

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


def look_closely(backstage: Backstage, bank: Bank, class_index: int, neuron: int) -> Closeup:
    """Collect what is known of a neuron for a class."""
    found = answers.neuron(bank, neuron, class_index)
    request = HeatRequest(class_index=class_index, neuron=neuron)
    jobs = [job for job in backstage.jobs() if _of(job.request, neuron)]
    top = with_heat(found.top_images, backstage.home, f"neuron{neuron}_top", bank)
    wrong = found.mistakes
    # the files' names tell the neuron, not the class: they are of the class asked for last
    done = next((job for job in jobs if job.state == "done"), None)
    if done is not None and done.request == request:
        wrong = with_heat(wrong, backstage.home, f"neuron{neuron}_mistake", bank)
    drawn = finished(backstage.home / "illusions", class_index, bank.meta.weights)
    return Closeup(
        neuron=structs.replace(found, top_images=top, mistakes=wrong),
        drawn=next((some for some in drawn if some.neuron == neuron), None),
        heat=all(image.heat for image in (*top, *wrong)),
        job=next((j.id for j in jobs if j.request == request and j.state not in OVER), None),
    )


def _of(request: Request | None, neuron: int) -> bool:
    return isinstance(request, HeatRequest) and request.neuron == neuron


def with_heat(
    images: Sequence[NeuronImage], home: Path, stem: str, bank: Bank
) -> tuple[NeuronImage, ...]:
    """Return the images with the heat maps that are younger than the bank: of its weights."""
    since = (bank.directory / "meta.json").stat().st_mtime_ns
    found = []
    for number, image in enumerate(images):
        path = home / "heat" / f"{stem}{number:02d}.png"
        there = path.is_file() and path.stat().st_mtime_ns >= since
        found.append(structs.replace(image, heat=str(path) if there else None))
    return tuple(found)


def uses(some: Sequence[NeuronUse]) -> str:
    """Return the first classes with their weights."""
    return " · ".join(f"{use.name} {use.weight:+.2f}" for use in some[:USES]) or "none"
