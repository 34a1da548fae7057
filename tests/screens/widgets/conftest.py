import pytest
from PIL import Image

from screens.widgets import previews


@pytest.fixture
def decoded(monkeypatch):
    """The names of the files decoded; nothing is cached by other tests."""
    names = []
    decode = previews.decode_picture

    def counting(path, side):
        names.append(path.name)
        return decode(path, side)

    monkeypatch.setattr(previews, "decode_picture", counting)
    monkeypatch.setattr(previews, "cache", previews.PreviewCache())
    return names


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """0.png to 99.png, 8 x 8."""
    folder = tmp_path_factory.mktemp("pictures")
    for i in range(100):
        Image.new("RGB", (8, 8), (2 * i, 255 - 2 * i, 0)).save(folder / f"{i}.png")
    return folder
