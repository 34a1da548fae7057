"""Options belong to methods: those of another are refused, not ignored."""

import pytest

from engine.editing.methods import EDIT_METHODS
from engine.editing.methods.base import Option
from engine.editing.options import check_options
from engine.schema.errors import RequestError
from engine.schema.requests import EditRequest


def asked(**more):
    return EditRequest(classes=(0,), **more)


@pytest.mark.parametrize("name", EDIT_METHODS.names())
def test_a_method_takes_its_own_options(name):
    values = {"preset": "paper", "strength": 1.0, "target": 1.0, "epochs": 3, "lr": 0.1,
              "batch_size": 8, "views": 2}  # fmt: skip
    own = {option: values[option] for option in EDIT_METHODS.get(name).options}
    check_options(asked(method=name, **own))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"method": "afr", "views": 3}, "--views belongs to --method focal, ratio, weighted"),
        ({"method": "zero", "strength": 1.0}, "--strength belongs to --method ratio, not zero"),
        ({"method": "dfr", "batch_size": 3}, "--batch-size belongs to"),
        ({"method": "zero", "options": {"depth": 3.0}}, "has no option 'depth'; it has: none"),
    ],
)
def test_another_s_is_refused(more, said):
    with pytest.raises(RequestError, match=said):
        check_options(asked(**more))


def test_an_option_of_its_own_has_bounds(monkeypatch):
    depth = Option("depth", "how deep", 2, 1, 5)
    monkeypatch.setattr(EDIT_METHODS.get("zero"), "own_options", (depth,), raising=False)
    check_options(asked(options={"depth": 5.0}))
    with pytest.raises(RequestError, match="--set depth=6 is out of range; give 1 to 5"):
        check_options(asked(options={"depth": 6.0}))
