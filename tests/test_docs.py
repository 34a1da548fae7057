"""The written pages: every link leads somewhere, and what code cites of them is there."""

import ast
import re
from pathlib import Path

import pytest

from docs.generate import SECTION

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").rglob("*.md")]
)
LINK = re.compile(r"(?<!`)\[[^]]*\]\(([^)\s]+)\)")
CITED = re.compile(r"docs/concepts\.md[:,] +([A-Za-z-]+(?: (?:by )?[a-z]+)?(?:, [a-z]+)?)")
PACKAGES = ("engine", "screens", "neuroinspect_tui", "benchmarks", "evidence", "faults", "tests")


def text_of(page):
    return page.read_text(encoding="utf-8")


def without_code(text):
    return re.sub(r"^```.*?^```$|^ {4}.*$", "", text, flags=re.DOTALL | re.MULTILINE)


def headings(page):
    return re.findall(
        r"^#+ (.+)$", re.sub(r"(?s)^```.*?^```$", "", text_of(page), flags=re.M), re.M
    )


def anchor(heading):
    """GitHub's: lower case, punctuation dropped, spaces to hyphens."""
    plain = re.sub(r"[`*]|\[([^]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")


def broken_links(page):
    for target in LINK.findall(without_code(text_of(page))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, fragment = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        there = other.exists() and (not fragment or fragment in map(anchor, headings(other)))
        if not there:
            yield target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_internal_link_resolves(page):
    assert list(broken_links(page)) == []


def test_a_broken_link_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A page\n[here](#a-page) [gone](none.md) [no part](#part) [far](https://x.y)")
    assert list(broken_links(page)) == ["none.md", "#part"]


def test_the_readme_is_short_and_begins_with_the_two_commands():
    lines = text_of(ROOT / "README.md").splitlines()
    assert len(lines) <= 150
    commands = [line.split("#")[0].strip() for line in lines if line.startswith("    make ")]
    assert commands[:2] == ["make demo", "make test"]
    assert lines.index(next(x for x in lines if x.startswith("    make demo"))) < 10


def test_the_readme_leads_to_every_page():
    linked = {(ROOT / target.partition("#")[0]).resolve()
              for target in LINK.findall(text_of(ROOT / "README.md"))}  # fmt: skip
    assert set((ROOT / "docs").glob("*.md")) <= linked


def test_every_picture_beside_the_pages_is_shown():
    shown = {
        (page.parent / target).resolve()
        for page in PAGES
        for target in re.findall(r"!\[[^]]+\]\(([^)]+)\)", text_of(page))
    }
    kinds = ("*.svg", "*.jpg", "*.png")
    pictures = {path for kind in kinds for path in (ROOT / "docs").glob(kind)}
    assert len(pictures) > 4
    assert shown == pictures


def docstrings(package):
    for path in sorted((ROOT / package).rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        yield path, " ".join(source.replace("#", " ").split())


def test_what_docstrings_cite_of_the_concepts_is_a_section_there():
    sections = [heading.lower() for heading in headings(ROOT / "docs" / "concepts.md")]
    cited = [
        (str(path.relative_to(ROOT)), found.lower())
        for package in PACKAGES
        for path, text in docstrings(package)
        for found in CITED.findall(text)
        if path != Path(__file__)
    ]
    assert len(cited) > 10
    named = [(path, cite.split(",")[0].strip()) for path, cite in cited]
    assert [
        (path, cite)
        for path, cite in named
        if not any(cite.startswith(section) or section.startswith(cite) for section in sections)
    ] == []


def test_every_page_that_code_names_is_there():
    named = {
        (str(path.relative_to(ROOT)), page)
        for package in PACKAGES
        for path, text in docstrings(package)
        for page in re.findall(r"\bdocs/[a-z]+\.md", text)
    }
    assert named
    assert [(path, page) for path, page in sorted(named) if not (ROOT / page).is_file()] == []


def test_markers_of_generated_tables_are_in_pairs():
    for page in PAGES:
        text = text_of(page)
        assert (
            text.count("<!-- generated: ")
            == text.count("<!-- end -->")
            == len(SECTION.findall(text))
        ), page


def test_every_make_target_has_a_line_of_help():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)[1].split()
    helped = re.findall(r"^([a-z-]+):.*## \S", text, re.MULTILINE)
    assert sorted(phony) == sorted(helped)


def test_the_make_targets_that_pages_name_exist():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    for page in PAGES:
        named = re.findall(r"(?:`|^    |^)make ([a-z-]+)", text_of(page), re.MULTILINE)
        assert set(named) <= set(targets), page


def test_modules_that_pages_name_exist():
    """`engine/x/y.py` and the like, in prose and code blocks alike."""
    for page in PAGES:
        if page.name == "CHANGELOG.md":
            continue
        for name in re.findall(
            r"(?<![\w/])((?:engine|screens|neuroinspect_tui|docs)/[\w/]+\.py)\b", text_of(page)
        ):
            assert (ROOT / name).is_file(), (page.name, name)


def test_the_fields_of_an_edit_are_those_told():
    """files.md names every field of edit.json."""
    tree = ast.parse((ROOT / "engine/schema/edits.py").read_text(encoding="utf-8"))
    [edit] = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Edit"]
    fields = [node.target.id for node in edit.body if isinstance(node, ast.AnnAssign)]
    assert len(fields) > 15
    told = text_of(ROOT / "docs" / "files.md").partition("## Edits")[2].partition("\n## ")[0]
    assert [name for name in fields if f"`{name}`" not in told] == []


def test_the_entries_of_a_workspace_are_those_told():
    """files.md names every entry of workspace.toml."""
    tree = ast.parse((ROOT / "engine/schema/requests.py").read_text(encoding="utf-8"))
    [source] = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Source"]
    entries = [node.target.id for node in source.body if isinstance(node, ast.AnnAssign)]
    assert len(entries) > 8
    told = text_of(ROOT / "docs" / "files.md").partition("## workspace.toml")[2]
    told = told.partition("\n## ")[0]
    assert [name for name in entries if f"`{name}`" not in told] == []
