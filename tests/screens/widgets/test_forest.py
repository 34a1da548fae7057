"""The forest plot: intervals about a common zero, whatever the width."""

import pytest

from screens.widgets.forest import LEAST, Axis, Interval

BETTER, UNCLEAR, WORSE = (
    Interval(0.2, 0.1, 0.3), Interval(0.05, -0.05, 0.1), Interval(-0.06, -0.1, -0.02)
)  # fmt: skip


def test_whiskers_points_and_zero_line_up():
    axis = Axis.of([BETTER, UNCLEAR, WORSE], 41)
    assert axis.labels() == "-10       0                           +30"
    assert axis.draw(BETTER).plain == "          │         ├─────────●─────────┤"
    assert axis.draw(UNCLEAR).plain == "     ├────┼────○────┤                    "
    assert axis.draw(WORSE).plain == "├───●───┤ │                              "


@pytest.mark.parametrize("width", range(LEAST, 60))
def test_at_any_width_zero_lies_inside_exactly_where_the_interval_holds_it(width):
    every = [BETTER, UNCLEAR, WORSE, Interval(0.3, 0.001, 0.5), Interval(-0.004, -0.09, -0.001)]
    axis = Axis.of(every, width)
    zero = axis.cell(0)
    assert len(axis.labels()) == width
    for some in every:
        line = axis.draw(some).plain
        assert len(line) == width
        assert ("●" in line) == some.clear
        assert (line[zero] == "│") == some.clear
        ends = [i for i, letter in enumerate(line) if letter in "├┤●○"]
        if some.clear:
            assert min(ends) > zero or max(ends) < zero


def test_differences_of_nothing_stand_at_zero():
    axis = Axis.of([Interval(0, 0, 0)], 21)
    assert axis.draw(Interval(0, 0, 0)).plain.strip() == "○"
    assert axis.labels() == "-1.0      0      +1.0"


def test_zero_is_an_end_where_all_lies_on_one_side():
    axis = Axis.of([BETTER], 31)
    assert axis.labels().split() == ["0", "+30"]
    assert axis.draw(BETTER).plain[0] == "│"
    under = Axis.of([WORSE], 31)
    assert under.labels().split() == ["-10", "0"]
    assert under.draw(WORSE).plain[-1] == "│"


def test_colour_says_no_more_than_shape():
    axis = Axis.of([BETTER, UNCLEAR, WORSE], 41)
    assert [axis.draw(some).style for some in (BETTER, UNCLEAR, WORSE)] == ["green", "", "red"]
