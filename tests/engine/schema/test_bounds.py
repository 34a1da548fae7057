"""The bounds of requests: stated once, checked in words."""

import math

import pytest

from engine.schema.bounds import bounds, check_bounds
from engine.schema.errors import RequestError
from engine.schema.requests import EditRequest, TrainRequest


def test_they_are_read_from_the_request_also_where_none_may_be_given():
    found = bounds(EditRequest)
    assert found["seeds"] == (1, 100)
    assert found["strength"] == (0, 1e6)
    assert "classes" not in found
    assert "lr" in bounds(TrainRequest)


@pytest.mark.parametrize(("name", "value"), [("seeds", 0), ("lr", 11.0), ("lr", math.nan)])
def test_a_number_out_of_them_is_refused_by_its_option(name, value):
    with pytest.raises(RequestError, match=f"--{name} {value} is out of range; give"):
        check_bounds(EditRequest(classes=(0,), **{name: value}))


def test_what_is_left_open_is_fine():
    check_bounds(EditRequest(classes=(0,)))
