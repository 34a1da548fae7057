"""`report`: one file with everything in it, that asks for nothing outside."""

import base64
import csv
import hashlib
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from engine.features.cache import find_cache, open_cache
from engine.schema.requests import Source
from neuroinspect_tui.app.local_workspace import LocalWorkspace
from neuroinspect_tui.report import page as pages
from neuroinspect_tui.report.collecting import collect
from neuroinspect_tui.report.facts import Shot
from neuroinspect_tui.report.thumbnails import thumbnails
from neuroinspect_tui.workspace import read_source, write_source
from tests.hostile import forbidden
from tests.making import make_checkpoint, make_small
from tests.neuroinspect_tui.report.parsed import Page
from tests.screens.planted import plant, write_cache
from tests.screens.planted_clip import plant_clip

MARKUP = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "'\"&amp;</style></svg>",
    "\u202edrib\x1b]52;c;UFdORUQ=\x07",
    "$x^2$ {{ 7 * 7 }} {% raw %}",
    "https://example.com/a.png",
)


def written(run, home, out, *words):
    ran = run("report", "-w", home, "--out", out, *words)
    assert ran.code == 0, ran.err
    return Page(out.read_text(encoding="utf-8"))


def addresses(page):
    """What a page may ask for: every attribute that can be an address, and url() in styles."""
    names = ("src", "href", "xlink:href", "srcset", "action", "poster", "data", "background")
    found = [
        value for one in page.elements for name, value in one.attributes.items() if name in names
    ]
    styles = [one.text for one in page.of("style")]
    styles += [value for one in page.elements for value in one.attributes.values() if value]
    return found + [url for style in styles for url in re.findall(r"url\(([^)]*)\)", style)]


def test_every_section_says_what_the_commands_say(filled, run, tmp_path):
    page = written(run, filled, tmp_path / "report.html")
    classes = run("classes", "-w", filled, "--json").json
    edits = run("edits", "-w", filled, "--json").json
    assert f"{100 * classes['accuracy']:.2f}%" in page.section("model")
    assert "test_resnet" in page.section("model")
    wrong = [one for one in classes["classes"] if one["n"] > one["correct"]]
    assert wrong
    sections = [one for one in page.of("section") if one.attributes.get("class") == "class"]
    assert [one.attributes["id"] for one in sections] == [f"class-{one['index']}" for one in wrong]
    for one in wrong:
        told = page.section(f"class-{one['index']}")
        low, high = one["ci"]
        accuracy = f"{100 * one['accuracy']:.1f}% [{100 * low:.1f} {100 * high:.1f}]"
        assert f"{one['correct']} of {one['n']} images right, {accuracy}" in told
        neurons = run("neurons", "-w", filled, "-c", one["index"], "--json").json
        for neuron in (*neurons["excessive"][:3], *neurons["insufficient"][:3]):
            assert f"Neuron {neuron['neuron']}, too" in told
        assert "What if they were ablated" in told
        listed = run("mistakes", "-w", filled, "-c", one["index"], "--json").json["mistakes"]
        assert all(mistake["path"].rsplit("/")[-1] in told for mistake in listed[:12])
    told = page.section("edits")
    assert len(edits) == 2
    for edit in edits:
        assert edit["id"] in told
        assert edit["verdict"] in told
        assert len(edit["variants"]) > 2
    assert "random-neuron control" in told
    weights = open_cache_of(filled).meta.weights
    assert weights in page.section("provenance")


def open_cache_of(home):
    from engine.data.splits import open_split

    source = read_source(home)
    return open_cache(home, source, open_split(source, source.eval_split))


def test_what_is_missing_comes_with_its_command(filled, run, tmp_path):
    page = written(run, filled, tmp_path / "report.html")
    assert "names no CLIP" in page.section("missing")
    [first, *_] = [one for one in page.of("section") if one.attributes.get("class") == "class"]
    codes = [one.text for one in page.of("code", first.attributes["id"])]
    commands = [code for code in codes if " neuron " in code or " illusion " in code]
    assert {command.split()[1] for command in commands} == {"neuron", "illusion"}
    heat = next(command for command in commands if command.split()[1] == "neuron")
    assert f"--out {filled}/heat" in heat
    neuron = heat.split()[2]
    ran = run(*heat.split()[1:])  # it does make them
    assert ran.code == 0, ran.err
    again = written(run, filled, tmp_path / "again.html")
    assert f"Heat maps of neuron {neuron}:" in page.section(first.attributes["id"])
    assert f"Heat maps of neuron {neuron}:" not in again.section(first.attributes["id"])
    assert sum("· heat map" in one.text for one in again.of("figcaption")) >= 4


