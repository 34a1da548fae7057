import numpy as np
import pytest

from tests.making import planted_cache

CLASSES, WIDTH, EACH = 3, 12, 30


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Three classes of 30 images; every neuron but the last varies within each class."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(CLASSES), EACH)
    features = rng.random((len(labels), WIDTH))
    features[:, -1] = 1.0
    weight = rng.normal(0, 1, (CLASSES, WIDTH))
    return planted_cache(
        tmp_path_factory.mktemp("study") / "c", features, labels, weight, np.zeros(CLASSES)
    )
