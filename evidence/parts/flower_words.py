"""Words where the answer is known: a real flower classifier, a CLIP of flowers."""

from functools import partial

from evidence import flowers
from evidence.parts.base import Work
from evidence.result_files import Cell, Column, Result


class FlowerWords:
    """Names class logits with their own class's name, and mistakes with words."""

    help = "are neurons named right where the answer is known (flowers89)?"
    by_case = False

    def run(self, work: Work) -> None:
        """Name them."""
        home = flowers.home(work.root)
        found = work.kept(home, "words", partial(flowers.words, home), flowers.FlowerWords)
        seeds = f"one classifier, {found.words:,} words, {flowers.DRAWS} draws at random"
        rows: dict[str, list[Cell]] = {
            "class logits that are labelled with their own class": [
                [found.classes], [found.named / found.classes],
            ],
            "classes with mistakes that show a word": [
                [found.faulty], [found.shown / max(found.faulty, 1)],
            ],
            "the same, with mistakes dealt out at random": [[found.faulty], [found.false_alarms]],
        }  # fmt: skip
        work.publish(
            work.name,
            Result(title="Words on flowers89", command=work.command, head="what", seeds=seeds,
                   columns=[Column("of", "{:.0f}"), Column("share", "{:.3f}")], rows=rows),
        )  # fmt: skip


KIND = FlowerWords()
