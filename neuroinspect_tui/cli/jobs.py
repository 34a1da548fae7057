"""`jobs`: list, show, follow, cancel, resume, run and prune jobs; the runner."""

import signal
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from engine.schema.jobs import JobView
from neuroinspect_tui.cli import completion
from neuroinspect_tui.cli.options import Json, Workspace
from neuroinspect_tui.cli.output import note, print_json, print_json_line, say, table
from neuroinspect_tui.program import command_line
from screens.words import MARKS, seconds

app = typer.Typer(no_args_is_help=True, help="List, follow, cancel and resume jobs.")
runner = typer.Typer(no_args_is_help=True, help="The detached processes that run the jobs.")
app.add_typer(runner, name="runner")
Key = Annotated[
    str,
    typer.Argument(
        metavar="ID", autocompletion=completion.jobs,
        help="A job's id, or its first or last letters.",
    ),
]  # fmt: skip
LOG_LINES = 5
SCHEDULERS = (signal.SIGTERM, signal.SIGUSR1)
SHOWN = 40


@app.command(name="list")
def list_(
    every: Annotated[
        bool, typer.Option("--all", help=f"List all jobs, not only the newest {SHOWN}.")
    ] = False,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """List the jobs, newest first.

    Example: neuroinspect-tui jobs list
    """
    from neuroinspect_tui.jobs.store import Store
    from neuroinspect_tui.workspace import find_home

    views = Store(find_home(workspace)).views()
    if json:
        return print_json(views)
    if not views:
        return say("No jobs yet; add --detach to a command to make one.")
    shown = views if every else views[:SHOWN]
    table(
        ("", "id", "job", "state", ">step", ">left", "created", "status"),
        (
            (MARKS[v.state], v.id, v.title, v.state, _step(v), _time(v.seconds_left), _created(v),
             v.waiting or v.error or _stage(v))
            for v in shown
        ),
    )  # fmt: skip
    more = len(views) - len(shown)
    return say(f"{more:,} older jobs are not listed; --all lists them.") if more else None


def _step(view: JobView) -> str:
    return f"{view.step:,}/{view.total:,}" if view.total else "-"


def _stage(view: JobView) -> str:
    speed = view.images_per_second
    return view.stage + (f", {speed:.0f} images/s" if speed else "")


def _time(value: float | None) -> str:
    return seconds(value) or "-"


def _created(view: JobView) -> str:
    return datetime.fromtimestamp(view.created).astimezone().strftime("%m-%d %H:%M")


@app.command()
def show(job: Key, workspace: Workspace = None, json: Json = False) -> None:
    """Show a job: its request, its state, and the end of its log.

    Example: neuroinspect-tui jobs show 81c2
    """
    store, job_id = _found(workspace, job)
    view = store.view(job_id)
    if json:
        return print_json(view)
    say(f"{MARKS[view.state]} {view.id}  {view.title}: {view.state}")
    if view.waiting or view.stage:
        say(f"  {view.waiting or view.stage}, {_step(view)}, {_time(view.seconds_left)} left")
    if view.error:
        say(f"  {view.error}")
    say(f"  {view.directory}", f"  {msgspec.json.encode(view.request).decode()}")
    for line in store.log(job_id):
        say(f"  | {line}")
    return None


@app.command()
def follow(
    job: Key,
    workspace: Workspace = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Print lines instead of a progress bar.")
    ] = False,
    json: Annotated[
        bool,
        typer.Option("--json", help="Print each record as a line of JSON, as in events.jsonl."),
    ] = False,
) -> None:
    """Follow a job from its first record to its end. Ctrl-C ends this command, not the job.

    Example: neuroinspect-tui jobs follow 81c2
    """
    from neuroinspect_tui.cli.progress import follow as followed_here
    from neuroinspect_tui.cli.record_lines import line, row
    from neuroinspect_tui.cli.results import print_result
    from neuroinspect_tui.jobs.follow import follow as followed

    store, job_id = _found(workspace, job)
    records: Iterator[Any] = followed(store, job_id)
    try:
        if json:
            for record in records:
                print_json_line(record)
            return
        last = followed_here(records, first="waiting", on_record=line, keep=row, plain=plain)
    except KeyboardInterrupt:
        again = command_line(store.home, "jobs", "follow", job_id)
        say(f"Job {job_id} continues; follow it again with: {again}")
        raise typer.Exit(130) from None
    for text in store.log(job_id, LOG_LINES):
        say(f"| {text}")
    print_result(last, store.home)


