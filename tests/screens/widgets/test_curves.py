from screens.widgets.chart import Chart
from screens.widgets.curves import DOTTED, Series, chart
from tests.screens.widgets.showing import Showing, shown

X = [0, 20, 40, 80, 160]
CURVES = [
    Series("zero", [0.375, 0.5, 0.75, 0.75, 0.7], "green"),
    Series("random", [0.375] * 5, dash=DOTTED),
]


def plain(lines):
    return [line.plain.rstrip() for line in lines]


def test_curves_axes_names_and_the_cursor():
    assert plain(chart(CURVES, X, 44, 6, cursor=2)) == [
        "75%┤              ⡠⠔⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠒⠒⠢⠤⠤⢄⣀ zero",
        "   │           ⢀⠤⠊  ┊",
        "   │         ⣀⠔⠁    ┊",
        "   │     ⣀⠤⠔⠊       ┊",
        "38%┤⣀⠤⠔⠊⠉ ⡀⢀ ⡀⢀ ⡀⢀ ⡀⢀ ⡀⢀ ⡀⢀ ⡀⢀ ⡀⢀ ⡀⢀  random",
        "    0      20     [40]     80     160",
    ]


def test_every_line_fits_whatever_the_size():
    for width in range(1, 60):
        for height in range(1, 12):
            lines = chart(CURVES, X, width, height, cursor=4)
            assert len(lines) == height
            if width >= 12:
                assert max(len(line) for line in lines) <= width, (width, height)


def test_a_long_name_leaves_two_thirds_to_the_curves():
    lines = chart([Series("a" * 80, [0.1, 0.2])], [0, 1], 60, 5)
    assert {len(line) for line in lines[:-1]} <= {40, 60}


def test_a_gap_is_left_open():
    one = chart([Series("a", [0.1, 0.2, None, 0.3, 0.4])], range(5), 30, 6)
    columns = {i for line in one[:-1] for i, c in enumerate(line.plain[4:]) if c >= "\u2801"}
    assert columns
    assert not columns & {10, 11, 12, 13, 14}


def test_one_place_and_one_value_are_drawn():
    lines = plain(chart([Series("a", [0.5])], [7], 30, 5))
    assert lines[0].startswith("50.5%┤")
    assert lines[-1].strip() == "7"
    assert sum("⠀" < c < "⣿" for line in lines for c in line) == 1


def test_the_first_curve_is_on_top():
    same = [Series("a", [0.1, 0.9], "red"), Series("b", [0.1, 0.9], "blue")]
    styles = {str(span.style) for line in chart(same, [0, 1], 30, 6) for span in line.spans}
    assert styles == {"red"}


def test_nothing_known_yet_is_blank():
    assert plain(chart([Series("a", [None])], [0], 30, 5)) == [""] * 5


async def test_the_widget_redraws_at_every_size():
    widget = Chart(empty="no curves yet")
    async with Showing(widget).run_test(size=(44, 6)) as pilot:
        assert shown(widget)[3].strip() == "no curves yet"
        widget.show(CURVES, X, cursor=2)
        await pilot.pause()
        assert shown(widget)[0].startswith("75%┤")
        await pilot.resize_terminal(60, 12)
        await pilot.pause()
        assert [line.rstrip() for line in shown(widget)] == plain(chart(CURVES, X, 60, 12, 2))
