"""An experiment in words. No torch."""

from collections.abc import Iterator

from neuroinspect_tui.experiments.declaration import EVERY, WORST, Experiment, Figures, Setting
from neuroinspect_tui.experiments.results import HEADS, MEASURES


def described(experiment: Experiment) -> Iterator[str]:
    """Yield sentences: what the experiment is, and what running it does."""
    e, recipe = experiment, experiment.recipe
    yield f"{e.name}: {e.title}."
    yield f"Follows {e.source}."
    yield f"Data: {e.data.needs}."
    if e.data.torchvision:
        yield f"--download fetches it through torchvision.datasets.{e.data.torchvision}."
    what = "the head" if recipe.part == "head" else "the whole model"
    yield (
        f"Trains {what} of {e.model} ({recipe.start}): {recipe.optimizer}, learning rate "
        f"{recipe.lr:g} ({recipe.schedule} schedule), {recipe.epochs} epochs, batches of "
        f"{recipe.batch_size}, weight decay {recipe.weight_decay:g}."
    )
    if e.shift is not None:
        yield (
            f"{e.shift.kind} is trained on {e.shift.train} images with {e.shift.context}, and "
            f"tested on {e.shift.test} without; which way of finding names {e.shift.context}?"
        )
    yield f"Inspects {_classes(e)}: ranks neurons by {e.by}, and draws {e.neurons} of them."
    yield f"Edits as published: {_setting(e.edit)}."
    for name, setting in e.ours.items():
        yield f"Edits of ours, {name}: {_setting(setting)}."
    yield (
        "Chooses on the valid split and reports on the test split, beside every control: the same "
        "training without the edit's term, random neurons, plain retraining, a bias shift."
    )
    yield f"Published: {published(e)}. {e.remark}".strip()
    yield f"--miniature: pictures by the generator {e.miniature.generator}, through the same code."


def published(experiment: Experiment) -> str:
    """Return the published figures in a line."""
    return "; ".join(map(_figures, experiment.published)) or "no accuracies"


def _figures(figures: Figures) -> str:
    named = zip(HEADS, MEASURES, strict=True)
    found = [(head, getattr(figures, measure)) for head, measure in named]
    shown = ", ".join(f"{head} {value:g}%" for head, value in found if value is not None)
    return f"{figures.name.removeprefix('published: ')} {shown}"


def _classes(experiment: Experiment) -> str:
    if experiment.classes == (EVERY,):
        return "all classes"
    return "the worst class" if experiment.classes == (WORST,) else ", ".join(experiment.classes)


def _setting(setting: Setting) -> str:
    said = {
        "preset": setting.preset, "neurons by": setting.by, "top": setting.top,
        "lambda": setting.strength, "o": setting.target, "epochs": setting.epochs,
        "learning rate": setting.lr, "batch size": setting.batch_size, "groups": setting.group_by,
        "selected by": setting.select,
    }  # fmt: skip
    parts = [f"{name} {value}" for name, value in said.items() if value is not None]
    if setting.authors_neurons:
        listed = " ".join(map(str, setting.authors_neurons))
        parts.append(f"the authors' neurons {listed} too, which are of their head and not of this")
    return ", ".join([f"method {setting.method}", *parts])
