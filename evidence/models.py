"""Models with the shortcut, trained by the program itself: two cases, several data seeds."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from msgspec import structs

from engine.schema.requests import Source, TrainRequest
from engine.schema.training import Trained
from engine.session import TorchEngine
from neuroinspect_tui.demo.build import (
    Plan,
    draw_data,
    learn_backbone,
    learn_clip,
    prepare,
    train_once,
)
from neuroinspect_tui.workspace import FILE, read_source, write_source

Case = Literal["pretrained", "scratch", "vit", "convnext"]
CASES: tuple[Case, ...] = ("pretrained", "scratch")
KINDS: tuple[Case, ...] = ("vit", "convnext")
"""Other architectures, trained as `pretrained` is."""
ARCHITECTURES: dict[Case, tuple[str, dict[str, int]]] = {
    "vit": ("test_vit", {"patch_size": 8}),
    "convnext": ("test_convnext", {}),
}
"""A ViT read at its class token, and a ConvNeXt whose head has a norm before the linear map; timm's
smallest of either, which two cores train in minutes."""
SCRATCH_EPOCHS = 36
FOREIGN = Path(__file__).parents[2] / "shared" / "clip" / "flowers-clip"
"""A CLIP that has seen flowers only."""


@dataclass(frozen=True)
class Model:
    """One trained classifier and its pictures.

    Args:
        case: `pretrained` for a backbone trained on other pictures before, `scratch` for none; or
            another architecture, pretrained likewise.
        seed: Of the pictures and the training.
        root: Where all models are kept.
    """

    case: Case
    seed: int
    root: Path

    @property
    def plan(self) -> Plan:
        """Its directory and sizes; the two cases of a seed share their pictures."""
        if self.case not in ARCHITECTURES:
            return Plan(self.root / f"seed{self.seed}", seed=self.seed)
        name, arguments = ARCHITECTURES[self.case]
        home = self.root / f"seed{self.seed}-{self.case}"
        return Plan(home, seed=self.seed, architecture=name, model_args=arguments)

    @property
    def home(self) -> Path:
        """Its workspace."""
        return self.plan.home / self.case

    def engine(self, evaluation: str = "valid", clip: str = "none") -> TorchEngine:
        """Open its workspace with a validation split and a CLIP, as workspace.toml names it."""
        source = structs.replace(read_source(self.home), eval_split=evaluation, clip=clip)
        return TorchEngine(source, self.home)

    def clips(self) -> dict[str, str]:
        """Return by name the CLIPs that look for groups: its own, a foreign one if there, none."""
        found = {} if self.case in ARCHITECTURES else {"its own": self.plan.source.clip}
        if FOREIGN.is_dir():
            found["of flowers"] = f"local-dir:{FOREIGN}"
        return found | {"none": "none"}

    def make_clip(self) -> Generator[Any, None, Trained]:
        """Train its backbone and CLIP, unless they are trained already; return the former."""
        prepare(self.plan)
        backbone = yield from learn_backbone(self.plan)
        if self.case not in ARCHITECTURES:  # the demo's CLIP is made of the demo's backbone
            yield from learn_clip(self.plan, backbone)
        return backbone

    def make(self) -> Iterator[Any]:
        """Train it, unless it is trained already; yield records of progress."""
        backbone = yield from self.make_clip()
        yield from draw_data(self.plan)
        if (self.home / FILE).is_file():
            return
        cosine: dict[str, Any] = {"batch_size": 64, "schedule": "cosine"}
        if self.case != "scratch":
            request = TrainRequest(
                init=backbone.checkpoint, lr=1e-3, epochs=self.plan.epochs, **cosine
            )
        else:
            request = TrainRequest(lr=2e-3, epochs=SCRATCH_EPOCHS, **cosine)
        trained = yield from train_once(self.plan.source, self.home, request)
        source: Source = structs.replace(
            self.plan.source, checkpoint=trained.checkpoint, clip="none"
        )
        write_source(self.home, source)