def test_nothing_outside_is_asked_for(filled, run, tmp_path):
    page = written(run, filled, tmp_path / "report.html")
    asked = addresses(page)
    assert any(one.startswith("data:image/webp;base64,") for one in asked)
    assert not [one[:80] for one in asked if not one.startswith(("data:image/", "#"))]
    assert not re.findall(r"\b(?:https?|ftp|file|wss?):|@import", page.content)
    assert not page.of("link")
    assert not page.of("base")
    assert not page.of("iframe")
    # every fragment leads somewhere
    ids = [one.attributes["id"] for one in page.elements if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    assert {one.removeprefix("#") for one in asked if one.startswith("#")} <= set(ids)
    [policy] = [
        one.attributes["content"] for one in page.of("meta")
        if one.attributes.get("http-equiv") == "Content-Security-Policy"
    ]  # fmt: skip
    [script] = page.of("script")
    digest = base64.b64encode(hashlib.sha256(script.text.encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}';" in policy


def test_tables_sort_by_their_values(filled, run, tmp_path):
    page = written(run, filled, tmp_path / "report.html")
    classes = run("classes", "-w", filled, "--json").json["classes"]
    heads = page.of("button", "class-table")
    assert [one.attributes["data-kind"] for one in heads] == [
        "text", "number", "number", "number", "number", "number", "text",
    ]  # fmt: skip
    cells = page.of("td", "class-table")
    numbers = [float(one.attributes["data-sort"]) for one in cells[3 :: len(heads)]]
    assert numbers == [one["accuracy"] for one in classes]
    tables = page.of("table")
    assert len(tables) > 4
    assert all("sortable" in one.attributes["class"] for one in tables)


def test_pictures_are_whole_and_described(filled, run, tmp_path):
    page = written(run, filled, tmp_path / "report.html")
    pictures = [one for one in page.of("img") if "src" in one.attributes]
    assert pictures
    for one in pictures:
        with Image.open(
            io.BytesIO(base64.b64decode(one.attributes["src"].partition(",")[2]))
        ) as file:
            file.load()
            assert file.size == (int(one.attributes["width"]), int(one.attributes["height"]))
        assert one.attributes["alt"]


def test_an_image_that_went_is_said_in_its_place(filled, tmp_path):
    report = collect(LocalWorkspace(filled), ["1"])
    [part] = report.classes
    (tmp_path / "empty.png").write_bytes(b"")
    gone = Shot(tmp_path / "gone.png", "the gone one")
    empty = Shot(tmp_path / "empty.png", "the empty one")
    made = Page(pages.page(replace(report, classes=(replace(part, shots=(gone, empty)),))))
    figures = [one.text for one in made.of("figure", "class-1")][:2]
    assert "cannot be decoded" in figures[0]
    assert "the gone one" in figures[0]
    assert "empty file" in figures[1]


def test_thumbnails_shrink_until_all_fit(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (300, 400, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    shot = Shot(tmp_path / "noise.png", "noise")
    [alone] = thumbnails([shot]).values()
    assert (alone.width, alone.height) == (320, 240)
    [often] = thumbnails([shot] * 100, characters=100 * len(alone.uri) // 4).values()
    assert 56 <= often.width < 320
    assert len(often.uri) <= len(alone.uri) // 4


def test_classes_are_those_asked_for(filled, run, tmp_path):
    page = written(run, filled, tmp_path / "report.html", "--class", "2", "--class", "0")
    sections = [one for one in page.of("section") if one.attributes.get("class") == "class"]
    assert [one.attributes["id"] for one in sections] == ["class-2", "class-0"]
    assert "2 classes, as asked for." in page.section("classes")
    ran = run("report", "-w", filled, "--out", tmp_path / "other.html", "--class", "nonesuch")
    assert ran.code == 2
    assert "nonesuch" in ran.err
    assert not (tmp_path / "other.html").exists()


def test_a_file_that_is_there_stays(filled, run, tmp_path):
    out = tmp_path / "report.html"
    out.write_text("mine")
    ran = run("report", "-w", filled, "--out", out)
    assert (ran.code, out.read_text()) == (2, "mine")
    assert f"{out} exists already; name a new file." in ran.err
    (tmp_path / "file").write_text("")
    ran = run("report", "-w", filled, "--out", tmp_path / "file" / "report.html")
    assert ran.code == 2
    assert "Cannot write" in ran.err


def test_without_features_it_says_what_to_run(toy, run, tmp_path):
    home = tmp_path / "ws"
    write_source(home, toy)
    ran = run("report", "-w", home, "--out", tmp_path / "report.html")
    assert ran.code == 2
    assert "run `classes` first" in ran.err
    assert not (tmp_path / "report.html").exists()


def test_words_are_those_of_the_command(run, tmp_path):
    planted = plant(tmp_path)
    directory = find_cache(planted.home, planted.source, planted.split)
    write_cache(directory, planted.split, noise=2.6)
    plant_clip(planted, open_cache(planted.home, planted.source, planted.split), knows=True)
    [found] = run("words", "-w", planted.home, "-c", "fox", "--json").json["classes"]
    page = written(run, planted.home, tmp_path / "report.html", "--class", "fox")
    told = page.section(f"class-{found['class']['index']}")
    like = [word["word"] for word in found["words"] if word["effect"] > 0 and not word["is_class"]]
    assert f"its mistakes look like: {', '.join(like[:3])}" in told
    assert "Words of the neurons" in page.section("missing")
    assert run("words", "-w", planted.home).code == 0
    again = written(run, planted.home, tmp_path / "again.html", "--class", "fox")
    assert "Words of the neurons" not in again.section("missing")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A workspace whose classes, groups and folder are markup."""
    root = tmp_path_factory.mktemp("hostile") / "a<b>\u202e&"
    root.mkdir()
    rows = [("path", "label", "split", "group")]
    for k, label in enumerate(MARKUP):
        for number in range(4):
            path = f"{k}{number}<img src=x onerror=alert(3)>\u202e.png"
            noise = np.random.default_rng(10 * k + number).integers(0, 255, (32, 32, 3))
            Image.fromarray(noise.astype(np.uint8)).save(root / path)
            rows.append((path, label, "valid", MARKUP[number % 2]))
    with (root / "list.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    source = Source(
        model=make_small(root / "small", size=32), data=str(root / "list.csv"), device="cpu",
        checkpoint=str(make_checkpoint(root / "six.safetensors", classes=len(MARKUP))),
        train_split="valid",
    )  # fmt: skip
    write_source(root / "ws", source)
    return root / "ws"


def test_names_that_are_markup_are_text(hostile, run, tmp_path):
    assert run("classes", "-w", hostile, "--workers", 0).code == 0
    page = written(run, hostile, tmp_path / "report.html")
    assert len(page.of("script")) == len(page.of("style")) == 1
    assert not [name for one in page.elements for name in one.attributes if name[:2] == "on"]
    assert all(one.startswith(("data:image/", "#")) for one in addresses(page))
    shown = page.section("class-table")
    for name in MARKUP:
        assert (
            name.replace("\u202e", r"\u202e").replace("\x1b", r"\x1b").replace("\x07", r"\x07")
            in shown
        )
    assert "$x^2$ {{ 7 * 7 }} {% raw %}" in "".join(one.text for one in page.of("svg"))
    assert not forbidden(page.content.replace("\n", ""))


@pytest.mark.slow
def test_twenty_classes_of_large_noise_stay_below_five_megabytes(run, tmp_path):
    many, root = 23, tmp_path / "data"
    for k in range(many):
        directory = root / "valid" / f"class {k}"
        directory.mkdir(parents=True)
        for number in range(13):
            noise = np.random.default_rng(100 * k + number).integers(0, 255, (400, 400, 3))
            Image.fromarray(noise.astype(np.uint8)).save(directory / f"{number}.jpg", quality=80)
    home = tmp_path / "ws"
    write_source(home, Source(
        model=make_small(tmp_path / "small", size=32), data=str(root), device="cpu",
        checkpoint=str(make_checkpoint(tmp_path / "many.safetensors", classes=many)),
        train_split="valid",
    ))  # fmt: skip
    assert run("classes", "-w", home, "--workers", 0).code == 0
    page = written(run, home, tmp_path / "report.html")
    sections = [one for one in page.of("section") if one.attributes.get("class") == "class"]
    assert len(sections) == 20
    assert re.search(r"The 20 worst of 2\d classes with mistakes", page.section("classes"))
    assert len(page.of("img")) > 1000
    assert 1_000_000 < (tmp_path / "report.html").stat().st_size < 5_000_000


def test_the_app_writes_into_the_workspace(filled):
    workspace = LocalWorkspace(filled)
    file = workspace.report()
    assert file.parent == filled / "reports"
    assert "edits" in [one.attributes.get("id") for one in Page(file.read_text()).elements]
    assert [path.name for path in file.parent.iterdir()] == [file.name]
