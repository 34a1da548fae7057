"""The classifiers that the other parts measure."""

from evidence.parts.base import Work


class Models:
    """Trains all models of a case; every other part trains those that it lacks."""

    help = "train the classifiers, and draw their pictures"
    by_case = True

    def run(self, work: Work) -> None:
        """Train what is missing; a run goes on at its last epoch."""
        train(work)


def train(work: Work) -> None:
    """Train what is missing of a part's models."""
    for model in work.models:
        for _ in model.make():
            work.check_time()


KIND = Models()
