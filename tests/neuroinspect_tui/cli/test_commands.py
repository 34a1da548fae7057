import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import timm
import torch
from safetensors import safe_open

from engine.data.images import decode
from engine.models.classifier import split_model
from neuroinspect_tui.cli import COMMANDS, HIDDEN
from tests.making import make_clip

PROGRAM = [sys.executable, "-m", "neuroinspect_tui"]
SHOWN = [name for name in COMMANDS if name not in HIDDEN]


def ok(ran):
    assert (ran.code, ran.err) == (0, ran.err), ran.err
    assert "Traceback" not in ran.err
    return ran.json


def test_classes(filled, run):
    found = ok(run("classes", "-w", filled, "--json"))
    assert list(found)[:6] == [
        "split", "n", "accuracy", "mean_class_accuracy", "skipped", "classes",
    ]  # fmt: skip
    assert (found["split"], found["n"], found["groups"]) == ("valid", 30, None)
    assert sum(c["correct"] for c in found["classes"]) == round(30 * found["accuracy"])
    for some in found["classes"]:
        lo, hi = some["ci"]
        assert 0 <= lo <= some["accuracy"] <= hi <= 1
        assert sum(c["count"] for c in some["confused_with"]) == some["n"] - some["correct"]
    accuracies = [c["accuracy"] for c in found["classes"]]
    assert accuracies == sorted(accuracies)


@pytest.mark.parametrize(("key", "field"), [("name", "name"), ("accuracy", "accuracy")])
def test_classes_are_sorted(filled, run, key, field):
    found = ok(run("classes", "-w", filled, "--json", "--sort", key))
    values = [c[field] for c in found["classes"]]
    assert values == sorted(values)


def wrong_class(filled, run):
    """A class with mistakes, by name."""
    return ok(run("classes", "-w", filled, "--json"))["classes"][0]


def test_mistakes_and_neurons_agree(filled, run):
    worst = wrong_class(filled, run)
    found = ok(run("mistakes", "-w", filled, "-c", worst["name"], "--json"))
    assert found["class"]["index"] == worst["index"]
    assert len(found["mistakes"]) == worst["n"] - worst["correct"]
    for some in found["mistakes"]:
        assert some["p_true"] < some["p_predicted"]
        assert Path(some["path"]).is_file()
    for by in ("contrast", "votes", "contribution"):
        ranked = ok(
            run("neurons", "-w", filled, "-c", worst["index"], "--by", by, "--top", 5, "--json")
        )
        assert (ranked["by"], ranked["mistakes"]) == (by, len(found["mistakes"]))
        for side in ("insufficient", "excessive"):
            assert by == "votes" or len(ranked[side]) == 5
            for some in ranked[side]:
                assert {"neuron", "vote", "contrast", "contribution", "importance", "stability",
                        "ambiguous"} <= some.keys()  # fmt: skip
                assert some["vote"] is None or 3 < some["vote"] <= 100
    one = ok(run("neurons", "-w", filled, "-c", worst["index"], "--json",
                 "--mistake", found["mistakes"][0]["path"]))  # fmt: skip
    assert (one["mistakes"], one["mistake"]) == (1, found["mistakes"][0]["path"])


def test_a_neuron_and_its_heat_maps(filled, run, tmp_path):
    worst = wrong_class(filled, run)
    found = ok(run("neuron", 3, "-w", filled, "-c", worst["index"], "--json"))
    assert found["neuron"] == 3
    assert len(found["top_images"]) == 8
    fired = [some["activation"] for some in found["top_images"]]
    assert fired == sorted(fired, reverse=True)
    assert fired[0] == found["largest_activation"]
    assert len(found["mistakes"]) == worst["n"] - worst["correct"]
    drawn = ok(run("neuron", 3, "-w", filled, "-c", 0, "--json", "--out", tmp_path / "heat"))
    assert all(Path(some["heat"]).is_file() for some in drawn["top_images"])


