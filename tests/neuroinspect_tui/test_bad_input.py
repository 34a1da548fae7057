"""Every wrong input ends in one sentence, exit code 2, and the workspace as it was."""

import contextlib
import csv
import io
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file as load_arrays
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import load_file, save_file

from tests.making import COLOURS, make_checkpoint, make_images, make_model, picture

ROOT_MAY_WRITE_ANYWHERE = os.geteuid() == 0


def state_of(directory: Path) -> dict[str, bytes]:
    """Every file under a directory; locks come and go."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.suffix != ".lock" and path.name != "digests.json"
    }


def refused(ran, *named):
    """One sentence on stderr that names what is wrong; nothing on stdout; exit code 2."""
    assert ran.code == 2, (ran.code, ran.out, ran.err)
    assert ran.out == ""
    assert "Traceback" not in ran.err
    lines = [line for line in ran.err.splitlines() if line.startswith("neuroinspect-tui:")]
    assert len(lines) == 1, ran.err
    assert lines[0].endswith((".", "?", ").")), lines
    for some in named:
        assert some in lines[0], (some, lines[0])


def refused_usage(ran, *named):
    """Typer's own words for options that do not parse."""
    assert ran.code == 2
    assert ran.out == ""
    assert "Traceback" not in ran.err
    for some in named:
        assert some in " ".join(ran.err.replace("│", " ").split()), ran.err


class Payload:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return pathlib.Path.touch, (self.marker,)


# ------------------------------------------------------------------ what `init` is given


def a_pickle(root):
    torch.save({"state_dict": {}, "x": Payload(root / "it ran")}, root / "evil.pth")
    return {"--checkpoint": root / "evil.pth"}


def cut(root):
    whole = make_checkpoint(root / "whole.safetensors").read_bytes()
    (root / "cut.safetensors").write_bytes(whole[:5000])
    return {"--checkpoint": root / "cut.safetensors"}


def nan_weights(root):
    state = load_file(make_checkpoint(root / "w.safetensors"))
    state["fc.weight"][0, 0] = float("nan")
    save_file(state, root / "nan.safetensors")
    return {"--checkpoint": root / "nan.safetensors"}


def written(name, content, option="--checkpoint"):
    def making(root):
        (root / name).write_bytes(content)
        return {option: root / name}

    return making


def saved(**asked):
    def making(root):
        return {"--checkpoint": make_checkpoint(root / "other.safetensors", **asked)}

    return making


