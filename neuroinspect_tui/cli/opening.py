"""From a workspace to its features: read from disk without torch, or extracted first."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import typer

from engine.data.class_names import find_class
from engine.data.splits import Split, open_split
from engine.features.cache import FeatureCache, find_cache
from engine.schema.errors import RequestError
from engine.schema.jobs import Request
from engine.schema.requests import FeaturesRequest, Source
from neuroinspect_tui.cli.output import say
from neuroinspect_tui.cli.progress import follow
from neuroinspect_tui.cli.record_lines import line, row
from neuroinspect_tui.program import command_line
from neuroinspect_tui.workspace import find_home, read_source

if TYPE_CHECKING:
    from engine.session import TorchEngine


@dataclass(frozen=True)
class Opened:
    """A workspace and what it names."""

    home: Path
    source: Source
    detach: bool = False

    @property
    def root(self) -> Path:
        """Where its feature caches lie."""
        return self.home / "features"

    def engine(self) -> "TorchEngine":
        """Load torch, at last."""
        from engine.session import TorchEngine

        return TorchEngine(self.source, self.home)

    def cache(
        self,
        split: str | None = None,
        *,
        batch_size: int = 0,
        workers: int = -1,
        on: str | None = None,
    ) -> FeatureCache:
        """Return a split's feature cache [default: the evaluation split], extracting it first."""
        name = split or self.source.eval_split
        listing = open_split(self.source, name)
        directory = find_cache(self.root, self.source, listing, on=on)
        ready = (directory / "meta.json").is_file()
        if self.detach or not ready:
            request = FeaturesRequest(split=name, batch_size=batch_size, workers=workers, on=on)
            self.run(request, ready=ready)
        return FeatureCache(directory, listing)

    def run(self, request: Request, *, out: Path | None = None, ready: bool = False) -> Any:
        """Run a request here, with progress, and return its last record.

        Detached, print the job's id and leave; where all is `ready`, the job is done at once.
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
        sys.stderr.write(f"Follow it with: {followed}\n")

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
    """Find and read a workspace.

    Raises:
        EngineError: There is none, it is damaged, or an executor is named for no job.
    """
    home = find_home(workspace)
    source = read_source(home)
    if device is not None:
        source = msgspec.structs.replace(source, device=device)
    if executor is not None:
        if not detach:
            raise RequestError("--executor names what runs a job; give --detach too.")
        source = msgspec.structs.replace(source, executor=executor)
    return Opened(home, source, detach)


def class_of(listing: FeatureCache | Split, key: str) -> int:
    """Return the index of a class named on the command line."""
    folders = listing.meta.folders if isinstance(listing, FeatureCache) else listing.folders
    return find_class(key, listing.classes, folders)
