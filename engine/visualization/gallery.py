"""Drawings on disk: a PNG a neuron, its mask laid over, and a contact sheet."""

import hashlib
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil
from pathlib import Path

from PIL import Image, ImageDraw

from engine.data.images import decode, write_picture
from engine.features.cache import FeatureCache
from engine.schema.arrays import Array
from engine.schema.records import Illusion, Illusions, IllusionStep, Label
from engine.schema.requests import IllusionRequest
from engine.visualization.checkpoint import DrawingCheckpoints
from engine.visualization.heatmap import overlay, to_pixels
from engine.visualization.optimize import Drawing, Objective, draw
from engine.visualization.store import Facts, find_drawn, keep_drawn, mask_path, picture_path

COLUMNS = 4
CAPTION = 40  # pixels


@dataclass(frozen=True)
class Gallery:
    """The pictures of a request, in a directory that others may be writing to as well.

    Args:
        out: The directory.
        request: What is asked.
        cache: Of the evaluation split.
        facts: What each neuron's picture depends on.
        clip: Who guides, as the workspace names it.
    """

    out: Path
    request: IllusionRequest
    cache: FeatureCache
    facts: Mapping[int, Facts]
    clip: str | None
    finished: dict[int, Illusion] = field(default_factory=dict)
    """What is finished, by neuron."""

    def look(self) -> bool:
        """Find the pictures that are there already; return whether all of them are."""
        for neuron, facts in self.facts.items():
            found = find_drawn(self.out, facts)
            if found is not None:
                self.finished[neuron] = found
        return len(self.finished) == len(self.facts)

    def draw(self, objective: Objective) -> Generator[IllusionStep, None, None]:
        """Draw what is missing; each picture is on the disk as soon as it is finished."""
        for record in draw(objective, self.request, self._checkpoints):
            if isinstance(record, IllusionStep):
                yield record
            elif record.neuron not in self.finished:
                self.finished[record.neuron] = self._hang(record)
                self._checkpoints.drop_previews(record.neuron)

    @cached_property
    def _checkpoints(self) -> DrawingCheckpoints:
        stems = {neuron: facts.stem for neuron, facts in self.facts.items()}
        return DrawingCheckpoints(self.out, stems, self.finished)

    def _hang(self, drawing: Drawing) -> Illusion:
        facts = self.facts[drawing.neuron]
        real = float(self._strongest[drawing.neuron, 0])
        picture = to_pixels(drawing.image)
        masked = overlay(picture, drawing.mask.numpy())
        found = Illusion(
            neuron=drawing.neuron,
            path=write_picture(picture, picture_path(self.out, facts.stem)),
            mask=write_picture(masked, mask_path(self.out, facts.stem)),
            activation=drawing.activation,
            activation_ratio=drawing.activation / real if real > 0 else None,
            predicted=Label(drawing.predicted, self.cache.classes[drawing.predicted]),
            p_class=drawing.p_class,
            clip_cosine=drawing.clip_cosine,
            steps=drawing.steps,
            seconds=drawing.seconds,
            seed=self.request.seed,
            size=picture.width,
            gamma=self.request.gamma,
            clip=self.clip,
        )
        keep_drawn(self.out, facts, found)
        return found

    @cached_property
    def _strongest(self) -> Array:
        return self.cache.array("strongest_values")

    def describe(self) -> Illusions:
        """Write the contact sheet, clear the desk and describe all pictures."""
        self._checkpoints.clear()
        k = self.request.class_index
        found = tuple(self.finished[neuron] for neuron in self.request.neurons)
        pictures = [decode(Path(str(some.path))) for some in found]
        stems = " ".join(facts.stem for facts in self.facts.values())
        name = f"class{k:04d}_sheet_{hashlib.sha256(stems.encode()).hexdigest()[:8]}.png"
        return Illusions(
            class_=Label(k, self.cache.classes[k]),
            seed=self.request.seed,
            size=found[0].size,
            clip=self.clip,
            sheet=write_picture(contact_sheet(pictures, found), self.out / name),
            illusions=found,
        )


def contact_sheet(pictures: Sequence[Image.Image], found: Sequence[Illusion]) -> Image.Image:
    """Put pictures side by side, each with its sanity figures."""
    side = pictures[0].width
    columns = min(COLUMNS, len(pictures))
    height = (side + CAPTION) * ceil(len(pictures) / columns)
    sheet = Image.new("RGB", (side * columns, height), "white")
    pen = ImageDraw.Draw(sheet)
    for place, (picture, record) in enumerate(zip(pictures, found, strict=True)):
        x, y = side * (place % columns), (side + CAPTION) * (place // columns)
        sheet.paste(picture, (x, y))
        ratio = record.activation_ratio
        fires = "" if ratio is None else f" fires {ratio:.1f}x real"
        reads = "" if record.clip_cosine is None else f" CLIP {record.clip_cosine:.2f}"
        pen.text((x + 3, y + side + 2), f"{record.neuron}{fires}", fill="black")
        lower = f"{record.predicted.name[:18]} p {record.p_class:.2f}{reads}"
        pen.text((x + 3, y + side + 20), lower, fill="black")
    return sheet
