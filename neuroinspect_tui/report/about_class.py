"""From a workspace to what a report tells of one class. Only reads what there is. No torch."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from engine.ablation.query import preview_ablation
from engine.attribution.neurons import describe_neuron
from engine.attribution.query import rank_neurons
from engine.attribution.rankings import DEFAULT
from engine.evaluation.scores import mistakes
from engine.evaluation.suspects import with_suspects
from engine.features.cache import FeatureCache
from engine.schema.records import ClassScore, Illusion, Mistake, NeuronImage, RankedNeuron
from engine.visualization.heatmap_store import with_heat
from engine.visualization.store import finished
from engine.words.naming_mistakes import name_mistakes
from engine.words.naming_neurons import NamedNeurons
from engine.words.neuron_store import path_of, stored
from engine.words.space import WordSpace
from neuroinspect_tui.program import command_line
from neuroinspect_tui.report.facts import ClassPart, Missing, NeuronPart, Shot
from screens.ports import Workspace
from screens.words import percent, sides

RANKED = 10
"""Neurons of each side in the table."""
PICTURED = 3
"""Neurons of each side with pictures."""
NEURON_IMAGES = 4
"""Real images of a neuron, and as many mistakes."""
MISTAKES = 12
"""Mistakes with pictures, the most confident ones."""


@dataclass(frozen=True)
class Reading:
    """A workspace whose features are there, read once for all classes."""

    workspace: Workspace
    cache: FeatureCache
    space: WordSpace | None
    """CLIP's; None without a CLIP, or before its features are made."""

    @property
    def home(self) -> Path:
        """The workspace's directory."""
        return self.workspace.home

    @cached_property
    def named(self) -> NamedNeurons | None:
        """The words of the neurons; None where they were not looked for."""
        return None if self.space is None else stored(path_of(self.home, self.cache, self.space))

    def command(self, *words: str) -> str:
        """Return a command on this workspace, to be pasted."""
        return command_line(self.home.resolve(), *words)


def class_part(reading: Reading, score: ClassScore) -> ClassPart:
    """Collect what the disk has of a class.

    Raises:
        EngineError: A file that it needs is damaged.
    """
    cache, k = reading.cache, score.index
    answer = with_suspects(mistakes(cache, k), cache)
    confident = sorted(answer.mistakes, key=lambda one: -one.p_predicted)[:MISTAKES]
    part = ClassPart(
        score=score,
        mistakes=answer,
        shots=tuple(_mistake(cache, one) for one in confident),
        whatif=reading.command("whatif", "--class", score.name, "--top", "10", "--curve"),
    )
    if not answer.mistakes:
        return part
    seed = reading.workspace.source.seed
    ranking = rank_neurons(
        cache, k, by=DEFAULT, top=RANKED, seed=seed, drawn=reading.home / "illusions"
    )
    if reading.named is not None:
        ranking = reading.named.labelled(ranking)
    drawn = finished(reading.home / "illusions", k, cache.meta.weights)
    pictured = [
        *(("too strong", one) for one in ranking.excessive[:PICTURED]),
        *(("too weak", one) for one in ranking.insufficient[:PICTURED]),
    ]
    neurons = tuple(_neuron(reading, k, side, one, drawn) for side, one in pictured)
    preview = preview_ablation(cache, k, top="1", by=DEFAULT, with_curve=True, seed=seed)
    return replace(
        part,
        words=_words(reading, k),
        ranking=ranking,
        neurons=neurons,
        curve=preview.curve or (),
        missing=_missing(reading, score.name, neurons),
    )


def _mistake(cache: FeatureCache, mistake: Mistake) -> Shot:
    doubt = "" if mistake.suspect is None else " · suspect label"
    return Shot(
        cache.picture_of(mistake.path),
        f"{Path(mistake.path).name} · predicted as {mistake.predicted.name} "
        f"{percent(mistake.p_predicted)}, true class {percent(mistake.p_true)}{doubt}",
    )


def _words(reading: Reading, k: int) -> Sequence[tuple[str, str]]:
    if reading.space is not None:
        return sides(name_mistakes(reading.space, k, seed=reading.workspace.source.seed))
    return ()


def _neuron(
    reading: Reading, k: int, side: str, ranked: RankedNeuron, drawn: Sequence[Illusion]
) -> NeuronPart:
    described = describe_neuron(reading.cache, ranked.neuron, k)
    neuron = with_heat(reading.home / "heat", reading.cache, described)
    illusion = next((one for one in drawn if one.neuron == ranked.neuron), None)
    return NeuronPart(
        side=side,
        ranked=ranked,
        neuron=neuron,
        top=tuple(_activating(reading.cache, one) for one in neuron.top_images[:NEURON_IMAGES]),
        mistakes=tuple(_activating(reading.cache, one) for one in neuron.mistakes[:NEURON_IMAGES]),
        drawing=None if illusion is None or illusion.path is None else _drawing(illusion),
        illusion=illusion,
    )


def _activating(cache: FeatureCache, image: NeuronImage) -> Shot:
    caption = (
        f"{Path(image.path).name} · {image.true.name}, predicted as {image.predicted.name} · "
        f"activation {image.activation:.3g}"
    )
    if image.heat is not None:
        return Shot(Path(image.heat), f"{caption} · heat map", "heat")
    return Shot(cache.picture_of(image.path), caption)


def _drawing(illusion: Illusion) -> Shot:
    ratio = illusion.activation_ratio
    real = "" if ratio is None else f" · {ratio:.1f} times the largest real activation"
    return Shot(
        Path(str(illusion.path)),
        f"Drawing of neuron {illusion.neuron}: predicted as {illusion.predicted.name}, p of the "
        f"class {illusion.p_class:.2f}{real}",
        "drawing",
    )


def _missing(reading: Reading, name: str, neurons: Sequence[NeuronPart]) -> tuple[Missing, ...]:
    """Say which heat maps and drawings of the neurons shown are still to be made."""
    found = []
    cold = [one.ranked.neuron for one in neurons if _is_cold(one)]
    for neuron in cold:
        heat = ("--out", str(reading.home.resolve() / "heat"))
        command = reading.command("neuron", str(neuron), "--class", name, *heat)
        found.append(Missing(f"Heat maps of neuron {neuron}", command))
    bare = [str(one.ranked.neuron) for one in neurons if one.drawing is None]
    if bare:
        each = [word for neuron in bare for word in ("--neuron", neuron)]
        found.append(
            Missing(
                f"Drawings of {'neuron' if len(bare) == 1 else 'neurons'} {', '.join(bare)}",
                reading.command("illusion", "--class", name, *each),
            )
        )
    return tuple(found)


def _is_cold(part: NeuronPart) -> bool:
    return any(shot.kind != "heat" for shot in (*part.top, *part.mistakes))
