"""Where an experiment's real images lie, and what must be fetched where they do not."""

from collections.abc import Generator
from pathlib import Path

from engine.data.readers import READERS
from engine.schema.errors import DataError
from engine.schema.records import Progress
from neuroinspect_tui.experiments.declaration import Experiment


def find_data(
    experiment: Experiment, place: Path, *, download: bool
) -> Generator[Progress, None, Path]:
    """Return the folder that holds the data, downloaded first where that is asked for.

    Raises:
        DataError: They are not there; one sentence says what to fetch and where to put it.
    """
    if _present(experiment, place):
        return place
    torchvision = experiment.data.torchvision
    if not download:
        raise DataError(f"{_missing(experiment, place)}{_ways(experiment)}.")
    if torchvision is None:
        raise DataError(
            f"{_missing(experiment, place)}; there is no download for it, fetch it by hand."
        )
    yield Progress(stage=f"downloading {torchvision} into {place}", done=0, total=0, unit="")
    _download(torchvision, place)
    if not _present(experiment, place):
        raise DataError(f"{_missing(experiment, place)}, although its download has ended.")
    return place


def _present(experiment: Experiment, place: Path) -> bool:
    return READERS.get(experiment.data.reader).matches(place)


def _missing(experiment: Experiment, place: Path) -> str:
    return f"The data of {experiment.name} are not in {place}, which must hold {_needs(experiment)}"


def _needs(experiment: Experiment) -> str:
    return experiment.data.needs.rstrip(".")


def _ways(experiment: Experiment) -> str:
    fetch = "give --download to fetch it" if experiment.data.torchvision else "fetch it"
    return f"; {fetch}, or give --data DIR where it lies, or --miniature for generated pictures"


def _download(name: str, place: Path) -> None:
    """Let torchvision download a data set; it keeps what is there already.

    Raises:
        DataError: It cannot.
    """
    from torchvision import datasets

    splits = {"CelebA": ("all",)}.get(name, ("train",))  # any split brings all of the files
    try:
        place.mkdir(parents=True, exist_ok=True)
        for split in splits:
            getattr(datasets, name)(str(place), split=split, download=True)
    # no network, a full disk, a moved file, gdown that is not installed
    except (OSError, RuntimeError, ValueError, ImportError) as error:
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise DataError(
            f"torchvision cannot download {name} into {place} ({reason}); fetch it by hand."
        ) from error
