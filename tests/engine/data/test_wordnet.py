import subprocess
import sys

import pytest
from timm.data import ImageNetInfo

from engine.data.wordnet import SYNSETS, synset_names, synset_order

SUBSETS = {
    1000: "imagenet-1k",
    11221: "imagenet-21k-miil",
    11821: "imagenet-12k",
    21841: "imagenet-22k",
    21842: "imagenet-22k-ms",
    21843: "imagenet-21k-goog",
}


@pytest.mark.parametrize("outputs", SYNSETS)
def test_the_order_and_the_names_are_timms(outputs):
    theirs = ImageNetInfo(SUBSETS[outputs])
    order = synset_order(outputs)
    assert list(order) == theirs.label_names()
    names = synset_names(order)
    assert len(set(names)) == outputs
    for wnid, name, lemma in zip(order, names, theirs.label_descriptions(), strict=True):
        assert name in (lemma, f"{lemma} ({wnid})")


def test_the_thousand_are_in_the_order_of_their_ids():
    order = synset_order(1000)
    assert list(order) == sorted(order)
    assert synset_order(999) is None


def test_an_unknown_id_is_its_own_name():
    assert synset_names(["n99999999", "n01440764"]) == ("n99999999", "tench, Tinca tinca")


def test_timm_is_not_imported():
    script = (
        "import sys; from engine.data.wordnet import synset_names; "
        "print(synset_names(['n01440764']), [n for n in ('timm', 'torch') if n in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "('tench, Tinca tinca',) []"
