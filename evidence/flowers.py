"""Edits of single classes of a real classifier: gain in the class, loss in all others."""

from collections.abc import Iterator
from pathlib import Path

from msgspec import structs

from engine.evaluation.scores import score
from engine.schema.edits import Edit, Variant
from engine.schema.requests import EditRequest, Source
from engine.session import TorchEngine
from engine.words.naming_mistakes import name_all
from engine.words.opening import word_list
from evidence.models import FOREIGN
from evidence.rankings import last
from evidence.words import class_logits_named, false_alarms, made_space

SHARED = Path(__file__).parents[2] / "shared"
CHECKPOINT = SHARED / "checkpoints/tf_efficientnet_lite0_flowers89.safetensors"
DATA = SHARED / "data/flowers89"
SOURCE = Source(model="tf_efficientnet_lite0", checkpoint=str(CHECKPOINT), data=str(DATA))
WORST = 14
DRAWS = 20
"""Of mistakes at random."""
METHODS: tuple[str, ...] = ("zero", "ratio")
SEEDS = 3


def present() -> bool:
    """Return whether the real images and checkpoint exist."""
    return CHECKPOINT.is_file() and DATA.is_dir()


def measure(home: Path) -> Iterator[tuple[str, dict[str, list[float]]]]:
    """Edit each of the worst classes alone; yield (class, figures by variant).

    The figures are gain in the class and loss in all others, in points on the held-out half.
    """
    engine = TorchEngine(SOURCE, home)
    cache = last(engine.ready_cache(SOURCE.eval_split))
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


def words(home: Path) -> list[str]:
    """Say how well words do where the answer is known, with a CLIP of flowers."""
    if not FOREIGN.is_dir():
        return [f"Skipped: {FOREIGN} is missing."]
    engine = TorchEngine(structs.replace(SOURCE, clip=f"local-dir:{FOREIGN}"), home)
    cache = last(engine.ready_cache(SOURCE.eval_split))
    listed = word_list(cache.classes)
    space = made_space(engine, cache, listed)
    named = class_logits_named(cache, space, space.class_texts)
    told = name_all(space)
    shown = sum(bool(of.words) for of in told)
    alarms = false_alarms(space, 0, DRAWS)
    return [
        f"Class logits named right: {named} of {len(cache.classes)}, among {len(space.words):,} "
        "words.",
        f"Classes that show a word: {shown} of {len(told)} with mistakes.",
        f"With mistakes dealt out at random, in {DRAWS} draws: {alarms:.3f} of classes.",
    ]


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
