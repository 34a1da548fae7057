import pytest
from rich.text import Text

from screens.widgets.table import Column, Table
from tests.screens.widgets.showing import Showing, posted, shown

ROWS = 21_841


class Counting(Table):
    """Which lines were drawn, and which rows asked for."""

    def __init__(self):
        super().__init__(Column("class", 10, flex=True), Column("n", 6, "right"), empty="none")
        self.drawn, self.asked = [], []

    def row(self, index):
        self.asked.append(index)
        return f"class {index}", Text(str(index), style="red")

    def render_line(self, y):
        self.drawn.append(y)
        return super().render_line(y)


@pytest.fixture
def table():
    return Counting()


async def test_only_rows_in_sight_are_asked_for(table):
    async with Showing(table).run_test(size=(40, 12)) as pilot:
        table.show(ROWS, table.row)
        await pilot.pause()
        assert set(table.asked) == set(range(11))
        await pilot.press("G")
        assert set(table.asked) == {*range(11), *range(ROWS - 11, ROWS)}
        assert shown(table)[-1].startswith(f"▶ class {ROWS - 1}")
        assert shown(table)[0].startswith("  class")


async def test_the_cursor_moves_and_scrolls(table):
    async with Showing(table).run_test(size=(40, 12)) as pilot:
        table.show(ROWS, table.row)
        places = []
        for key in (
            "j",
            "down",
            "k",
            "pagedown",
            "ctrl+d",
            "ctrl+u",
            "pageup",
            "end",
            "up",
            "home",
        ):
            await pilot.press(key)
            places.append(table.index)
        assert places == [1, 2, 1, 12, 17, 12, 1, ROWS - 1, ROWS - 2, 0]
        assert shown(table)[1].startswith("▶ class 0")


async def test_a_move_draws_two_lines(table):
    async with Showing(table).run_test(size=(40, 12)) as pilot:
        table.show(ROWS, table.row)
        await pilot.pause()
        table.drawn.clear()
        await pilot.press("j")
        assert sorted(set(table.drawn)) == [1, 2]


async def test_a_live_table_draws_only_what_changed(table):
    async with Showing(table).run_test(size=(40, 12)) as pilot:
        table.show(5, table.row, keys="abcde")
        await pilot.pause()
        table.drawn.clear()
        table.show(5, lambda i: ("finished" if i == 3 else f"class {i}", str(i)), keys="abcde")
        await pilot.pause()
        assert 4 in table.drawn
        assert "finished" in shown(table)[4]
        table.drawn.clear()
        table.show(5, lambda i: ("finished" if i == 3 else f"class {i}", str(i)), keys="abcde")
        await pilot.pause()
        assert table.drawn == []


async def test_the_cursor_stays_on_its_key(table):
    seen = []
    async with Showing(table).run_test(size=(40, 12), message_hook=seen.append) as pilot:
        table.show(3, table.row, keys=["a", "b", "c"])
        table.move_to_key("c")
        table.show(3, table.row, keys=["c", "b", "a"])
        assert (table.index, table.key) == (0, "c")
        table.move_to_key("not there")
        table.show(2, table.row, keys=["b", "a"])
        assert (table.index, table.key) == (0, "b"), "its key is gone: the place stays"
        table.show(0, table.row)
        assert (table.index, table.key) == (None, None)
        await pilot.pause()
    assert posted(seen, Table.Moved) == [(0, "a"), (2, "c"), (0, "c"), (0, "b")]


async def test_enter_and_a_second_click_choose(table):
    seen = []
    async with Showing(table).run_test(size=(40, 12), message_hook=seen.append) as pilot:
        table.show(3, table.row, keys=["a", "b", "c"])
        await pilot.press("enter")
        await pilot.click(table, offset=(5, 3))
        assert table.key == "c"
        await pilot.click(table, offset=(5, 3))
        await pilot.click(table, offset=(5, 0))
        await pilot.click(table, offset=(5, 9))
    assert posted(seen, Table.Chosen) == [(0, "a"), (2, "c")]


async def test_an_empty_table_says_so(table):
    seen = []
    async with Showing(table).run_test(size=(40, 12), message_hook=seen.append) as pilot:
        table.show(0, table.row)
        await pilot.press("j", "enter", "G", "pageup")
        assert "none" in shown(table)[6]
    assert posted(seen, Table.Moved) == posted(seen, Table.Chosen) == []


async def test_a_resize_keeps_the_cursor_in_sight(table):
    async with Showing(table).run_test(size=(40, 12)) as pilot:
        table.show(ROWS, table.row)
        await pilot.press("pagedown")
        await pilot.resize_terminal(30, 5)
        await pilot.pause()
        assert any(line.startswith("▶ class 11") for line in shown(table))
        assert {len(line) for line in shown(table)} == {table.size.width - 1}


async def test_fewer_rows_scroll_back(table):
    async with Showing(table).run_test(size=(40, 12)) as pilot:
        table.show(ROWS, table.row)
        await pilot.press("G")
        table.show(3, table.row)
        await pilot.pause()
        assert shown(table)[3].startswith("▶ class 2")


async def test_the_sleeping_cursor_has_another_mark(table):
    other = Table(Column("other", 5), id="other")
    async with Showing(table, other).run_test(size=(40, 12)) as pilot:
        table.show(3, table.row)
        assert shown(table)[1].startswith("▶")
        await pilot.press("tab")
        assert shown(table)[1].startswith("▷")


async def test_the_last_column_ends_before_the_scrollbar(table):
    async with Showing(table).run_test(size=(40, 12)) as pilot:
        table.show(ROWS, table.row)
        await pilot.press("G")
        await pilot.pause()
        assert table.show_vertical_scrollbar
        last = table.render_line(table.size.height - 1)
        assert last.text.endswith(" 21840")
        assert last.cell_length == table.size.width - 1


async def test_the_sort_is_marked(table):
    async with Showing(table).run_test(size=(40, 12)):
        table.sorted_by("n", descending=False)
        assert shown(table)[0].rstrip().endswith("▲n")


async def test_another_theme_is_drawn_anew(table):
    async with Showing(table).run_test(size=(40, 12)) as pilot:
        table.show(3, table.row)
        await pilot.pause()
        dark = table.render_line(2)
        pilot.app.theme = "textual-light"
        await pilot.pause()
        assert table.render_line(2) != dark
