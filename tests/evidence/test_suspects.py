"""Swapped labels of real images are suspect."""

import pytest

from evidence import suspects


@pytest.mark.long
@pytest.mark.shared
def test_swapped_labels_of_flowers_are_found(shared, tmp_path):
    measured = suspects.measure(tmp_path)
    assert len(measured) == suspects.DRAWS
    for figures in measured:
        precision, recall = figures["suspects"]
        assert precision > 0.8  # measured: .91
        assert recall > 0.6  # measured: .72 to .80
        assert figures["every mistake"][0] < 0.5