def a_whole_file(root):
    """What torch.save writes, cut in half: a broken zip."""
    torch.save(make_model().state_dict(), root / "whole.pth")
    content = (root / "whole.pth").read_bytes()
    (root / "half.pth").write_bytes(content[: len(content) // 2])
    return {"--checkpoint": root / "half.pth"}


def holding(value):
    def making(root):
        state = make_model().state_dict()
        torch.save(state | {"fc.weight": value} if value is not None else 3, root / "odd.pt")
        return {"--checkpoint": root / "odd.pt"}

    return making


def local_model(content):
    def making(root):
        (root / "model").mkdir()
        (root / "model" / "config.json").write_text(content)
        return {"--model": f"local-dir:{root / 'model'}"}

    return making


def listed(*broken):
    """A CSV of the toy's three classes, so that its checkpoint fits, with images that do not."""
    labels = [[f"gone{k}.png", k, split] for split in ("train", "valid") for k in range(3)]
    return a_csv(("path", "label", "split"), *labels, *broken)


def not_utf8(root):
    path = root / os.fsdecode(b"fleur\xe9")
    return {"--data": make_images(path)}


def a_ring(root):
    (root / "ring").symlink_to(root / "gnir")
    (root / "gnir").symlink_to(root / "ring")
    return {"--data": root / "ring"}


def folder(*paths):
    def making(root):
        for path in paths:
            (root / "odd" / path).mkdir(parents=True)
        (root / "odd").mkdir(exist_ok=True)
        return {"--data": root / "odd"}

    return making


def a_csv(*rows, encoding="utf-8"):
    def making(root):
        picture((9, 9, 9), 0).save(root / "a.png")
        with (root / "list.csv").open("w", newline="", encoding=encoding) as file:
            csv.writer(file).writerows(rows)
        return {"--data": root / "list.csv"}

    return making


def local_clip(root):
    (root / "clip").mkdir()
    return {"--clip": f"local-dir:{root / 'clip'}"}


def broken_clip(root):
    (root / "clip").mkdir()
    (root / "clip" / "open_clip_config.json").write_text("{not json")
    return {"--clip": f"local-dir:{root / 'clip'}"}


def undecodable(root):
    make_images(root / "bad")
    for path in (root / "bad").rglob("*.png"):
        path.write_bytes(b"not a picture")
    return {"--data": root / "bad"}


WRONG = {
    "checkpoint missing": (lambda r: {"--checkpoint": r / "gone.pth"}, ("gone.pth", "not exist")),
    "checkpoint a directory": (lambda r: {"--checkpoint": r}, ("is a directory",)),
    "checkpoint of another architecture": (
        saved(name="test_convnext"),
        ("does not fit", "--model"),
    ),
    "checkpoint of another class count": (saved(classes=7), ("has 7 classes", "the data 3")),
    "checkpoint cut short": (cut, ("cut.safetensors", "cut short")),
    "checkpoint empty": (written("empty.pt", b""), ("empty.pt", "damaged")),
    "checkpoint a text file": (written("text.pt", b"hello"), ("text.pt",)),
    "checkpoint with NaN": (nan_weights, ("NaN", "fc.weight")),
    "checkpoint a pickle": (a_pickle, ("evil.pth", "--trust-pickle")),
    "checkpoint half a zip": (a_whole_file, ("half.pth", "cut short")),
    "checkpoint of a number": (holding(None), ("odd.pt", "has no weights")),
    "checkpoint of complex numbers": (
        holding(torch.zeros(3, 96, dtype=torch.complex64)),
        ("odd.pt", "fc.weight"),
    ),
    "checkpoint without values": (
        holding(torch.empty(3, 96, device="meta")),
        ("odd.pt", "fc.weight"),
    ),
    "no weights at all": (lambda r: {"--checkpoint": None}, ("--checkpoint FILE",)),
    "data missing": (lambda r: {"--data": r / "nowhere"}, ("No data at", "nowhere")),
    "data a text file": (
        written("x.txt", b"hello\n", "--data"),
        ("x.txt", "no column for path or label"),
    ),
    "data a binary file": (
        written("x.bin", b"\xff\xfe\x00\x80", "--data"),
        ("No reader matches", "x.bin"),
    ),
    "data without splits": (folder(), ("No split", "there are no splits")),
    "data without classes": (folder("train", "valid"), ("No class folders",)),
    "data without images": (folder("train/a", "valid/a"), ("No images in",)),
    "not one image decodes": (undecodable, ("Not one image", "can be decoded")),
    "split missing": (lambda r: {"--eval-split": "holdout"}, ("holdout", "train, valid")),
    "train split missing": (lambda r: {"--train-split": "past"}, ("past",)),
    "CSV without columns": (
        a_csv(("path", "y"), ("a.png", "0")),
        ("have no splits", "--valid-from all:0.2"),
    ),
    "CSV empty": (written("list.csv", b"", "--data"), ("no column for path", "none")),
    "CSV of images that are not there": (listed(), ("Not one image", "can be decoded")),
    "CSV with NUL bytes": (listed(["a\0.png", 0, "valid"]), ("Not one image", "can be decoded")),
    "CSV that leads out": (listed(["../a.png", 0, "valid"]), ("Not one image",)),
    "CSV with an endless field": (listed(["x" * 200_000, 0, "valid"]), ("field limit",)),
    "CSV without rows": (a_csv(("path", "label", "split")), ("lists no images",)),
    "CSV not UTF-8": (
        a_csv(("path", "label", "split"), ("a.png", "fleur é", "valid"), encoding="latin-1"),
        ("not a UTF-8 CSV",),
    ),
    "class names missing": (lambda r: {"--class-names": r / "n.txt"}, ("class names", "n.txt")),
    "class names too few": (written("n.txt", b"one\n", "--class-names"), ("1 classes", "3")),
    "class names broken": (written("n.json", b"{", "--class-names"), ("n.json", "neither")),
    "class names of a wrong kind": (
        written("n.json", b'{"001_red_thing": 3}', "--class-names"),
        ("n.json", "not 0 to 0, each once"),
    ),
    "class names not UTF-8": (written("n.txt", b"\xff\n", "--class-names"), ("class names",)),
    "class names a directory": (lambda r: {"--class-names": r}, ("class names", "directory")),
    "data not named in UTF-8": (not_utf8, ("not named in UTF-8",)),
    "data of nobody": (lambda r: {"--data": "~nobody-here/x"}, ("~nobody-here",)),
    "data a ring of links": (a_ring, ("ring", "leads nowhere")),
    "model unknown": (lambda r: {"--model": "resnet5O"}, ("resnet5O", "did you mean")),
    "model folder missing": (lambda r: {"--model": f"local-dir:{r}"}, ("config.json",)),
    "model folder not there": (
        lambda r: {"--model": f"local-dir:{r / 'gone'}"},
        ("gone", "config.json"),
    ),
    "model folder broken": (local_model("{not json"), ("Cannot read", "config.json")),
    "model folder of an unknown model": (
        local_model('{"architecture": "nope"}'),
        ("cannot build", "nope"),
    ),
    "CLIP unknown": (lambda r: {"--clip": "ViT-Z-99/openai"}, ("ViT-Z-99", "MODEL/TAG")),
    "CLIP tag unknown": (lambda r: {"--clip": "ViT-B-32/nonsense"}, ("nonsense", "its tags")),
    "CLIP without tag": (lambda r: {"--clip": "ViT-B-32"}, ("ViT-B-32", "its tags")),
    "CLIP folder not there": (
        lambda r: {"--clip": f"local-dir:{r / 'gone'}"},
        ("gone", "open_clip_config.json"),
    ),
    "CLIP folder without config": (local_clip, ("open_clip_config.json",)),
    "CLIP folder broken": (broken_clip, ("Cannot load CLIP",)),
    "device unknown": (lambda r: {"--device": "quantum"}, ("quantum", "cuda:N")),
    "device empty": (lambda r: {"--device": ""}, ("Unknown device ''",)),
    "device negative": (lambda r: {"--device": "cuda:-1"}, ("cuda:-1",)),
    "device not here": (lambda r: {"--device": "cuda:99"}, ("cuda:99",)),
}


@pytest.mark.parametrize("case", WRONG)
def test_init_refuses(toy, run, tmp_path, case):
    making, named = WRONG[case]
    options = {"--model": toy.model, "--checkpoint": toy.checkpoint, "--data": toy.data}
    options |= making(tmp_path)
    words = [word for pair in options.items() if pair[1] is not None for word in pair]
    home = tmp_path / "new"
    ran = run("init", home, *words)
    refused(ran, *named)
    assert not home.exists()
    assert not (tmp_path / "it ran").exists()
    assert ("--trust-pickle" in ran.err) == (case == "checkpoint a pickle")


def test_init_does_not_overwrite(filled, toy, run):
    before = state_of(filled)
    words = ("--model", toy.model, "--checkpoint", toy.checkpoint, "--data", toy.data)
    refused(run("init", filled, *words), "exists already")
    assert state_of(filled) == before
    refused(run("init", filled / "workspace.toml", *words), "workspace.toml")
    refused(run("init", filled / "workspace.toml" / "ws", *words), "Cannot write", "workspace.toml")
    odd = filled.parent / os.fsdecode(b"caf\xe9")
    refused(run("init", odd, *words), "not named in UTF-8")
    assert not odd.exists()
    assert state_of(filled) == before


def test_an_untrained_workspace_on_no_device_is_not_made(toy, run, tmp_path):
    words = ("--model", toy.model, "--data", toy.data, "--untrained", "--device", "quantum")
    refused(run("init", tmp_path / "ws", *words), "quantum")
    assert not (tmp_path / "ws").exists()


# ------------------------------------------------------------------ what workspace.toml may hold

BROKEN = {
    "not TOML": (b"model = = 3", "not valid TOML"),
    "not UTF-8": (b"model = '\xff\xfe'", "Cannot read"),
    "an unknown entry": (b'mdoel = "x"\nmodel="x"\ncheckpoint="c"\ndata="d"', "mdoel"),
    "a wrong type": (b'model = 3\ncheckpoint="c"\ndata="d"', "model"),
    "a missing entry": (b'model = "x"', "checkpoint"),
    "a NUL byte": (b'model="x"\ncheckpoint="a\\u0000b"\ndata="d"', "NUL"),
    "a path of nobody": (
        b'model="test_resnet"\ncheckpoint="~nobody-here/a"\ndata="/gone"',
        "~nobody-here",
    ),
    "nothing": (b"", "model"),
    "a path to nowhere": (b'model="test_resnet"\ncheckpoint="/gone.pt"\ndata="/gone"', "/gone"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_workspace_is_refused(filled, run, case):
    content, named = BROKEN[case]
    (filled / "workspace.toml").write_bytes(content)
    before = state_of(filled)
    for words in (("classes",), ("whatif", "-c", 1, "--top", 5), ("edit", "-c", 1)):
        refused(run(*words, "-w", filled), named)
    assert state_of(filled) == before


def test_no_workspace_is_refused(run, tmp_path, monkeypatch):
    refused(run("classes", "-w", tmp_path / "nowhere"), "nowhere", "init")
    monkeypatch.chdir(tmp_path)
    refused(run("classes"), "workspace.toml", "init")
    (tmp_path / "workspace.toml").mkdir()
    refused(run("classes", "-w", tmp_path), "no workspace")
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    refused(run("classes"), "-w DIR")


# ------------------------------------------------------------------ what questions may hold

QUESTIONS = {
    "class unknown": (("mistakes", "-c", "swet pea"), ("No class", "swet pea")),
    "class index = C": (("mistakes", "-c", "3"), ("No class '3'", "0 to 2")),
    "class negative": (("neurons", "-c", "-1"), ("No class",)),
    "class empty": (("neurons", "-c", ""), ("No class",)),
    "order unknown": (("neurons", "-c", 1, "--by", "luck"), ("luck", "contrast")),
    "nothing listed": (("neurons", "-c", 1, "--top", 0), ("--top 0",)),
    "mistake unknown": (("neurons", "-c", 1, "--mistake", "gone.png"), ("gone.png",)),
    "mistake of another class": (
        ("neurons", "-c", 1, "--mistake", "003_blue/000.png"),
        ("is not a mistake of green thing",),
    ),
    "mistake that is none": (
        ("neurons", "-c", 1, "--mistake", "001_red_thing/000.png"),
        ("is not a mistake of green thing", "red thing"),
    ),
    "mistake by half its name": (
        ("neurons", "-c", 1, "--mistake", "000.png"),
        ("3 images have paths that end like that",),
    ),
    "top negative": (("neurons", "-c", 1, "--top", -3), ("--top -3",)),
    "neuron = D": (("neuron", 99999, "-c", 1), ("No neuron 99999", "0 to")),
    "sort unknown": (("classes", "--sort", "colour"), ("colour", "accuracy, name, n")),
    "groups where there are none": (("classes", "--groups"), ("no groups",)),
    "no neurons named": (("whatif", "-c", 1), ("--neuron", "--top")),
    "neurons named twice": (("whatif", "-c", 1, "-n", 1, "--top", 3), ("either",)),
    "top 0": (("whatif", "-c", 1, "--top", "0"), ("0 of",)),
    "top 999%": (("whatif", "-c", 1, "--top", "999%"), ("999%",)),
    "top many": (("whatif", "-c", 1, "--top", "many"), ("many", "N%")),
    "top 0%": (("whatif", "-c", 1, "--top", "0%"), ("0%",)),
    "top negative of whatif": (("whatif", "-c", 1, "--top=-3"), ("'-3'",)),
    "scale endless": (("whatif", "-c", 1, "--top", 3, "--scale", "inf"), ("inf",)),
    "scale NaN": (("whatif", "-c", 1, "--top", 3, "--scale", "nan"), ("nan",)),
    "rows unknown": (("whatif", "-c", 1, "--top", 3, "--rows", "some"), ("some", "affected")),
    "whatif neuron = D": (("whatif", "-c", 1, "-n", 99999), ("No neuron 99999",)),
    "illusion neuron = D": (("illusion", "-c", 1, "-n", 99999), ("No neuron 99999",)),
    "illusion of a speck": (("illusion", "-c", 1, "-n", 1, "--size", 1), ("--size 1",)),
    "illusion of an unknown class": (("illusion", "-c", "x", "-n", 1), ("No class 'x'",)),
    "illusion on no device": (("illusion", "-c", 1, "-n", 1, "--device", "cuda:99"), ("cuda:99",)),
    "illusion negative neuron": (("illusion", "-c", 1, "-n", -4), ("No neuron -4",)),
    "edit class unknown": (("edit", "-c", "nobody"), ("nobody",)),
    "edit method unknown": (("edit", "-c", 1, "--method", "magic"), ("magic", "zero")),
    "edit preset unknown": (("edit", "-c", 1, "--preset", "thin"), ("thin", "wide")),
    "edit strength of zero": (("edit", "-c", 1, "--strength", 1), ("--method ratio",)),
    "edit strength negative": (
        ("edit", "-c", 1, "--method", "ratio", "--strength", -1),
        ("--strength -1",),
    ),
    "edit target no number": (("edit", "-c", 1, "--target", "abc"), ("abc", "auto")),
    "edit target of zero": (
        ("edit", "-c", 1, "--method", "ratio", "--target", 0),
        ("--target 0",),
    ),
    "edit target NaN": (
        ("edit", "-c", 1, "--method", "ratio", "--target", "nan"),
        ("--target nan",),
    ),
    "edit strength endless": (
        ("edit", "-c", 1, "--method", "ratio", "--strength", "inf"),
        ("--strength inf",),
    ),
    "edit rows unknown": (("edit", "-c", 1, "--rows", "some"), ("some", "affected")),
    "edit order unknown": (("edit", "-c", 1, "--by", "luck"), ("luck", "contrast")),
    "edit top many": (("edit", "-c", 1, "--top", "many"), ("many", "N%")),
    "edit neurons named twice": (("edit", "-c", 1, "-n", 1, "--top", 3), ("either",)),
    "edit on no device": (("edit", "-c", 1, "--device", "quantum"), ("quantum",)),
    "edit tests on what chooses, by another name": (
        ("edit", "-c", 1, "--test-split", "val"),
        ("--test-split val",),
    ),
    "edit tests on what trains": (
        ("edit", "-c", 1, "--test-split", "train"),
        ("--test-split train",),
    ),
    "edit epochs negative": (("edit", "-c", 1, "--epochs", -1), ("--epochs -1",)),
    "edit without seeds": (("edit", "-c", 1, "--seeds", 0), ("--seeds 0",)),
    "edit lr NaN": (("edit", "-c", 1, "--method", "focal", "--lr", "nan"), ("--lr nan",)),
    "edit batch 0": (("edit", "-c", 1, "--batch-size", 0), ("--batch-size 0",)),
    "edit without views": (("edit", "-c", 1, "--views", 0), ("--views 0",)),
    "edit select unknown": (("edit", "-c", 1, "--select", "best"), ("best", "worst-class")),
    "edit worst group without groups": (
        ("edit", "-c", 1, "--select", "worst-group"),
        ("needs groups",),
    ),
    "edit tests on what chooses": (
        ("edit", "-c", 1, "--test-split", "valid"),
        ("--test-split valid",),
    ),
    "edit test split missing": (("edit", "-c", 1, "--test-split", "moon"), ("moon",)),
    "edit neuron = D": (("edit", "-c", 1, "-n", 99999), ("No neuron 99999",)),
    "edit on an unknown one": (("edit", "-c", 1, "--on", "2020"), ("No edit '2020'",)),
    "edit id of two edits": (("compare", "20"), ("2 edits start with '20'",)),
    "edit id empty": (("compare", ""), ("No edit ''",)),
    "edit id a pattern": (("compare", "*"), ("No edit '*'",)),
    "edit unknown": (("compare", "2020"), ("No edit '2020'",)),
    "edit id out of the workspace": (("compare", "../../etc"), ("No edit",)),
    "edit id with a NUL": (("compare", "a\0b"), ("No edit",)),
    "export unknown": (("export", "2020", "--out", "/tmp/x.safetensors"), ("No edit '2020'",)),
}


@pytest.mark.parametrize("case", QUESTIONS)
def test_a_question_is_refused(filled, run, case):
    words, named = QUESTIONS[case]
    before = state_of(filled)
    refused(run(*words, "-w", filled), *named)
    assert state_of(filled) == before


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("neuron", "first", "-c", 1), "valid integer"),
        (("illusion", "-c", 1, "-n", 1, "--steps", 0), "--steps"),
        (("illusion", "-c", 1, "-n", 1, "--size", 9999), "--size"),
        (
            ("illusion", "-c", 1, "-n", 1, "--parameterization", "pixels"),
            "choose from fourier, maco",
        ),
        (("illusion", "-c", 1, "-n", 1, "--objective", "sum"), "choose from neuron-first, product"),
        (("neurons", "-c", 1, "--top", "many"), "--top"),
        (("neuron", "-1", "-c", 1), "-1"),
        (("whatif", "-c", 1, "--top", 5, "--scale", "x"), "--scale"),
        (("edit", "-c", 1, "--seed", -1), "--seed"),
        (("classes", "--batch-size", -1), "--batch-size"),
        (("export", "2020"), "--out"),
        (("mistakes",), "--class"),
        (("classes", "--seed", 1), "--seed"),
        (("nonsense",), "nonsense"),
    ],
)
def test_typer_refuses_what_does_not_parse(run, words, named):
    refused_usage(run(*words), named)


def test_a_class_without_mistakes_has_nothing_to_explain(toy, run, tmp_path):
    """A head that always says class 1 makes no mistake on it."""
    state = load_file(toy.checkpoint)
    state["fc.weight"].zero_()
    state["fc.bias"].copy_(torch.tensor([0.0, 9.0, 0.0]))
    save_file(state, tmp_path / "one.safetensors")
    home = tmp_path / "ws"
    words = ("--model", toy.model, "--checkpoint", tmp_path / "one.safetensors", "--data", toy.data)
    assert run("init", home, *words).code == 0
    assert run("classes", "-w", home).code == 0
    before = state_of(home)
    for command in ("neurons", "edit", "whatif"):
        extra = ("--top", 5) if command == "whatif" else ()
        refused(run(command, "-w", home, "-c", 1, *extra), "green thing has no mistakes")
    assert run("mistakes", "-w", home, "-c", 1).code == 0
    assert run("neuron", 3, "-w", home, "-c", 1, "--json").json["mistakes"] == []
    assert state_of(home) == before


def test_two_classes_of_one_name_want_an_index(filled, run, tmp_path):
    (tmp_path / "names.txt").write_text("rose\nrose\nblue\n")
    with (filled / "workspace.toml").open("a") as file:
        file.write(f'\nclass_names = "{tmp_path / "names.txt"}"\n')
    refused(run("mistakes", "-w", filled, "-c", "rose"), "2 classes are called 'rose'", "[0, 1]")
    assert run("mistakes", "-w", filled, "-c", 1).code == 0


# ------------------------------------------------------------------ what a disk may do


def npy(array):
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


DAMAGE = {
    "empty": lambda content: b"",
    "cut in its head": lambda content: content[:60],
    "cut in its tail": lambda content: content[:-1],
    "full of zeros": lambda content: bytes(len(content)),
    "another array": lambda content: npy(np.zeros((2, 2), np.float32)),
    "words": lambda content: npy(np.array(["a", "b"])),
    "a number": lambda content: npy(np.float32(1)),
    "objects": lambda content: npy_of_objects(),
}


def npy_of_objects():
    content = io.BytesIO()
    np.save(content, np.array([{}], dtype=object), allow_pickle=True)
    return content.getvalue()


READS = {
    ("mistakes", "-c", 0): ("predicted", "logits", "mistake_rows", "insufficient", "excessive",
                            "steps", "flipped"),
    ("neurons", "-c", 0): ("features", "weight", "bias", "mean", "insufficient", "steps",
                            "flipped"),
    ("neuron", 3, "-c", 0): ("features", "weight", "strongest_rows", "strongest_values"),
    ("whatif", "-c", 0, "--top", 5): ("logits", "features", "weight"),
    ("edit", "-c", 0, "--top", 5): ("logits", "features", "predicted"),
}  # fmt: skip


@pytest.mark.parametrize("how", DAMAGE)
@pytest.mark.parametrize("words", READS, ids=lambda words: words[0])
def test_a_damaged_cache_is_refused(filled, run, words, how):
    for name in READS[words]:
        [path] = valid_cache(filled).glob(f"{name}.npy")
        whole = path.read_bytes()
        path.write_bytes(DAMAGE[how](whole))
        before = state_of(filled)
        refused(run(*words, "-w", filled), f"{name}.npy", "remove")
        assert state_of(filled) == before
        path.write_bytes(whole)
    assert run(*words, "-w", filled).code == 0


@pytest.mark.parametrize("content", [b"", b"hello", b"{}", b"[]", b"null", b"[" * 20_000])
@pytest.mark.parametrize("name", ["meta.json", "samples.json"])
def test_damaged_words_of_a_cache_are_refused(filled, run, name, content):
    (valid_cache(filled) / name).write_bytes(content)
    before = state_of(filled)
    refused(run("classes", "-w", filled), name, "remove")
    assert state_of(filled) == before


def valid_cache(home):
    """The directory of the evaluation split's feature cache."""
    metas = home.glob("features/*/meta.json")
    return next(p.parent for p in metas if json.loads(p.read_text())["split"] == "valid")


def test_a_removed_cache_comes_back_the_same(filled, run):
    before = state_of(filled)
    shutil.rmtree(valid_cache(filled))
    assert run("classes", "-w", filled, "--workers", 0).code == 0
    assert state_of(filled) == before


def test_a_pass_does_not_go_on_from_rows_that_were_lost(filled, run):
    """The power went: progress.json is there, the rows it counts are not."""
    before = state_of(filled)
    cache = valid_cache(filled)
    partial = cache.rename(cache.with_suffix(".partial"))
    (partial / "meta.json").unlink()
    progress = {"images": 20, "rows": list(range(20)), "skipped": []}
    (partial / "progress.json").write_text(json.dumps(progress))
    os.truncate(partial / "features.npy", 128 + 5 * 96 * 4)
    assert run("classes", "-w", filled, "--workers", 0).code == 0
    assert state_of(filled) == before


@pytest.mark.parametrize(
    ("name", "named"), [("edit.json", "edit.json"), ("head.safetensors", "head.safetensors")]
)
def test_a_damaged_edit_is_refused(filled, run, tmp_path, name, named):
    edit = sorted((filled / "edits").glob("[!.]*"))[-1]
    (edit / name).write_bytes((edit / name).read_bytes()[:100])
    before = state_of(filled)
    refused(run("compare", edit.name, "-w", filled), named)
    out = tmp_path / "out.safetensors"
    refused(run("export", edit.name, "-w", filled, "--out", out), named)
    assert not out.exists()
    assert state_of(filled) == before
    assert run("edits", "-w", filled).code == 0


HEADS = {
    "rows that are not there": ("held_out", np.array([0, 999])),
    "negative rows": ("held_out", np.array([-1])),
    "no rows": ("held_out", np.zeros(0, np.int64)),
    "half rows": ("held_out", np.array([0.5])),
    "rows of rows": ("held_out", np.zeros((2, 2), np.int64)),
    "NaN": ("weight", np.full((3, 96), np.nan, np.float32)),
    "whole numbers": ("weight", np.zeros((3, 96), np.int32)),
    "another shape": ("weight", np.zeros((3, 95), np.float32)),
}


@pytest.mark.parametrize("how", HEADS)
def test_a_head_of_nonsense_is_refused(filled, run, tmp_path, how):
    name, array = HEADS[how]
    edit = sorted((filled / "edits").glob("[!.]*"))[-1]
    arrays = load_arrays(edit / "head.safetensors")
    save_arrays(arrays | {name: array}, edit / "head.safetensors")
    before = state_of(filled)
    refused(run("compare", edit.name, "-w", filled), edit.name)
    if name == "weight":
        out = tmp_path / "out.safetensors"
        refused(run("export", edit.name, "-w", filled, "--out", out), edit.name)
        assert not out.exists()
    assert state_of(filled) == before


def test_an_edit_about_other_classes_is_refused(filled, run):
    edit = sorted((filled / "edits").glob("[!.]*"))[-1]
    record = json.loads((edit / "edit.json").read_text())
    record["classes"] = [{"index": 99, "name": "x"}]
    (edit / "edit.json").write_text(json.dumps(record))
    refused(run("compare", edit.name, "-w", filled), edit.name, "damaged")


def test_an_export_overwrites_nothing(filled, run, tmp_path):
    other, edit = sorted(path.name for path in (filled / "edits").glob("[!.]*"))
    out = tmp_path / "out.safetensors"
    out.write_text("precious")
    refused(run("export", edit, "-w", filled, "--out", out), "exists already")
    assert out.read_text() == "precious"
    whole = tmp_path / "whole.safetensors"
    assert run("export", edit, "-w", filled, "--out", whole).code == 0
    before = whole.stat().st_mtime_ns
    assert run("export", edit, "-w", filled, "--out", whole).code == 0  # it is there already
    assert whole.stat().st_mtime_ns == before
    refused(run("export", other, "-w", filled, "--out", whole), "exists already")
    refused(run("export", edit, "-w", filled, "--out", tmp_path / "x.pt"), ".safetensors")
    (tmp_path / "file").write_text("")
    blocked = tmp_path / "file" / "x.safetensors"
    refused(run("export", edit, "-w", filled, "--out", blocked), "Cannot write")
    refused(run("export", edit, "-w", filled, "--out", "/proc/x.safetensors"), "Cannot write")
    (tmp_path / "dir.safetensors").mkdir()
    refused(run("export", edit, "-w", filled, "--out", tmp_path / "dir.safetensors"), "exists")
    assert list(tmp_path.glob(".*")) == []


def test_pictures_do_not_go_where_a_file_is(filled, run, tmp_path):
    (tmp_path / "file").write_text("precious")
    before = state_of(filled)
    drawn = ("illusion", "-w", filled, "-c", 0, "-n", 1, "--steps", 1, "--size", 32)
    refused(run(*drawn, "--out", tmp_path / "file"), "Cannot write", "file")
    shown = ("neuron", 1, "-w", filled, "-c", 0)
    refused(run(*shown, "--out", tmp_path / "file"), "Cannot write", "file")
    assert (tmp_path / "file").read_text() == "precious"
    # what drawings are made of is kept, as features are
    kept = {name: held for name, held in state_of(filled).items() if "spectra/" not in name}
    assert kept == {name: held for name, held in before.items() if "spectra/" not in name}


def test_an_edit_of_other_weights_is_refused(filled, run, tmp_path):
    edit = sorted((filled / "edits").glob("[!.]*"))[-1].name
    other = make_checkpoint(tmp_path / "other.safetensors", seed=8)
    config = filled / "workspace.toml"
    lines = [
        f'checkpoint = "{other}"' if line.startswith("checkpoint") else line
        for line in config.read_text().splitlines()
    ]
    config.write_text("\n".join(lines))
    out = tmp_path / "x.safetensors"
    refused(run("export", edit, "-w", filled, "--out", out), "other weights")
    refused(run("compare", edit, "-w", filled), "other weights or images")


@pytest.mark.parametrize("blocked", ["features", "edits"])
def test_a_file_where_a_directory_belongs_is_refused(filled, run, blocked):
    shutil.rmtree(filled / blocked)
    (filled / blocked).write_text("in the way")
    refused(run("edit", "-w", filled, "-c", 1, "--top", 5), "Cannot write")
    assert (filled / blocked).read_text() == "in the way"


@pytest.mark.skipif(ROOT_MAY_WRITE_ANYWHERE, reason="root may write anywhere")
def test_a_read_only_workspace_still_answers(filled, run):
    for path in (filled, *filled.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    assert run("classes", "-w", filled).code == 0
    refused(run("edit", "-w", filled, "-c", 1, "--top", 5), "Cannot write")


def test_pictures_that_break_are_left_out_of_every_count(toy, run, tmp_path):
    shutil.copytree(toy.data, tmp_path / "data")
    folders = list(COLOURS)
    (tmp_path / "data/valid" / folders[0] / "000.png").write_bytes(b"")
    np.save(tmp_path / "data/valid" / folders[1] / "array.npy", np.zeros(3))
    (tmp_path / "data/valid" / folders[2] / "001.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    home = tmp_path / "ws"
    words = ("--model", toy.model, "--checkpoint", toy.checkpoint, "--data", tmp_path / "data")
    assert run("init", home, *words).code == 0
    found = run("classes", "-w", home, "--json", "--workers", 0).json
    assert found["n"] == sum(c["n"] for c in found["classes"]) == 28
    assert [some["reason"].split(":")[0].split(" (")[0] for some in found["skipped"]] == [
        "not read as an image by torchvision's and timm's readers",
        "empty file",
        "cannot be decoded",
    ]


def test_a_model_that_is_not_linear_at_its_end_is_refused(run, toy, tmp_path):
    body = make_model()
    config = {"architecture": "test_resnet", "num_classes": 0, "pretrained_cfg": {}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    state = {key: value for key, value in body.state_dict().items() if not key.startswith("fc")}
    save_file(state, tmp_path / "model.safetensors")
    words = ("--model", f"local-dir:{tmp_path}", "--data", toy.data)
    refused(run("init", tmp_path / "ws", *words), "Identity", "linear")


def workspace_of(run, home, toy, **images):
    """A workspace of a few images, by split, class by class."""
    for split, counts in images.items():
        for folder, colour, count in zip(COLOURS, COLOURS.values(), counts, strict=True):
            (home / "data" / split / folder).mkdir(parents=True)
            for seed in range(count):
                picture(colour, seed).save(home / "data" / split / folder / f"{seed}.png")
    words = ("--model", toy.model, "--checkpoint", toy.checkpoint, "--data", home / "data")
    assert run("init", home, *words).code == 0
    return home


def test_an_edit_of_one_image_has_nothing_to_report_on(run, toy, tmp_path):
    for number in range(3):
        counts = [int(number == k) for k in range(3)]
        home = workspace_of(run, tmp_path / str(number), toy, train=[1, 1, 1], valid=counts)
        if run("mistakes", "-w", home, "-c", number, "--json").json["mistakes"]:
            break
    before = state_of(home)
    refused(run("edit", "-w", home, "-c", number), "1 image", "--test-split")
    assert state_of(home) == before


def test_images_that_all_vanished_are_told(run, toy, tmp_path):
    home = workspace_of(run, tmp_path / "ws", toy, train=[2, 2, 2], valid=[2, 2, 2])
    for path in (home / "data" / "valid").rglob("*.png"):
        path.write_bytes(b"broken")
    for words in (("classes",), ("whatif", "-n", 1), ("illusion", "-n", 1), ("edit",)):
        extra = () if words == ("classes",) else ("-c", 0)
        refused(run(*words, *extra, "-w", home), "Not one image of valid", "cannot be decoded")


def test_training_images_that_all_vanished_are_told(run, toy, tmp_path):
    home = workspace_of(run, tmp_path / "ws", toy, train=[2, 2, 2], valid=[8, 8, 8])
    for path in (home / "data" / "train").rglob("*.png"):
        path.write_bytes(b"broken")
    words = ("edit", "-w", home, "-c", "all", "--method", "focal", "--epochs", 1)
    refused(run(*words), "Not one image of train")
    assert run("edits", "-w", home, "--json").json == []
    shutil.rmtree(home / "data" / "train")
    refused(run(*words), "No split 'train'")


@contextlib.contextmanager
def a_small_disk(size):
    """Lets no file grow past `size` bytes; Python ignores SIGXFSZ, so that writing fails.

    `size` leaves room for stderr, which pytest captures in a file.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [500, 1_000, 3_000, 6_000, 11_000])
def test_a_cache_is_whole_however_early_the_disk_was_full(filled, run, size):
    before = state_of(filled)
    kept = {name: content for name, content in before.items() if not name.startswith("features")}
    shutil.rmtree(valid_cache(filled))
    with a_small_disk(size):
        ran = run("classes", "-w", filled, "--workers", 0)
    refused(ran, "Cannot write", "features", "free some space")
    now = state_of(filled)
    assert {
        name: content for name, content in now.items() if not name.startswith("features")
    } == kept
    assert run("classes", "-w", filled, "--workers", 0).code == 0
    assert state_of(filled) == before


@pytest.mark.parametrize("size", [500, 1_500, 2_500])
def test_an_edit_is_whole_or_absent_on_a_full_disk(filled, run, size):
    before = state_of(filled)
    with a_small_disk(size):
        ran = run("edit", "-w", filled, "-c", 0, "--top", 5, "--seeds", 1)
    refused(ran, "Cannot write", "edits")
    assert state_of(filled) == before


@pytest.mark.parametrize("size", [500, 10_000, 200_000])
def test_an_export_is_whole_or_absent_on_a_full_disk(filled, run, tmp_path, size):
    edit = sorted((filled / "edits").glob("[!.]*"))[-1].name
    before = state_of(filled)
    out = tmp_path / "there" / "out.safetensors"
    with a_small_disk(size):
        ran = run("export", edit, "-w", filled, "--out", out)
    refused(ran, "Cannot write", "out.safetensors")
    assert not out.parent.exists() or list(out.parent.iterdir()) == []
    assert state_of(filled) == before


def test_a_workspace_is_not_half_made_on_a_full_disk(toy, run, tmp_path):
    words = ("--model", toy.model, "--checkpoint", toy.checkpoint, "--data", toy.data)
    with a_small_disk(500):
        ran = run("init", tmp_path / "ws", *words)
    refused(ran, "Cannot write", "workspace.toml")
    assert state_of(tmp_path) == {}
    assert run("init", tmp_path / "ws", *words).code == 0


@pytest.mark.parametrize("how", ["illusion", "neuron"])
def test_pictures_on_a_full_disk_leave_no_halves(filled, run, tmp_path, how):
    words = {"illusion": ("-n", 1, "--steps", 1, "--size", 32), "neuron": (1,)}[how]
    with a_small_disk(500):
        ran = run(how, *words, "-w", filled, "-c", 0, "--out", tmp_path / "pictures")
    refused(ran, "Cannot write", "pictures")
    assert not [path for path in (tmp_path / "pictures").rglob("*") if path.is_file()]


@pytest.mark.slow
def test_two_programs_fill_one_cache_and_both_answer(filled):
    before = state_of(filled)
    shutil.rmtree(valid_cache(filled))
    words = ("classes", "-w", filled, "--json", "--workers", "0", "--batch-size", "1")
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "neuroinspect_tui", *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    (first, error), (second, other_error) = (some.communicate(timeout=120) for some in both)
    assert [some.returncode for some in both] == [0, 0], (error, other_error)
    assert json.loads(first) == json.loads(second)
    assert state_of(filled).keys() == before.keys()