def test_whatif(filled, run):
    worst = wrong_class(filled, run)["index"]
    found = ok(run("whatif", "-w", filled, "-c", worst, "--top", "10%", "--curve", "--json"))
    fixed, broken = len(found["fixed"]), len(found["broken"])
    gained = round(30 * (found["after"]["overall"] - found["before"]["overall"]))
    assert fixed - broken == gained
    assert found["curve"][0]["edit"] == found["before"]
    named = ok(run("whatif", "-w", filled, "-c", worst, "-n", 5, "-n", 7, "--json"))
    assert named["neurons"] == [5, 7]


def test_illusion(filled, run, tmp_path):
    config = filled / "workspace.toml"
    clip = make_clip(tmp_path / "clip")
    config.write_text(config.read_text().replace('clip = "none"', f'clip = "{clip}"'))
    for extra, guided in (((), True), (("--no-clip",), False)):
        found = ok(run("illusion", "-w", filled, "-c", 1, "-n", 2, "-n", 9, "--steps", 3, "--json",
                       "--out", tmp_path / "out", *extra))  # fmt: skip
        assert [some["neuron"] for some in found["illusions"]] == [2, 9]
        for some in found["illusions"]:
            assert Path(some["path"]).is_file()
            assert (some["clip_cosine"] is not None) == guided
            assert some["steps"] == 3
        assert Path(found["sheet"]).is_file()


def test_edit_edits_compare_export(filled, run, tmp_path):
    edited = ok(run("edit", "-w", filled, "-c", 1, "--method", "ratio", "--epochs", 3,
                    "--seeds", 2, "--lr", 0.01, "--json"))  # fmt: skip
    assert [some["name"] for some in edited["variants"]] == [
        "original", "edit", "lambda 0", "placebo", "retrain", "bias shift",
    ]  # fmt: skip
    assert edited["n_report"] == 15
    assert edited["verdict"].endswith(".")
    listed = ok(run("edits", "-w", filled, "--json"))
    assert len(listed) == 3
    assert listed[-1]["id"] == edited["id"]
    compared = ok(run("compare", edited["id"], "-w", filled, "--json"))
    assert compared["after"] == edited["after"]
    [retrained] = [v for v in edited["variants"] if v["name"] == "retrain"]
    reached = f"reaches {retrained['target']['mean']:.1%} in the class."
    assert f"Plain retraining on the same images {reached}" in run(
        "compare", edited["id"], "-w", filled
    ).out.replace("\n", " ")
    out = tmp_path / "mended.safetensors"
    ok(run("export", edited["id"], "-w", filled, "--out", out, "--json"))
    body = timm.create_model("test_resnet", num_classes=3, checkpoint_path=str(out)).eval()
    _, labels, now = decided(filled, edited["id"], split_model(body, torch.device("cpu")))
    right = sum(p == k for p, k in zip(now, labels, strict=True)) / len(now)
    assert right == pytest.approx(compared["after"]["overall"])


def test_an_edit_on_an_edit_says_so(filled, run):
    first = ok(run("edits", "-w", filled, "--json"))[0]
    shown = run("edit", "-w", filled, "-c", "all", "--top", 5, "--on", first["id"])
    assert shown.code == 0, shown.err
    assert f"neurons each, on {first['id']}" in shown.out
    second = ok(run("edits", "-w", filled, "--json"))[-1]
    assert second["before"]["overall"] == first["after"]["overall"]
    listed = run("edits", "-w", filled).out.splitlines()
    assert first["id"] in next(line for line in listed if line.strip().startswith(second["id"]))[5:]
    for path in (filled / "features").glob("*+*/meta.json"):
        shutil.rmtree(path.parent)
    assert ok(run("compare", second["id"], "-w", filled, "--json"))["before"] == second["before"]


def decided(home, edit, classifier):
    """Paths, labels and a model's predictions of the images an edit reported on, from the files."""
    metas = {
        path.parent: json.loads(path.read_text()) for path in home.glob("features/*/meta.json")
    }
    cache = next(directory for directory, meta in metas.items() if meta["split"] == "valid")
    samples = json.loads((cache / "samples.json").read_text())
    with safe_open(home / "edits" / edit / "head.safetensors", "pt") as head:
        rows = head.get_tensor("held_out").tolist()
    root = Path(
        next(line for line in (home / "workspace.toml").read_text().splitlines()
             if line.startswith("data")).split('"')[1]
    )  # fmt: skip
    transform = classifier.transform()
    with torch.inference_mode():
        paths = [root / samples[row][0] for row in rows]
        images = torch.stack([transform(decode(path)) for path in paths])
        predicted = classifier.body(images).argmax(dim=1).tolist()
    return list(map(str, paths)), [samples[row][1] for row in rows], predicted


