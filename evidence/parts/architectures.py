"""Other architectures than the demo's: a ViT, and a ConvNeXt whose head has a norm."""

from functools import partial

from evidence import kinds, rankings, repair
from evidence.models import ARCHITECTURES, KINDS, Model
from evidence.parts.base import SPLITS, Work
from evidence.parts.models import train
from evidence.result_files import Cell, Column, Result, by_row
from evidence.tables import Figures

SEEDS = range(21, 23)
SAID = f"two models of each, data seeds {SEEDS[0]} and {SEEDS[-1]}, pretrained-like"
FINDING = "{:.2f}, {:.2f}, {:.2f}"


class Architectures:
    """Finding, groups and repair, each by the classifier's own features alone."""

    help = "is it the same with a ViT, and with a ConvNeXt?"
    by_case = False

    def run(self, work: Work) -> None:
        """Train and measure two models of each architecture."""
        by_case = {case: [Model(case, seed, work.root) for seed in SEEDS] for case in KINDS}
        for models in by_case.values():
            train(Work(work.name, work.root, models, work.until))
        columns, finding, repaired = [], [], []
        divided: dict[str, list[Cell]] = {}
        for case, models in by_case.items():
            for label in SPLITS:
                columns.append(f"{ARCHITECTURES[case][0]}, {label}")
                found = [_kinds(work, model, label) for model in models]
                divided |= kinds.kinds_rows(columns[-1], "none", found)
                pairs = zip(models, found, strict=True)
                finding.append([_finding(work, model, label, one) for model, one in pairs])
                repaired.append([_repaired(work, model, label) for model in models])
        work.publish(
            "architectures-finding",
            Result(title="Which neurons are driven by the background: P@5, P@10, mean rank",
                   head="ranking", columns=[Column(name, FINDING) for name in columns],
                   rows=by_row(finding), command=work.command, seeds=SAID),
        )  # fmt: skip
        work.publish(
            "architectures-kinds",
            Result(title="Are the groups found, without a CLIP, the true ones?",
                   head="model; CLIP; mistakes of a class", columns=list(kinds.COLUMNS),
                   rows=divided, command=work.command, seeds=SAID),
        )  # fmt: skip
        work.publish(
            "architectures-repair",
            Result(title="Worst true group of the test images in percent",
                   head="edit", columns=[Column(name, "{:.1f}") for name in columns],
                   rows=by_row(repaired), command=work.command, seeds=SAID),
        )  # fmt: skip


def _kinds(work: Work, model: Model, label: str) -> kinds.Kinds:
    find = partial(kinds.measure, model, SPLITS[label][0], "none")
    return work.kept(model.home, f"kinds {label} none", find, kinds.Kinds)


def _finding(work: Work, model: Model, label: str, found: kinds.Kinds) -> Figures:
    rank = partial(rankings.measure, model, SPLITS[label][0])
    figures = dict(work.kept(model.home, f"rankings {label}", rank, Figures))
    if found.precision is not None:
        figures["groups found"] = found.precision
    return figures


def _repaired(work: Work, model: Model, label: str) -> Figures:
    """Return by edit the worst true group on test, in percent."""
    split, select = SPLITS[label]
    figures: Figures = {}
    for clip, ending in ((None, ""), ("none", ", groups found")):
        mend = partial(repair.measure, model, split, select, clip)
        step = f"repair {label}" if clip is None else f"repair {label} {clip}"
        for edit, (_, worst, _) in work.kept(model.home, step, mend, Figures).items():
            figures[f"{edit}{ending}"] = [100 * worst]
    return figures


KIND = Architectures()
