import threading

import pytest

from engine.schema.errors import EditError, EngineError
from neuroinspect_tui import marks


def edits(filled):
    return sorted(path.name for path in (filled / "edits").glob("[!.]*") if path.name[0] != ".")


def test_an_edit_is_applied_until_undone(filled, run):
    one, other = edits(filled)
    assert run("apply", "-w", filled).out.startswith("No edit is applied")
    assert run("apply", one, "-w", filled, "--json").json == {"applied": one}
    assert run("apply", other[:-1], "-w", filled).out == f"{other} is applied.\n"
    assert run("apply", "-w", filled, "--json").json == {"applied": other}
    assert run("apply", "--undo", "-w", filled, "--json").json == {"applied": None}
    assert marks.applied_edit(filled) is None


@pytest.mark.parametrize(
    ("words", "said"), [(("nothing",), "No edit 'nothing'"), (("x", "--undo"), "not both")]
)
def test_what_cannot_be_applied(filled, run, words, said):
    refused = run("apply", *words, "-w", filled)
    assert refused.code == 2
    assert said in refused.err
    assert not (filled / "marks.json").exists()


def test_an_edit_that_was_removed_is_not_kept(filled):
    one = edits(filled)[0]
    marks.apply_edit(filled, one)
    (filled / "edits" / one / "edit.json").unlink()
    assert marks.applied_edit(filled) is None


def test_ticks_are_remembered_by_class_beside_the_kept_edit(filled):
    one = edits(filled)[0]
    marks.select_neurons(filled, 1, (5, 3))
    marks.apply_edit(filled, one)
    marks.select_neurons(filled, 0, (2,))
    assert marks.read_marks(filled) == marks.Marks(one, {"1": (5, 3), "0": (2,)})
    marks.select_neurons(filled, 1, ())
    assert marks.read_marks(filled).selected == {"0": (2,)}


def test_a_damaged_file_counts_as_none(filled):
    (filled / "marks.json").write_bytes(b'{"kept": 3')
    assert marks.read_marks(filled) == marks.Marks()
    with pytest.raises(EditError, match="No edit"):
        marks.apply_edit(filled, "gone")
    marks.select_neurons(filled, 1, (5,))
    assert marks.read_marks(filled) == marks.Marks(None, {"1": (5,)})
    assert (filled / "marks.json.damaged").read_bytes() == b'{"kept": 3'


def test_two_that_mark_at_once_lose_nothing(filled):
    threads = [
        threading.Thread(target=marks.select_neurons, args=(filled, number, (number + 1,)))
        for number in range(12)
    ]
    for some in threads:
        some.start()
    for some in threads:
        some.join()
    assert marks.read_marks(filled).selected == {str(n): (n + 1,) for n in range(12)}


def test_a_workspace_that_was_removed_does_not_come_back(tmp_path):
    with pytest.raises(EngineError, match="is gone"):
        marks.select_neurons(tmp_path / "gone", 0, (2,))
    assert not (tmp_path / "gone").exists()
