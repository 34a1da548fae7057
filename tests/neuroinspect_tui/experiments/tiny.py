"""An experiment of seconds: faces of a few dozen images, in one epoch."""

from pathlib import Path

FACES = """
title = "Tiny faces"
source = "a test"
model = "resnet18"
classes = ["all"]
by = "contrast"
neurons = 2
best = "auto"
remark = "Nothing was published."

[data]
reader = "celeba"
needs = "celeba/ with its lists"
torchvision = "CelebA"

[recipe]
start = "pretrained"

[edit]
method = "ratio"
preset = "bird"
by = "votes"
top = "3"
epochs = 2
seeds = 1

[ours.auto]
method = "zero"
seeds = 1

[[published]]
name = "published: before"
overall = 80.5
worst_group = 40

[miniature]
generator = "faces"
sizes = {train = 96, valid = 96, test = 64}
steps = 2

[miniature.recipe]
epochs = 1
workers = 0
"""


def write_faces(directory: Path, text: str = FACES) -> Path:
    """Write the experiment's file; return its path."""
    path = directory / "tiny-faces.toml"
    path.write_text(text, encoding="utf-8")
    return path
