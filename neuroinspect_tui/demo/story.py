"""The whole workflow on the demo's workspace, reported in sentences; finished parts are reused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import json, structs

from engine.ablation.query import preview_ablation
from engine.attribution.evidence import gather
from engine.attribution.ranking import rank
from engine.editing.heads import RETRAIN
from engine.editing.store import compare_edit, list_edits
from engine.evaluation.scores import mistakes, score
from engine.features.cache import FeatureCache
from engine.grouping.store import FOUND
from engine.io.atomic import read_json, write_beside, write_json
from engine.schema.edits import Edit
from engine.schema.errors import RequestError
from engine.schema.records import AblationPreview, Classes, Illusions, Mistakes, Neurons
from engine.schema.requests import ClipRequest, EditRequest, IllusionRequest
from engine.session import TorchEngine
from engine.words.naming_mistakes import ClassWords, name_mistakes
from engine.words.opening import open_space, word_list
from neuroinspect_tui.demo.build import Plan
from neuroinspect_tui.demo.clip_model import zero_shot
from neuroinspect_tui.demo.scenes import BIRDS, draw_scenes
from neuroinspect_tui.program import command_line
from neuroinspect_tui.workspace import read_source

DRAWN = 2
"""Neurons drawn of either list."""
STEPS = 256
"""Of a drawing."""
TOP = "20%"
"""Share of all neurons that the ablation preview ablates."""
TEST = "test"
"""The split that reports."""
SAID = 3
"""Words said of either side."""
HELD_OUT = 400
"""Pictures on which CLIP is tested."""


class Story:
    """Everything that the demo finds, step by step.

    Args:
        plan: A demo whose parts are finished.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.source = structs.replace(read_source(plan.home), device=plan.device)
        self.engine = TorchEngine(self.source, plan.home)
        self.lines: list[str] = []

    def tell(self) -> Iterator[Any]:
        """Run the workflow; yield records of progress, and sentences as text."""
        yield from self._zero_shot()
        cache = yield from self.engine.ready_cache(self.source.eval_split)
        classes = score(cache)
        yield self._say(_on_classes(classes))
        worst = _worst_class(classes)
        yield self._say(_on_mistakes(mistakes(cache, worst)))
        yield from self._words(cache, worst)
        ranked = rank(cache, gather(cache, worst))
        yield self._say(_on_neurons(ranked))
        drawn = yield from self._drawn(worst, ranked)
        yield self._say(_on_drawings(drawn))
        yield self._say(_on_ablation(preview_ablation(cache, worst, top=TOP)))
        edited = yield from self._edited("zero")
        yield self._say(
            f"Edited for both birds, selected on {edited.selected_on}, evaluated on the "
            f"{edited.n_report} images of {edited.reported_on}: {edited.verdict}"
        )
        by_found = yield from self._by_found()
        by_labels = yield from self._edited("dfr")
        compared = yield from self._compared(edited, by_found, by_labels)
        self.lines.append(compared)
        self._write_summary(drawn)
        yield from self._next(cache, worst, ranked, edited)
        yield compared

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
            f"Zero-shot accuracy of the small CLIP on {HELD_OUT} unseen pictures: {bird:.0%} for "
            f"the bird, {place:.0%} for the place."
        )

    def _words(self, cache: FeatureCache, worst: int) -> Iterator[Any]:
        """Say in words what the mistakes look like; no group label is read for it."""
        listed = word_list(cache.classes)
        yield from self.engine.clip(ClipRequest(split=cache.meta.split, texts=listed.texts))
        space = open_space(self.plan.home, self.source, cache)
        assert space is not None  # made just now
        yield self._say(_on_words(name_mistakes(space, worst)))

    def _drawn(self, worst: int, ranked: Neurons) -> Any:
        lists = (ranked.excessive[:DRAWN], ranked.insufficient[:DRAWN])
        neurons = tuple(dict.fromkeys(entry.neuron for part in lists for entry in part))
        request = IllusionRequest(class_index=worst, neurons=neurons, steps=STEPS)
        path = self.plan.home / "story" / f"drawn_{'_'.join(map(str, neurons))}.json"
        if not path.is_file():
            last: Any = None
            for last in self.engine.illusion(request, str(self.plan.home / "illusions")):
                yield last
            write_json(path, last)
        return read_json(path, Illusions)

    def _edited(self, method: str, group_by: str | None = None) -> Any:
        request = EditRequest(
            classes=(0, 1), method=method, group_by=group_by, test_split=TEST, select="worst-group"
        )
        fields = json.decode(json.encode(request))  # as in edit.json
        for edit in list_edits(self.plan.home / "edits"):
            if all(edit.request.get(name) == value for name, value in fields.items()):
                return edit
        last: Any = None
        for last in self.engine.edit(request):
            yield last
        assert isinstance(last, Edit)  # an edit's last record
        return last

    def _by_found(self) -> Any:
        """Return the edit by groups found without labels; None where none are found."""
        try:
            return (yield from self._edited("dfr", group_by=FOUND))
        except RequestError as error:
            yield self._say(str(error))
            return None

    def _compared(self, edited: Edit, by_found: Edit | None, by_labels: Edit) -> Any:
        """Say what each reaches in the worst of the true groups, whatever groups it went by."""
        cache = yield from self.engine.ready_cache(TEST)
        folder = self.plan.home / "edits"
        names = {
            "ablating neurons (zero)": edited,
            "dfr by groups found without labels": by_found,
            "dfr by the data's own group labels": by_labels,
        }
        compared = {
            name: compare_edit(cache, folder / edit.id, edit)
            for name, edit in names.items()
            if edit is not None
        }
        [retrain] = (variant for variant in edited.variants if variant.name == RETRAIN)
        assert retrain.worst_group is not None  # the birds have groups
        reached = {"plain retraining": retrain.worst_group.mean} | {
            name: one.after.worst_group or 0.0 for name, one in compared.items()
        }
        before = next(iter(compared.values())).before.worst_group or 0.0
        return _on_comparison(edited.n_report, before, reached)

    def _write_summary(self, drawn: Illusions) -> None:
        text = "\n\n".join(("# A small generated Waterbirds", *self.lines,
                            f"Pictures: {drawn.sheet}")) + "\n"  # fmt: skip
        path = self.plan.home / "summary.md"
        write_beside(path, lambda temporary: _write_text(temporary, text))

    def _next(
        self, cache: FeatureCache, worst: int, ranked: Neurons, edited: Edit
    ) -> Iterator[str]:
        name, neuron = cache.classes[worst], str(ranked.excessive[0].neuron)
        commands = (
            ("classes", "--groups"),
            ("words", "--class", name),
            ("neuron", neuron, "--class", name, "--out", "heat"),
            ("whatif", "--class", name, "--top", str(TOP), "--curve"),
            ("compare", edited.id),
            ("export", edited.id, "--out", "edited.safetensors"),
        )
        yield f"Everything is in {self.plan.home} (summary.md, illusions/). Next:"
        for words in commands:
            yield f"  {command_line(self.plan.home, *words)}"


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _worst_class(classes: Classes) -> int:
    return min(classes.classes, key=lambda entry: entry.accuracy or 0.0).index


