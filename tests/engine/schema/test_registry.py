"""Kinds by file and by entry point: listed without being imported, and none harms the others."""

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from engine.attribution.rankings import RANKINGS
from engine.editing.methods import EDIT_METHODS
from engine.schema import registry
from engine.schema.errors import RequestError
from engine.schema.registry import Registry

GROUP = "neuroinspect_tui.rankings"


class Loudest:
    """A third party's ranking, as its class."""

    title = "loudest"


def install(monkeypatch, **points):
    found = EntryPoints(EntryPoint(name, value, GROUP) for name, value in points.items())
    monkeypatch.setattr(registry, "entry_points", lambda group: found.select(group=group))
    registry._entry_points.cache_clear()


OURS = ("contrast", "contribution", "core-sensitivity", "groups", "votes")
"""As files, but with hyphens."""


@pytest.fixture
def rankings(monkeypatch):
    """Returns what makes a fresh registry with these entry points."""
    yield (
        lambda **points: (
            install(monkeypatch, **points)
            or Registry("engine.attribution.rankings", GROUP, "ranking", hyphens=True)
        )
    )
    registry._entry_points.cache_clear()


def test_a_kind_is_called_as_its_file():
    assert RANKINGS.names()[:5] == OURS
    assert {"zero", "ratio", "weighted", "focal", "dfr", "afr", "direction"} <= set(
        EDIT_METHODS.names()
    )


def test_every_kind_says_what_it_is():
    for kind in (*RANKINGS.all().values(), *EDIT_METHODS.all().values()):
        assert kind.title
        assert kind.help
        assert not kind.help.endswith(".")


def test_a_third_party_s_is_listed_without_being_imported_and_made_when_asked(rankings):
    found = rankings(loudest=f"{__name__}:Loudest", gone="no.such.module:Kind")
    assert found.names() == (*OURS, "gone", "loudest")
    assert isinstance(found.get("loudest"), Loudest)


def test_one_that_cannot_be_imported_costs_one_warning_and_its_own_use(rankings):
    found = rankings(gone="no.such.module:Kind")
    with pytest.warns(RuntimeWarning, match="'gone' of no.such.module:Kind cannot be imported"):
        assert "contrast" in found.all()
    assert "gone" not in found.all()  # and says no more: warnings are errors in these tests
    with pytest.raises(RequestError, match="ModuleNotFoundError"):
        found.get("gone")


def test_ours_are_not_replaced(rankings):
    found = rankings(votes=f"{__name__}:Loudest")
    assert found.names() == OURS
    assert not isinstance(found.get("votes"), Loudest)


def test_an_unknown_name_is_told_the_known_ones(rankings):
    with pytest.raises(RequestError, match="Unknown ranking 'x'; choose from contrast, contrib"):
        rankings().get("x")
