import numpy as np
import pytest

from engine.grouping.laying import groups_from, looked_at, matched, overlay, purity
from engine.grouping.store import Member, Origin, check_name, load, names, read_members, save
from engine.schema.errors import DataError, RequestError, StorageError
from tests.making import planted_cache

MEMBERS = (
    Member("valid/0.png", "valid", "class 0", "land, dry"),
    Member("valid/1.png", "valid", "class 0", 'the "sea"'),
    Member("valid/\udcff.png", "valid", "[red]", ""),  # a name that is no UTF-8
)


def planted(directory):
    features = np.eye(6, 4)
    weight = np.eye(2, 4)
    groups = [0, 1, 0, 1, 2, 2]
    return planted_cache(
        directory, features, [0, 0, 0, 0, 1, 1], weight, [0, 0],
        groups=groups, group_names=("land", "sea", "sky"),
    )  # fmt: skip


def test_what_is_saved_is_read_back_and_never_written_over(tmp_path):
    made = save(tmp_path, "place", MEMBERS, Origin(source="csv"))
    found = load(tmp_path, "place")
    assert found == made
    assert found.members == MEMBERS
    assert found.values == ("land, dry", 'the "sea"')
    assert found.counts == {"land, dry": 1, 'the "sea"': 1}
    assert not found.corrected
    with pytest.raises(RequestError, match="There is a grouping place already"):
        save(tmp_path, "place", MEMBERS, Origin(source="csv"))
    assert sorted(path.name for path in (tmp_path / "groups").iterdir()) == [
        "place.csv", "place.json",
    ]  # fmt: skip


def test_a_correction_by_hand_is_read_and_noticed(tmp_path):
    save(tmp_path, "place", MEMBERS, Origin(source="directions"))
    path = tmp_path / "groups" / "place.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))  # by Excel
    found = load(tmp_path, "place")
    assert found.members == MEMBERS
    assert found.corrected


def test_a_csv_laid_there_needs_no_json(tmp_path):
    (tmp_path / "groups").mkdir()
    (tmp_path / "groups" / "mine.csv").write_text("Value,path\na,0.png\nb,1.png\n")
    assert names(tmp_path) == ["mine"]
    assert load(tmp_path, "mine").origin is None
    assert load(tmp_path, "mine").members[1] == Member("1.png", "", "", "b")


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "a b", "-w", "x" * 65, "a\n"])
def test_bad_names_are_refused_and_lead_nowhere(tmp_path, name):
    home = tmp_path / "ws"
    home.mkdir()
    with pytest.raises(RequestError, match="is no name for a grouping"):
        save(home, name, MEMBERS, Origin(source="csv"))
    with pytest.raises(RequestError, match="is no name for a grouping"):
        load(home, name)
    assert list(tmp_path.rglob("*")) == [home]
    assert check_name("näme-1.b") == "näme-1.b"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "needs one column path and one value"),
        ("path,value,value\n", "needs one column value"),
        ("path,value\n0.png,a,b\n", "line 2: 3 fields, not 2"),
        ("path,value\n0.png,a\n0.png,b\n", "line 3: 0.png has two values, 'a' and 'b'"),
        ("path,value\n0.png,\n", "gives no image a value"),
        ('path,value\n"0.png,a\n', "is no CSV"),
    ],
)
def test_a_damaged_csv_is_one_sentence(tmp_path, content, sentence):
    path = tmp_path / "some.csv"
    path.write_text(content)
    with pytest.raises(DataError, match=sentence):
        read_members(path)


def test_damaged_provenance_is_refused_since_nobody_knows_what_it_saw(tmp_path):
    save(tmp_path, "place", MEMBERS, Origin(source="directions"))
    (tmp_path / "groups" / "place.json").write_text("{")
    with pytest.raises(StorageError, match="not known on which images place was found"):
        load(tmp_path, "place")
    with pytest.raises(RequestError, match=r"no grouping other in this workspace \(place\)"):
        load(tmp_path, "other")


def test_groups_are_of_class_and_value_and_lose_no_class():
    groups, named = groups_from(
        ["a", "b", "", "a", "", ""], np.array([0, 0, 0, 1, 2, 2]), ("x", "y", "z"), ("a", "b")
    )
    assert named == ("x × a", "x × b", "y × a", "z")
    assert groups.tolist() == [0, 1, -1, 2, 3, 3]


def test_a_grouping_is_laid_over_a_cache_and_leaves_it_as_it_was(tmp_path):
    cache = planted(tmp_path / "cache")
    members = [Member(f"valid/{row}.png", "valid", "", "ab"[row % 2]) for row in range(4)]
    origin = Origin(source="directions", split="valid", cache=cache.meta.base, rows=(0, 1))
    grouping = save(tmp_path, "mine", members, origin)
    laid = cache.with_groups(overlay(grouping, cache))
    assert laid.groups_named == ("class 0 × a", "class 0 × b", "class 1")
    assert laid.groups.tolist() == [0, 1, 0, 1, 2, 2]
    assert laid.directory == cache.directory
    assert laid.own_groups.tolist() == cache.groups.tolist() == [0, 1, 0, 1, 2, 2]
    assert cache.groups_named == ("land", "sea", "sky")
    assert looked_at(grouping, cache).tolist() == [0, 1]
    other = save(tmp_path, "old", members, Origin(source="directions", split="valid", cache="no"))
    assert looked_at(other, cache) is None
    wrong = save(tmp_path, "test", [Member("a.png", "test", "", "a")], Origin(source="csv"))
    with pytest.raises(RequestError, match="has no value for any image of valid"):
        overlay(wrong, cache)


def listed(cache):
    from engine.data.splits import Split

    return Split(
        name="valid", root="/data", samples=cache.samples, folders=cache.meta.folders,
        classes=cache.classes, groups=cache.groups_named, skipped=(),
    )  # fmt: skip


def test_purity_weighs_every_true_group_the_same(tmp_path):
    split = listed(planted(tmp_path / "cache"))
    assert purity(["a", "b", "a", "b", "a", "a"], split) == {0: 1.0}  # class 1 is of one group
    assert purity(["a"] * 6, split) == {0: 0.5}
    assert purity(["a", "a", "a", "b", "", ""], split) == {0: 0.75}
    assert purity([""] * 6, split) == {}


def test_a_csv_of_other_images_is_refused(tmp_path):
    split = listed(planted(tmp_path / "cache"))
    rows = [Member("/data/valid/0.png", "", "", "a"), Member("valid/1.png", "valid", "", "b")]
    found, left = matched([*rows, Member("no.png", "", "", "c")], [split], [0], tmp_path)
    assert [member.value for member in found] == ["a", "b", "", "", "", ""]
    assert left == 1
    with pytest.raises(DataError, match="no image of valid; its paths must be those below /data"):
        matched([Member("no.png", "", "", "c")], [split], [0, 1], tmp_path)
    with pytest.raises(DataError, match="gives every image the value 'a'"):
        matched(rows[:1], [split], [0, 1], tmp_path)