@app.command()
def cancel(job: Key, workspace: Workspace = None) -> None:
    """Cancel a job; the results that it has finished stay.

    Example: neuroinspect-tui jobs cancel 81c2
    """
    store, job_id = _found(workspace, job)
    store.cancel(job_id)
    again = command_line(store.home, "jobs", "resume", job_id)
    say(f"Job {job_id} is asked to stop; resume it with: {again}")


@app.command()
def resume(job: Key, workspace: Workspace = None) -> None:
    """Resume an interrupted, failed or cancelled job where it stopped.

    Example: neuroinspect-tui jobs resume 81c2
    """
    from neuroinspect_tui.jobs.submit import resume as resumed

    store, job_id = _found(workspace, job)
    resumed(store, job_id)
    again = command_line(store.home, "jobs", "follow", job_id)
    say(f"Job {job_id} is resumed; follow it with: {again}")


@app.command()
def run(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="A job's directory: WORKSPACE/jobs/ID.")
    ],
) -> None:
    """Run one job in the foreground: for sbatch, pueue, tmux or Ray.

    Exit code 0: done; 1: failed or cancelled; 75: interrupted, run it again.

    Example: sbatch --requeue --wrap "neuroinspect-tui jobs run ws/jobs/0sf2k1ab"
    """
    from neuroinspect_tui.jobs.attempt import Attempt
    from neuroinspect_tui.jobs.engine_cache import EngineCache
    from neuroinspect_tui.jobs.job import INTERRUPTED, JobError
    from neuroinspect_tui.jobs.process import end_children
    from neuroinspect_tui.jobs.store import Store

    directory = directory.expanduser().resolve()
    home = directory.parent.parent
    if directory.parent.name != "jobs":
        raise JobError(f"{directory} is not a job: give WORKSPACE/jobs/ID.")
    store = Store(home)
    job = store.read(directory.name)
    attempt = Attempt(directory, partial(store.tickets.drop, job.queue, job.id))
    # while it runs, the attempt handles signals; these handlers are for before and after
    for number in SCHEDULERS:
        signal.signal(number, lambda *_: sys.exit(INTERRUPTED))
    if store.status(attempt.job.id).state == "done":
        return say(f"Job {attempt.job.id} is done already.")
    state = attempt.run(EngineCache(home).records)
    for number in SCHEDULERS:
        signal.signal(number, signal.SIG_IGN)
    end_children()
    note(f"{attempt.job.id} {state} {attempt.status.error}".rstrip())
    raise typer.Exit({"done": 0, "interrupted": INTERRUPTED}.get(state, 1))


@app.command()
def prune(
    days: Annotated[
        float, typer.Option("--older", min=0, metavar="DAYS", help="Remove jobs older than this.")
    ] = 7.0,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Remove jobs that are over; their pictures, edits and feature caches stay.

    Example: neuroinspect-tui jobs prune --older 30
    """
    from neuroinspect_tui.jobs.store import Store
    from neuroinspect_tui.workspace import find_home

    gone = Store(find_home(workspace)).prune(days)
    return print_json(gone) if json else say(f"{len(gone)} jobs removed.")


@runner.command()
def status(workspace: Workspace = None, json: Json = False) -> None:
    """List the runners that are alive, and when idle ones end.

    Example: neuroinspect-tui jobs runner status
    """
    from neuroinspect_tui.jobs.executors import alive
    from neuroinspect_tui.workspace import find_home

    found = alive(find_home(workspace))
    if json:
        return print_json(found)
    for one in found:
        left = "busy"
        if one.idle_since is not None:
            left = f"idle, ends in {_time(one.idle_since + one.idle_seconds - time.time())}"
        say(f"{one.queue}: process {one.process.pid} on {one.process.host}, {left}")
    return None if found else say("No runner is alive; the next job starts one.")


@runner.command()
def stop(workspace: Workspace = None) -> None:
    """Stop the runners; a running job is interrupted at its checkpoint.

    Example: neuroinspect-tui jobs runner stop
    """
    from neuroinspect_tui.jobs.executors import stop as stop_all
    from neuroinspect_tui.workspace import find_home

    count = stop_all(find_home(workspace))
    say(f"{count} runner{'s' if count != 1 else ''} stopped.")


def _found(workspace: Path | None, wanted: str) -> tuple[Any, str]:
    from neuroinspect_tui.jobs.store import Store
    from neuroinspect_tui.workspace import find_home

    store = Store(find_home(workspace))
    return store, store.find(wanted)
