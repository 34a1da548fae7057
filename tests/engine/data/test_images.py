import io

import msgspec
import numpy as np
import pytest
from PIL import Image

import engine.data.images
from engine.data.images import decode, open_for_model, open_image
from engine.schema.errors import DataError, RequestError
from tests.engine.data.making import split_of
from tests.making import make_images, picture

RED = (200, 40, 40)


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


def test_bytes_and_open_files_are_decoded_like_paths(tmp_path):
    picture(RED, 0, 64).save(tmp_path / "whole.jpg")
    content = (tmp_path / "whole.jpg").read_bytes()
    for source in (content, io.BytesIO(content)):
        assert (np.asarray(decode(source)) == np.asarray(decode(tmp_path / "whole.jpg"))).all()
        assert decode(content, side=16).size == (16, 16)
    with pytest.raises(DataError, match="empty file"):
        decode(b"")


def test_an_image_is_opened_by_the_reader_of_its_split(tmp_path):
    split = split_of(make_images(tmp_path / "data"))
    sample = split.samples[3]
    path = tmp_path / "data" / sample.path
    assert (np.asarray(open_image(split, sample)) == np.asarray(decode(path))).all()
    path.unlink()
    with pytest.raises(DataError, match=r"cannot be decoded: .*No such file"):
        open_image(split, sample)
    gone = msgspec.structs.replace(split, reader="of_a_package_that_was_uninstalled")
    with pytest.raises(RequestError, match="Unknown data reader"):
        open_image(gone, split.samples[0])


def turned(tmp_path):
    """An image on its side, a transparent one, a deep one, and a palette with transparency."""
    exif = Image.Exif()
    exif[0x0112] = 6
    side = picture(RED, 0, 40).resize((60, 40))
    side.save(tmp_path / "a_turned.png", exif=exif)
    image = picture(RED, 1, 40).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize((40, 40)))
    image.save(tmp_path / "b_alpha.png")
    ramp = np.linspace(0, 65535, 64).astype(np.uint16).reshape(1, 64).repeat(40, 0)
    Image.fromarray(ramp).save(tmp_path / "c_deep.png")
    palette = picture(RED, 2, 40).quantize(8)
    palette.save(tmp_path / "d_palette.png", transparency=0)
    picture(RED, 3, 40).save(tmp_path / "e_plain.png")


@pytest.mark.filterwarnings("ignore")  # timm leaves its files to the garbage collector
def test_the_model_sees_what_timm_s_loader_gives(tmp_path):
    """Accuracy is that of timm's own validation only where every pixel is."""
    from timm.data import ImageDataset

    for split in ("train", "valid"):
        (tmp_path / split / "a").mkdir(parents=True)
        turned(tmp_path / split / "a")
    theirs = ImageDataset(str(tmp_path / "valid"))
    split = split_of(tmp_path)
    kinds = {}
    for index, sample in enumerate(split.samples):
        image, differs = open_for_model(split, sample)
        assert image.mode == "RGB"
        assert (np.asarray(image) == np.asarray(theirs[index][0])).all(), sample.path
        kinds[sample.path[8:9]] = [str(kind) for kind in differs]
    assert kinds == {
        "a": ["turned"], "b": ["transparent"], "c": ["deep"], "d": ["transparent"], "e": [],
    }  # fmt: skip


def test_the_model_may_be_shown_what_a_person_sees(tmp_path):
    for split in ("train", "valid"):
        (tmp_path / split / "a").mkdir(parents=True)
        turned(tmp_path / split / "a")
    split = split_of(tmp_path, exif=True, background="white")
    for sample in split.samples:
        image, differs = open_for_model(split, sample)
        if "deep" not in sample.path:
            assert (np.asarray(image) == np.asarray(open_image(split, sample))).all()
            assert not differs
