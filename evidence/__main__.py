"""`python -m evidence`: measure parts of the evidence, and write their result files."""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import torch

from engine.schema.errors import EngineError
from evidence.models import CASES, Model
from evidence.parts import PARTS
from evidence.parts.base import OutOfTimeError, Work

FIRST_SEED = 21
"""The generator was developed on seed 1, the zero edit's selection of N on seeds 11 to 15."""
MODELS = 5
AGAIN = 75
"""The exit code of a part that is to be run again: sysexits' EX_TEMPFAIL."""


def main() -> None:
    """Run parts, each until it is finished or its time is over."""
    parser = argparse.ArgumentParser(
        prog="python -m evidence", description=__doc__, epilog=_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("parts", nargs="*", metavar="PART", help="one or more [default: all]")
    parser.add_argument("--models", type=int, default=MODELS, help="models of each case")
    parser.add_argument("--minutes", type=float, help="of a part; then it is to be run again")
    parser.add_argument("--dir", type=Path, default=None, help="where models and figures are kept")
    options = parser.parse_args()
    known = names()
    for name in options.parts:
        if name not in known:
            parser.error(f"unknown part {name!r}; choose from {', '.join(known)}")
    if not 1 <= options.models <= 10:
        parser.error("--models takes 1 to 10")
    root = options.dir or platformdirs.user_cache_path("neuroinspect-tui") / "evidence"
    torch.manual_seed(0)
    again = False
    try:
        for name in options.parts or known:
            until = None if options.minutes is None else time.monotonic() + 60 * options.minutes
            try:
                run(name, root, options.models, until)
            except OutOfTimeError as error:
                print(error, file=sys.stderr)
                again = True
    except EngineError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    if again:
        sys.exit(AGAIN)


def names() -> list[str]:
    """Return the names of all parts; one that measures cases has a name for each of them."""
    return [
        name
        for part, kind in PARTS.all().items()
        for name in ([f"{part}-{case}" for case in CASES] if kind.by_case else [part])
    ]


def run(name: str, root: Path, models: int, until: float | None) -> None:
    """Measure a part, as `names` names it.

    Raises:
        OutOfTimeError: Its time is over; what it measured is kept.
        EngineError: It cannot be measured.
    """
    part, _, case = name.rpartition("-")
    if name in PARTS.names():
        PARTS.get(name).run(Work(name, root, (), until))
        return
    seeds = range(FIRST_SEED, FIRST_SEED + models)
    of_case = [Model(of, seed, root) for of in CASES if of == case for seed in seeds]
    PARTS.get(part).run(Work(name, root, of_case, until))


def _help() -> str:
    return "\n".join(["parts:", *_lines()])


def _lines() -> Iterator[str]:
    for name, kind in PARTS.all().items():
        shown = f"{name}-{{{','.join(CASES)}}}" if kind.by_case else name
        yield f"  {shown:40} {kind.help}"


if __name__ == "__main__":
    main()
