"""Running an experiment: a workspace a seed, by the same steps as `train`, `neurons`, `edit`.

Every step leaves its record on disk and is not done again: training and edits as the engine keeps
them, the rest in seed-N/experiment/. What is in the directory's name decides all of them, so that
no record of other settings is taken for one of these.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from msgspec import structs

from engine.io.atomic import file_digest, key_of
from engine.schema.errors import DataError
from engine.schema.requests import UNTRAINED, Source
from neuroinspect_tui.experiments.data import find_data
from neuroinspect_tui.experiments.declaration import Experiment
from neuroinspect_tui.experiments.miniatures import Kit, generator_of
from neuroinspect_tui.experiments.of_seed import SeedRun
from neuroinspect_tui.experiments.results import (
    MEASURES,
    OfSeed,
    Results,
    against_controls,
    of_published,
    rows,
    write,
)
from neuroinspect_tui.experiments.scenario import write_scenario
from screens.words import counted


@dataclass(frozen=True)
class Asked:
    """How to run an experiment.

    Args:
        root: The directory of all experiments.
        miniature: On generated pictures.
        data: Where the real data lie; None: below `root`.
        checkpoint: A trained classifier, instead of training one.
        clip: For real data, as in workspace.toml; `none` for none.
        seeds: Of the models, and of generated pictures.
        download: Whether data that are missing may be downloaded.
        device: As in workspace.toml.
        command: What was typed.
    """

    root: Path
    miniature: bool
    data: Path | None
    checkpoint: Path | None
    clip: str
    seeds: tuple[int, ...]
    download: bool
    device: str
    command: str


@dataclass(frozen=True)
class Run:
    """An experiment as it was asked for."""

    experiment: Experiment
    asked: Asked

    @cached_property
    def home(self) -> Path:
        """Its directory; whatever changes the results changes the name."""
        what = "miniature" if self.asked.miniature else "data"
        given: list[object] = [
            structs.replace(self.experiment, **_blank()),
            str(self._place),
            self.asked.clip,
        ]
        if self.asked.miniature:
            given.append(self._generator.key)
        if self.asked.checkpoint is not None:
            what = "checkpoint"
            given.append(_digest(self.asked.checkpoint))
        return self.asked.root / self.experiment.name / f"{what}-{key_of(given, 6)}"

    @cached_property
    def _place(self) -> Path | None:
        if self.asked.miniature:
            return None
        return (self.asked.data or self.asked.root / "data").absolute()

    @cached_property
    def _generator(self) -> Any:
        mini = self.experiment.miniature
        return generator_of(mini.generator, mini.sizes)

    def records(self) -> Generator[Any, None, Results]:
        """Yield records of progress; return the results, written to disk.

        Raises:
            DataError: The data are missing, or hold too little.
            EngineError: Anything else that can be expected to go wrong.
        """
        found, remarks = [], []
        for seed in self.asked.seeds:
            source, init, remark = yield from self._source(seed)
            remarks.append(remark)
            home = self.home / f"seed-{seed}"
            one = SeedRun(self.experiment, home, source, init, seed, self.asked)
            found.append((yield from one.records()))
        results = self._results(tuple(found), tuple(filter(None, remarks)))
        files = write(results, self.home)
        return structs.replace(results, files=files)

    def _source(self, seed: int) -> Generator[Any, None, tuple[Source, str | None, str]]:
        """Return a seed's workspace before training, the backbone it starts from, and a remark."""
        asked, experiment = self.asked, self.experiment
        if asked.miniature:
            root = asked.root / "miniatures" / f"{self._generator.key}-seed-{seed}"
            kit: Kit = yield from self._generator.make(root, seed, asked.device)
        else:
            assert self._place is not None
            place = yield from find_data(experiment, self._place, download=asked.download)
            kit = Kit(data=place, model=experiment.model, init=None, clip=asked.clip)
        source = Source(
            model=kit.model,
            checkpoint=UNTRAINED if asked.checkpoint is None else str(asked.checkpoint.absolute()),
            data=str(kit.data),
            reader=experiment.data.reader,
            columns=experiment.data.columns,
            clip=kit.clip,
            device=asked.device,
        )
        if experiment.shift is not None:
            table = self.home / f"seed-{seed}" / "scenario.csv"
            source = write_scenario(source, experiment.shift, table, seed)
        return source, kit.init, kit.remark

    def _results(self, seeds: tuple[OfSeed, ...], remarks: tuple[str, ...]) -> Results:
        experiment = self.experiment
        published = [
            of_published(f.name, [getattr(f, name) for name in MEASURES])
            for f in experiment.published
        ]
        what = "miniature: generated pictures, not the published data; " if self._mini else ""
        notes = [
            f"{counted(len(seeds), 'model')} (seeds "
            f"{', '.join(str(s.seed) for s in seeds)}), {seeds[0].test_images} test images each, "
            f"{seeds[0].class_images} of what is inspected; means, with 95% intervals over models."
        ]
        if published:
            notes.append(f"Published: {experiment.source}. {experiment.remark}")
        notes.append(against_controls(seeds, experiment.best))
        notes += remarks
        notes += list(dict.fromkeys(f"{s.name}: {s.why}" for one in seeds for s in one.skipped))
        if self.experiment.shift is not None:
            notes += list(on_ranks(seeds, self.experiment.shift.context))
        for name in dict.fromkeys(name for one in seeds for name in one.chose):
            took = ", ".join(one.chose.get(name, "nothing") for one in seeds)
            notes.append(f"{name} took: {took}.")
        return Results(
            experiment=experiment.name,
            title=f"{experiment.title} ({what}{counted(len(seeds), 'seed')})",
            source=experiment.source,
            miniature=self._mini,
            best=experiment.best,
            seeds=tuple(seed.seed for seed in seeds),
            command=self.asked.command,
            rows=(*published, *rows(seeds)),
            notes=tuple(note.strip() for note in notes),
            of_seeds=seeds,
        )

    @property
    def _mini(self) -> bool:
        return self.asked.miniature


def on_ranks(seeds: tuple[OfSeed, ...], context: str) -> Iterator[str]:
    """Say at which place each way of finding puts the context's word."""
    for way in dict.fromkeys(way for one in seeds for way in one.ranks):
        places = ", ".join(str(one.ranks[way]) for one in seeds if way in one.ranks)
        words = max(one.words for one in seeds)
        yield f"{way}: {context} at place {places} of {words}."


def _blank() -> dict[str, Any]:
    """Return what of a declaration changes no result."""
    return {"title": "", "source": "", "remark": "", "published": ()}


def _digest(checkpoint: Path) -> str:
    try:
        return file_digest(checkpoint)
    except OSError as error:
        raise DataError(f"Cannot read {checkpoint}: {error.strerror or error}.") from error
