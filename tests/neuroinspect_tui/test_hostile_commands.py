"""Every command on data whose names are made to harm: nothing of them is obeyed by a terminal."""

import csv
import json
import logging
import shutil
import sys
import warnings

import msgspec
import pytest
import typer
from rich.cells import cell_len

from engine.data.splits import open_split
from engine.schema.jobs import Request
from engine.schema.requests import FeaturesRequest, Source
from neuroinspect_tui.cli import app
from neuroinspect_tui.jobs.job import Status, write_status
from neuroinspect_tui.jobs.store import Store
from neuroinspect_tui.main import main
from neuroinspect_tui.workspace import read_source, write_source
from tests.hostile import forbidden, hostile_names
from tests.making import make_checkpoint, make_clip, make_small, picture

WORST = (
    "bird\x1b]52;c;UFdORUQ=\x1b\\[red]\u202e香\n2",
    "\x9b2J\x9d52;c;UFdORUQ=\x9c[/]👩\u200d🔬\t:smile:",
)
GROUPS = ("on \x1b[31mland\r", "on \u2066wa\u200bter[bold")
IMAGES = 12


def named(some, taken, number):
    """The names that a table can hold; others become plain ones."""
    possible = some.strip() == some != "" and "\0" not in some and _encodable(some)
    return some if possible and some not in taken else f"class {number}"


def _encodable(text):
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def file_name(number, name):
    """A file's name with as much of a hostile name as a file system takes."""
    inner = name.replace("/", "").replace("\0", "").replace("\\", "")[:40]
    return f"{number}{inner if _encodable(inner) else ''}.png"


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """A workspace of 1,000 classes, each with a hostile name, file and group."""
    root = tmp_path_factory.mktemp("wide")
    rows, taken = [("path", "label", "split", "group")], dict[str, None]()
    names = hostile_names()
    for number, name in enumerate(names):
        taken[named(name, taken, number)] = None
    for number, label in enumerate(taken):
        path = file_name(number, names[number])
        picture((number % 255, 90, 40), number, size=8).save(root / path)
        rows.append((path, label, "valid", list(taken)[(7 * number) % len(taken)]))
    with (root / "list.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    home, weights = root / "ws", root / "wide.safetensors"
    source = Source(
        model=make_small(root / "small", size=32), data=str(root / "list.csv"), device="cpu",
        checkpoint=str(weights), train_split="valid",
    )  # fmt: skip
    make_checkpoint(weights, classes=len(open_split(source, "valid").classes))
    write_source(home, source)
    return home


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A workspace of two classes and two groups, in a hostile folder, on which jobs can run."""
    root = tmp_path_factory.mktemp("small") / "a\x1b]0;x\x07[red]\n\u202e"
    root.mkdir()
    rows = [("path", "label", "split", "group")]
    for split in ("train", "valid"):
        for k, label in enumerate(WORST):
            for i in range(IMAGES):
                path = file_name(f"{split}{k}{i}", hostile_names()[20 * k + i])
                picture((200 * k, 8 * i, 90), 100 * k + i, size=32).save(root / path)
                rows.append((path, label, split, GROUPS[i % 2]))
    with (root / "list.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    home = root / "ws"
    write_source(home, Source(
        model=make_small(root / "model", size=32), data=str(root / "list.csv"), device="cpu",
        checkpoint=str(make_checkpoint(root / "two.safetensors", classes=2)),
        clip=make_clip(root / "clip"),
    ))  # fmt: skip
    return home


@pytest.fixture
def safe(run):
    """Runs a command, and looks at every character that it prints."""

    def running(*words, code=0):
        ran = run(*words)
        for told in (ran.out, ran.err):
            assert not forbidden(told.replace("\n", "")), (words, told[:2000])
        assert "Traceback" not in ran.err
        assert "\nOSError" not in ran.err
        assert ran.code == code or (code is None and ran.code in (0, 1, 2)), (words, ran.err)
        return ran

    return running


def test_a_thousand_classes(wide, safe):
    whole = safe("classes", "-w", wide, "--workers", 0, "--groups")
    for fragment in (r"\x1b]52;c;UFdORUQ=", r"\u202e", "[red]", ":smile:", "香豌豆", "👩\u200d🔬"):
        assert fragment in whole.out
    told = safe("classes", "-w", wide, "--json", "--groups").json
    listed = open_split(read_source(wide), "valid")
    assert len(listed.classes) > 980
    assert {c["name"] for c in told["classes"]} == set(listed.classes)
    assert {g["name"] for g in told["groups"]} == set(listed.groups)
    safe("classes", "-w", wide, "--sort", "name")


def test_columns_are_straight_whatever_is_in_them(wide, safe):
    """Every line of the table is as wide as its rule, in a terminal's cells."""
    lines = safe("classes", "-w", wide).out.splitlines()
    rule = next(number for number, line in enumerate(lines) if line.strip(" ─") == "")
    table = [line for line in lines[rule + 1 :] if line.strip()]
    rule = next(line for line in lines if "─" in line)
    assert {cell_len(line) for line in table if not line.startswith("skipped")} == {cell_len(rule)}


def test_classes_one_by_one(wide, safe):
    told = safe("classes", "-w", wide, "--json").json
    for some in told["classes"][:: len(told["classes"]) // 12]:
        index = some["index"]
        for command in ("mistakes", "neurons"):
            safe(command, "-w", wide, "--class", index, code=None)
    safe("mistakes", "-w", wide, "--class", told["classes"][0]["index"], "--suspects")
    safe("neuron", 3, "-w", wide, "--class", told["classes"][0]["index"])
    safe("whatif", "-w", wide, "--class", told["classes"][0]["index"], "--top", 3)


PATHS = (
    "apply", "classes", "compare", "config edit", "config path", "config show", "demo",
    "doctor", "edit", "edits", "experiment list", "experiment run", "experiment show", "export",
    "groups export", "groups list", "groups make",
    "groups show", "illusion", "init", "jobs cancel", "jobs follow", "jobs list", "jobs prune",
    "jobs resume", "jobs run", "jobs runner status", "jobs runner stop", "jobs show", "keep",
    "mistakes", "neuron", "neurons", "open", "report", "search", "study answer", "study make",
    "study score", "train", "whatif", "words",
)  # fmt: skip
"""All commands: each is run below on hostile data, or with hostile words."""


def commands(group=None, before=()):
    group = group or typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*before, name))
        else:
            yield " ".join((*before, name))


