import pytest

from engine.attribution.rankings import RANKINGS
from engine.data.readers import READERS
from engine.editing.methods import EDIT_METHODS
from engine.editing.options import check_options
from engine.schema.bounds import check_bounds
from neuroinspect_tui.experiments.declaration import (
    DeclarationError,
    find,
    find_all,
    names,
    read,
)
from neuroinspect_tui.experiments.miniatures import generator_of
from neuroinspect_tui.experiments.words import described
from tests.neuroinspect_tui.experiments.tiny import FACES, write_faces

PUBLISHED = {
    "flowers102": ([(84.66, 33.33), (84.26, 58.33)], "target", (901, 1480, 1201), 1.003),
    "food101": ([(82.65, 43.2), (82.20, 58.0)], "target", (1039, 1172, 1549), 1.02),
    "waterbirds": ([(91.73, 66.04), (90.65, 72.43)], "worst_group",
                   (6, 915, 1493, 1039, 341, 623), 1.0),
}  # fmt: skip
SCENARIOS = {
    "dog-chair": (244, 36, 47, 430, 194), "dog-water": (510, 481, 56, 370, 133),
    "cat-book": (381, 364, 47, 484), "bird-sand": (104, 56, 304, 435, 182),
    "cat-keyboard": (222, 121, 201, 373),
}  # fmt: skip


@pytest.mark.parametrize("name", names())
def test_every_experiment_can_be_run_as_it_is_declared(name):
    found = find(name)
    READERS.get(found.data.reader)
    RANKINGS.get(found.by)
    generator_of(found.miniature.generator, found.miniature.sizes)
    for setting in (found.edit, *found.ours.values()):
        request = setting.request(classes=(0,))
        check_bounds(request)
        check_options(request)
        EDIT_METHODS.get(request.method)
    assert "dfr" not in found.best  # what chooses by itself is given no group labels
    assert any(found.title in sentence for sentence in described(found))


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_results_are_the_papers(name):
    rows, measure, neurons, target = PUBLISHED[name]
    found = find(name)
    assert [(row.overall, getattr(row, measure)) for row in found.published] == rows
    assert found.edit.authors_neurons == neurons
    assert (found.edit.strength, found.edit.target) == (0.01, target)
    assert found.edit.top == str(len(neurons))


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_scenarios_follow_the_protocol(name):
    found = find(f"metashift/{name}")
    kind, context = name.split("-")
    assert (found.shift.kind, found.shift.context, found.classes) == (kind, context, (kind,))
    assert (found.shift.train, found.shift.valid, found.shift.test) == (100, 100, 50)
    recipe = found.recipe
    assert (recipe.part, recipe.batch_size, recipe.lr, recipe.min_lr, recipe.epochs) == (
        "head", 8, 2e-3, 2e-4, 20,
    )  # fmt: skip
    edit = found.edit
    assert (edit.strength, edit.target, edit.lr, edit.batch_size, edit.epochs) == (
        1.0, 1.0, 1e-3, 16, 20,
    )  # fmt: skip
    assert edit.authors_neurons == SCENARIOS[name]


def test_the_scenarios_are_found_together():
    assert [e.name for e in find_all("metashift")] == [f"metashift/{n}" for n in sorted(SCENARIOS)]
    assert [e.name for e in find_all("food101")] == ["food101"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('by = "contrast"', 'bi = "contrast"', "there is no key 'bi' (did you mean 'by'?)"),
        ('reader = "celeba"', 'reader = "celeba"\ncolums = {}',
         "there is no key 'data.colums' (did you mean 'columns'?)"),
        ("epochs = 1", "epoch = 1", "no key 'miniature.recipe.epoch' (did you mean 'epochs'?)"),
        ("overall = 80.5", "overal = 80.5", "no key 'published.overal' (did you mean 'overall'?)"),
        ("[ours.auto]\nmethod", "[ours.auto]\nmethode", "no key 'ours.auto.methode'"),
        ("neurons = 2", 'neurons = "two"', "Expected `int`, got `str` - at `$.neurons`"),
        ('title = "Tiny faces"\n', "", "missing required field `title`"),
        ('best = "auto"', 'best = "dfr"', "best is 'dfr', which is none of auto"),
        ("epochs = 1", "epochs = 1\nlr = -1.0", "`float` >= 1e-09"),
        ("[data]", "[data", "is not valid TOML"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file_is_named(tmp_path, old, new, told):
    assert old in FACES
    path = write_faces(tmp_path, FACES.replace(old, new, 1))
    with pytest.raises(DeclarationError) as raised:
        read(path, "tiny")
    assert told in str(raised.value)


def test_a_wrong_name_gets_the_nearest():
    with pytest.raises(DeclarationError, match="did you mean waterbirds"):
        find("waterbird")
    with pytest.raises(DeclarationError, match="Cannot read"):
        find("nowhere.toml")
