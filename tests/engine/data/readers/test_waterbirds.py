import pytest

from engine.data.splits import find_reader
from engine.schema.errors import DataError
from engine.schema.requests import Source
from tests.engine.data.readers.layouts import listed, read, skipped, waterbirds

HEADER = "img_id,img_filename,y,split,place,place_filename"


def test_birds_and_places_have_names(tmp_path):
    waterbirds(tmp_path)
    train = read(tmp_path, "train")
    assert train.folders == ("0", "1")
    assert train.groups == (
        "landbird × land",
        "landbird × water",
        "waterbird × land",
        "waterbird × water",
    )
    assert listed(train) == [
        ("001.Bird/bird_1.jpg", "landbird", "landbird × land"),
        ("002.Bird/bird_2.jpg", "waterbird", "waterbird × water"),
        ("002.Bird/bird_3.jpg", "waterbird", "waterbird × land"),
    ]
    assert len(read(tmp_path).samples) == 2
    assert len(read(tmp_path, "test").samples) == 1
    assert not train.skipped


def test_the_table_itself_is_read_as_a_table(tmp_path):
    waterbirds(tmp_path)
    table = Source(model="m", checkpoint="c", data=str(tmp_path / "metadata.csv"))
    assert find_reader(table) == "csv"


def test_the_groups_number_as_in_the_table(tmp_path):
    waterbirds(tmp_path)
    for split in ("train", "valid", "test"):
        table = read(tmp_path / "metadata.csv", split)
        folder = read(tmp_path, split)
        assert folder.samples == table.samples


def test_a_row_that_leads_out_is_told(tmp_path):
    waterbirds(tmp_path)
    (tmp_path / "metadata.csv").write_text(f"{HEADER}\n1,../a.jpg,0,0,0,x\n2,gone.jpg,0,0,0,x\n")
    found = skipped(read(tmp_path, "train"))
    assert "leads out" in found["../a.jpg"]
    assert "no such file" in found["gone.jpg"]
    assert found["001.Bird/bird_1.jpg"] == "in no list of the data's images"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1,a.jpg,2,0,0,x", "y '2', split '0' and place '0' in row 2"),
        ("1,a.jpg,0,3,0,x", "split '3'"),
        ("1,a.jpg,0,0,,x", "place ''"),
        ("1,a.jpg,0", "has 3 values in row 2, not 6"),
        (f'1,"{"a" * 200_000}",0,0,0,x', "is not a CSV file: field larger"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(tmp_path, row, said):
    waterbirds(tmp_path)
    (tmp_path / "metadata.csv").write_text(f"{HEADER}\n{row}\n")
    with pytest.raises(DataError, match=said):
        read(tmp_path, "train")
