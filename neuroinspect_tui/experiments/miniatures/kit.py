"""What a generator makes, and what decides whether it has been made already."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Generator as Work
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from msgspec import Struct
from PIL import Image

from engine.io.atomic import key_of, write_beside
from engine.schema.records import Progress
from engine.schema.source_specs import NONE
from neuroinspect_tui.demo.dataset import QUALITY

DONE = "done.json"


@dataclass(frozen=True)
class Kit:
    """Generated data, and the models that come with them.

    Args:
        data: What a data reader reads.
        model: As in workspace.toml.
        init: A checkpoint of a backbone that has seen other pictures; None: from scratch.
        clip: As in workspace.toml.
        remark: How well that CLIP reads pictures it has not seen.
    """

    data: Path
    model: str
    init: str | None
    clip: str = NONE
    remark: str = ""


@dataclass(frozen=True)
class Generator:
    """A generator with its sizes; `key` names its pictures, and changes with its code."""

    key: str
    sizes: Any
    make_kit: Callable[[Path, Any, int, str], Work[Any, None, Kit]]

    def make(self, root: Path, seed: int, device: str) -> Work[Any, None, Kit]:
        """Make what is missing below `root`, yielding progress; return it."""
        return (yield from self.make_kit(root, self.sizes, seed, device))


def key(sizes: Struct, modules: Sequence[ModuleType]) -> str:
    """Return a short hash of all that pictures depend on, but for their seed."""
    code = b"".join(Path(str(module.__file__)).read_bytes() for module in modules)
    return key_of((sizes, hashlib.sha256(code).hexdigest()), 6)


def write_picture(path: Path, image: Image.Image) -> None:
    """Write a JPEG, whole or not at all."""
    write_beside(path, lambda temporary: image.save(temporary, "JPEG", **QUALITY))


def drawn(
    root: Path, pictures: Sequence[tuple[str, Callable[[], Image.Image]]], stage: str
) -> Iterator[Progress]:
    """Draw the pictures that are missing, each by its path below `root`."""
    for done, (path, render) in enumerate(pictures):
        if not (root / path).is_file():
            write_picture(root / path, render())
        if done % 50 == 0:
            yield Progress(stage=stage, done=done, total=len(pictures), unit="pictures")
    yield Progress(stage=stage, done=len(pictures), total=len(pictures), unit="pictures")
