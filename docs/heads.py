"""Surveys the heads of timm's models, the smallest model of each module, and writes heads.md.

    python -m docs.heads [MODULE ...]

Takes minutes, so `make docs` does not do it; `make test-slow` compares the page with what it finds.
"""

import argparse
import gc
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor, nn

from engine.models.classifier import Classifier, split_model
from engine.schema.errors import ModelError
from engine.visualization.heatmap import heat_map

PAGE = Path(__file__).with_name("heads.md")
CLASSES = 7
SIDES = (96, 128, 160, 192, 224)
"""Pixels to try before a model's own size: the head is the same at any."""
ROW = re.compile(r"^\| `(\w+)` \| `(\w+)` \|")

TOP = """\
# Heads

This page is written by `python -m docs.heads` (timm {version}); `make test-slow` checks it.

Of each of timm's {modules} modules the smallest classifier was built with {classes} classes and
random weights, and split into backbone and head. {exact} split exactly: for random images the head
on the features gives the model's own logits; the same head is found when it starts at zero; another
weight and bias, written into the state dict as `export` does, give the logits they should; and a
neuron has a heat map. Refused: {refused}. A factor before a map is its share of the logits: a
half each where they are the mean of two. D is the number of neurons.

| module | model | pixels | head | D |
| --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True)
class Surveyed:
    """What became of a model.

    Attributes:
        module: Of timm.
        model: Its smallest classifier.
        pixels: A side of the images it was given.
        head: The maps by name, or the sentence that refuses the model.
        width: D; None where it is refused.
    """

    module: str
    model: str
    pixels: int
    head: str
    width: int | None

    def row(self) -> str:
        """Return its line of the table."""
        width = "" if self.width is None else f"{self.width:,}"
        return f"| `{self.module}` | `{self.model}` | {self.pixels} | {self.head} | {width} |"


def smallest(module: str) -> str:
    """Return the classifier of a module with the fewest parameters."""
    sizes = {}
    for name in timm.list_models(module=module):
        body = _blank(name)
        if _classifies(body):
            sizes[name] = sum(parameter.numel() for parameter in body.parameters())
    return min(sizes, key=lambda name: (sizes[name], name))


def _classifies(body: nn.Module) -> bool:
    """Return whether a model has any layer with so many outputs: encoders have none."""
    return any(
        isinstance(module, nn.Linear | nn.Conv2d) and module.weight.shape[0] == CLASSES
        for module in body.modules()
    )


def options(name: str) -> tuple[int, dict[str, Any]]:
    """Return the least side of images that a model takes, and what to build it with for that."""
    own = int(_blank(name).pretrained_cfg["input_size"][-1])
    for side in (side for side in SIDES if side < own):
        config: dict[str, Any] = {"pretrained_cfg_overlay": {"input_size": (3, side, side)}}
        for more in (config | {"img_size": side}, config):
            try:
                _blank(name, **more).eval()(torch.randn(2, 3, side, side, device="meta"))
            # whatever a model says to a size it does not take
            except Exception:  # noqa: BLE001
                continue
            return side, more
    return own, {}


def _blank(name: str, **more: Any) -> Any:
    """Build a model without memory for weights."""
    with torch.device("meta"):
        return timm.create_model(name, num_classes=CLASSES, **more)


def made(name: str, **more: Any) -> nn.Module:
    """Build a model, always with the same random weights."""
    torch.manual_seed(0)
    body: nn.Module = timm.create_model(name, num_classes=CLASSES, **more)
    return body


def survey(module: str, name: str) -> Surveyed:
    """Split a model and prove the split.

    Raises:
        AssertionError: The split is not what it says.
    """
    side, more = options(name)
    body = made(name, **more)
    try:
        classifier = split_model(body, torch.device("cpu"))
    except ModelError as error:
        return Surveyed(module, name, side, str(error), None)
    prove(classifier)
    head = classifier.head
    maps = [
        f"`{part}`" if share == 1 else f"{_share(share)} `{part}`"
        for part, share in zip(head.names, head.shares, strict=True)
    ]
    return Surveyed(module, name, side, " + ".join(maps), classifier.width)


def _share(share: float) -> str:
    return str(Fraction(share).limit_denominator(99))


def prove(classifier: Classifier) -> None:
    """Check all that the page says of a split.

    Raises:
        AssertionError: Something is not so.
    """
    body, head, size = classifier.body, classifier.head, classifier.input_config["input_size"]
    images = torch.randn(3, *size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        features = classifier.features(images)
        assert features.shape == (3, classifier.width), features.shape
        _same(classifier.decision(features), body(images))
        weight = torch.randn(CLASSES, classifier.width) / features.norm(dim=1).mean()
        bias = torch.randn(CLASSES) * head.has_bias
        before = dict(body.state_dict())
        body.load_state_dict(before | head.state(weight, bias))
        _same(features @ weight.T + bias, body(images))
        _same(head.weight(), weight)
        for module in head.modules:
            for parameter in module.parameters():
                parameter.zero_()
    assert split_model(body, classifier.device).head.names == head.names
    heat = heat_map(classifier, images, torch.arange(3) % classifier.width)
    assert heat.ndim == 3, heat.shape
    assert heat.shape[1] == heat.shape[2], heat.shape
    assert bool(torch.isfinite(heat).all())


def _same(left: Tensor, right: Tensor) -> None:
    difference, scale = float((left - right).abs().max()), float(right.abs().max())
    assert difference <= 1e-4 * scale, (difference, scale)


def surveys(models: dict[str, str]) -> Iterator[Surveyed]:
    """Survey the models (by module), one in memory at a time."""
    for module, name in models.items():
        yield survey(module, name)
        gc.collect()


def page(rows: Sequence[Surveyed]) -> str:
    """Return heads.md."""
    exact = sum(row.width is not None for row in rows)
    top = TOP.format(
        version=timm.__version__, modules=len(rows), classes=CLASSES, exact=exact,
        refused=len(rows) - exact,
    )  # fmt: skip
    return top + "\n".join(row.row() for row in rows) + "\n"


def models_of(text: str) -> dict[str, str]:
    """Return the model of each module in the page."""
    found = (ROW.match(line) for line in text.splitlines())
    return {row[1]: row[2] for row in found if row is not None}


def main(words: Sequence[str] | None = None) -> int:
    """Survey modules and print their rows; all of them: write the page."""
    parser = argparse.ArgumentParser(prog="python -m docs.heads", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="only these; write nothing")
    asked = parser.parse_args(words)
    rows: list[Surveyed] = []
    for module in asked.modules or sorted(timm.list_modules()):
        rows += surveys({module: smallest(module)})
        print(rows[-1].row(), flush=True)
    if not asked.modules:
        PAGE.write_text(page(rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