def test_all_commands_are_known_here():
    assert tuple(sorted(commands())) == PATHS


def test_settings(safe, tmp_path, monkeypatch):
    monkeypatch.setattr("platformdirs.user_config_path", lambda _: tmp_path)
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.delenv("VISUAL", raising=False)
    safe("config", "edit")
    safe("config", "show")
    safe("config", "path")
    for number, name in enumerate(hostile_names()[:20]):
        text = "".join(
            f"\\U{ord(letter):08x}" for letter in name if not 0xD800 <= ord(letter) <= 0xDFFF
        )
        (tmp_path / "config.toml").write_text(f'theme = "{text}{number}"\n"{text}" = 1\n')
        safe("config", "show", code=2)


def test_the_way_from_data_to_a_repaired_checkpoint(small, safe, tmp_path):
    home, first = ("-w", small), ("--class", 0)
    names = open_split(read_source(small), "valid").classes
    safe("train", *home, "--epochs", 1, "--workers", 0)
    said = safe("classes", *home, "--workers", 0, "--groups")
    assert r"bird\x1b]52;c;UFdORUQ=\x1b\[red]\u202e香 2" in said.out
    assert r"on \u2066wa\u200bter[bold" in said.out
    for words in (("mistakes", "--suspects"), ("mistakes", "--words"), ("neurons",), ("whatif",),
                  ("neuron", 3), ("words",)):  # fmt: skip
        for k in (0, 1):
            safe(*words, *home, "--class", k, code=None)
    safe("words", *home, "--all")
    safe("words", *home, "--neuron", 3, code=None)
    safe("search", WORST[0], *home, "--images")
    safe("search", WORST[1], *home, "--neurons", code=None)
    safe("illusion", *home, *first, "-n", 2, "--steps", 2, "--out", tmp_path / "o\x1b[2Jut")
    safe("groups", "make", "kinds", *home, "--neuron", 3)
    safe("groups", "list", *home)
    safe("groups", "show", "kinds", *home)
    table = tmp_path / "k\x1b\u202e.csv"
    safe("groups", "export", "kinds", *home, "--out", table)
    with table.open(newline="", encoding="utf-8") as file:
        assert {row["class"] for row in csv.DictReader(file)} == set(names), "files are exact"
    safe("edit", *home, *first, "--method", "zero", "--top", 3)
    made = safe("edits", *home, "--json").json[0]["id"]
    assert safe("edits", *home, "--json").json[0]["classes"][0]["name"] == names[0]
    safe("edits", *home)
    safe("compare", made, *home)
    safe("apply", made, *home)
    safe("keep", *home)
    safe("export", made, *home, "--out", tmp_path / "f\x9b2Jixed.safetensors")
    safe("doctor", *home, code=None)
    safe("report", *home, "--out", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not forbidden(page.replace("\n", ""))
    again = tmp_path / "again\x1b]52;c;UFdORUQ=\x07"
    safe("init", again, "--model", f"local-dir:{small.parent / 'model'}",
         "--checkpoint", small.parent / "two.safetensors",
         "--data", small.parent / "list.csv", code=None)  # fmt: skip


def test_jobs_with_hostile_titles_errors_and_logs(small, safe, tmp_path):
    home = shutil.copytree(small, tmp_path / "ws")
    store, names = Store(home), [name for name in hostile_names() if _encodable(name)]
    request: Request = FeaturesRequest(split="valid")
    for place in range(0, len(names), 40):
        some = names[place : place + 40]
        job = store.submit(request, title=" ".join(some), queue="cpu", out=None,
                           interactive=False, ready=True)  # fmt: skip
        directory = store.directory(job.id)
        write_status(directory, Status(state="failed", updated=0.0, error=" ".join(some)))
        (directory / "log.txt").write_text("\n".join(some), encoding="utf-8")
    assert "[red]" in safe("jobs", "list", "-w", home, "--all").out
    for view in safe("jobs", "list", "-w", home, "--json").json:
        safe("jobs", "show", view["id"], "-w", home)
        safe("jobs", "show", view["id"], "-w", home, "--json")
        safe("jobs", "follow", view["id"], "-w", home, code=None)
    last = view["id"]
    safe("jobs", "cancel", last, "-w", home, code=2)
    safe("jobs", "runner", "status", "-w", home)
    safe("jobs", "runner", "stop", "-w", home)
    (store.directory(last) / "job.json").write_text("{\x1b[2J")
    safe("jobs", "resume", last, "-w", home, code=2)
    safe("jobs", "run", store.root / last, code=2)
    safe("jobs", "list", "-w", home)
    safe("jobs", "prune", "--older", 0, "-w", home)


def test_experiments_that_nobody_declared(safe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    safe("experiment", "list")
    for name in hostile_names()[::23]:
        if "\0" not in name:
            safe("experiment", "show", "--", name, code=2)
            safe("experiment", "run", "--miniature", "--", name, code=2)
    own = tmp_path / "o\x1b[2Jwn.toml"
    for text in (
        'title = "\\u001b]52;c;UFdORUQ=\\u0007"\n',
        "a\x9b2J = 1\n",
        '"\\u202e[red]" = 1\n',
    ):
        own.write_text(text, encoding="utf-8")
        safe("experiment", "show", own, code=2)


def test_a_study_of_hostile_classes(small, safe, tmp_path):
    quiz, key = tmp_path / "qu\x1b[2Jiz.html", tmp_path / "k\u202e.json"
    safe("study", "make", "-w", small, "--out", quiz, "--key", key, "--neurons", 3,
         "--condition", "images", "--condition", "none")  # fmt: skip
    assert not forbidden(quiz.read_text(encoding="utf-8").replace("\n", ""))
    answers = tmp_path / "a\x9b.json"
    clip = f"local-dir:{small.parent / 'clip'}"
    safe("study", "answer", quiz, "--clip", clip, "-o", answers)
    safe("study", "score", answers, "--key", key)
    told = json.loads(answers.read_text())
    for observer in hostile_names()[::40]:
        if 0 < len(observer) <= 200 and _encodable(observer):
            answers.write_text(json.dumps(told | {"observer": observer, "stand_in": None}))
            safe("study", "score", answers, "--key", key, code=None)
    answers.write_text("\x1b[2J{")
    safe("study", "score", answers, "--key", key, code=2)


WITH_A_NAME = {
    "mistakes": ("--class",), "neurons": ("--class",), "whatif": ("--class",), "edit": ("--class",),
    "neuron": ("3", "--class"), "illusion": ("--class",), "words": ("--class",),
    "compare": (), "apply": (), "export": ("--out", "x.safetensors"), "groups show": (),
    "groups export": ("--out", "x.csv"), "groups make": (), "jobs show": (), "jobs follow": (),
    "jobs cancel": (), "jobs resume": (), "search": (), "train": ("--recipe",), "init": (),
    "demo": ("--dir",), "open": (),
}  # fmt: skip


def test_hostile_words_on_the_command_line(small, safe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocked = tmp_path / "fi\x1b[2Jle\u202e"
    blocked.touch()
    words = [name for name in hostile_names() if "\0" not in name and len(name) < 200]
    for place, (path, given) in enumerate(WITH_A_NAME.items()):
        some = [blocked] if path in ("demo", "init") else words[place * 3 :: 97]
        for word in some:
            at = () if path in ("demo", "init") else ("-w", small)
            options = ("--model", "x", "--data", "y") if path == "init" else ()
            if path == "open":
                options = ("--theme", "x")
            safe(*path.split(), *given, *at, *options, "--", word, code=None)


def test_names_that_no_command_knows(small, safe):
    for name in hostile_names()[::4]:
        if "\0" not in name and name.strip():
            safe("jobs", "show", "-w", small, "--", name, code=2)


@pytest.mark.parametrize("name", hostile_names()[:120:3])
def test_a_traceback_a_warning_and_a_log_record_are_shown_too(name, monkeypatch, capfd):
    def failing(*_, **__):
        logging.lastResort.handle(
            logging.LogRecord("x", 30, "", 0, name.replace("%", ""), (), None)
        )
        raise RuntimeError(name)

    monkeypatch.setattr("neuroinspect_tui.main.app", failing)
    monkeypatch.setattr(sys, "argv", ["neuroinspect-tui", "classes"])
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    with pytest.raises(RuntimeError) as raised:
        main()
    sys.excepthook(raised.type, raised.value, raised.tb)
    told = capfd.readouterr().err + warnings.formatwarning(name, UserWarning, "x.py", 1)
    assert "warning:" in told
    assert "RuntimeError" in told
    assert not forbidden(told.replace("\n", ""))


def test_json_is_exact_even_of_what_is_no_unicode(capfd):
    from neuroinspect_tui.cli.output import print_json, print_json_line

    names = hostile_names()
    print_json({"names": names})
    told = capfd.readouterr().out
    assert json.loads(told)["names"] == names
    assert not forbidden(told.replace("\n", ""))
    unicode = [name for name in names if _encodable(name)]
    print_json_line({"names": unicode})
    told = capfd.readouterr().out
    assert msgspec.json.decode(told.encode())["names"] == unicode
    assert not forbidden(told.removesuffix("\n"))
