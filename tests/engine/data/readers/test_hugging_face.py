import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import engine.data.parquet
from engine.data.images import open_image
from engine.schema.errors import DataError
from tests.engine.data.making import split_of
from tests.engine.data.readers.snapshots import COLOURS, encoded, write_part
from tests.making import picture

PART = "data/validation-{:05d}-of-00002.parquet"


def colours(split):
    return [int(np.asarray(open_image(split, s)).mean((0, 1)).argmax()) for s in split.samples]


@pytest.fixture
def snapshot(tmp_path):
    write_part(tmp_path / PART.format(0), [0, 1, 2, 2, 1, 0, 0])
    write_part(tmp_path / PART.format(1), [1, 2])
    write_part(tmp_path / "data/train-00000-of-00001.parquet", [2, 1])
    (tmp_path / "README.md").write_text("# colours\n")
    return tmp_path


@pytest.mark.parametrize("kept", [2**20, 0])
def test_a_snapshot_is_read_where_it_lies(snapshot, monkeypatch, kept):
    monkeypatch.setattr(engine.data.parquet, "KEPT_BYTES", kept)
    before = sorted(snapshot.rglob("*"))
    found = split_of(snapshot)
    assert (found.reader, found.name) == ("hugging_face", "validation")
    assert found.classes == found.folders == ("red", "green", "blue")
    assert [some.label for some in found.samples] == [0, 1, 2, 2, 1, 0, 0, 1, 2]
    assert found.samples[8].path == "data/validation-00001-of-00002.parquet#1"
    assert colours(found) == [0, 1, 2, 2, 1, 0, 0, 1, 2]
    for row in (6, 0, 8, 3, 2):  # in any order
        assert colours(found)[row] == found.samples[row].label
    assert len(split_of(snapshot, "train").samples) == 2
    assert sorted(snapshot.rglob("*")) == before


def test_a_part_that_is_not_there_is_told(snapshot):
    (snapshot / PART.format(0)).unlink()
    found = split_of(snapshot)
    assert len(found.samples) == 2
    assert [(some.path, some.reason) for some in found.skipped] == [
        ("validation-00000-of-00002.parquet", "this part is not there")
    ]


def test_one_file_and_rows_without_a_label(tmp_path):
    path = write_part(tmp_path / "valid.parquet", [0, None, 2, -1])
    found = split_of(path)
    assert [some.path for some in found.samples] == ["valid.parquet#0", "valid.parquet#2"]
    assert [some.reason for some in found.skipped] == ["no label", "no class is -1"]


def test_labels_by_name_by_another_column_and_with_groups(tmp_path):
    write_part(
        tmp_path / "valid.parquet", [0, 1], names=(),
        breed=["owl", "emu"], place=["sea", "land"],
    )  # fmt: skip
    found = split_of(tmp_path, columns={"label": "breed", "group": "place"})
    assert found.classes == ("emu", "owl")
    assert found.groups == ("emu × place land", "owl × place sea")
    assert [(some.label, some.group) for some in found.samples] == [(1, 1), (0, 0)]
    assert split_of(tmp_path).classes == ("0", "1")
    with pytest.raises(DataError, match="no column 'kind'; its columns: image, label, breed"):
        split_of(tmp_path, columns={"label": "kind"})


def test_names_are_taken_from_beside(tmp_path):
    write_part(tmp_path / "data" / "valid.parquet", [0, 1], names=())
    (tmp_path / "README.md").write_text(
        "---\ndataset_info:\n  features:\n  - name: image\n    dtype: image\n  - name: label\n"
        "    dtype:\n      class_label:\n        names:\n          '0': zebra\n          '1': ant\n"
        "---\n# Zoo\n"
    )
    assert split_of(tmp_path).classes == ("zebra", "ant")
    features = {"label": {"names": ["gnu", "yak"], "_type": "ClassLabel"}}
    (tmp_path / "dataset_infos.json").write_text(json.dumps({"default": {"features": features}}))
    assert split_of(tmp_path).classes == ("gnu", "yak")


def test_images_that_are_files_beside(tmp_path):
    (tmp_path / "pictures").mkdir()
    picture(COLOURS[1], 1).save(tmp_path / "pictures" / "a.png")
    names = ["pictures/a.png", "../up.png", "/etc/passwd", None]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    images = pa.array([{"bytes": None, "path": name} for name in names], kind)
    pq.write_table(pa.table({"image": images, "label": [0] * 4}), tmp_path / "valid.parquet")
    found = split_of(tmp_path)
    assert np.asarray(open_image(found, found.samples[0])).mean((0, 1)).argmax() == 1
    for sample, reason in zip(
        found.samples[1:], ("leads out", "leads out", "no image"), strict=True
    ):
        with pytest.raises(DataError, match=reason):
            open_image(found, sample)


def test_what_will_not_do_is_refused(tmp_path, snapshot):
    part = snapshot / PART.format(1)
    whole = part.read_bytes()
    part.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="damaged or cut short"):
        split_of(snapshot)
    part.write_bytes(whole)
    write_part(snapshot / "other" / "validation.parquet", [0])
    with pytest.raises(DataError, match=r"several data sets \(data, other\)"):
        split_of(snapshot)
    several = [pa.array([[0, 1]])]
    pq.write_table(pa.table([*several, [encoded(COLOURS[0])]], ["label", "image"]),
                   tmp_path / "valid.parquet")  # fmt: skip
    with pytest.raises(DataError, match="several labels an image"):
        split_of(tmp_path / "valid.parquet")


def test_a_table_of_paths_is_another_kind(tmp_path):
    for name in ("a.png", "b.png"):
        picture(COLOURS[0], 1).save(tmp_path / name)
    table = pa.table({"image": ["a.png", "b.png", "c.png"], "label": [1, 0, 7],
                      "split": ["valid"] * 3})  # fmt: skip
    pq.write_table(table, tmp_path / "list.parquet")
    found = split_of(tmp_path / "list.parquet")
    assert found.reader == "parquet_table"
    assert [(some.path, some.label) for some in found.samples] == [("a.png", 1), ("b.png", 0)]
    assert "no such file" in found.skipped[0].reason
    about = {"info": {"features": {"label": {"names": ["zebra", "ant"]}}}}
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps(about)}),
                   tmp_path / "list.parquet")  # fmt: skip
    found = split_of(tmp_path / "list.parquet")
    assert found.classes == ("zebra", "ant")
    assert found.skipped[0].reason == "row 3: no class has the number 7"


def test_without_pyarrow_one_sentence_says_what_to_install(snapshot):
    look = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from tests.engine.data.making import split_of\n"
        "from engine.schema.errors import DataError\n"
        "for data in sys.argv[1:]:\n"
        "    try: split_of(data)\n"
        "    except DataError as error: print(error)\n"
    )
    data = [str(snapshot), str(snapshot / PART.format(0))]
    ran = subprocess.run([sys.executable, "-c", look, *data], capture_output=True, text=True)
    assert ran.stdout.count("pip install 'neuroinspect-tui[parquet]'") == 2, ran.stderr
