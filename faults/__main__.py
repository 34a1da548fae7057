"""`python -m faults`: break everything on purpose; print the table of docs/robustness.md."""

import argparse
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from engine.schema.jobs import Request
from faults import races, terminals
from faults.crowd import crowd
from faults.kills import Tally, Uninterrupted, kill, terminate, uninterrupted
from faults.setting import Setting, jobs

LEAVES_SECONDS = 5.0


def main() -> None:
    """Run every fault; exit 1 where one did harm."""
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--terms", type=int, default=30)
    parser.add_argument(
        "--only", nargs="*", default=[], help="kills terms crowd pty ssh disk race list left"
    )
    asked = parser.parse_args()
    rows: list[tuple[str, str, bool]] = []
    with tempfile.TemporaryDirectory(prefix="faults-") as root:
        setting = Setting(Path(root))
        say("making a workspace")
        edit = setting.make()
        alone = {}
        if not asked.only or {"kills", "terms", "disk"} & set(asked.only):
            for kind, request in jobs(edit).items():
                say(f"{kind}, alone")
                alone[kind] = uninterrupted(setting, kind, request)
        faults: dict[str, Callable[[], list[tuple[str, str, bool]]]] = {
            "kills": lambda: _kills(setting, edit, alone, asked.kills),
            "terms": lambda: _terms(setting, edit, alone, asked.terms),
            "crowd": lambda: _crowd(setting),
            "pty": lambda: _pty(setting),
            "ssh": lambda: _ssh(setting),
            "disk": lambda: _disk(setting, alone),
            "race": lambda: _race(setting),
            "list": lambda: _list(setting),
            "left": lambda: _left(setting),
        }
        for name, fault in faults.items():
            if not asked.only or name in asked.only:
                say(name)
                rows += fault()
    print("| what is done | what is found | |\n|---|---|---|")
    for what, found, good in rows:
        print(f"| {what} | {found} | {'held' if good else 'BROKEN'} |")
    if not all(good for _, _, good in rows):
        sys.exit(1)


def say(what: str) -> None:
    """Tell where we are."""
    print(what, file=sys.stderr, flush=True)


def _kills(
    setting: Setting, edit: str, alone: dict[str, Uninterrupted], count: int
) -> list[tuple[str, str, bool]]:
    tally = _each(kill, "kill", setting, jobs(edit), alone, count)
    what = f"SIGKILL of the runner at {count} random moments ({tally.kinds})"
    return [(what, tally.said, not tally.problems and 2 * tally.hit >= count)]


def _terms(
    setting: Setting, edit: str, alone: dict[str, Uninterrupted], count: int
) -> list[tuple[str, str, bool]]:
    tally = _each(terminate, "SIGTERM", setting, jobs(edit), alone, count)
    what = f"SIGTERM of `jobs run` at {count} random moments ({tally.kinds}), then run again"
    found = f"{tally.said}; exit 75 after {tally.slowest:.1f} s at the most"
    good = not tally.problems and 2 * tally.hit >= count and tally.slowest < LEAVES_SECONDS
    return [(what, found, good)]


def _each(
    fault: Callable[[Setting, str, Request, Uninterrupted, int, Tally], None],
    name: str,
    setting: Setting,
    asked: dict[str, Request],
    alone: dict[str, Uninterrupted],
    count: int,
) -> Tally:
    """Do a fault to every kind of job about as often, in any order."""
    tally = Tally()
    kinds = [kind for _ in range(count // len(asked) + 1) for kind in asked][:count]
    random.Random(0).shuffle(kinds)
    for number, kind in enumerate(kinds):
        say(f"{name} {number + 1} of {count}: {kind}")
        known = set(tally.problems)
        fault(setting, kind, asked[kind], alone[kind], number, tally)
        for problem in set(tally.problems) - known:
            say(problem)
    return tally


def _crowd(setting: Setting) -> list[tuple[str, str, bool]]:
    count, wrong = crowd(setting)
    for problem in wrong:
        say(problem)
    what = "two apps and three shells at once submit, follow, list, cancel, resume, stop the runner"
    found = f"all {count} jobs done, every step told once, no traceback"
    return [(what, f"{len(wrong)} problems" if wrong else found, not wrong)]


def _pty(setting: Setting) -> list[tuple[str, str, bool]]:
    whole, tried = terminals.closed_ptys(setting, 20)
    what = f"SIGHUP and a closed terminal under the submitting shell, {tried} times"
    return [(what, f"{whole} jobs went on to their end", whole == tried)]


def _ssh(setting: Setting) -> list[tuple[str, str, bool]]:
    what = "ssh client killed in the middle of an edit and of a drawing, then another connection"
    try:
        wrong = terminals.dropped_ssh(setting)
    except FileNotFoundError as error:
        return [(what, f"not tried: {error}", True)]
    return [
        (what, "; ".join(wrong) or "both went on, all steps told again, result whole", not wrong)
    ]


def _disk(setting: Setting, alone: dict[str, Uninterrupted]) -> list[tuple[str, str, bool]]:
    what = "disk full in the middle of a pass (tmpfs), then room is made"
    try:
        wrong = races.full_disk(setting, alone["features"])
    except PermissionError as error:
        return [(what, f"not tried: {error}", True)]
    return [(what, wrong or "one sentence, resumed, the same result", not wrong)]


def _race(setting: Setting) -> list[tuple[str, str, bool]]:
    fixed = races.races(setting, 50)
    return [("two runners at once, 50 times", f"exactly one stayed {fixed} times", fixed == 50)]


def _list(setting: Setting) -> list[tuple[str, str, bool]]:
    seconds = races.thousand(setting, 1000)
    return [("`jobs list` with 1,000 jobs", f"{seconds:.2f} s", seconds < 0.5)]


def _left(setting: Setting) -> list[tuple[str, str, bool]]:
    found = races.left_behind(setting)
    what = "`runner stop`, idle exit, the workspace deleted under a job"
    return [(what, "; ".join(found) or "no process left", not found)]


if __name__ == "__main__":
    main()
