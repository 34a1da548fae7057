"""What a person sees of a planted mark: the app on a workspace of `make evidence PART=marks`.

python -m docs.marks_tour WORKSPACE [--pictures DIR]
"""

from docs.tour import Tour, main


async def walk(tour: Tour) -> None:
    """Go from the worst class to the neurons behind its mistakes, and to its groups."""
    await tour.step("all classes, worst first", [], r"mistakes in \d+ classes")
    await tour.step("mistakes of the worst", ["enter"], r"\d+ mistakes? of", "marks-mistakes")
    await tour.step("neurons behind them", ["n"], r"too strong \(excessive\)")
    await tour.step("heat maps over the mistakes", [], r"mistakes \(heat\)", "marks-neurons")
    await tour.step("by class and mark", ["escape", "escape", "u"], r"mark yes", "marks-groups")


if __name__ == "__main__":
    main("python -m docs.marks_tour", __doc__, walk)
