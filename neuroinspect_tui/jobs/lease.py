"""One job at a time on a GPU, whoever's it is, and a reason for those that wait."""

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
NEEDED = 2 * GIB
"""Of any other job, until one of its kind has run here."""
LOOK_SECONDS = 1.0


class Talks(Protocol):
    """What a lease tells its job."""

    on_beat: Callable[[Status], None]

    def say(self, **changes: object) -> None:
        """Change the job's status."""


class Holder(Struct, frozen=True):
    """Who has a GPU."""

    job: str
    title: str
    seconds_left: float | None = None


class Gpu:
    """A GPU of this machine as all runners see it.

    Args:
        index: CUDA's, in this process.
        uuid: The card itself: with CUDA_VISIBLE_DEVICES two processes' GPU 0 may be two cards.
        root: Where locks and notes lie, shared by all workspaces of a user.
    """

    def __init__(self, index: int, uuid: str, root: Path | None = None) -> None:
        self.index = index
        self.root = root or shared_root()
        # asked about by the heartbeat's thread as well
        self.lock = FileLock(self.root / f"gpu-{uuid}.lock", thread_local=False)
        self.turn = FileLock(self.root / f"gpu-{uuid}-next.lock")
        """Had by who comes next: a runner with a long queue lets others between its jobs."""
        self.note = self.root / f"gpu-{uuid}.json"
        self.peaks = self.root / f"gpu-{uuid}-peaks.json"

    def memory(self) -> tuple[int, int]:
        """Return bytes free for us, and in all."""
        import torch

        free, total = torch.cuda.mem_get_info(self.index)
        return free + torch.cuda.memory_reserved(self.index), total

    def busy(self) -> str:
        """Tell who has it, as far as that one has said so."""
        try:
            holder = read_json(self.note, Holder)
        except EngineError:
            return f"GPU {self.index} busy"
        left = ""
        if holder.seconds_left is not None:
            left = f", {max(1, round(holder.seconds_left / 60))} min left"
        return f"GPU {self.index} busy: job {holder.job}{left}"

    def short(self, kind: str) -> str:
        """Tell whether memory is too short for a kind of job; empty where it is not."""
        free, total = self.memory()
        wanted = self.known().get(kind, USUAL.get(kind, NEEDED))
        if free >= min(wanted, 0.9 * total):
            return ""
        return (
            f"GPU {self.index}: {free / GIB:.1f} of {total / GIB:.0f} GiB free, "
            f"needs about {wanted / GIB:.0f}"
        )

    def known(self) -> dict[str, int]:
        """Return by kind of job the most that one has used here."""
        with contextlib.suppress(EngineError):
            return read_json(self.peaks, dict[str, int])
        return {}

    def learn(self, kind: str, used: int) -> None:
        """Remember what a job has used."""
        with contextlib.suppress(EngineError):
            write_json(self.peaks, self.known() | {kind: used})

    def tell(self, holder: Holder) -> None:
        """Say who has it."""
        with contextlib.suppress(EngineError):
            write_json(self.note, holder)

    def wait(self, kind: str) -> Iterator[str]:
        """Yield why there is nothing to be had yet; the lock is held when it ends."""
        try:
            while reason := self._lacks(kind):
                yield reason
                time.sleep(LOOK_SECONDS)
        finally:
            self.turn.release()

    def _lacks(self, kind: str) -> str:
        """Take the turn, then the lock; return what is in the way, empty where both are had."""
        try:
            if not self.turn.is_locked:
                self.turn.acquire(timeout=0)
            self.lock.acquire(timeout=0)
        except Timeout:
            return self.busy()
        reason = self.short(kind)
        if reason:  # smaller jobs need not wait for what this one lacks
            self.lock.release()
            self.turn.release()
        return reason


def shared_root() -> Path:
    """Return a directory of this user's that all workspaces share, and that outlives a login.

    XDG_RUNTIME_DIR does not: a runner that went on after the last logout would hold a lock that
    the next login cannot see.

    Raises:
        JobError: Somebody else made it.
    """
    root = Path(tempfile.gettempdir()) / f"neuroinspect-tui-{os.getuid()}"
    root.mkdir(mode=0o700, exist_ok=True)
    found = root.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise JobError(f"{root} is not a directory of yours; remove it, or set TMPDIR.")
    return root


@contextlib.contextmanager
def leased(
    engine: "TorchEngine", job: Job, attempt: Talks
) -> Generator[Iterator[Progress], None, None]:
    """Hold the engine's GPU for as long as the job runs; nothing to hold on a CPU.

    Yields the progress of waiting, to be consumed first.
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
                torch.cuda.empty_cache()  # the next one, whoever's it is, finds room
        finally:
            gpu.lock.release()


def _waiting(gpu: Gpu, kind: str, job: Job, attempt: Talks) -> Iterator[Progress]:
    for reason in gpu.wait(kind):
        attempt.say(state="waiting", waiting=reason)
        yield Progress(stage=reason, done=0, total=0, unit="")
    gpu.tell(Holder(job.id, job.title))  # else until the first beat it seems the last one's
    attempt.say(state="running", waiting="")
