"""The main job on the demo's workspace, told in plain sentences; what is there is not redone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import structs

from engine.ablation.query import preview_ablation
from engine.attribution.evidence import gather
from engine.attribution.ranking import rank
from engine.editing.store import list_edits
from engine.evaluation.scores import mistakes, score
from engine.features.cache import FeatureCache
from engine.io.atomic import read_json, write_beside, write_json
from engine.schema.edits import Edit
from engine.schema.records import Classes, Illusions, Neurons, WhatIf
from engine.schema.requests import EditRequest, IllusionRequest
from engine.session import TorchEngine
from neuroinspect_tui.demo.build import Plan
from neuroinspect_tui.demo.clip_model import zero_shot
from neuroinspect_tui.demo.scenes import BIRDS, draw_scenes
from neuroinspect_tui.program import command_line
from neuroinspect_tui.workspace import read_source

SHOWN = 2
"""Neurons drawn of either list."""
STEPS = 256
TOP = "20%"
HELD_OUT = 400


class Story:
    """Everything the demo finds, in the order it is told.

    Args:
        plan: A demo whose parts are made.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.source = structs.replace(read_source(plan.home), device=plan.device)
        self.engine = TorchEngine(self.source, plan.home)
        self.lines: list[str] = []

    def tell(self) -> Iterator[Any]:
        """Run the job; yields progress and, as text, the sentences."""
        yield from self._zero_shot()
        cache = yield from self.engine.ready_cache(self.source.eval_split)
        found = score(cache)
        yield self._say(_on_classes(found))
        worst = _worst_class(found)
        wrong = mistakes(cache, worst)
        elsewhere = sum(
            (some.group or "").endswith(f"place {1 - worst}") for some in wrong.mistakes
        )
        yield self._say(
            f"Of the {len(wrong.mistakes)} {BIRDS[worst]}s taken for the other bird, {elsewhere} "
            f"stand on the other bird's usual background."
        )
        ranked = rank(cache, gather(cache, worst))
        yield self._say(_on_neurons(ranked))
        drawn = yield from self._drawn(worst, ranked)
        yield self._say(_on_drawings(drawn))
        imagined = preview_ablation(cache, worst, top=TOP)
        yield self._say(_on_whatif(imagined))
        edited = yield from self._edited()
        yield self._say(
            f"Edited for both birds, chosen on {edited.selected_on}, reported on the "
            f"{edited.n_report} images of {edited.reported_on}: {edited.verdict}"
        )
        self._write_summary(drawn)
        yield from self._next(cache, worst, ranked, edited)

    def _say(self, sentence: str) -> str:
        self.lines.append(sentence)
        return sentence

    def _zero_shot(self) -> Iterator[str]:
        path = self.plan.home / "story" / "zero_shot.json"
        if not path.is_file():
            clip_model = self.engine.clip_model
            assert clip_model is not None  # the demo's workspace names one
            scenes = draw_scenes(HELD_OUT, 0.5, 10 * self.plan.seed + 9)
            write_json(path, zero_shot(clip_model, scenes))
        bird, place = read_json(path, tuple[float, float])
        yield self._say(
            f"The small CLIP names the bird of {HELD_OUT} unseen pictures rightly in {bird:.0%}, "
            f"the place in {place:.0%}."
        )

    def _drawn(self, worst: int, ranked: Neurons) -> Any:
        lists = (ranked.excessive[:SHOWN], ranked.insufficient[:SHOWN])
        neurons = tuple(dict.fromkeys(some.neuron for part in lists for some in part))
        request = IllusionRequest(class_index=worst, neurons=neurons, steps=STEPS)
        path = self.plan.home / "story" / f"drawn_{'_'.join(map(str, neurons))}.json"
        if not path.is_file():
            last: Any = None
            for last in self.engine.illusion(request, str(self.plan.home / "illusions")):
                yield last
            write_json(path, last)
        return read_json(path, Illusions)

    def _edited(self) -> Any:
        request = EditRequest(classes=(0, 1), test_split="test", select="worst-group")
        asked = structs.asdict(request)
        for some in list_edits(self.plan.home / "edits"):
            if all(_plain(some.request.get(k)) == _plain(v) for k, v in asked.items()):
                return some
        last: Any = None
        for last in self.engine.edit(request):
            yield last
        assert isinstance(last, Edit)  # an edit's last record
        return last

    def _write_summary(self, drawn: Illusions) -> None:
        text = "\n\n".join(("# Waterbirds in miniature", *self.lines,
                            f"Pictures: {drawn.sheet}")) + "\n"  # fmt: skip
        path = self.plan.home / "summary.md"
        write_beside(path, lambda temporary: _write_text(temporary, text))

    def _next(
        self, cache: FeatureCache, worst: int, ranked: Neurons, edited: Edit
    ) -> Iterator[str]:
        name, neuron = cache.classes[worst], str(ranked.excessive[0].neuron)
        commands = (
            ("classes", "--groups"),
            ("neuron", neuron, "--class", name, "--out", "pictures/heat"),
            ("whatif", "--class", name, "--top", str(TOP), "--curve"),
            ("compare", edited.id),
            ("export", edited.id, "--out", "fixed.safetensors"),
        )
        yield (
            f"Everything is in {self.plan.home} (summary.md, illusions/). Next:\n"
            + "\n".join(f"  {command_line(self.plan.home, *words)}" for words in commands)
        )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _worst_class(found: Classes) -> int:
    return min(found.classes, key=lambda some: some.accuracy or 0.0).index


def _on_classes(found: Classes) -> str:
    groups = ", ".join(f"{g.name} {g.accuracy:.0%}" for g in found.groups or ())
    return (
        f"On {found.n} validation images the classifier is right in {found.accuracy:.1%}, its "
        f"worst group in {found.worst_group_accuracy:.1%}: {groups}. It learned the background."
    )


def _on_neurons(ranked: Neurons) -> str:
    much = ", ".join(str(some.neuron) for some in ranked.excessive[:5])
    lack = ", ".join(str(some.neuron) for some in ranked.insufficient[:5])
    return (
        f"The neurons most to blame for {ranked.class_.name}'s mistakes (by contrast): too much of "
        f"{much}; too little of {lack}. {ranked.note}"
    ).strip()


def _on_drawings(drawn: Illusions) -> str:
    told = ", ".join(
        f"{some.neuron} (fires {some.activation_ratio or 0:.1f}x its strongest real image)"
        for some in drawn.illusions
    )
    return f"What they see, given {drawn.class_.name}: {told}; look at {drawn.sheet}."


def _on_whatif(found: WhatIf) -> str:
    return (
        f"Silencing the first {len(found.neurons)} for {found.class_.name}, untrained, would win "
        f"{len(found.fixed)} images and lose {len(found.broken)}: {found.class_.name} goes from "
        f"{found.before.target or 0:.1%} to {found.after.target or 0:.1%}, the worst group from "
        f"{found.before.worst_group or 0:.1%} to {found.after.worst_group or 0:.1%}."
    )
