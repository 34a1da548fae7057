"""Groups found without labels, and words: are they true, and which neurons do they point at?"""

from functools import partial

from evidence import kinds, words
from evidence.models import Model
from evidence.parts.base import SPLITS, Work
from evidence.parts.models import train
from evidence.result_files import Column, Result, by_row
from evidence.tables import Figures


class Kinds:
    """Finds groups with the model's own CLIP, a foreign one and none, and names mistakes."""

    help = "are groups found without labels the true ones, and what do words say?"
    by_case = True

    def run(self, work: Work) -> None:
        """Find groups and words for every model."""
        train(work)
        found = Result(
            title="Are the found groups the true ones?", command=work.command, seeds=work.seeds,
            head="case; CLIP; mistakes of a class", columns=list(kinds.COLUMNS), rows={},
        )  # fmt: skip
        finding: list[list[Figures]] = []
        said: dict[str, str] = {}
        for label, (split, _) in SPLITS.items():
            by_clip: dict[str, list[kinds.Kinds]] = {}
            finding.append([{} for _ in work.models])
            for model, figures in zip(work.models, finding[-1], strict=True):
                for name, clip in model.clips().items():
                    one = _kinds(work, model, label, split, name, clip)
                    by_clip.setdefault(name, []).append(one)
                    if one.precision is not None:
                        figures[f"groups found, CLIP: {name}"] = one.precision
                    if clip != "none":
                        told = _words(work, model, label, split, name, clip)
                        figures[f"words, CLIP: {name}"] = told.precision
                        said[f"{model.seed}, {label}; {name}"] = words.plain(told)
            for name, measured in by_clip.items():
                case = f"{work.case}, {label}"
                found.rows.update(kinds.kinds_rows(case, name, measured))
        self._publish(work, found, finding, said)

    def _publish(
        self, work: Work, found: Result, finding: list[list[Figures]], said: dict[str, str]
    ) -> None:
        work.publish(work.name, found)
        work.publish(
            f"finding-{work.name}",
            Result(title="Which neurons are driven by the background: P@5, P@10",
                   command=work.command, seeds=f"means of {work.seeds}", head="ranking",
                   columns=[Column(f"{work.case}, {label}", "{:.2f}, {:.2f}") for label in SPLITS],
                   rows=by_row(finding)),
        )  # fmt: skip
        work.publish(
            f"words-{work.name}",
            Result(title="Words for mistakes: those of the mistakes | those of the other images",
                   command=work.command, seeds=work.seeds, head="seed, validation images; CLIP",
                   columns=[Column("words")], rows={name: [text] for name, text in said.items()}),
        )  # fmt: skip


def _kinds(
    work: Work, model: Model, label: str, split: str, name: str, clip: str
) -> kinds.Kinds:  # fmt: skip
    find = partial(kinds.measure, model, split, clip)
    return work.kept(model.home, f"kinds {label} {name}", find, kinds.Kinds)


def _words(
    work: Work, model: Model, label: str, split: str, name: str, clip: str
) -> words.Words:  # fmt: skip
    say = partial(words.measure, model, split, clip)
    return work.kept(model.home, f"words {label} {name}", say, words.Words)


KIND = Kinds()
