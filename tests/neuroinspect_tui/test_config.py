import os

import pytest

from neuroinspect_tui import config


@pytest.fixture(autouse=True)
def homes(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("NO_COLOR", "TEXTUAL_COLOR_SYSTEM"):  # set_color sets them for good
        monkeypatch.setenv(name, "was")
        monkeypatch.delenv(name)


def write(text):
    path = config.config_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_no_file_is_the_defaults():
    assert config.read_config() == config.Config()


def test_every_setting_is_read():
    write('color = "256"\ntheme = "nord"\nslow_link = true\nmouse = false\n'
          '[keys]\n"classes.sort" = "S"\n')  # fmt: skip
    assert config.read_config() == config.Config(
        color="256", theme="nord", slow_link=True, mouse=False, keys={"classes.sort": "S"}
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [('color = "sepia"', "color is 'sepia' (choose from auto, truecolor, 256, 16, none)"),
     ("colour = 1", "there is no key 'colour' (did you mean 'color'?)"),
     ("Slow-Link = true", "'Slow-Link' (did you mean 'slow_link'?)"),
     ("x = 1", "there is no key 'x' (the keys are color, theme, slow_link, mouse, pictures, keys)"),
     ("theme =", "Cannot read"),
     ("theme = 3", "theme is 3 (it is a text in quotes)"),
     ('mouse = "yes"', "mouse is 'yes' (it is true or false, without quotes)"),
     ("slow_link = 1", "slow_link is 1 (it is true or false"),
     ("keys = 1", "keys is 1 (a table)"),
     ('[keys]\n"classes.sort" = 5', "the key of classes.sort in [keys] is 5"),
     ('[keys]\nclasses.sort = "f5"', 'the id in [keys] needs quotes: "classes.sort"')],
)  # fmt: skip
def test_what_is_wrong_is_said_with_the_file(text, said):
    write(text)
    with pytest.raises(config.ConfigError) as refused:
        config.read_config()
    assert said in str(refused.value)
    assert str(config.config_path()) in str(refused.value)


def test_all_that_is_wrong_is_said_at_once():
    write('colour = "256"\nmouse = 1\ntheme = "nord"\n')
    with pytest.raises(config.ConfigError) as refused:
        config.read_config()
    assert "'colour'" in str(refused.value)
    assert "mouse is 1" in str(refused.value)
    assert "theme" not in str(refused.value)


def test_every_setting_has_a_meaning():
    assert list(config.MEANINGS) == list(config.Config.__struct_fields__)


@pytest.mark.parametrize(
    ("color", "found"),
    [("auto", (None, None)), ("none", ("1", None)), ("16", (None, "standard")),
     ("256", (None, "256")), ("truecolor", (None, "truecolor"))],
)  # fmt: skip
def test_colours_are_told_to_textual(color, found):
    config.set_color(color)
    assert (os.environ.get("NO_COLOR"), os.environ.get("TEXTUAL_COLOR_SYSTEM")) == found


def test_recent_workspaces_newest_first_and_only_those_still_there(tmp_path):
    homes = [tmp_path / f"ws{number}" for number in range(config.RECENT + 2)]
    for home in homes:
        home.mkdir()
        (home / "workspace.toml").touch()
        config.remember_workspace(home)
    config.remember_workspace(homes[5])
    (homes[-1] / "workspace.toml").unlink()
    found = config.recent_workspaces()
    assert found[:2] == [homes[5], homes[-2]]
    assert len(found) == config.RECENT - 1


def test_a_list_that_cannot_be_written_or_read_is_no_matter(tmp_path):
    (tmp_path / "state").write_text("a file where a directory is wanted")
    config.remember_workspace(tmp_path)
    assert config.recent_workspaces() == []


def test_the_size_of_pictures_is_remembered_and_a_broken_file_is_the_default(tmp_path):
    assert config.remembered_tiles() == 0
    config.remember_tiles(-3)
    assert config.remembered_tiles() == -3
    [file] = (tmp_path / "state").rglob("picture_size.json")
    file.write_text('{"no": "number"}')
    assert config.remembered_tiles() == 0
