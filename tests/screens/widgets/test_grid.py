import random

import pytest

from screens.widgets.grid import Grid

# three columns of 4 cells and their edges in 16; a tile is 3 lines under its edge
GRID = Grid([("one", 2), ("", 0), ("two", 7), ("", 1)], width=16, side=4, lines=3)
"""
line  0 one        10 (row 1 of two)
      1 .. 4 row   14 (row 2 of two), 18 its lower edge
      5 lower edge 19 (the last, no heading), 23 its lower edge
      6 two, 7 ..
"""


def test_sections_follow_each_other():
    assert [(s.headings, s.first, s.count, s.top) for s in GRID.sections] == [
        (((0, "one"),), 0, 2, 0), (((0, "two"),), 2, 7, 6), ((), 9, 1, 20),
    ]  # fmt: skip
    assert (GRID.columns, GRID.height) == (3, 25)


@pytest.mark.parametrize(
    ("sections", "rows"),
    [
        ([("a", 1), ("b", 2)], ["a0 b1"]),
        ([("a", 2), ("b", 2)], ["a0", "b0"]),
        ([("a", 1), ("", 0), ("b", 1), ("c", 1), ("d", 1)], ["a0 b1 c2", "d0"]),
        ([("a", 4), ("b", 1), ("c", 1)], ["a0", "b0 c1"]),
        ([("long", 1), ("b", 1)], ["long0 b1"]),
        ([("longer", 1), ("b", 1)], ["longer0", "b0"]),
        ([("a", 1), ("its own row", 1)], ["a0", "its own row0"]),
        ([("a", 1), ("two cols", 1)], ["a0 two cols1"]),
        ([("a", 1), ("two cols", 1), ("c", 1)], ["a0 two cols1", "c0"]),
        ([("", 1), ("b", 1)], ["", "b0"]),
    ],
)
def test_small_sections_share_a_row_where_their_headings_fit(sections, rows):
    grid = Grid(sections, width=16, side=4, lines=3)
    found = [" ".join(f"{words}{at}" for at, words in some.headings) for some in grid.sections]
    assert found == rows


def test_headings_in_a_row_have_their_tiles_under_them():
    grid = Grid([("a", 1), ("b", 2), ("c", 3)], width=16, side=4, lines=3)
    assert [grid.corner(i) for i in range(6)] == [
        (0, 1), (5, 1), (10, 1), (0, 7), (5, 7), (10, 7),
    ]  # fmt: skip
    assert [grid.step(i, 1) for i in range(6)] == [3, 4, 5, 3, 4, 5]
    assert (grid.at(6, 2), grid.height) == (1, 12)


@pytest.mark.parametrize(
    ("index", "corner"), [(0, (0, 1)), (1, (5, 1)), (2, (0, 7)), (5, (0, 11)), (9, (0, 20))]
)
def test_corners(index, corner):
    assert GRID.corner(index) == corner


def test_up_and_down_keep_the_column_across_sections():
    down = [GRID.step(index, 1) for index in range(10)]
    assert down == [2, 3, 5, 6, 7, 8, 8, 8, 9, 9]
    up = [GRID.step(index, -1) for index in range(10)]
    assert up == [0, 1, 0, 1, 1, 2, 3, 4, 5, 8]
    assert GRID.step(1, 100) == 9
    assert GRID.step(9, -100) == 0


def test_a_tile_is_in_sight_with_any_of_its_lines():
    rng = random.Random(0)
    for _ in range(200):
        sizes = [(rng.choice(["", "h"]), rng.randrange(0, 9)) for _ in range(rng.randrange(1, 6))]
        grid = Grid(sizes, rng.randrange(1, 40), side=4, lines=3)
        top = rng.randrange(-2, grid.height + 3)
        bottom = top + rng.randrange(1, 20)
        tiles = range(sum(count for _, count in sizes))
        assert list(grid.between(top, bottom)) == [
            i for i in tiles if grid.corner(i)[1] < bottom and grid.corner(i)[1] + 4 >= top
        ]


def test_what_is_at_a_cell():
    assert GRID.at(1, 2) == 0
    assert GRID.at(6, 4) == 1
    assert GRID.at(11, 2) is None, "the row has two"
    assert GRID.at(1, 0) is None, "a heading"
    assert GRID.at(1, 5) is None, "under the last row"
    assert GRID.at(1, 99) is None


def test_an_empty_grid_has_nothing():
    grid = Grid([("none", 0)], 16, 4, 3)
    assert (grid.height, list(grid.between(0, 10)), grid.at(1, 1)) == (0, [], None)


def test_a_narrow_grid_has_one_column():
    assert Grid([("", 5)], 3, 4, 3).columns == 1
