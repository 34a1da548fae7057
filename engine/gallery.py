"""Drawings on disk: a PNG a neuron, its mask laid over, and a contact sheet."""

from collections.abc import Sequence
from functools import partial
from math import ceil
from pathlib import Path

from PIL import Image, ImageDraw
from torch import Tensor

from engine.bank import Bank
from engine.files import write_beside
from engine.heat import overlay, to_pixels
from engine.illusion import Drawing
from engine.records import Illusion, Illusions, Label
from engine.requests import IllusionRequest

COLUMNS = 4
CAPTION = 40  # pixels


def stem(request: IllusionRequest, neuron: int) -> str:
    """Name a drawing's files."""
    return f"class{request.class_index:04d}_neuron{neuron:05d}_seed{request.seed}"


def write_picture(picture: Image.Image, path: Path) -> str:
    """Write a PNG beside, then rename; return its path."""
    write_beside(path, partial(picture.save, format="PNG"))
    return str(path)


def write_preview(
    request: IllusionRequest, out: Path, neuron: int, image: Tensor, step: int
) -> str:
    """Write a drawing in progress."""
    return write_picture(to_pixels(image), out / f"{stem(request, neuron)}_step{step:04d}.png")


def hang(
    drawings: Sequence[Drawing],
    request: IllusionRequest,
    bank: Bank,
    out: Path,
    clip: str | None,
) -> Illusions:
    """Write all pictures into `out` and describe them."""
    strongest = bank.array("strongest_values")
    found, pictures = [], []
    for drawing in drawings:
        picture = to_pixels(drawing.image)
        name = stem(request, drawing.neuron)
        masked = overlay(picture, drawing.mask.numpy())
        real = float(strongest[drawing.neuron, 0])
        found.append(
            Illusion(
                neuron=drawing.neuron,
                path=write_picture(picture, out / f"{name}.png"),
                mask=write_picture(masked, out / f"{name}_mask.png"),
                activation=drawing.activation,
                activation_ratio=drawing.activation / real if real > 0 else None,
                predicted=Label(drawing.predicted, bank.classes[drawing.predicted]),
                p_class=drawing.p_class,
                clip_cosine=drawing.clip_cosine,
                steps=drawing.steps,
                seconds=drawing.seconds,
            )
        )
        pictures.append(picture)
    sheet = write_picture(contact_sheet(pictures, found), out / f"{stem(request, 0)[:9]}_sheet.png")
    k = request.class_index
    return Illusions(
        class_=Label(k, bank.classes[k]),
        seed=request.seed,
        size=pictures[0].width,
        clip=clip,
        sheet=sheet,
        illusions=tuple(found),
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
