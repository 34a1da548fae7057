"""Result files, the tables written from them, and what README quotes of them."""

import datetime
import re
from pathlib import Path

import msgspec
import pytest

from docs.results import SECTION, Selection, filled, named, selected, sources, table
from engine.schema.edits import Estimate
from engine.schema.errors import EngineError
from evidence.rankings import DRIVEN_SHARE
from evidence.result_files import (
    Column,
    Result,
    Shown,
    by_figure,
    by_row,
    cell,
    joined,
    names,
    publish,
    read,
)

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def result(rows, columns=("a",), **fields):
    known = {"title": "t", "command": "make it", "seeds": "seed 1", "head": "row"}
    said = [Column(name, "{:.1fi}") for name in columns]
    return Result(columns=said, rows=rows, **known | fields)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr("evidence.result_files.FOLDER", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", names())
def test_every_result_says_where_it_is_from_and_stands_on_a_page(name):
    found = read(name)
    assert found.command
    assert found.seeds
    assert found.version
    assert datetime.date(2026, 11, 1) < found.date <= datetime.date.today()
    assert found.rows
    for cells in found.rows.values():
        for column, of in zip(found.columns, cells, strict=True):
            assert cell(column, of)
    shown = [at[2] for page in PAGES for at in SECTION.finditer(page.read_text())]
    assert any(name in named(marker) for marker in shown), "no page shows it"


def test_a_figure_is_shown_with_its_interval_only_where_the_format_says_so():
    values = [1.0, 2.0, 3.0]
    assert cell(Column("a", "{:.1fi}"), [values]) == "2.0 [-0.5, 4.5]"
    assert cell(Column("a", "{:.1f}"), [values]) == "2.0"
    assert (
        cell(Column("a", "{:.2f}, {:+.1fi}"), [0.5, Estimate(2, 1, 3)]) == "0.50, +2.0 [+1.0, +3.0]"
    )
    assert cell(Column("a", "{:.1fi}"), [[2.0]]) == "2.0"
    assert cell(Column("a"), None) == "-"
    assert cell(Column("a"), "x|y") == "x\\|y"


def test_a_published_result_is_read_back_with_its_date_and_version(folder):
    publish("some-marks", result({"votes": [[[1.0, 2.0]]], "none": [None], "said": ["text"]}))
    found = read("some-marks")
    assert found.rows == {"votes": [[[1.0, 2.0]]], "none": [None], "said": ["text"]}
    assert found.date == datetime.datetime.now(tz=datetime.UTC).date()
    assert re.fullmatch(r"\d+\.\d+\.\d+", found.version)
    assert names() == ["some-marks"]


def test_a_name_that_is_none_and_a_row_of_another_width_are_refused(folder):
    for name in ("../x", "Marks", "", "a b"):
        with pytest.raises(EngineError, match="lower-case"):
            publish(name, result({}))
    with pytest.raises(EngineError, match="no result 'other'"):
        read("other")
    with pytest.raises(ValueError, match="2 cells of 1"):
        result({"votes": [None, None]})
    (folder / "narrow.json").write_bytes(
        msgspec.json.encode({**msgspec.to_builtins(result({})), "rows": {"votes": []}})
    )
    with pytest.raises(EngineError, match="damaged"):
        read("narrow")


def test_results_are_joined_beside_each_other_or_below():
    one, two = result({"x": ["1"], "y": ["2"]}), result({"y": ["3"], "z": ["4"]}, ("b",))
    columns, rows = joined([one, two])
    assert [column.name for column in columns] == ["a", "b"]
    assert rows == {"x": ["1", None], "y": ["2", "3"], "z": [None, "4"]}
    columns, rows = joined([one, result({"z": ["4"]})])
    assert rows == {"x": ["1"], "y": ["2"], "z": ["4"]}
    with pytest.raises(ValueError, match="'y' twice"):
        joined([one, result({"y": ["5"]})])


def test_a_page_is_filled_with_a_table_and_its_source(folder):
    publish("one", result({"x|y": [[[1.0, 1.0]]]}, note="So it is."))
    page = "before\n<!-- generated: evidence/one -->\nold\n<!-- end -->\nafter\n"
    today = datetime.datetime.now(tz=datetime.UTC).date()
    lines = filled(page).splitlines()
    assert lines[2:5] == ["| row | a |", "|---|---|", "| x\\|y | 1.0 [1.0, 1.0] |"]
    assert lines[6].startswith(f"*`make it`; seed 1; {today}, version ")
    assert lines[6].endswith(" So it is.*")
    assert filled(filled(page)) == filled(page)
    with pytest.raises(EngineError, match="no result"):
        filled(page.replace("/one", "/two"))


def test_sources_that_differ_in_the_command_alone_share_a_line():
    day = datetime.date(2026, 11, 27)
    results = [result({}, date=day, version="1", command=f"make {name}") for name in "ab"]
    assert sources(results) == ["*`make a`, `make b`; seed 1; 2026-11-27, version 1.*"]
    assert len(sources([*results, result({}, date=day, version="2")])) == 2


def test_a_selection_takes_rows_and_columns_under_other_names():
    whole = result({"x": [[1.0], [2.0]], "y": [[3.0], [4.0]]}, ("a", "b"))
    chosen = Selection("edit", {"the y": "y"}, {"both": ("b", "a")}, "{:.0f}")
    assert selected([whole], chosen)[2:] == ["| the y | 4, 3 |"]
    assert len(table([whole])) == 4


def test_figures_of_models_become_rows():
    models = [{"x": [0.1, 1.0], "y": [0.5, 2.0]}, {"x": [0.3, 3.0]}]
    assert by_row([models, models[:1]]) == {
        "x": [[[0.1, 0.3], [1.0, 3.0]], [[0.1], [1.0]]],
        "y": [[[0.5], [2.0]], [[0.5], [2.0]]],
    }
    assert by_row([models[:1], [{}]])["x"] == [[[0.1], [1.0]], None]
    assert by_figure(models)["x"] == [[[0.1, 0.3]], [[1.0, 3.0]]]


def found(name, row, column, place):
    """The mean that a table shows: of a result, its row, its column and which of its figures."""
    result = read(name)
    at = [column.name for column in result.columns].index(column)
    return float(f"{Shown(result.rows[row][at][place]):.2f}")


def quoted():
    """What README says of the evidence, from the files."""
    cases = {"pretrained": "pretrained-like, balanced", "scratch": "scratch, balanced"}
    groups = [
        found(f"finding-kinds-{case}", f"groups found, CLIP: {clip}", column, 1)
        for case, column in cases.items()
        for clip in ("its own", "of flowers", "none")
    ]
    yield f"(precision of the first ten {min(groups):.2f} to {max(groups):.2f} with"
    for row, said in (("contrast", "contrast"), ("votes", "the published votes")):
        by_case = [found(f"rankings-{case}", row, column, 1) for case, column in cases.items()]
        yield f"{said} {by_case[0]:.2f} and {by_case[1]:.2f},"
    yield f"chance {DRIVEN_SHARE:.2f})"


def test_readme_quotes_the_results():
    readme = " ".join((ROOT / "README.md").read_text().split())
    section = re.search(r"## What it finds.*?(?=## How it works)", readme)[0]
    section = re.sub(r"<!-- generated.*?<!-- end -->", "", section)
    for said in quoted():
        assert said in section
        section = section.replace(said, "")
    assert re.findall(r"\d+\.\d+", section) == [], "a figure that no result file is asked for"