def _on_classes(classes: Classes) -> str:
    groups = ", ".join(f"{g.name} {g.accuracy:.0%}" for g in classes.groups or ())
    return (
        f"Accuracy on {classes.n} validation images: {classes.accuracy:.1%}; worst group: "
        f"{classes.worst_group_accuracy:.1%} ({groups}). The classifier learned the background."
    )


def _on_mistakes(wrong: Mistakes) -> str:
    """Place k is the usual background of bird k."""
    other_place = f"place {1 - wrong.class_.index}"
    misaligned = sum((mistake.group or "").endswith(other_place) for mistake in wrong.mistakes)
    return (
        f"Of the {len(wrong.mistakes)} {BIRDS[wrong.class_.index]}s predicted as the other bird, "
        f"{misaligned} are on the other bird's usual background."
    )


def _on_comparison(n: int, before: float, reached: dict[str, float]) -> str:
    best = max(reached, key=lambda name: reached[name])
    figures = "; ".join(f"{name} {share:.1%}" for name, share in reached.items())
    retrained = (
        " These validation images have as many birds on either background, which is group "
        "information in itself; on images as biased as the training images plain retraining is far "
        "behind (docs/evidence.md)."
        if best == "plain retraining"
        else ""
    )
    return (
        f"Worst group of the {n} test images, {before:.1%} before: {figures}. Here {best} does "
        f"best.{retrained}"
    )


def _on_words(found: ClassWords) -> str:
    name = found.class_.name
    if not found.words:
        return f"No word is shown for {name}'s mistakes: {found.why_not}."
    sides = (
        f"{what} like {', '.join(words[:SAID])}"
        for what, words in (
            (f"{name}'s mistakes look", found.looks_like),
            ("the images that it gets right", found.others_like),
        )
        if words
    )
    return (
        f"In CLIP's words, without group labels: {'; '.join(sides)}. (It learned birds and places "
        "from captions: one of its own domain flatters.)"
    )


def _on_neurons(ranked: Neurons) -> str:
    strong = ", ".join(str(entry.neuron) for entry in ranked.excessive[:5])
    weak = ", ".join(str(entry.neuron) for entry in ranked.insufficient[:5])
    return (
        f"The top neurons behind {ranked.class_.name}'s mistakes (ranked by {ranked.by}): too "
        f"strong {strong}; too weak {weak}. {ranked.note}"
    ).strip()


def _on_drawings(drawn: Illusions) -> str:
    ratios = ", ".join(
        f"{illusion.neuron} ({illusion.activation_ratio or 0:.1f}x)" for illusion in drawn.illusions
    )
    return (
        f"Drawings of what they respond to, given {drawn.class_.name}, with their activation "
        f"relative to the strongest real image's: {ratios}. See {drawn.sheet}."
    )


def _on_ablation(preview: AblationPreview) -> str:
    name = preview.class_.name
    return (
        f"Ablating the top {len(preview.neurons)} neurons for {name}, without training, would fix "
        f"{len(preview.fixed)} images and break {len(preview.broken)}: {name} goes from "
        f"{preview.before.target or 0:.1%} to {preview.after.target or 0:.1%}, the worst group "
        f"from {preview.before.worst_group or 0:.1%} to {preview.after.worst_group or 0:.1%}."
    )
