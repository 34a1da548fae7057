"""The trial finds a permuted order and a wrong normalisation, and accuses nobody else."""

import random
from dataclasses import replace

import msgspec
import numpy as np
import pytest
import torch

from engine.data.splits import open_split
from engine.intake.trial import NORMALISATIONS, chosen, mcnemar, try_out
from engine.models.loading import load_classifier
from engine.schema.errors import DataError
from engine.schema.requests import Source


def tried(classifier, split):
    job = try_out(classifier, split)
    while True:
        try:
            next(job)
        except StopIteration as end:
            return end.value


def numbered_as(split, keys):
    """The same images, whose classes are numbered in another order."""
    samples = tuple(
        msgspec.structs.replace(sample, label=keys.index(split.folders[sample.label]))
        for sample in split.samples
    )
    return msgspec.structs.replace(split, samples=samples, folders=tuple(keys), classes=tuple(keys))


def with_transform(classifier, mean, std):
    return replace(classifier, input_config=classifier.input_config | {"mean": mean, "std": std})


@pytest.fixture(scope="module")
def flowers(shared):
    source = Source(
        model="tf_efficientnet_lite0",
        checkpoint=str(shared / "checkpoints/tf_efficientnet_lite0_flowers89.safetensors"),
        data=str(shared / "data/flowers89"), device="cpu",
    )  # fmt: skip
    split = open_split(source, "valid")
    torch.set_num_threads(2)
    yield load_classifier(source, len(split.classes), torch.device("cpu")), split
    torch.set_num_threads(1)


def test_a_permuted_order_of_flowers_is_found(flowers):
    classifier, split = flowers
    keys = list(split.folders)
    random.Random(1).shuffle(keys)
    found = tried(classifier, numbered_as(split, keys))
    assert found.correct < 0.1 * found.images
    assert found.order.name == "sorted"
    assert found.order.keys == split.folders
    assert found.order.correct > 0.85 * found.images
    assert found.normalisation is None


def test_a_wrong_normalisation_of_flowers_is_found(flowers):
    classifier, split = flowers
    wrong = with_transform(classifier, *NORMALISATIONS["that of pixels 0 to 255"])
    found = tried(wrong, split)
    assert found.order is None
    assert found.normalisation.correct > 0.8 * found.normalisation.images
    assert found.normalisation.correct_now < 0.3 * found.normalisation.images


@pytest.fixture(scope="module")
def easy(sure):
    split = open_split(sure, "valid")
    return load_classifier(sure, 3, torch.device("cpu")), split


def test_nobody_is_accused_of_what_fits(easy):
    found = tried(*easy)
    assert (found.images, found.order, found.normalisation) == (30, None, None)
    assert found.correct > 27
    assert not found.by_chance


def test_an_order_that_no_name_explains_is_found_by_assignment(easy):
    """The folders' order is sorted; the outputs are in no order by name."""
    classifier, split = easy
    rows = [1, 2, 0]
    decision = torch.nn.Linear(classifier.width, 3)
    decision.load_state_dict(
        {name: value[rows] for name, value in classifier.decision.state_dict().items()}
    )
    found = tried(replace(classifier, decision=decision), split)
    assert found.order.name is None
    assert found.order.keys == tuple(split.folders[row] for row in rows)
    assert found.order.correct > found.correct


def test_an_assignment_to_noise_is_no_order(easy):
    """Predictions by chance: an assignment fits those that it was found on, and no others."""
    classifier, split = easy
    torch.manual_seed(0)
    decision = torch.nn.Linear(classifier.width, 40)
    names = [f"c{number:02d}" for number in range(40)]
    chance = np.random.default_rng(0).integers(0, 40, len(split.samples))
    samples = tuple(
        msgspec.structs.replace(sample, label=int(label))
        for sample, label in zip(split.samples, chance, strict=True)
    )
    noise = msgspec.structs.replace(split, samples=samples, folders=tuple(names))
    found = tried(replace(classifier, decision=decision), noise)
    assert found.order is None
    assert found.by_chance


def test_images_are_taken_from_the_classes_in_turn(easy):
    _, split = easy
    many = [
        msgspec.structs.replace(split.samples[0], path=f"{label}/{number}", label=label)
        for label, count in enumerate((500, 3, 40)) for number in range(count)
    ]  # fmt: skip
    some = chosen(many)
    counts = np.bincount([sample.label for sample in some])
    assert len(some) == 160
    assert counts[1] == 3
    assert counts[2] == 40
    assert some == chosen(many[::-1])


def test_not_one_image_is_a_sentence(easy):
    classifier, split = easy
    samples = tuple(msgspec.structs.replace(s, path=f"no/{s.path}") for s in split.samples)
    with pytest.raises(DataError, match=r"Not one image of valid .* can be decoded \(cannot be"):
        tried(classifier, msgspec.structs.replace(split, samples=samples))


def test_mcnemar_is_the_exact_test_of_discordant_pairs():
    left, right = np.array([True] * 9 + [False]), np.array([False] * 9 + [True])
    assert mcnemar(left, right) == pytest.approx(2 * (1 + 10) / 2**10)
    assert mcnemar(left, left) == 1.0


def test_two_classes_that_are_swapped_are_told(easy):
    """Most is right all the same, so that it is only told, and not decided."""
    classifier, split = easy
    more = msgspec.structs.replace(split, samples=split.samples * 4)
    found = tried(classifier, numbered_as(more, [*split.folders[1::-1], split.folders[2]]))
    assert found.order.keys == split.folders
    assert found.correct > 30
