"""The planted marks, as a CLIP that has seen flowers sees them."""

from functools import partial

from engine.schema.errors import DataError
from evidence import flowers
from evidence.marks import measuring
from evidence.marks.stamps import MARKS
from evidence.marks.training import Planted
from evidence.models import FOREIGN
from evidence.parts.base import Work
from evidence.parts.marks import KINDS, SEEDS, SPLITS, kinds_cells
from evidence.result_files import Cell, Column, Result


class MarksWords:
    """One classifier a mark: a CLIP takes minutes for each."""

    help = "does a CLIP of flowers divide classes by the mark, and name it?"
    by_case = False

    def run(self, work: Work) -> None:
        """Look at the classifiers of the first seed."""
        flowers.home(work.root)  # are the photographs there?
        if not FOREIGN.is_dir():
            raise DataError(f"{FOREIGN} is missing; this part looks at photographs with it.")
        rows: dict[str, list[Cell]] = {}
        for mark in MARKS:
            model = Planted(mark, SEEDS[0], work.root / "marks")
            for _ in model.make():
                work.check_time()
            for label, (split, _) in SPLITS.items():
                look = partial(measuring.kinds, model, split, f"local-dir:{FOREIGN}")
                step = f"kinds {label} CLIP of flowers"
                found = work.kept(model.home, step, look, measuring.Found)
                rows[f"{mark}, {label}"] = [*kinds_cells([found]), _plain(found)]
        work.publish(
            "marks-words",
            Result(title="Classes divided by the mark, and words, by a CLIP of flowers",
                   command=work.command, seeds=f"one classifier a mark, seed {SEEDS[0]}",
                   head="mark, validation",
                   columns=[*map(Column, KINDS), Column("words of mistakes | of right images")],
                   rows=rows),
        )  # fmt: skip


def _plain(found: measuring.Found) -> str:
    said = [
        f"{name}: {', '.join(mistakes) or '-'} | {', '.join(others) or '-'}"
        for name, (mistakes, others) in found.words.items()
    ]
    return "; ".join(said) or "none"


KIND = MarksWords()
