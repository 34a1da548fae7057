"""What a question of the quiz explains a neuron by: one entry a condition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from engine.schema.errors import RequestError
from engine.schema.requests import PUBLISHED_OBJECTIVE, PUBLISHED_PARAMETERIZATION

Shows = Literal["nothing", "drawing", "images", "heat"]
PUBLISHED: Mapping[str, float | bool | str] = {
    "parameterization": PUBLISHED_PARAMETERIZATION,
    "objective": PUBLISHED_OBJECTIVE,
}
"""The quiz is the paper's, and so are its drawings."""


@dataclass(frozen=True)
class Condition:
    """One way to explain a neuron.

    Args:
        title: What tables call it.
        hint: What the quiz says above the pictures.
        shows: What the pictures are; `nothing` is the control.
        drawing: Fields of `IllusionRequest`, where a drawing is shown.
    """

    title: str
    hint: str
    shows: Shows
    drawing: Mapping[str, float | bool | str] = field(default_factory=dict)

    @property
    def needs_clip(self) -> bool:
        """Whether the drawing is guided by CLIP."""
        return self.shows == "drawing" and bool(self.drawing.get("use_clip", True))


DRAWN = "A picture that was drawn so as to activate the neuron."
AS_PUBLISHED: dict[str, float | bool | str] = {
    "parameterization": PUBLISHED_PARAMETERIZATION,
    "objective": PUBLISHED_OBJECTIVE,
}
CONDITIONS: dict[str, Condition] = {
    "none": Condition(
        "no explanation (control)", "Nothing is shown of this neuron: guess.", "nothing"
    ),
    "activation": Condition(
        "drawing, activation alone",
        DRAWN,
        "drawing",
        AS_PUBLISHED | {"gamma": 0.0, "use_clip": False},
    ),
    "published": Condition(
        "drawing, with class and CLIP, as published", DRAWN, "drawing", AS_PUBLISHED
    ),
    "maco": Condition(
        "drawing, MACO, neuron first",
        DRAWN,
        "drawing",
        {"parameterization": "maco", "objective": "neuron-first"},
    ),
    "images": Condition("real images", "Real images that activate the neuron most.", "images"),
    "heat": Condition(
        "real images with heat maps",
        "Real images that activate the neuron most: bright where it does.",
        "heat",
    ),
}
"""By the name that options and files use; the order is that of tables."""


def chosen(named: Sequence[str], *, clip: bool) -> list[str]:
    """Return the names of a quiz's conditions, in the table's order.

    Args:
        named: Those asked for; none for all that can be had.
        clip: Whether there is a CLIP to guide drawings.

    Raises:
        RequestError: One is unknown, or needs a CLIP and there is none.
    """
    for name in named:
        if name not in CONDITIONS:
            raise RequestError(f"No condition {name!r}; choose from {', '.join(CONDITIONS)}.")
        if CONDITIONS[name].needs_clip and not clip:
            raise RequestError(
                f"--condition {name} draws with CLIP, and the workspace names none; leave it out, "
                "or name one (init --clip)."
            )
    return [
        name
        for name, condition in CONDITIONS.items()
        if (name in named if named else clip or not condition.needs_clip)
    ]
