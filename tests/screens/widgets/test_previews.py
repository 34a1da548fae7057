import os

from PIL import Image

from screens.widgets import previews
from screens.widgets.previews import Box, cached, draw


def test_a_picture_is_decoded_once(pictures, decoded):
    box = Box(pictures / "1.png", 8, 4)
    assert cached(box) is None
    first = draw(box)
    assert draw(box) is first is cached(box)
    draw(Box(pictures / "1.png", 4, 2))
    assert decoded == ["1.png"] * 2, "once a size"
    assert (first.width, len(first.rows), first.problem) == (8, 4, "")


def test_a_changed_file_is_decoded_again(tmp_path, decoded):
    path = tmp_path / "live.png"
    Image.new("RGB", (8, 8), "red").save(path)
    os.utime(path, ns=(1, 1))
    first = draw(Box(path, 8, 4))
    Image.new("RGB", (8, 8), "blue").save(path)
    assert draw(Box(path, 8, 4)) != first
    assert decoded == ["live.png"] * 2


def test_what_cannot_be_shown_says_why(tmp_path, decoded):
    (tmp_path / "bad.png").write_bytes(b"not a picture")
    (tmp_path / "void.png").touch()
    assert draw(Box(tmp_path / "gone.png", 8, 4)).problem == "gone.png does not exist"
    assert draw(Box(tmp_path / "void.png", 8, 4)).problem == "cannot read void.png: empty file"
    bad = draw(Box(tmp_path / "bad.png", 8, 4))
    assert bad.problem.startswith("cannot read bad.png: cannot identify image")
    assert bad.rows == ()


def test_what_was_used_last_is_kept(pictures, decoded, monkeypatch):
    monkeypatch.setattr(previews, "CACHED_CELLS", 3 * 8 * 4)
    boxes = [Box(pictures / f"{i}.png", 8, 4) for i in range(4)]
    for box in boxes[:3]:
        draw(box)
    cached(boxes[0])
    draw(boxes[3])
    assert [cached(box) is not None for box in boxes] == [True, False, True, True]
    assert previews.cache.cells == 3 * 8 * 4


def test_a_photograph_is_decoded_small(tmp_path):
    path = tmp_path / "photo.jpg"
    Image.new("RGB", (800, 600), "red").save(path)
    assert previews.decode_picture(path, side=32).size == (100, 75)
    assert previews.decode_picture(path, side=100).size == (200, 150)
    assert previews.decode_picture(path).size == (800, 600)
