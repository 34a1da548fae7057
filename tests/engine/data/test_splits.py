import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import engine.data.images
from engine.data.class_names import find_class, readable
from engine.data.images import decode
from engine.data.splits import open_split
from engine.schema.errors import DataError, RequestError
from engine.schema.requests import Source
from tests.making import make_images, picture

RED = (200, 40, 40)


def split_of(data, split="valid", **more):
    return open_split(Source(model="m", checkpoint="c", data=str(data), **more), split)


def pixels(path):
    image = decode(path)
    assert image.mode == "RGB"
    return np.asarray(image).astype(int)


def test_grey_and_cmyk_become_rgb(tmp_path):
    Image.new("L", (8, 8), 77).save(tmp_path / "grey.png")
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "cmyk.jpg")
    assert (pixels(tmp_path / "grey.png") == 77).all()
    assert np.abs(pixels(tmp_path / "cmyk.jpg") - [255, 0, 0]).max() < 12


def test_sixteen_bits_keep_their_gradient(tmp_path):
    ramp = np.linspace(0, 65535, 64).astype(np.uint16).reshape(1, 64).repeat(8, 0)
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    found = pixels(tmp_path / "ramp.png")[0, :, 0]
    assert np.abs(found - ramp[0] / 257).max() <= 1


def test_what_is_transparent_lies_on_white(tmp_path):
    image = Image.new("RGBA", (8, 8), (*RED, 0))
    image.paste((*RED, 255), (0, 0, 4, 8))
    image.save(tmp_path / "alpha.png")
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([10, 20, 30, *RED])
    palette.save(tmp_path / "palette.png", transparency=0)
    found = pixels(tmp_path / "alpha.png")
    assert found[0, 0].tolist() == list(RED)
    assert found[0, 7].tolist() == [255, 255, 255]
    assert (pixels(tmp_path / "palette.png") == 255).all()


def test_a_camera_on_its_side_is_turned(tmp_path):
    image = Image.new("RGB", (20, 10), "white")
    image.paste(RED, (0, 0, 5, 10))  # red on the left
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned right by a quarter: left becomes top
    image.save(tmp_path / "turned.png", exif=exif)
    found = pixels(tmp_path / "turned.png")
    assert found.shape == (20, 10, 3)
    assert found[0, 5].tolist() == list(RED)
    assert found[19, 5].tolist() == [255, 255, 255]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.jpg", lambda whole: b"", "empty file"),
        ("cut.jpg", lambda whole: whole[: len(whole) // 2], "truncated"),
        ("noise.png", lambda whole: b"not an image at all", "cannot be decoded"),
        ("head.jpg", lambda whole: whole[:3], "cannot be decoded"),
    ],
)
def test_what_cannot_be_decoded_says_why(tmp_path, name, content, reason):
    picture(RED, 0, 64).save(tmp_path / "whole.jpg")
    (tmp_path / name).write_bytes(content((tmp_path / "whole.jpg").read_bytes()))
    with pytest.raises(DataError, match=reason):
        decode(tmp_path / name)


def test_a_bomb_is_not_decoded(tmp_path, monkeypatch):
    Image.new("RGB", (100, 100)).save(tmp_path / "bomb.png")
    monkeypatch.setattr(engine.data.images, "MAX_PIXELS", 5000)
    with pytest.raises(DataError, match="too large: 100 x 100"):
        decode(tmp_path / "bomb.png")


def test_a_folder_is_listed_in_order(tmp_path):
    root = make_images(tmp_path / "data")
    (root / "valid" / "001_red_thing" / "notes.txt").write_text("no image")
    (root / "valid" / "001_red_thing" / ".hidden.png").write_bytes(b"")
    found = split_of(root)
    assert found.classes == ("red thing", "green thing", "blue")
    assert [some.label for some in found.samples] == [0] * 10 + [1] * 10 + [2] * 10
    assert found.samples[0].path == "valid/001_red_thing/000.png"
    assert found == split_of(root)


def test_val_is_found_for_valid(tmp_path):
    root = make_images(tmp_path / "data")
    (root / "valid").rename(root / "val")
    assert split_of(root).name == "val"
    with pytest.raises(DataError, match=r"No split 'test'.*train, val"):
        split_of(root, "test")


def test_a_class_that_only_trains_keeps_its_index(tmp_path):
    root = make_images(tmp_path / "data")
    for file in (root / "valid" / "002_green_thing").iterdir():
        file.unlink()
    (root / "valid" / "002_green_thing").rmdir()
    found = split_of(root)
    assert found.classes == ("red thing", "green thing", "blue")
    assert {some.label for some in found.samples} == {0, 2}


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("004_sweet_pea", "sweet pea"),
        ("sweet_pea", "sweet pea"),
        ("12-colt's_foot", "colt's foot"),
        ("7", "7"),
        ("n01440764", "n01440764"),
    ],
)
def test_folders_read_as_words(folder, words):
    assert readable(folder) == words


