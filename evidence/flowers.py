"""Edits of single classes of a real classifier: gain in the class, loss in all others."""

from collections.abc import Iterator
from pathlib import Path

from engine.evaluation.scores import score
from engine.schema.edits import Edit, Variant
from engine.schema.requests import EditRequest, Source
from engine.session import TorchEngine
from evidence.rankings import last

SHARED = Path(__file__).parents[2] / "shared"
CHECKPOINT = SHARED / "checkpoints/tf_efficientnet_lite0_flowers89.safetensors"
DATA = SHARED / "data/flowers89"
WORST = 14
METHODS: tuple[str, ...] = ("zero", "ratio")
SEEDS = 3


def present() -> bool:
    """Return whether the real images and checkpoint exist."""
    return CHECKPOINT.is_file() and DATA.is_dir()


def measure(home: Path) -> Iterator[tuple[str, dict[str, list[float]]]]:
    """Edit each of the worst classes alone; yield (class, figures by variant).

    The figures are gain in the class and loss in all others, in points on the held-out half.
    """
    source = Source(model="tf_efficientnet_lite0", checkpoint=str(CHECKPOINT), data=str(DATA))
    engine = TorchEngine(source, home)
    cache = last(engine.ready_cache(source.eval_split))
    scored = [entry for entry in score(cache).classes if entry.accuracy is not None]
    worst = sorted(scored, key=lambda entry: (entry.accuracy or 0.0, entry.index))[:WORST]
    for entry in worst:
        figures: dict[str, list[float]] = {}
        for method in METHODS:
            request = EditRequest(classes=(entry.index,), method=method, seeds=SEEDS)
            *_, edit = engine.edit(request)
            assert isinstance(edit, Edit)  # the last record
            figures |= balance(method, edit)
        yield entry.name, figures


def balance(method: str, edit: Edit) -> dict[str, list[float]]:
    """Return by variant the gain in the class and the loss over all other classes, in points."""
    before = next(variant for variant in edit.variants if variant.name == "original")
    figures = {}
    for variant in edit.variants:
        if variant.name == "original" or variant.target is None or before.target is None:
            continue
        gain = 100 * (variant.target.mean - before.target.mean)
        loss = 100 * (_others(edit, before) - _others(edit, variant))
        figures[method if variant.name == "edit" else f"{method}: {variant.name}"] = [gain, loss]
    return figures


def _others(edit: Edit, variant: Variant) -> float:
    """Return the accuracy over the images of all other classes."""
    assert variant.target is not None
    correct = variant.overall.mean * edit.n_report - variant.target.mean * edit.n_target
    return correct / max(1, edit.n_report - edit.n_target)
