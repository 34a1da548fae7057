"""Which classes' groups are in doubt."""

from engine.grouping.finding import Kinds
from engine.grouping.laying import doubtful


def kinds(name, mistakes, by, why_not="", words=()):
    told = {"like its mistakes": words} if words else {}
    return Kinds(
        index=0, name=name, mistakes=mistakes, images=100, by=by, why_not=why_not, words=told
    )


def test_few_mistakes_and_undivided_classes_are_in_doubt():
    found = (
        kinds("many", 40, "mistakes"),
        kinds("few", 6, "loss"),
        kinds("nameless", 19, "mistakes"),
        kinds("named", 10, "mistakes", words=("water",)),
        kinds("few named", 9, "mistakes", words=("water",)),
        kinds("scattered", 20, "mistakes", "its 20 mistakes are no kind of their own"),
        kinds("one", 1, "", "too few mistakes to group (1)"),
        kinds("right", 0, "", "too few mistakes to group (0)"),
    )
    assert doubtful(found) == ("few", "nameless", "few named", "scattered", "one")


def test_groups_that_no_direction_found_are_not_in_doubt():
    by_neuron = (kinds("a", 4, "neurons"), kinds("b", 2, "", "its images do not differ there"))
    assert doubtful(by_neuron) == ()
    assert doubtful(()) == ()
