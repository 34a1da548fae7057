"""Single classes of a real classifier: what an edit wins in the class, and loses elsewhere."""

from collections.abc import Iterator
from pathlib import Path

from engine.evaluation.scores import score
from engine.schema.edits import Edit, Variant
from engine.schema.requests import EditRequest, Source
from engine.session import TorchEngine
from evidence.finding import last

SHARED = Path(__file__).parents[2] / "shared"
CHECKPOINT = SHARED / "checkpoints/tf_efficientnet_lite0_flowers89.safetensors"
DATA = SHARED / "data/flowers89"
WORST = 14
METHODS: tuple[str, ...] = ("zero", "ratio")
SEEDS = 3


def present() -> bool:
    """Tell whether the real images and checkpoint are there."""
    return CHECKPOINT.is_file() and DATA.is_dir()


def measure(home: Path) -> Iterator[tuple[str, dict[str, list[float]]]]:
    """Edit each of the worst classes alone; yield (class, figures by arm).

    The figures, in points on the half not chosen on: won in the class, lost elsewhere.
    """
    source = Source(model="tf_efficientnet_lite0", checkpoint=str(CHECKPOINT), data=str(DATA))
    engine = TorchEngine(source, home)
    cache = last(engine.ready_cache(source.eval_split))
    scored = [some for some in score(cache).classes if some.accuracy is not None]
    worst = sorted(scored, key=lambda some: (some.accuracy or 0.0, some.index))[:WORST]
    for some in worst:
        figures: dict[str, list[float]] = {}
        for method in METHODS:
            request = EditRequest(classes=(some.index,), method=method, seeds=SEEDS)
            *_, edit = engine.edit(request)
            assert isinstance(edit, Edit)  # the last record
            figures |= balance(method, edit)
        yield some.name, figures


def balance(method: str, edit: Edit) -> dict[str, list[float]]:
    """Return by arm the points won in the class and lost over all other classes."""
    before = next(variant for variant in edit.variants if variant.name == "original")
    found = {}
    for variant in edit.variants:
        if variant.name == "original" or variant.target is None or before.target is None:
            continue
        fixed = 100 * (variant.target.mean - before.target.mean)
        broken = 100 * (_others(edit, before) - _others(edit, variant))
        found[method if variant.name == "edit" else f"{method}: {variant.name}"] = [fixed, broken]
    return found


def _others(edit: Edit, variant: Variant) -> float:
    assert variant.target is not None
    right = variant.overall.mean * edit.n_report - variant.target.mean * edit.n_target
    return right / max(1, edit.n_report - edit.n_target)