def write_csv(root: Path, text: str) -> Path:
    for name in ("a.png", "b.png", "c.png"):
        picture(RED, 1).save(root / name)
    path = root / "metadata.csv"
    path.write_text(text)
    return path


def test_a_csv_of_names_and_groups(tmp_path):
    path = write_csv(
        tmp_path,
        "path,label,split,group\na.png,cat,valid,indoor\nb.png,dog,valid,outdoor\n"
        "c.png,cat,train,indoor\n",
    )
    found = split_of(path)
    assert found.classes == ("cat", "dog")
    assert found.groups == ("indoor", "outdoor")
    assert [(some.label, some.group) for some in found.samples] == [(0, 0), (1, 1)]


def test_waterbirds_own_csv(tmp_path):
    path = write_csv(
        tmp_path,
        "img_id,img_filename,y,split,place,place_filename\n"
        "1,a.png,0,1,0,/x\n2,b.png,1,1,0,/x\n3,c.png,1,1,1,/x\n4,a.png,0,0,1,/x\n5,b.png,0,2,1,/x\n",
    )
    found = split_of(path)
    assert found.groups == ("0 × place 0", "0 × place 1", "1 × place 0", "1 × place 1")
    assert [(some.label, some.group) for some in found.samples] == [(0, 0), (1, 2), (1, 3)]
    assert len(split_of(path, "train").samples) == len(split_of(path, "test").samples) == 1
    (tmp_path / "names.txt").write_text("landbird\nwaterbird\n")
    named = split_of(path, class_names=str(tmp_path / "names.txt"))
    assert named.groups[1:3] == ("landbird × place 1", "waterbird × place 0")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column for path or label or split"),
        ("path,label\na.png,cat\n", "no column for split"),
        ("path,label,split\n", "lists no images"),
        ("path,label,split\na.png,cat,train\n", "No split 'valid'"),
    ],
)
def test_a_csv_that_will_not_do(tmp_path, text, said):
    with pytest.raises(DataError, match=said):
        split_of(write_csv(tmp_path, text))


def test_paths_that_lead_out_or_nowhere_are_left_out(tmp_path):
    path = write_csv(
        tmp_path,
        "path,label,split\n../up.png,cat,valid\n/etc/passwd,cat,valid\nabsent.png,cat,valid\n"
        "a.png,cat,valid\n",
    )
    found = split_of(path)
    assert [some.path for some in found.samples] == ["a.png"]
    assert [some.path for some in found.skipped] == ["../up.png", "/etc/passwd", "absent.png"]
    assert "leads out" in found.skipped[0].reason
    assert "no such file" in found.skipped[2].reason


def test_class_names_can_be_given(tmp_path):
    root = make_images(tmp_path / "data")
    names = tmp_path / "names.txt"
    names.write_text("poppy\nfern\n\nbluebell\n")
    assert split_of(root, class_names=str(names)).classes == ("poppy", "fern", "bluebell")
    names = tmp_path / "names.json"
    names.write_text(json.dumps({"003_blue": "bluebell"}))
    assert split_of(root, class_names=str(names)).classes == (
        "red thing",
        "green thing",
        "bluebell",
    )
    names.write_text(json.dumps(["one"]))
    with pytest.raises(DataError, match="names 1 classes, the data has 3"):
        split_of(root, class_names=str(names))
    names.write_text("{broken")
    with pytest.raises(DataError, match="neither a list"):
        split_of(root, class_names=str(names))


def test_a_name_that_is_not_utf8_is_left_out(tmp_path):
    root = make_images(tmp_path / "data")
    directory = os.fsencode(root / "valid" / "003_blue")
    try:
        os.link(directory + b"/000.png", directory + b"/bad\xff.png")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    found = split_of(root)
    assert len(found.samples) == 30
    assert [some.reason for some in found.skipped] == ["file name is not UTF-8"]


def test_classes_are_found_by_name_folder_and_index():
    classes, folders = ("sweet pea", "rose", "rose"), ("004_sweet_pea", "a", "b")
    for key in ("sweet pea", "Sweet Pea", "004_sweet_pea", "0"):
        assert find_class(key, classes, folders) == 0
    assert find_class("b", classes, folders) == 2
    with pytest.raises(RequestError, match="2 classes are called 'rose'"):
        find_class("rose", classes, folders)
    with pytest.raises(RequestError, match="did you mean 'sweet pea'"):
        find_class("sweet pee", classes, folders)
    for key in ("3", "-1", "", "1.0"):
        with pytest.raises(RequestError, match="No class"):
            find_class(key, classes, folders)
