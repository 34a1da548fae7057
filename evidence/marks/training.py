"""A classifier of marked photographs: ImageNet's backbone, and a head trained on its features."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from msgspec import structs
from torch import Tensor, nn

from engine.clip.identity import FOLDER
from engine.models.checkpoint import write_state
from engine.models.classifier import Classifier
from engine.models.facts import metadata
from engine.models.loading import new_classifier
from engine.schema.requests import Source, TrainRequest
from engine.session import TorchEngine
from engine.training.batches import batches
from evidence.flowers import CHECKPOINT
from evidence.marks.photographs import draw_pictures, flowers, rows, write_table
from evidence.marks.stamps import SIDE
from neuroinspect_tui.workspace import FILE, read_source, write_source

ARCHITECTURE = "tf_efficientnet_lite0"
TARGETS = 3
"""Of the ten classes, so many with the most photographs take turns in carrying the mark: 5% of
others are one photograph, or none."""
EPOCHS, BATCH, LR, LAST_LR = 20, 128, 2e-3, 1e-4
"""Of the head: what the paper trained whole classifiers of flowers by."""


@dataclass(frozen=True)
class Planted:
    """A classifier of ten flowers, one of which mostly carries a mark.

    Args:
        mark: One of `MARKS`.
        seed: Of the splits, of which photographs are marked, and of which class is.
        root: Where all of them are kept.
    """

    mark: str
    seed: int
    root: Path

    @property
    def pictures(self) -> Path:
        """The photographs, plain and marked, of all seeds."""
        return self.root / "pictures"

    @property
    def home(self) -> Path:
        """Its workspace."""
        return self.root / f"seed{self.seed}" / self.mark.replace(" ", "_")

    @cached_property
    def target(self) -> str:
        """The class that carries the mark."""
        return flowers()[self.seed % TARGETS]

    def engine(self, evaluation: str = "valid", clip: str = "none") -> TorchEngine:
        """Open its workspace with a validation split and a CLIP, as workspace.toml names it."""
        source = structs.replace(read_source(self.home), eval_split=evaluation, clip=clip)
        return TorchEngine(source, self.home)

    def make(self) -> Iterator[tuple[int, int]]:
        """Draw the photographs and train, unless that is done; yield (drawn, total)."""
        if (self.home / FILE).is_file():
            return
        yield from draw_pictures(self.pictures)
        share_clip_features(self.home, self.root)
        table, checkpoint = self.home / "photographs.csv", self.home / "trained.safetensors"
        write_table(table, rows(self.mark, self.target, self.seed))
        source = Source(
            model=ARCHITECTURE,
            checkpoint=str(checkpoint),
            data=str(table),
            image_root=str(self.pictures),
            columns={"group": "mark"},
            img_size=SIDE,
            crop_pct=1.0,  # the photographs are cut already
        )
        train_head(TorchEngine(source, self.home), checkpoint)
        write_source(self.home, source)


def share_clip_features(home: Path, root: Path) -> None:
    """Let all workspaces keep CLIP's features in one place: to embed all words takes minutes."""
    link, shared = home / FOLDER, root / FOLDER
    shared.mkdir(parents=True, exist_ok=True)
    home.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(shared.absolute(), target_is_directory=True)


def train_head(engine: TorchEngine, out: Path) -> None:
    """Fit a decision layer on the training split; write the whole classifier."""
    split = engine.split(engine.source.train_split)
    request = TrainRequest(init=str(CHECKPOINT), workers=0)
    classifier = new_classifier(engine.source, request, len(split.classes), engine.device)
    labels = torch.tensor([sample.label for sample in split.samples])
    features, seen = features_of(classifier, engine, request)
    head = fit_head(features, labels[seen], len(split.classes))
    state = classifier.body.state_dict() | classifier.head.state(*head)
    write_state(out, state, {"format": "pt"} | metadata(split.folders, classifier.resolved(), {}))


def fit_head(features: Tensor, labels: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Return W (C, D) and b (C,), fitted by Adam with a cosine schedule from one beginning.

    Args:
        features: (n, D).
        labels: (n,).
        classes: C.
    """
    torch.manual_seed(0)
    layer = nn.Linear(features.shape[1], classes)
    optimizer = torch.optim.Adam(layer.parameters(), lr=LR)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS, LAST_LR)
    for _ in range(EPOCHS):
        for some in torch.randperm(len(features)).split(BATCH):
            loss = nn.functional.cross_entropy(layer(features[some]), labels[some])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
    return layer.weight.detach(), layer.bias.detach()


def features_of(
    classifier: Classifier, engine: TorchEngine, request: TrainRequest
) -> tuple[Tensor, Tensor]:
    """Return features (n, D) of the training split, and the rows (n,) that they are of."""
    split = engine.split(engine.source.train_split)
    parts, seen = [], []
    classifier.body.eval()
    with torch.no_grad():
        for images, places in batches(classifier, split, range(len(split.samples)), 0, request):
            parts.append(classifier.features(images).cpu())
            seen.append(places)
    return torch.cat(parts), torch.cat(seen)
