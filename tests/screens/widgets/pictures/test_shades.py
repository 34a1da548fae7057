from PIL import Image

from screens.widgets.pictures.base import Terminal
from screens.widgets.pictures.shades import KIND


def lines(light):
    """A picture of black beside white, as it is drawn."""
    image = Image.new("L", (80, 40))
    image.paste(255, (40, 0, 80, 40))
    return [strip.text for strip in KIND.render(image, (8, 2), Terminal({}, None, light=light))]


def test_ink_is_light_on_a_dark_background_and_dark_on_a_light_one():
    assert lines(light=False) == ["    @@@@"] * 2
    assert lines(light=True) == ["@@@@    "] * 2
