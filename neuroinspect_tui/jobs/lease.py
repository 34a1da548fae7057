"""One job at a time on a GPU, of all workspaces, and a reason for those that wait."""

import contextlib
import os
import stat
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from filelock import FileLock, Timeout
from msgspec import Struct

from engine.io.atomic import read_json, write_json
from engine.schema.errors import EngineError
from engine.schema.records import Progress
from neuroinspect_tui.jobs.job import Job, JobError, Status

if TYPE_CHECKING:
    from engine.session import TorchEngine

GIB = 2**30
USUAL = {"train": 6 * GIB}
"""Memory that a kind of job needs, until one has run here and was measured."""
NEEDED = 2 * GIB
"""The same for all other kinds."""
LOOK_SECONDS = 1.0


class Reports(Protocol):
    """What a lease needs of the attempt at its job."""

    on_beat: Callable[[Status], None]

    def say(self, **changes: object) -> None:
        """Change the job's status."""


class Holder(Struct, frozen=True):
    """The job that holds a GPU."""

    job: str
    title: str
    seconds_left: float | None = None


class Gpu:
    """A GPU of this machine, shared by all runners of a user.

    Args:
        index: CUDA's index in this process.
        uuid: The GPU's own: with CUDA_VISIBLE_DEVICES two processes' GPU 0 may be two GPUs.
        root: The directory of locks and notes, the same for all workspaces of a user.
    """

    def __init__(self, index: int, uuid: str, root: Path | None = None) -> None:
        self.index = index
        self.root = root or shared_root()
        # the heartbeat's thread asks about it too
        self.lock = FileLock(self.root / f"gpu-{uuid}.lock", thread_local=False)
        self.turn = FileLock(self.root / f"gpu-{uuid}-next.lock")
        """Held by the next one in line, so that a runner with a long queue lets others between."""
        self.note = self.root / f"gpu-{uuid}.json"
        self.peaks = self.root / f"gpu-{uuid}-peaks.json"

    def memory(self) -> tuple[int, int]:
        """Return the bytes that are free for this process, and all bytes."""
        import torch

        free, total = torch.cuda.mem_get_info(self.index)
        return free + torch.cuda.memory_reserved(self.index), total

    def busy(self) -> str:
        """Return who holds it, as far as its note says so."""
        try:
            holder = read_json(self.note, Holder)
        except EngineError:
            return f"GPU {self.index} busy"
        left = ""
        if holder.seconds_left is not None:
            left = f", {max(1, round(holder.seconds_left / 60))} min left"
        return f"GPU {self.index} busy: job {holder.job}{left}"

    def short(self, kind: str) -> str:
        """Return that a kind of job lacks memory; empty where there is enough."""
        free, total = self.memory()
        wanted = self.known().get(kind, USUAL.get(kind, NEEDED))
        if free >= min(wanted, 0.9 * total):
            return ""
        return (
            f"GPU {self.index}: {free / GIB:.1f} of {total / GIB:.0f} GiB free, "
            f"needs about {wanted / GIB:.0f}"
        )

    def known(self) -> dict[str, int]:
        """Return the most bytes that each kind of job has used here."""
        with contextlib.suppress(EngineError):
            return read_json(self.peaks, dict[str, int])
        return {}

    def learn(self, kind: str, used: int) -> None:
        """Remember how many bytes a kind of job has used."""
        with contextlib.suppress(EngineError):
            write_json(self.peaks, self.known() | {kind: used})

    def tell(self, holder: Holder) -> None:
        """Note who holds it."""
        with contextlib.suppress(EngineError):
            write_json(self.note, holder)

    def wait(self, kind: str) -> Iterator[str]:
        """Yield why it cannot be used yet; once this ends, the lock is held."""
        try:
            while reason := self._lacks(kind):
                yield reason
                time.sleep(LOOK_SECONDS)
        finally:
            self.turn.release()

    def _lacks(self, kind: str) -> str:
        """Take the turn, then the lock; return what prevents it, empty where both are held."""
        try:
            if not self.turn.is_locked:
                self.turn.acquire(timeout=0)
            self.lock.acquire(timeout=0)
        except Timeout:
            return self.busy()
        reason = self.short(kind)
        if reason:  # smaller jobs need not wait for the memory that this one lacks
            self.lock.release()
            self.turn.release()
        return reason


def shared_root() -> Path:
    """Return a directory that all workspaces of this user share, and that outlives a login.

    XDG_RUNTIME_DIR does not: a runner that continues after the last logout would hold a lock that
    the next login cannot see.

    Raises:
        JobError: It belongs to another user.
    """
    root = Path(tempfile.gettempdir()) / f"neuroinspect-tui-{os.getuid()}"
    root.mkdir(mode=0o700, exist_ok=True)
    status = root.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise JobError(f"{root} is not a directory of yours; remove it, or set TMPDIR.")
    return root


@contextlib.contextmanager
def leased(
    engine: "TorchEngine", job: Job, attempt: Reports
) -> Generator[Iterator[Progress], None, None]:
    """Hold the engine's GPU for as long as the job runs; on a CPU there is nothing to hold.

    Yields the progress of waiting, which the caller consumes first.
    """
    if engine.device.type != "cuda":
        yield iter(())
        return
    import torch

    index = engine.device.index or 0
    gpu = Gpu(index, str(torch.cuda.get_device_properties(index).uuid))
    kind = str(job.request.__struct_config__.tag)
    torch.cuda.reset_peak_memory_stats(gpu.index)

    def told(status: Status) -> None:
        if gpu.lock.is_locked:
            gpu.tell(Holder(job.id, job.title, status.seconds_left))

    before, attempt.on_beat = attempt.on_beat, told
    try:
        yield _waiting(gpu, kind, job, attempt)
    finally:
        attempt.on_beat = before
        try:
            if gpu.lock.is_locked:
                gpu.learn(kind, torch.cuda.max_memory_reserved(gpu.index))
                torch.cuda.empty_cache()  # so that the next process finds it free
        finally:
            gpu.lock.release()


def _waiting(gpu: Gpu, kind: str, job: Job, attempt: Reports) -> Iterator[Progress]:
    for reason in gpu.wait(kind):
        attempt.say(state="waiting", waiting=reason)
        yield Progress(stage=reason, done=0, total=0, unit="")
    gpu.tell(
        Holder(job.id, job.title)
    )  # until the first heartbeat the note would be the last job's
    attempt.say(state="running", waiting="")
