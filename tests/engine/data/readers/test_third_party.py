"""A reader of a package that is not ours, installed for real: images in a zip file."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from engine.data.readers import READERS
from engine.features.cache import open_cache
from engine.schema import registry
from engine.schema.requests import FeaturesRequest, HeatRequest, Source
from engine.session import TorchEngine
from tests.making import make_images

READER = """
import zipfile

from engine.data.readers.base import Listing, Sample


class ZipReader:
    title = "zip of images"
    help = "a .zip of SPLIT/CLASS/*.png"
    general = False

    def matches(self, path):
        return path.suffix == ".zip"

    def splits(self, path, options):
        with zipfile.ZipFile(path) as file:
            return tuple(dict.fromkeys(name.split("/")[0] for name in file.namelist()))

    def list(self, path, split, options):
        listing = Listing(path)
        with zipfile.ZipFile(path) as file:
            names = sorted(name for name in file.namelist() if name.startswith(f"{split}/"))
            folders = sorted({name.split("/")[1] for name in file.namelist()})
            for name in names:
                label = folders.index(name.split("/")[1])
                listing.samples.append(Sample(name, label, size=file.getinfo(name).file_size))
        return listing.split(split, folders)

    def open(self, root, sample):
        return zipfile.ZipFile(root).open(sample.path)
"""
LOOK = """
import json, sys
from engine.data.images import open_image
from engine.data.readers import READERS
from engine.data.splits import open_split
from engine.schema.errors import EngineError
from engine.schema.requests import Source
found = []
for data in sys.argv[1:]:
    try:
        split = open_split(Source(model="m", checkpoint="c", data=data), "valid")
        sizes = {open_image(split, sample).size for sample in split.samples}
        found.append([split.reader, split.classes, len(split.samples), *sizes])
    except EngineError as error:
        found.append(str(error))
heavy = [name for name in ("numpy", "torch") if name in sys.modules]
print(json.dumps([READERS.names(), found, heavy]))
"""


@pytest.fixture
def installed(tmp_path):
    """Installs a package with entry points for readers; returns the environment that sees it."""
    site = tmp_path / "site"
    about = site / "zipped-1.0.dist-info"
    about.mkdir(parents=True)
    (site / "zipped.py").write_text(READER)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: zipped\nVersion: 1.0\n")

    def installing(*lines):
        points = "\n".join(("[neuroinspect_tui.readers]", *lines))
        (about / "entry_points.txt").write_text(f"{points}\n")
        return os.environ | {"PYTHONPATH": os.pathsep.join([str(site), *sys.path])}

    return installing


@pytest.fixture
def images(tmp_path):
    """The same images as a folder and as a zip file."""
    root = make_images(tmp_path / "data")
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as file:
        for path in sorted(root.rglob("*.png")):
            file.write(path, path.relative_to(root))
    return str(root), str(tmp_path / "data.zip")


def look(environment, *data):
    ran = subprocess.run(
        [sys.executable, "-c", LOOK, *data],
        capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout), ran.stderr


def test_a_third_party_reads_what_it_matches(installed, images):
    classes = ["red thing", "green thing", "blue"]
    (names, found, heavy), said = look(installed("zip = zipped:ZipReader"), *images)
    assert names == [*READERS.names(), "zip"]
    assert found == [["image_folder", classes, 30, [40, 40]], ["zip", classes, 30, [40, 40]]]
    assert "torch" not in heavy
    assert said == ""


def test_two_readers_that_match_are_named(installed, images):
    environment = installed("zip = zipped:ZipReader", "other_zip = zipped:ZipReader")
    (_, [refused], _), _ = look(environment, images[1])
    assert "match several readers (other_zip, zip)" in refused
    assert "--reader" in refused


def test_one_that_cannot_be_imported_costs_a_warning(installed, images):
    (names, found, _), said = look(installed("zip = absent:ZipReader"), *images)
    assert names == [*READERS.names(), "zip"]
    assert found[0][0] == "image_folder"
    assert "No reader matches the data at" in found[1]
    assert said.count("The data reader 'zip' of absent:ZipReader cannot be imported") == 1


@pytest.fixture
def installed_here(installed, tmp_path, monkeypatch):
    """Installs the package in this process too."""
    installed("zip = zipped:ZipReader")
    monkeypatch.syspath_prepend(tmp_path / "site")
    registry._entry_points.cache_clear()
    yield
    READERS._loaded.pop("zip", None)
    sys.modules.pop("zipped", None)
    registry._entry_points.cache_clear()


def seen(data, checkpoint, home):
    """Features, and what is told of a neuron, with heat maps."""
    source = Source(model="test_resnet", checkpoint=checkpoint, data=data, device="cpu")
    engine = TorchEngine(source, home)
    list(engine.extract(FeaturesRequest(split="valid", workers=0)))
    *_, heated = engine.heat(HeatRequest(class_index=0, neuron=3), str(home / "heat"))
    return open_cache(home, source, engine.split("valid")).features, heated


@pytest.mark.usefixtures("installed_here")
def test_features_and_heat_maps_come_through_the_reader(images, toy, tmp_path):
    folder, of_folder = seen(images[0], toy.checkpoint, tmp_path / "a")
    zipped, of_zip = seen(images[1], toy.checkpoint, tmp_path / "b")
    assert len(folder) == 30
    assert np.array_equal(folder, zipped)
    for one, other in zip(of_folder.top_images, of_zip.top_images, strict=True):
        assert Path(one.path).relative_to(images[0]) == Path(other.path).relative_to(images[1])
        assert Path(one.heat).read_bytes() == Path(other.heat).read_bytes()
