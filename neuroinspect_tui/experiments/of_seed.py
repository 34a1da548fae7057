"""One model of an experiment: trained, evaluated, its neurons found and drawn, edited every way."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import structs
from msgspec.json import decode, encode

from engine.attribution.evidence import gather
from engine.attribution.ranking import rank
from engine.data.class_names import find_class
from engine.data.splits import open_split
from engine.editing.store import list_edits
from engine.evaluation.scores import score
from engine.features.cache import FeatureCache
from engine.io.atomic import read_json, write_json
from engine.schema.edits import Edit
from engine.schema.errors import RequestError
from engine.schema.records import Illusions, Progress
from engine.schema.requests import EditRequest, IllusionRequest, Source
from neuroinspect_tui.experiments.declaration import EVERY, WORST, Experiment, Setting
from neuroinspect_tui.experiments.results import OfSeed, Reached, Skipped, reached
from neuroinspect_tui.workspace import FILE, read_source, write_source

if TYPE_CHECKING:
    from engine.session import TorchEngine
    from neuroinspect_tui.experiments.run import Asked

TEST = "test"
PUBLISHED, AUTHORS = "published setting", "published setting, the authors' neurons"
EDIT_SEEDS = 3
"""Of what an edit draws, for each model, unless its setting says otherwise."""


@dataclass(frozen=True)
class SeedRun:
    """The steps of one seed.

    Args:
        experiment: What is run.
        home: Its workspace.
        untrained: The workspace before training, or with the checkpoint that was given.
        init: A checkpoint whose backbone training starts from; None: as the recipe says.
        seed: Of training.
        asked: How it was asked for.
    """

    experiment: Experiment
    home: Path
    untrained: Source
    init: str | None
    seed: int
    asked: "Asked"

    def records(self) -> Generator[Any, None, OfSeed]:
        """Yield records of progress; return what the model gave."""
        path = self._path("result")
        if path.is_file():
            return read_json(path, OfSeed)
        yield Progress(stage=f"seed {self.seed}", done=0, total=0, unit="")
        engine = yield from self._trained()
        cache = yield from engine.ready_cache(engine.source.eval_split)
        test = yield from engine.ready_cache(TEST)
        classes = self._classes(cache)
        neurons, sheet = yield from self._drawn(engine, cache, _worst_of(cache, classes))
        found: list[Reached] = []
        skipped: list[Skipped] = []
        verdicts: dict[str, str] = {}
        chose: dict[str, str] = {}
        for name, setting in self._settings(cache).items():
            request = self._request(name, setting, classes)
            try:
                edit = yield from edited(engine, request)
            except RequestError as error:
                skipped.append(Skipped(name, str(error)))
                continue
            verdicts[name] = edit.verdict
            if edit.chosen is not None:
                chose[name] = edit.chosen
            rows = reached(name, edit)
            found += [row for row in rows if row.kind != "original" or not found]
        ranks: dict[str, int] = {}
        words = 0
        if self.experiment.shift is not None:
            from neuroinspect_tui.experiments.naming import name_context

            steps = self._steps
            ranks, words = yield from name_context(engine, self.experiment.shift, classes[0], steps)
        result = OfSeed(
            seed=self.seed,
            workspace=str(self.home),
            classes=tuple(cache.classes[k] for k in classes),
            neurons=neurons,
            sheet=sheet,
            test_images=len(test.counted),
            class_images=int(np.isin(test.labels[test.counted], classes).sum()),
            reached=tuple(found),
            skipped=tuple(skipped),
            verdicts=verdicts,
            chose=chose,
            ranks=ranks,
            words=words,
        )
        write_json(path, result)
        return result

    @property
    def _steps(self) -> int:
        return self.experiment.miniature.steps if self.asked.miniature else self.experiment.steps

    def _path(self, step: str) -> Path:
        return self.home / "experiment" / f"{step}.json"

    def _trained(self) -> Generator[Any, None, "TorchEngine"]:
        """Train as `train` does, unless that is done, and return the workspace's engine."""
        from engine.session import TorchEngine
        from neuroinspect_tui.jobs.engine_cache import asked

        if not (self.home / FILE).is_file():
            write_source(self.home, self.untrained)
        source = structs.replace(read_source(self.home), device=self.asked.device)
        if source.untrained:
            mini = self.experiment.miniature if self.asked.miniature else None
            recipe = self.experiment.recipe if mini is None else mini.recipe
            recipe = structs.replace(recipe, seed=self.seed, init=self.init)
            yield from asked(TorchEngine(source, self.home), recipe, None, self.home)
            source = structs.replace(read_source(self.home), device=self.asked.device)
        return TorchEngine(source, self.home)

    def _classes(self, cache: FeatureCache) -> tuple[int, ...]:
        wanted = self.experiment.classes
        if wanted == (EVERY,):
            return tuple(range(len(cache.classes)))
        if wanted == (WORST,):
            return (_worst_of(cache, range(len(cache.classes))),)
        listed = open_split(self.untrained, self.untrained.eval_split)
        return tuple(find_class(name, listed.classes, listed.folders) for name in wanted)

    def _settings(self, cache: FeatureCache) -> dict[str, Setting]:
        """Return all edits by name: as published, and ours."""
        setting = self.experiment.edit
        found = {PUBLISHED: setting}
        neurons = () if self.asked.miniature else setting.authors_neurons
        if neurons and max(neurons) < cache.meta.width:
            found[AUTHORS] = setting
        return found | self.experiment.ours

    def _request(self, name: str, setting: Setting, classes: tuple[int, ...]) -> EditRequest:
        fields: dict[str, Any] = {"classes": classes, "test_split": TEST}
        fields["seeds"] = setting.seeds or EDIT_SEEDS
        if name == AUTHORS:
            fields |= {"neurons": setting.authors_neurons, "top": "auto"}
        return setting.request(**fields, seed=self.seed)

    def _drawn(
        self, engine: "TorchEngine", cache: FeatureCache, k: int
    ) -> Generator[Any, None, tuple[tuple[int, ...], str | None]]:
        """Rank the neurons of a class, and draw the first of both lists by turns."""
        try:
            ranked = rank(cache, gather(cache, k), by=self.experiment.by)
        except RequestError:  # no mistakes
            return (), None
        sides = (ranked.insufficient, ranked.excessive)
        turns = [entry.neuron for pair in zip(*sides, strict=False) for entry in pair]
        rest = [entry.neuron for side in sides for entry in side]
        neurons = tuple(dict.fromkeys(turns + rest))[: self.experiment.neurons]
        if not neurons:
            return (), None
        request = IllusionRequest(class_index=k, neurons=neurons, steps=self._steps)
        drawn: Any = None
        for drawn in engine.illusion(request.as_published, str(self.home / "illusions")):
            yield drawn
        assert isinstance(drawn, Illusions)  # a drawing's last record
        return neurons, drawn.sheet


def _worst_of(cache: FeatureCache, classes: Iterable[int]) -> int:
    accuracies = {entry.index: entry.accuracy for entry in score(cache).classes}
    measured = {k: 2.0 if accuracies[k] is None else accuracies[k] for k in classes}
    return min(measured, key=lambda k: measured[k] or 0.0)


def edited(engine: "TorchEngine", request: EditRequest) -> Generator[Any, None, Edit]:
    """Return the edit of the same request that there is, or make it."""
    fields = decode(encode(request))  # as in edit.json
    for edit in list_edits(engine.home / "edits"):
        if all(edit.request.get(name) == value for name, value in fields.items()):
            return edit
    last: Any = None
    for last in engine.edit(request):
        yield last
    assert isinstance(last, Edit)  # an edit's last record
    return last
