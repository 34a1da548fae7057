"""What holds for every reader of a published data set."""

import pytest

from engine.data.images import open_image
from engine.data.readers import READERS
from engine.data.readers.base import Options
from engine.data.splits import find_reader, list_split
from engine.schema.errors import DataError
from engine.schema.requests import Source
from tests.engine.data.readers.layouts import FOLDERS, image, read
from tests.making import make_images


def source(path, **more):
    return Source(model="m", checkpoint="c", data=str(path), **more)


def splits(name, path):
    return READERS.get(name).splits(path, Options())


@pytest.mark.parametrize("name", FOLDERS)
def test_it_matches_its_folder_and_the_folder_above_and_nothing_else_does(name, tmp_path):
    make, folder = FOLDERS[name]
    make(tmp_path / folder)
    for path in (tmp_path / folder, tmp_path):
        matching = [
            each for each, reader in READERS.all().items()
            if not getattr(reader, "general", False) and reader.matches(path)
        ]  # fmt: skip
        assert matching == [name]
        assert find_reader(source(path)) == name


@pytest.mark.parametrize("name", FOLDERS)
def test_every_image_opens_and_no_split_shares_one(name, tmp_path):
    make, folder = FOLDERS[name]
    make(tmp_path / folder)
    [*names] = splits(name, tmp_path)
    found = {each: list_split(source(tmp_path), each) for each in names}
    for each, split in found.items():
        assert split.name == each
        assert split.samples
        assert len(split.classes) == len(split.folders) == len(set(split.classes))
        assert split == list_split(source(tmp_path), each)
        assert {split.folders, *(other.folders for other in found.values())} == {split.folders}
        assert {split.classes, *(other.classes for other in found.values())} == {split.classes}
        assert all(open_image(split, sample).size == (8, 8) for sample in split.samples)
        assert all(0 <= sample.label < len(split.folders) for sample in split.samples)
    if name != "sun397":  # its partitions cover the same images
        paths = [sample.path for split in found.values() for sample in split.samples]
        assert len(paths) == len(set(paths))


@pytest.mark.parametrize("name", FOLDERS)
def test_a_missing_image_and_one_too_many_are_told(name, tmp_path):
    make, folder = FOLDERS[name]
    make(tmp_path / folder)
    [first, *_] = splits(name, tmp_path)
    whole = list_split(source(tmp_path), first)
    gone = whole.samples[0]
    path = tmp_path / folder / gone.path
    path.unlink()
    image(path.with_name("another.jpg"))
    image(path.with_name(".hidden.jpg"))
    less = list_split(source(tmp_path), first)
    told = len(less.skipped) - len(whole.skipped)
    if name == "imagenet":  # its folders are its lists
        assert (len(less.samples), told) == (len(whole.samples), 0)
    elif name == "sun397":
        assert told == 1
        assert {each.reason for each in less.skipped} >= {"no such file or directory"}
    else:
        assert less.samples == whole.samples[1:]
        assert {each.reason for each in less.skipped} >= {"no such file or directory"} or (
            name == "fiftyone" and {each.reason for each in less.skipped} >= {"no such file"}
        )
        assert told == (1 if name == "metashift" else 2)


@pytest.mark.parametrize("name", FOLDERS)
def test_asked_to_read_other_data_it_says_what_it_expects(name, tmp_path):
    make_images(tmp_path / "data", train=1, valid=1)
    with pytest.raises(DataError, match=r"lacks what .* has in it: expected|has no folders"):
        read(tmp_path / "data", "all" if name == "fiftyone" else "train", reader=name)


@pytest.mark.parametrize("name", FOLDERS)
def test_a_file_is_never_matched(name, tmp_path):
    (tmp_path / "metadata.csv").write_text("path,label,split\na.png,cat,train\n")
    assert not READERS.get(name).matches(tmp_path / "metadata.csv")
