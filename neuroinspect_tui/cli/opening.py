"""From a workspace to its features: opened without torch, or extracted first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import typer

from engine.data.class_names import find_class
from engine.data.splits import Split, open_split
from engine.features.aside import FILE
from engine.features.cache import FeatureCache, open_cache, reopen_cache
from engine.features.halves import halves
from engine.grouping.choosing import find_kinds
from engine.grouping.described import CLIP, Described, by_clip, by_features, without_clip
from engine.grouping.laying import found_overlay, overlay
from engine.grouping.store import FOUND, load, names
from engine.schema.errors import ClipError, RequestError, StorageError
from engine.schema.jobs import Request
from engine.schema.requests import ClipRequest, FeaturesRequest, Source
from engine.words.naming_kinds import name_kinds
from engine.words.opening import open_space
from neuroinspect_tui.cli.output import note, say
from neuroinspect_tui.cli.progress import follow
from neuroinspect_tui.cli.record_lines import line, row
from neuroinspect_tui.program import command_line
from neuroinspect_tui.version_0_1 import old_features
from neuroinspect_tui.workspace import find_home, read_source
from screens.words import counted

if TYPE_CHECKING:
    from engine.clip.image_features import ClipFeatures
    from engine.schema.arrays import Array
    from engine.session import TorchEngine


@dataclass(frozen=True)
class Opened:
    """A workspace, and what workspace.toml says."""

    home: Path
    source: Source
    detach: bool = False

    def engine(self) -> "TorchEngine":
        """Return the engine, which imports torch."""
        from engine.session import TorchEngine

        return TorchEngine(self.source, self.home)

    def cache(
        self,
        split: str | None = None,
        *,
        batch_size: int = 0,
        workers: int = -1,
        on: str | None = None,
        group_by: str | None = None,
        seed: int | None = None,
        quiet: bool = False,
    ) -> FeatureCache:
        """Return a split's feature cache [default: the evaluation split], extracting it first.

        With `group_by`, a grouping's groups stand for those of the data. With a seed, that may be
        `found`: without labels, on the half that edits with this seed select on. How many images
        are set aside is said on stderr, unless `quiet`.
        """
        name = split or self.source.eval_split
        find = seed is not None and group_by == FOUND and FOUND not in names(self.home)
        stored = None if group_by is None or find else load(self.home, group_by)  # no work before
        listing = open_split(self.source, name)
        cache = open_cache(self.home, self.source, listing, on=on)
        if self.detach or cache is None:
            request = FeaturesRequest(split=name, batch_size=batch_size, workers=workers, on=on)
            self.run(request, ready=cache is not None)
            cache = reopen_cache(self.home, self.source, listing, on=on)
        if not quiet:
            _say_what_is_aside(cache)
        if find:
            return self._with_found(cache, seed or 0)
        return cache if stored is None else cache.with_groups(overlay(stored, cache))

    def _with_found(self, cache: FeatureCache, seed: int) -> FeatureCache:
        """Lay groups found without labels over the evaluation split.

        Raises:
            RequestError: None are found.
            ClipError: The CLIP that the workspace names cannot be loaded.
        """
        selection, _ = halves(cache, seed)
        clip = self.described(cache) if self.source.has_clip else None
        found = find_kinds(cache, selection, range(len(cache.classes)), seed, clip)
        if found.refusal:
            raise RequestError(f"{found.refusal}, so there are no groups to go by.")
        images = clip if found.space == CLIP else by_features(cache)
        if (words := open_space(self.home, self.source, cache)) is not None:
            found = name_kinds(words.among(selection), found, found.apply(cache, images), seed)
        return cache.with_groups(found_overlay(found, cache, selection, images))

    def described(self, cache: FeatureCache, *, wanted: bool = False) -> Described:
        """Return a split's images by CLIP's features, of all of them, made first where missing.

        Args:
            cache: Of the split.
            wanted: CLIP was asked for; else an error says how to do without.

        Raises:
            ClipError: The workspace names no CLIP, or it cannot be loaded.
        """
        try:
            features, _ = self.clip(split=cache.meta.split, whole=True)
        except ClipError as error:
            raise (error if wanted else without_clip(error)) from error
        return by_clip(features)

    def clip(
        self, texts: Sequence[str] = (), *, split: str | None = None, whole: bool = False
    ) -> "tuple[ClipFeatures, Array]":
        """Return a split's CLIP features, and embeddings of texts, made first where missing.

        Args:
            texts: Texts, or `word<TAB>prompt`.
            split: Its name [default: the evaluation split].
            whole: The features of all images; else of a probe, where the split is large.

        Returns:
            The features, and (n, E) float32, a row a text, each of length 1.

        Raises:
            ClipError: The workspace names no CLIP, or it cannot be loaded.
        """
        from engine.clip.texts import open_texts

        def embedded() -> "Array | None":
            return open_texts(self.home, self.source, texts) if texts else np.zeros((0, 0))

        name = split or self.source.eval_split
        return self._ready_clip(ClipRequest(split=name, whole=whole, texts=tuple(texts)), embedded)

    def clip_image(self, file: Path) -> "tuple[ClipFeatures, Array]":
        """Return the evaluation split's CLIP features, and that of an image file (E,).

        Raises:
            ClipError: The workspace names no CLIP, or it cannot be loaded.
            DataError: The file is missing, or cannot be decoded.
        """
        from engine.clip.texts import open_image

        request = ClipRequest(split=self.source.eval_split, image=str(file.absolute()))
        return self._ready_clip(request, lambda: open_image(self.home, self.source, file))

    def _ready_clip(
        self, request: ClipRequest, embedded: "Callable[[], Array | None]"
    ) -> "tuple[ClipFeatures, Array]":
        from engine.clip.identity import clip_key
        from engine.clip.image_features import open_clip_features

        clip_key(self.home, self.source)  # before long work: is there a CLIP?
        listing = open_split(self.source, request.split)
        for _ in range(2):
            cache = open_cache(self.home, self.source, listing)
            features = None
            if cache is not None:
                features = open_clip_features(self.home, self.source, cache, whole=request.whole)
            found = embedded()
            ready = features is not None and found is not None
            if self.detach or not ready:
                self.run(request, ready=ready)
            else:
                assert features is not None
                assert found is not None
                return features, found
        raise StorageError(f"What was made just now is gone again from {self.home}/clip_features.")

    def run(self, request: Request, *, out: Path | None = None, ready: bool = False) -> Any:
        """Run a request in this process, show its progress, and return its last record.

        With --detach, submit it as a job instead, print the job's id and exit.

        Args:
            request: What to run.
            out: Where images go; None: the workspace's own folders.
            ready: Whether all of it is there already: a job is then done at once.
        """
        where = None if out is None else str(out.expanduser().absolute())
        if self.detach:
            self._submit(request, where, ready=ready)
            raise typer.Exit
        from neuroinspect_tui.jobs.engine_cache import asked

        records = asked(self.engine(), request, where, self.home)
        return follow(records, first="importing torch", on_record=line, keep=row)

    def _submit(self, request: Request, out: str | None, *, ready: bool) -> None:
        from neuroinspect_tui.jobs.store import Store
        from neuroinspect_tui.jobs.submit import submit

        job = submit(Store(self.home), request, self.source, classes=self.split().classes,
                     out=out, interactive=False, ready=ready)  # fmt: skip
        say(job.id)
        followed = command_line(self.home, "jobs", "follow", job.id)
        note(f"Follow it with: {followed}")

    def split(self) -> Split:
        """List the evaluation split."""
        return open_split(self.source, self.source.eval_split)


def open_workspace(
    workspace: Path | None,
    device: str | None = None,
    *,
    detach: bool = False,
    executor: str | None = None,
) -> Opened:
    """Find and read a workspace, and say on stderr what version 0.1 left in it.

    Args:
        workspace: Its directory; None: here, or the nearest parent.
        device: Instead of the one in workspace.toml.
        detach: Whether requests become jobs.
        executor: Which executor runs those jobs, instead of the one in workspace.toml.

    Raises:
        EngineError: There is none, it is damaged, or an executor is named for no job.
    """
    home = find_home(workspace)
    source = read_source(home)
    _say_what_is_old(home)
    if device is not None:
        source = msgspec.structs.replace(source, device=device)
    if executor is not None:
        if not detach:
            raise RequestError("--executor names what runs a job; give --detach too.")
        source = msgspec.structs.replace(source, executor=executor)
    return Opened(home, source, detach)


def _say_what_is_aside(cache: FeatureCache) -> None:
    """Say on stderr how many images do not count, and what is listed in vain."""
    split = cache.meta.split
    if count := len(cache.aside):
        note(f"{counted(count, 'image')} of {split} set aside ({FILE}): neither right nor wrong.")
    if lacking := cache.aside_lacking:
        note(
            f"{FILE} lists {counted(len(lacking), 'image')} that {split} does not have, such as "
            f"{lacking[0]}; left out of account."
        )


def _say_what_is_old(home: Path) -> None:
    """Say on stderr what to do about features that version 0.1 extracted."""
    if (sentence := old_features(home)) is not None:
        note(sentence)


def class_of(listing: FeatureCache | Split, key: str) -> int:
    """Return the index of a class named on the command line."""
    folders = listing.meta.folders if isinstance(listing, FeatureCache) else listing.folders
    return find_class(key, listing.classes, folders)