def test_doctor(filled, run):
    found = ok(run("doctor", "-w", filled, "--json"))
    states = {some["what"]: some["state"] for some in found}
    assert states["checkpoint"] == states["torch"] == states["device"] == "ok"
    assert states["CLIP"] == "warning"
    (filled / "workspace.toml").write_text(
        (filled / "workspace.toml").read_text().replace("toy.safetensors", "gone.safetensors")
    )
    sick = run("doctor", "-w", filled, "--json")
    assert sick.code == 1
    failed = [some for some in sick.json if some["state"] == "failed"]
    assert [some["what"] for some in failed] == ["checkpoint"]
    assert "gone.safetensors does not exist" in failed[0]["found"]


def test_groups_come_from_a_csv(toy, run, tmp_path):
    rows = [("path", "label", "split", "group")]
    for split in ("train", "valid"):
        for number, path in enumerate(sorted(Path(toy.data, split).glob("*/*.png"))):
            rows.append((path.relative_to(toy.data), path.parent.name, split, f"g{number % 2}"))
    with Path(toy.data, "metadata.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    home = tmp_path / "ws"
    ok(run("init", home, "--model", toy.model, "--checkpoint", toy.checkpoint, "--json",
           "--data", Path(toy.data, "metadata.csv")))  # fmt: skip
    found = ok(run("classes", "-w", home, "--json", "--groups"))
    assert [(g["name"], g["n"]) for g in found["groups"]] == [("g0", 15), ("g1", 15)]
    assert found["worst_group_accuracy"] == min(g["accuracy"] for g in found["groups"])
    assert found["train_weighted_accuracy"] is not None
    worst = found["classes"][0]["index"]
    edited = ok(run("edit", "-w", home, "-c", worst, "--top", 5, "--json",
                    "--select", "worst-group"))  # fmt: skip
    assert all(variant["worst_group"] is not None for variant in edited["variants"])
    assert any("by group" in note for note in edited["notes"])


def test_tables_fit_a_narrow_terminal(filled, run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    edit = ok(run("edits", "-w", filled, "--json"))[0]["id"]
    for words in (
        ("classes",), ("mistakes", "-c", 1), ("neurons", "-c", 1), ("neuron", 4, "-c", 1),
        ("whatif", "-c", 1, "--top", 5, "--curve"), ("edits",), ("compare", edit), ("doctor",),
        ("edit", "-c", 1, "--top", 5),
    ):  # fmt: skip
        ran = run(*words, "-w", filled)
        assert ran.code == 0, ran.err
        lines = ran.out.splitlines()
        tables = [line for line in lines if line.startswith(" ") and "neuroinspect-tui" not in line]
        assert tables or words[0] == "compare"  # an edit may move no image
        assert max(map(len, tables), default=0) <= 80


def test_the_workspace_is_found_from_below(filled, run, monkeypatch):
    (filled / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(filled / "deep" / "er")
    assert ok(run("classes", "--json"))["n"] == 30


def test_a_reader_that_has_seen_enough_is_no_trouble(filled):
    first = subprocess.run(
        ["bash", "-c", f'"{sys.executable}" -m neuroinspect_tui classes -w "{filled}" | head -1'],
        capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "80"},
    )  # fmt: skip
    assert first.stdout.startswith("valid: 30 images")
    assert first.stderr == ""


def test_the_program_runs_as_a_module_and_tells_its_commands():
    ran = subprocess.run([*PROGRAM, "--help"], capture_output=True, text=True, check=True)
    for command in SHOWN:
        assert f" {command} " in ran.stdout


@pytest.mark.parametrize("command", SHOWN)
def test_every_command_helps_with_an_example(run, command):
    ran = run(command, "--help")
    assert ran.code == 0
    assert f"Example: neuroinspect-tui {command}" in " ".join(ran.out.split())


def test_augmented_views_are_cached_and_trained_on(filled, run):
    words = ("edit", "-w", filled, "-c", 1, "--method", "focal", "--epochs", 2, "--seeds", 1)
    edited = ok(run(*words, "--views", 2, "--json"))
    keys = edited["provenance"]["training_caches"].split()
    assert len(set(keys)) == 2
    views = [
        json.loads((filled / "features" / key / "meta.json").read_text())["view"] for key in keys
    ]
    assert views == [1, 2]


def test_train_makes_the_workspaces_checkpoint(toy, run, tmp_path):
    home = tmp_path / "ws"
    ok(run("init", home, "--model", toy.model, "--data", toy.data, "--untrained", "--json"))
    broken = run("classes", "-w", home)
    assert broken.code == 2
    assert "no weights yet" in broken.err
    words = ("--epochs", 3, "--batch-size", 8, "--lr", 0.003, "--workers", 0)
    found = ok(run("train", "-w", home, *words, "--json"))
    assert found["epochs"] == 3
    text = (home / "workspace.toml").read_text()
    assert 'checkpoint = "train/' in text
    assert text.startswith("# neuroinspect-tui workspace")
    accuracy = ok(run("classes", "-w", home, "--json", "--workers", 0))["accuracy"]
    assert accuracy == pytest.approx(found["best"]["evaluation"]["overall"])
    recipe = run("train", "-w", home, "--recipe", "waterbirds", "--scratch", "--epochs", 1)
    assert recipe.code == 0, recipe.err
    assert "epoch   1/1" in recipe.err
    assert run("train", "-w", home, "--recipe", "birds").code == 2


DOCUMENTED = {
    ("classes",): "split n accuracy mean_class_accuracy skipped classes groups",
    ("mistakes", "-c", 0): "class n mistakes",
    ("neurons", "-c", 0): "class by mistakes flipped insufficient excessive",
    ("neuron", 3, "-c", 0): "neuron class weight used_by opposed_by top_images mistakes",
    ("illusion", "-c", 0, "-n", 2, "--steps", 3, "--size", 32): "class seed size sheet illusions",
    ("whatif", "-c", 0, "--top", 5, "--curve"):
        "class neurons scale rows before after classes fixed broken bias_shift curve",
    ("edit", "-c", 0, "--top", 5, "--seeds", 2):
        "id method classes neurons before after variants differences verdict notes provenance",
    ("edit", "-c", 0, "--method", "ratio", "--epochs", 2, "--seeds", 2):
        "id method classes neurons strength targets lr batch_size variants differences verdict",
    ("compare", "EDIT"): "id split before after classes fixed broken verdict",
}  # fmt: skip


@pytest.mark.parametrize("words", DOCUMENTED, ids=lambda words: " ".join(map(str, words)))
def test_json_is_one_document_with_the_documented_keys(filled, run, words):
    edit = sorted(path.name for path in (filled / "edits").glob("[!.]*"))[0]
    found = ok(run(*(edit if word == "EDIT" else word for word in words), "-w", filled, "--json"))
    assert set(DOCUMENTED[words].split()) <= found.keys()


def test_a_list_is_one_json_document_too(filled, run):
    edits = ok(run("edits", "-w", filled, "--json"))
    assert [set(some) >= {"id", "before", "after", "verdict"} for some in edits] == [True, True]
    checks = ok(run("doctor", "-w", filled, "--json"))
    assert all(some.keys() == {"what", "state", "found"} for some in checks)


def test_a_class_goes_by_name_folder_and_index(filled, run):
    for name in ("red thing", "RED Thing", "001_red_thing", "0"):
        assert ok(run("mistakes", "-w", filled, "-c", name, "--json"))["class"]["index"] == 0


def test_what_cannot_be_decoded_is_told_and_classes_sort_by_what_is_left(toy, run, tmp_path):
    shutil.copytree(toy.data, tmp_path / "data")
    broken = [tmp_path / "data/valid" / name for name in ("003_blue/000.png", "003_blue/001.png",
                                                           "002_green_thing/004.png")]  # fmt: skip
    for path in broken:
        path.write_bytes(path.read_bytes()[:50])
    home = tmp_path / "ws"
    words = ("--model", toy.model, "--checkpoint", toy.checkpoint, "--data", tmp_path / "data")
    ok(run("init", home, *words, "--json"))
    found = ok(run("classes", "-w", home, "--json", "--sort", "n"))
    assert [(c["index"], c["n"]) for c in found["classes"]] == [(0, 10), (1, 9), (2, 8)]
    assert {some["path"] for some in found["skipped"]} == {
        str(path.relative_to(tmp_path / "data")) for path in broken
    }
    assert all("cannot be decoded" in some["reason"] for some in found["skipped"])
    assert run("classes", "-w", home).out.count("skipped: valid/") == 3


def test_numbers_with_zeros_before_them_are_class_indices(toy, run, tmp_path):
    rows = [("path", "label", "split")]
    for path in sorted(Path(toy.data).glob("*/*/*.png")):
        name = "-".join(path.parts[-3:])
        rows.append((name, path.parent.name[:3], path.parent.parent.name))
        shutil.copy(path, tmp_path / name)
    with (tmp_path / "list.csv").open("w", newline="") as file:
        csv.writer(file).writerows([rows[0], *((p, f"0{int(c) - 1}", s) for p, c, s in rows[1:])])
    words = ("--model", toy.model, "--checkpoint", toy.checkpoint, "--json")
    made = ok(run("init", tmp_path / "ws", *words, "--data", tmp_path / "list.csv"))
    assert (made["classes"], made["images"]) == (3, {"valid": 30, "train": 18})
    found = ok(run("classes", "-w", tmp_path / "ws", "--json", "--sort", "name"))
    assert [(c["name"], c["n"]) for c in found["classes"]] == [("0", 10), ("1", 10), ("2", 10)]


def test_the_nearest_workspace_counts(filled, toy, run, monkeypatch):
    inner = filled / "inner"
    words = ("--model", toy.model, "--checkpoint", toy.checkpoint, "--data", toy.data)
    ok(run("init", inner, *words, "--eval-split", "train", "--json"))
    (inner / "deep").mkdir()
    for where, split in ((filled, "valid"), (inner, "train"), (inner / "deep", "train")):
        monkeypatch.chdir(where)
        assert ok(run("classes", "--json"))["split"] == split
    assert ok(run("classes", "--json", "-w", filled))["split"] == "valid"


def test_what_makes_files_fits_a_narrow_terminal_too(filled, toy, run, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    edit = sorted(path.name for path in (filled / "edits").glob("[!.]*"))[0]
    words = ("--model", toy.model, "--checkpoint", toy.checkpoint, "--data", toy.data)
    drawn = ("illusion", "-w", filled, "-c", 0, "-n", 2, "--steps", 1, "--size", 32)
    for some in (
        ("init", tmp_path / "new", *words),
        (*drawn, "--out", tmp_path / "pictures"),
        ("export", edit, "-w", filled, "--out", tmp_path / "out.safetensors"),
    ):
        ran = run(*some)
        assert ran.code == 0, ran.err
        tables = [
            line for line in ran.out.splitlines() if line.startswith(" ") and "timm." not in line
        ]
        assert max(map(len, tables), default=0) <= 80


@pytest.mark.parametrize("method", ["zero", "ratio"])
def test_an_exported_checkpoint_decides_as_compare_says(filled, run, tmp_path, method):
    options = ("--method", method, "--seeds", 2, "--rows", "all", "--top", 40)
    options += ("--lr", 0.1, "--epochs", 2) if method == "ratio" else ()
    made = ok(run("edit", "-w", filled, "-c", 0, *options, "--json"))
    compared = ok(run("compare", made["id"], "-w", filled, "--json"))
    out = tmp_path / "mended.safetensors"
    written = ok(run("export", made["id"], "-w", filled, "--out", out, "--json"))
    assert compared["fixed"] or compared["broken"]
    assert written == {
        "type": "exported", "edit": made["id"], "checkpoint": str(out), "after": compared["after"],
    }  # fmt: skip
    body = timm.create_model("test_resnet", num_classes=3, checkpoint_path=str(out)).eval()
    paths, labels, now = decided(filled, made["id"], split_model(body, torch.device("cpu")))
    right = [p == k for p, k in zip(now, labels, strict=True)]
    share = {
        k: sum(r for r, label in zip(right, labels, strict=True) if label == k) / labels.count(k)
        for k in set(labels)
    }
    after = compared["after"]
    assert after["overall"] == pytest.approx(sum(right) / len(right))
    assert after["target"] == pytest.approx(share[0])
    assert after["worst_class"] == pytest.approx(min(share.values()))
    assert {c["index"]: c["after"] for c in compared["classes"]} == pytest.approx(share)
    place = {path: number for number, path in enumerate(paths)}
    for some in (*compared["fixed"], *compared["broken"]):
        assert now[place[some["path"]]] == some["after"]["index"] != some["before"]["index"]


@pytest.mark.parametrize(
    "words",
    [("classes",), ("classes", "--json"), ("neurons", "-c", "0"), ("neurons", "-c", "0", "--json")],
    ids=" ".join,
)
def test_a_reader_that_went_before_the_first_line_is_no_trouble(filled, words):
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run(
        [*PROGRAM, *words, "-w", filled], stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert ran.returncode != 0
    assert ran.stderr == b""


def test_a_full_disk_behind_stdout_is_told(filled):
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run([*PROGRAM, "classes", "--json", "-w", filled], stdout=full, text=True,
                             stderr=subprocess.PIPE, check=False)  # fmt: skip
    assert ran.returncode == 2
    assert ran.stderr.startswith("neuroinspect-tui: ")
    assert ran.stderr.count("\n") == 1
    assert "No space left" in ran.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-"])
def test_a_closed_stream_is_no_trouble(filled, closed):
    for words, code in (("classes", 0), ("classes --json", 0), ("mistakes -c nobody", 2)):
        line = f'"{sys.executable}" -m neuroinspect_tui {words} -w "{filled}" {closed}'
        ran = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
        assert ran.returncode == code, ran.stderr
        assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("words", [("classes",), ("classes", "--json")], ids=" ".join)
def test_a_narrow_locale_is_no_trouble(filled, words):
    narrow = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for environment in (narrow, {"PYTHONIOENCODING": "ascii"}):
        ran = subprocess.run([*PROGRAM, *words, "-w", filled], capture_output=True, check=False,
                             env={**os.environ, **environment})  # fmt: skip
        assert (ran.returncode, ran.stderr) == (0, b"")
        assert b"red thing" in ran.stdout


def test_the_installed_program_is_the_same(filled):
    program = Path(sys.executable).with_name("neuroinspect-tui")
    if not program.is_file():
        pytest.skip("not installed beside this Python")
    asked = ["edits", "-w", str(filled), "--json"]
    first, second = (
        subprocess.run([*some, *asked], capture_output=True, text=True, check=True)
        for some in ([program], PROGRAM)
    )
    assert (first.stdout, first.stderr) == (second.stdout, "")
    assert len(json.loads(first.stdout)) == 2


def test_confusions_of_the_worst_classes(filled, run):
    plain = ok(run("classes", "-w", filled, "--json"))
    assert plain["confusions"] is None
    found = ok(run("classes", "-w", filled, "--confusions", "--json"))
    matrix = found.pop("confusions")
    assert found == {key: value for key, value in plain.items() if key != "confusions"}
    by_index = {entry["index"]: entry for entry in found["classes"]}
    for place, label in enumerate(matrix["classes"]):
        entry = by_index[label["index"]]
        assert (label["name"], matrix["n"][place]) == (entry["name"], entry["n"])
        assert matrix["counts"][place][place] == entry["correct"]
    said = run("classes", "-w", filled, "--confusions").out
    assert "rows: true, columns: predicted" in said
    assert f"1 {matrix['classes'][0]['name']}" in said


def test_calibration(filled, run):
    found = ok(run("classes", "-w", filled, "--calibration", "--json"))
    calibration = found["calibration"]
    assert (calibration["n"], len(calibration["bins"])) == (30, 15)
    assert calibration["accuracy"] == pytest.approx(found["accuracy"])
    gaps = [
        some["n"] * abs(some["accuracy"] - some["confidence"])
        for some in calibration["bins"]
        if some["n"]
    ]
    assert calibration["ece"] == pytest.approx(sum(gaps) / 30)
    said = run("classes", "-w", filled, "--calibration").out
    assert f"expected calibration error {100 * calibration['ece']:.1f}%" in said
