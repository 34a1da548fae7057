"""Edits of single classes of a real classifier: gain in the class, loss in all others."""

from pathlib import Path

from msgspec import Struct, structs

from engine.evaluation.scores import score
from engine.schema.edits import Edit, Variant
from engine.schema.errors import DataError
from engine.schema.requests import EditRequest, Source
from engine.session import TorchEngine
from engine.words.naming_mistakes import name_all
from engine.words.opening import word_list
from evidence.models import FOREIGN
from evidence.rankings import last
from evidence.tables import Figures
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


def home(root: Path) -> Path:
    """Make and return the workspace for the flowers.

    Raises:
        DataError: The images or the checkpoint are missing.
    """
    for path in (DATA, CHECKPOINT):
        if not path.exists():
            raise DataError(f"{path} is missing; this part measures the flowers there.")
    found = root / "flowers89"
    found.mkdir(parents=True, exist_ok=True)
    return found


def worst(home: Path) -> list[int]:
    """Return the classes of the lowest accuracy, lowest first."""
    cache = last(TorchEngine(SOURCE, home).ready_cache(SOURCE.eval_split))
    scored = [entry for entry in score(cache).classes if entry.accuracy is not None]
    return [
        entry.index
        for entry in sorted(scored, key=lambda entry: (entry.accuracy or 0.0, entry.index))[:WORST]
    ]


def measure(home: Path, k: int) -> Figures:
    """Edit one class alone; return figures by variant.

    The figures are gain in the class and loss in all others, in points on the held-out half.
    """
    engine = TorchEngine(SOURCE, home)
    figures: Figures = {}
    for method in METHODS:
        *_, edit = engine.edit(EditRequest(classes=(k,), method=method, seeds=SEEDS))
        assert isinstance(edit, Edit)  # the last record
        figures |= balance(method, edit)
    return figures


class FlowerWords(Struct, frozen=True):
    """How well words do where the answer is known, with a CLIP of flowers."""

    classes: int
    words: int
    """Of the vocabulary."""
    named: int
    """Class logits, taken for neurons, that are labelled with their own class."""
    faulty: int
    """Classes with mistakes."""
    shown: int
    """Those that show a word."""
    false_alarms: float
    """Share of classes that show a word, with mistakes dealt out at random."""


def words(home: Path) -> FlowerWords:
    """Name class logits and mistakes.

    Raises:
        DataError: The CLIP of flowers is missing.
    """
    if not FOREIGN.is_dir():
        raise DataError(f"{FOREIGN} is missing; this part names the flowers with it.")
    engine = TorchEngine(structs.replace(SOURCE, clip=f"local-dir:{FOREIGN}"), home)
    cache = last(engine.ready_cache(SOURCE.eval_split))
    space = made_space(engine, cache, word_list(cache.classes))
    told = name_all(space)
    return FlowerWords(
        classes=len(cache.classes),
        words=len(space.words),
        named=class_logits_named(cache, space, space.class_texts),
        faulty=len(told),
        shown=sum(bool(of.words) for of in told),
        false_alarms=false_alarms(space, 0, DRAWS),
    )


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
