"""The demo's parts, each made once: pictures, backbone, CLIP, classifier, workspace.

The *pretrained-like* case: a backbone is trained on species and places of other pictures, which
gives it separate neurons for both, as a pretrained backbone has. Then the classifier is trained on
the biased data set for six epochs, in which it learns the shortcut.
"""

import hashlib
import json
import shutil
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec import structs

from engine.features.weights import FOLDER
from engine.io.atomic import write_json, write_text
from engine.schema.records import Progress
from engine.schema.requests import UNTRAINED, Source, TrainRequest
from engine.schema.source_specs import local_spec
from engine.schema.training import Trained
from neuroinspect_tui.demo import birds, dataset, places, scenes
from neuroinspect_tui.demo.architecture import ARCHITECTURE, write_architecture
from neuroinspect_tui.demo.dataset import Recipe, write_dataset, write_folders
from neuroinspect_tui.demo.scenes import BIRDS, draw_scenes, render
from neuroinspect_tui.workspace import FILE, write_source

OTHERS = 2400
"""Pictures that the backbone and CLIP are trained on; none of them is in the data set."""


@dataclass(frozen=True)
class Plan:
    """Where a demo is made, and how large it is.

    Args:
        home: The workspace directory.
        seed: Determines all pictures and all training.
        recipe: The sizes of the data set's splits.
        others: Pictures that the backbone and CLIP are trained on.
        backbone_epochs: On those.
        epochs: On the data set.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
        architecture: Of timm.
        model_args: Further arguments of it.
    """

    home: Path
    seed: int = 1
    recipe: Recipe = field(default_factory=Recipe)
    others: int = OTHERS
    backbone_epochs: int = 13
    epochs: int = 6
    device: str = "auto"
    architecture: str = ARCHITECTURE
    model_args: Mapping[str, int] = field(default_factory=dict)

    @property
    def pictures(self) -> Path:
        """The data set."""
        return self.home / "pictures"

    @property
    def model(self) -> str:
        """The architecture at the pictures' size, as a timm folder."""
        return local_spec(self.home / "architecture")

    @property
    def clip(self) -> Path:
        """The open_clip folder."""
        return self.home / "clip"

    @property
    def backbone(self) -> Source:
        """A workspace on the other pictures, whose classes are species x place."""
        return Source(
            model=self.model,
            checkpoint=UNTRAINED,
            data=str(self.home / "others"),
            device=self.device,
        )

    @property
    def source(self) -> Source:
        """The demo's workspace, before its classifier is trained."""
        return Source(
            model=self.model,
            checkpoint=UNTRAINED,
            data=str(self.pictures / "metadata.csv"),
            class_names=str(self.home / "names.txt"),
            clip=local_spec(self.clip),
            device=self.device,
        )


def make_parts(plan: Plan) -> Iterator[Any]:
    """Make the parts that are missing; workspace.toml is written last.

    Yields `Progress` and the records of training. After an interruption it resumes with the part
    that was being made.
    """
    prepare(plan)
    yield from draw_data(plan)
    backbone = yield from learn_backbone(plan)
    yield from learn_clip(plan, backbone)
    if (plan.home / FILE).is_file():
        return
    request = TrainRequest(
        init=backbone.checkpoint, lr=1e-3, batch_size=64, epochs=plan.epochs, schedule="cosine"
    )
    classifier = yield from train_once(plan.source, plan.home, request)
    write_source(plan.home, structs.replace(plan.source, checkpoint=classifier.checkpoint))


def prepare(plan: Plan) -> None:
    """Create the directory, without any parts of another recipe, and write the architecture."""
    _remove_outdated(plan)
    write_architecture(plan.home, plan.architecture, dict(plan.model_args))
    names = plan.home / "names.txt"
    if not names.is_file():
        write_text(names, "\n".join(BIRDS) + "\n")


def learn_backbone(plan: Plan) -> Generator[Any, None, Trained]:
    """Train the backbone on species and places of the other pictures; return the finished run."""
    others = draw_scenes(plan.others, 0.5, 10 * plan.seed + 7)
    held_out = draw_scenes(plan.others // 6, 0.5, 10 * plan.seed + 8)
    for done, total in write_folders(plan.home / "others", {"train": others, "valid": held_out}):
        yield Progress(
            stage="drawing pictures for the backbone", done=done, total=total, unit="pictures"
        )
    request = TrainRequest(lr=2e-3, batch_size=64, epochs=plan.backbone_epochs, schedule="cosine")
    return (yield from train_once(plan.backbone, plan.home / "backbone", request))


def train_once(source: Source, home: Path, request: TrainRequest) -> Generator[Any, None, Trained]:
    """Train, or return the finished run of the same request."""
    from engine.session import TorchEngine

    for record in TorchEngine(source, home).train(request):
        yield record
    assert isinstance(record, Trained)  # a run's last record
    return record


def _remove_outdated(plan: Plan) -> None:
    """Remove the parts that another recipe, or another version of the drawing code, made."""
    code = b"".join(
        Path(str(module.__file__)).read_bytes() for module in (birds, places, scenes, dataset)
    )
    made_of: dict[str, Any] = {
        "code": hashlib.sha256(code).hexdigest(),
        "plan": [plan.seed, str(plan.recipe), plan.others, plan.backbone_epochs, plan.epochs],
    }
    if plan.architecture != ARCHITECTURE:
        made_of["architecture"] = [plan.architecture, dict(plan.model_args)]
    stamp = plan.home / "made_of.json"
    if stamp.is_file():
        try:
            if json.loads(stamp.read_text()) == made_of:
                return
        except ValueError:
            pass  # damaged
        for name in (
            "pictures",
            "others",
            "clip",
            "backbone",
            "train",
            FOLDER,
            "edits",
            "story",
        ):
            shutil.rmtree(plan.home / name, ignore_errors=True)
        (plan.home / FILE).unlink(missing_ok=True)
    plan.home.mkdir(parents=True, exist_ok=True)
    write_json(stamp, made_of)


def draw_data(plan: Plan) -> Iterator[Progress]:
    """Draw the data set."""
    if not (plan.pictures / "metadata.csv").is_file():
        for done, total in write_dataset(plan.pictures, plan.recipe, plan.seed):
            yield Progress(stage="drawing pictures", done=done, total=total, unit="pictures")


def learn_clip(plan: Plan, backbone: Trained) -> Iterator[Progress]:
    """Train the small CLIP on captions of the backbone's pictures."""
    if (plan.clip / "open_clip_config.json").is_file():
        return
    from safetensors.torch import load_file

    from neuroinspect_tui.demo.clip_model import captions, pictures_of, train_clip

    others = draw_scenes(plan.others, 0.5, 10 * plan.seed + 7)
    trunk, texts_of = load_file(backbone.checkpoint), [captions(scene) for scene in others]
    pictures = pictures_of(map(render, others))
    for done, total in train_clip(plan.clip, trunk, pictures, texts_of, plan.seed):
        yield Progress(stage="training CLIP", done=done, total=total, unit="steps")
