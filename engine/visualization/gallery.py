"""Drawings on disk: per neuron a PNG and one with its mask laid over; and a contact sheet."""

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
from engine.visualization.core_sensitivity import class_means, core_sensitivity
from engine.visualization.heatmap import overlay, to_levels, to_pixels
from engine.visualization.objective import Objective
from engine.visualization.optimize import Drawing, draw
from engine.visualization.store import Facts, find_drawing, mask_path, picture_path, save_drawing

COLUMNS = 4
CAPTION = 40
"""Pixels below each picture of the contact sheet."""


@dataclass(frozen=True)
class Gallery:
    """The drawings of a request, in a directory that other jobs may be writing to as well.

    Args:
        out: The directory.
        request: Which class and neurons, and how to draw them.
        cache: Of the evaluation split.
        facts: By neuron, everything its drawing depends on.
        clip: The CLIP that guides the drawings, as the workspace names it; None for none.
    """

    out: Path
    request: IllusionRequest
    cache: FeatureCache
    facts: Mapping[int, Facts]
    clip: str | None
    finished: dict[int, Illusion] = field(default_factory=dict)
    """The finished drawings, by neuron."""

    def find_finished(self) -> bool:
        """Find the drawings that are on disk already; return whether all of them are."""
        for neuron, facts in self.facts.items():
            illusion = find_drawing(self.out, facts)
            if illusion is not None:
                self.finished[neuron] = illusion
        return len(self.finished) == len(self.facts)

    def draw(self, objective: Objective) -> Generator[IllusionStep, None, None]:
        """Draw what is missing; each drawing is on disk as soon as it is finished.

        Raises:
            RequestError: The classifier does not take pictures of the requested size, or not even
                one fits into memory.
            StorageError: The directory cannot be written.
        """
        for record in draw(objective, self.request, self._checkpoints):
            if isinstance(record, IllusionStep):
                yield record
            elif record.neuron not in self.finished:
                self.finished[record.neuron] = self._save(record)
                self._checkpoints.remove_previews(record.neuron)

    @cached_property
    def _checkpoints(self) -> DrawingCheckpoints:
        stems = {neuron: facts.stem for neuron, facts in self.facts.items()}
        return DrawingCheckpoints(self.out, stems, self.finished)

    def _save(self, drawing: Drawing) -> Illusion:
        facts = self.facts[drawing.neuron]
        real = float(self._largest_activations[drawing.neuron])
        picture = to_pixels(drawing.image)
        masked = overlay(picture, drawing.mask.numpy())
        if drawing.alpha is not None:
            picture.putalpha(to_levels(drawing.alpha))
        illusion = Illusion(
            neuron=drawing.neuron,
            path=write_picture(picture, picture_path(self.out, facts.stem)),
            mask=write_picture(masked, mask_path(self.out, facts.stem)),
            activation=drawing.activation,
            activation_ratio=drawing.activation / real if real > 0 else None,
            predicted=Label(drawing.predicted, self.cache.classes[drawing.predicted]),
            p_class=drawing.p_class,
            clip_cosine=drawing.clip_cosine,
            core_sensitivity=core_sensitivity(
                drawing.features.numpy(),
                drawing.masked_features.numpy(),
                self._class_means,
                self.request.class_index,
            ),
            steps=drawing.steps,
            seconds=drawing.seconds,
            seed=self.request.seed,
            size=picture.width,
            gamma=self.request.gamma,
            clip=self.clip,
            parameterization=self.request.parameterization,
            objective=self.request.objective,
        )
        save_drawing(self.out, facts, illusion)
        return illusion

    @cached_property
    def _class_means(self) -> Array:
        """(C, D), of the split."""
        return class_means(self.cache)

    @cached_property
    def _largest_activations(self) -> Array:
        """(D,), over the real images of the split."""
        return self.cache.array("strongest_values")[:, 0]

    def finish(self) -> Illusions:
        """Write the contact sheet, remove previews and checkpoints, and return all drawings.

        Raises:
            StorageError: The directory cannot be written.
        """
        self._checkpoints.remove_all()
        k = self.request.class_index
        illusions = tuple(self.finished[neuron] for neuron in self.request.neurons)
        pictures = [decode(Path(str(illusion.path))) for illusion in illusions]
        stems = " ".join(facts.stem for facts in self.facts.values())
        name = f"class{k:04d}_sheet_{hashlib.sha256(stems.encode()).hexdigest()[:8]}.png"
        return Illusions(
            class_=Label(k, self.cache.classes[k]),
            seed=self.request.seed,
            size=illusions[0].size,
            clip=self.clip,
            sheet=write_picture(contact_sheet(pictures, illusions), self.out / name),
            illusions=illusions,
        )


def contact_sheet(pictures: Sequence[Image.Image], illusions: Sequence[Illusion]) -> Image.Image:
    """Put drawings side by side, each above its figures.

    Args:
        pictures: The drawings, all square and of one size.
        illusions: Their figures, in the same order.
    """
    side = pictures[0].width
    columns = min(COLUMNS, len(pictures))
    height = (side + CAPTION) * ceil(len(pictures) / columns)
    sheet = Image.new("RGB", (side * columns, height), "white")
    pen = ImageDraw.Draw(sheet)
    for position, (picture, illusion) in enumerate(zip(pictures, illusions, strict=True)):
        x, y = side * (position % columns), (side + CAPTION) * (position // columns)
        sheet.paste(picture, (x, y))
        for line, text in enumerate(_caption(illusion)):
            pen.text((x + 3, y + side + 2 + 18 * line), text, fill="black")
    return sheet


def _caption(illusion: Illusion) -> tuple[str, str]:
    ratio, cosine = illusion.activation_ratio, illusion.clip_cosine
    activation = "" if ratio is None else f" activates {ratio:.1f}x real"
    clip = "" if cosine is None else f" CLIP {cosine:.2f}"
    predicted = f"{illusion.predicted.name[:18]} p {illusion.p_class:.2f}"
    return f"{illusion.neuron}{activation}", f"{predicted}{clip}"
