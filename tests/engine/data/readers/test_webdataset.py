import gzip
import json
import os
import tarfile

import numpy as np
import pytest

import engine.data.readers.base
import engine.data.readers.hugging_face
import engine.data.readers.webdataset
import engine.data.shards
from engine.data.images import open_image
from engine.data.readers.base import Sample
from engine.data.shards import Shards
from engine.schema.errors import DataError
from tests.engine.data.making import split_of
from tests.engine.data.readers.archives import labelled, write_shard
from tests.engine.data.readers.snapshots import COLOURS, encoded


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    """Keeps indices apart from the user's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def shards(root, pattern="{}-{:04d}.tar"):
    """Two training shards and one of validation, of three classes each."""
    for split, count in (("train", 2), ("val", 1)):
        for shard in range(count):
            members = []
            for k, colour in enumerate(COLOURS):
                members += labelled(f"n{k}/{shard}", colour, str(k))
            write_shard(root / pattern.format(split, shard), members)
    return root


def colours(split):
    return [int(np.asarray(open_image(split, s)).mean((0, 1)).argmax()) for s in split.samples]


@pytest.mark.parametrize("pattern", ["{}-{:04d}.tar", "{}/{:06d}.tar", "my-{}-{:d}-of-9.tar"])
def test_shards_are_read_without_unpacking(tmp_path, pattern):
    root = shards(tmp_path / "data", pattern)
    before = sorted(root.rglob("*"))
    found = split_of(root)
    assert (found.reader, found.name, found.classes) == ("webdataset", "val", ("0", "1", "2"))
    assert colours(found) == [0, 1, 2]
    assert found.samples[1].path == f"{pattern.format('val', 0)}#n1/0.png"
    trained = split_of(root, "train")
    assert colours(trained) == [some.label for some in trained.samples] == [0, 1, 2] * 2
    assert sorted(root.rglob("*")) == before


def test_shards_without_words_are_one_split(tmp_path):
    for number in range(2):
        write_shard(tmp_path / "d" / f"flowers-{number}.tar", labelled("a", COLOURS[0], "rose"))
    assert len(split_of(tmp_path / "d", "all").samples) == 2
    assert len(split_of(tmp_path / "d" / "flowers-1.tar", "all").samples) == 1


def test_labels_in_json_and_in_texts(tmp_path):
    path = tmp_path / "all.tar"
    about = json.dumps({"label": "cat", "more": {"breed": "manx"}})
    write_shard(path, [*labelled("a", COLOURS[0], about, "json"),
                       *labelled("b", COLOURS[1], " dog\n", "txt"),
                       *labelled("c", COLOURS[1], "[1]", "json"),
                       ("photo.1.png", encoded(COLOURS[2])), ("photo.1.txt", "owl"),
                       ("photo.2.png", encoded(COLOURS[1])), ("photo.2.txt", "cat"),
                       ("lone.jpg", b"x"), ("read.me", "x")])  # fmt: skip
    found = split_of(path, "all")
    assert found.classes == ("cat", "dog", "owl")
    assert [(some.path, some.label) for some in found.samples] == [
        ("all.tar#a.png", 0), ("all.tar#b.png", 1), ("all.tar#photo.1.png", 2),
        ("all.tar#photo.2.png", 0),
    ]  # fmt: skip
    assert [(some.path, some.reason) for some in found.skipped] == [
        ("all.tar#c.png", "its .json holds no label"), ("all.tar#lone.jpg", "no label beside it"),
    ]  # fmt: skip
    assert split_of(path, "all", columns={"label": "json.more.breed"}).classes == ("manx",)
    with pytest.raises(DataError, match=r"the label column is cls, txt, json, or json\.KEY"):
        split_of(path, "all", columns={"label": "breed"})


def test_captions_are_no_classes(tmp_path):
    members = []
    for number in range(20):
        members += labelled(str(number), COLOURS[0], f"a photo of {number} birds", "txt")
    path = write_shard(tmp_path / "all.tar", members)
    with pytest.raises(DataError, match="20 texts for 20 images: captions"):
        split_of(path, "all")
    assert len(split_of(path, "all", columns={"label": "txt"}).classes) == 20


def test_hostile_members_lead_nowhere(tmp_path):
    link = tarfile.TarInfo("link.png")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    device = tarfile.TarInfo("device.png")
    device.type = tarfile.CHRTYPE
    path = write_shard(
        tmp_path / "deep" / "all.tar",
        [*labelled("../../up", COLOURS[0], "1"), *labelled("/abs/x", COLOURS[1], "1"), link, device,
         *labelled("twice", COLOURS[1], "1"), *labelled("./twice", COLOURS[2], "0")],
    )  # fmt: skip
    before = sorted(tmp_path.glob("*"))
    found = split_of(path, "all")
    assert [some.path for some in found.samples] == [
        "all.tar#../../up.png", "all.tar#/abs/x.png", "all.tar#twice.png",
    ]  # fmt: skip
    assert colours(found) == [0, 1, 1]
    assert [(some.path, some.reason) for some in found.skipped][:2] == [
        ("all.tar#link.png", "a link"),
        ("all.tar#twice.png", "there are two of that name in the shard"),
    ]
    assert {some.name for some in tmp_path.glob("*")} - {some.name for some in before} <= {"cache"}


def test_a_shard_cut_short_gives_what_is_whole(tmp_path):
    path = write_shard(
        tmp_path / "all.tar", [*labelled("a", COLOURS[0], "0"), *labelled("b", COLOURS[1], "1")]
    )
    whole = path.read_bytes()
    second = Shards(tmp_path / "own").index(path).members[2]
    path.write_bytes(whole[: second.offset + 100])
    found = split_of(path, "all")
    assert colours(found) == [0]
    assert ("all.tar#b.png", "the shard is cut short within it") in [
        (some.path, some.reason) for some in found.skipped
    ]
    path.write_bytes(whole[: second.offset - tarfile.BLOCKSIZE])
    assert "without an end mark" in split_of(path, "all").skipped[0].reason
    damaged = bytearray(whole)
    damaged[second.offset - tarfile.BLOCKSIZE] ^= 255
    path.write_bytes(damaged)
    assert "damaged at byte" in split_of(path, "all").skipped[0].reason


def test_compressed_and_unlabelled_shards_are_refused(tmp_path):
    path = write_shard(tmp_path / "all.tar", labelled("a", COLOURS[0], "0"))
    for name in ("all.tar.gz", "not-really.tar"):
        (tmp_path / name).write_bytes(gzip.compress(path.read_bytes()))
        with pytest.raises(DataError, match=r"compressed.* decompress it to a plain \.tar"):
            split_of(tmp_path / name, "all")
    write_shard(path, [("cat/a.png", encoded(COLOURS[0]))])
    with pytest.raises(DataError, match=r"No images of all .* have a label \(no label beside it\)"):
        split_of(path, "all")


def test_an_image_folder_with_a_tar_beside_stays_one(tmp_path):
    (tmp_path / "valid" / "cat").mkdir(parents=True)
    (tmp_path / "valid" / "cat" / "a.png").write_bytes(encoded(COLOURS[0]))
    write_shard(tmp_path / "images.tar", labelled("a", COLOURS[0], "0"))
    assert split_of(tmp_path).reader == "image_folder"


def test_headers_are_read_once(tmp_path, kept, monkeypatch):
    path = write_shard(tmp_path / "all.tar", labelled("a", COLOURS[0], "0"))
    read = []
    real = engine.data.shards.read_index
    monkeypatch.setattr(engine.data.shards, "read_index", lambda p: read.append(p) or real(p))
    for shards_of in (Shards(), Shards()):  # as two processes have them
        for _ in range(3):
            assert shards_of.read(path, "a.png") == encoded(COLOURS[0])
    assert len(read) == 1
    write_shard(path, [("new.txt", "x" * 999), *labelled("a", COLOURS[1], "0")])
    assert shards_of.read(path, "a.png") == encoded(COLOURS[1]), "found where it lies now"
    with pytest.raises(OSError, match=r"all.tar holds no b.png"):
        shards_of.read(path, "b.png")
    monkeypatch.setattr(engine.data.shards, "KEPT_FILES", 1)
    for number in range(3):
        Shards().index(write_shard(tmp_path / f"{number}.tar", labelled("a", COLOURS[0], "0")))
    assert len(list(kept.rglob("*.json"))) == 1


def test_a_home_that_cannot_be_written_is_no_obstacle(tmp_path):
    path = write_shard(tmp_path / "all.tar", labelled("a", COLOURS[0], "0"))
    (tmp_path / "file").touch()
    assert Shards(tmp_path / "file").read(path, "a.cls") == b"0"


def test_a_path_that_names_no_shard_is_told(tmp_path):
    with pytest.raises(OSError, match="names no shard"):
        engine.data.readers.webdataset.KIND.open(tmp_path, Sample("a.png", 0))


def test_folders_of_images_are_not_looked_through(tmp_path, monkeypatch):
    for folder in ("cat", "dog"):
        (tmp_path / "valid" / folder).mkdir(parents=True)
        for number in range(50):
            (tmp_path / "valid" / folder / f"{number}.png").touch()
    looked = []
    real = os.scandir

    class Counting:
        def __init__(self, folder):
            self.entries = real(folder)

        def __enter__(self):
            return (looked.append(entry) or entry for entry in self.entries)

        def __exit__(self, *_):
            self.entries.close()

    monkeypatch.setattr(engine.data.readers.base.os, "scandir", Counting)
    for root in (tmp_path, tmp_path / "valid"):
        assert not engine.data.readers.webdataset.KIND.matches(root)
        assert not engine.data.readers.hugging_face.KIND.matches(root)
    assert 0 < len(looked) < 60
