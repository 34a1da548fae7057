from rich.text import Text

from screens.widgets.rows import Column, fitted, header, line

COLUMNS = (
    Column("class", 8, flex=True),
    Column("n", 4, "right"),
    Column("top confusions", 10, flex=True, drop=1),
    Column("bar", 10, drop=2),
)


def test_flexible_columns_share_what_is_left():
    assert fitted(COLUMNS, 45) == ((0, 12), (1, 4), (2, 13), (3, 10))


def test_the_highest_drop_goes_first():
    assert [i for i, _ in fitted(COLUMNS, 37)] == [0, 1, 2]
    assert [i for i, _ in fitted(COLUMNS, 25)] == [0, 1]
    assert [i for i, _ in fitted(COLUMNS, 3)] == [0, 1], "drop 0 stays whatever the width"


def test_a_line_is_aligned_and_cut():
    fit = fitted(COLUMNS, 14)
    assert line(COLUMNS, ("sweet pea, wild", "8", "", ""), fit).plain == "sweet p…     8"


def test_wide_letters_count_two_cells():
    text = line(COLUMNS, ("香豌豆花香豌", "8", "", ""), fitted(COLUMNS, 14))
    assert text.cell_len == 14


def test_a_file_name_with_a_newline_stays_on_its_line():
    fit = fitted(COLUMNS, 14)
    assert line(COLUMNS, ("a\nb", Text("1\x1b"), "", ""), fit).plain == r"a\nb      1\x…"


def test_the_sorted_title_is_marked():
    fit = fitted(COLUMNS, 14)
    assert header(COLUMNS, fit, ("n", True)).plain == "class       ▼n"
    assert header(COLUMNS, fit, ("class", False)).plain == "class▲       n"
    full = (Column("neuron", 6), Column("accuracy", 8, "right"), Column("n", 3, "center"))
    fit = fitted(full, 21)
    assert header(full, fit, ("neuron", True)).plain == "neuron▼ accuracy   n "
    assert header(full, fit, ("accuracy", True)).plain == "neuron ▼accuracy   n "
    assert header(full, fit, ("n", True)).plain == "neuron  accuracy   n▼"
    assert header(full, fit, ("gone", True)).plain == "neuron  accuracy   n "
