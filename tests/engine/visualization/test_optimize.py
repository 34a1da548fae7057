from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image

import engine.visualization.objectives.product
import engine.visualization.optimize
import engine.visualization.transforms
from engine.models.classifier import split_model
from engine.models.clip import load_clip, resized
from engine.schema.errors import RequestError
from engine.schema.records import Illusion, Illusions, IllusionStep, Label
from engine.schema.requests import IllusionRequest, Source
from engine.session import TorchEngine
from engine.visualization.checkpoint import DrawingCheckpoints
from engine.visualization.fourier_canvas import FourierCanvas
from engine.visualization.gallery import contact_sheet
from engine.visualization.heatmap import heat_map, mask
from engine.visualization.objective import Objective
from engine.visualization.optimize import Drawing, draw
from engine.visualization.transforms import jitter
from tests.making import make_clip, make_model

CPU = torch.device("cpu")
PUBLISHED = {"parameterization": "fourier", "objective": "product"}


@pytest.fixture(scope="module")
def clip_model(tmp_path_factory):
    return load_clip(make_clip(tmp_path_factory.mktemp("clip") / "tiny"), CPU)


def objective(name="test_resnet", clip_model=None):
    classifier = split_model(make_model(name), CPU)
    text = None if clip_model is None else clip_model.embed(["sweet pea"])[0]
    return Objective(classifier, clip_model, text)


def drawn(target, **changes):
    """Draw in an empty directory, as published; return the steps and the drawings."""
    usual = {"class_index": 1, "neurons": (0,), "steps": 6, **PUBLISHED}
    request = IllusionRequest(**{**usual, **changes})
    with TemporaryDirectory() as out:
        stems = {neuron: f"neuron{neuron}" for neuron in request.neurons}
        records = list(draw(target, request, DrawingCheckpoints(Path(out), stems)))
    return (
        [record for record in records if isinstance(record, IllusionStep)],
        [record for record in records if isinstance(record, Drawing)],
    )


@pytest.mark.parametrize("guided", [False, True])
def test_a_neuron_alone_and_in_a_batch_of_eight_is_the_same_picture(
    monkeypatch, clip_model, guided
):
    target = objective(clip_model=clip_model if guided else None)
    _, alone = drawn(target, neurons=(5,), size=64)
    _, among = drawn(target, neurons=(3, 9, 5, 0, 1, 2, 4, 6), size=64)
    assert torch.allclose(alone[0].image, among[2].image, atol=1e-4)
    monkeypatch.setattr(engine.visualization.optimize, "BATCH_SIZE", {"cpu": 8})
    steps, together = drawn(target, neurons=(3, 9, 5, 0, 1, 2, 4, 6), size=64)
    assert len(steps[0].neurons) == 8
    assert [drawing.neuron for drawing in together] == [3, 9, 5, 0, 1, 2, 4, 6]
    # AdamW's first steps are the gradient's sign: rounding shows where a gradient is near 0
    assert float((alone[0].image - together[2].image).abs().mean()) < 5e-4
    assert not torch.allclose(together[0].image, together[1].image, atol=1e-2)


@pytest.mark.parametrize(
    ("name", "size"), [("test_resnet", 160), ("test_vit", 160), ("test_convnext", 96)]
)
@pytest.mark.parametrize("guided", [False, True])
def test_drawing_raises_its_objective(name, size, guided, clip_model):
    target = objective(name, clip_model if guided else None)
    steps, drawings = drawn(target, neurons=(0, 3, 5, 7), steps=40, size=size)
    assert isinstance(steps[-1], IllusionStep)
    blank = FourierCanvas.blank(size, [torch.Generator().manual_seed(0)], CPU).image().detach()[0]
    gains = []
    for drawing in drawings:
        assert drawing.image.shape == (3, size, size)
        assert 0 <= float(drawing.image.min()) <= float(drawing.image.max()) <= 1
        before, after = (seen(target, image, drawing.neuron) for image in (blank, drawing.image))
        gains.append([after[0] - before[0], after[1] - before[1]])
    assert np.mean(gains, axis=0)[0] > 0.05
    if guided:
        assert np.mean(gains, axis=0)[1] > 0
        exact = clip_model.cosine(drawings[0].image[None], target.text)
        assert drawings[0].clip_cosine == pytest.approx(float(exact), abs=1e-4)


@torch.no_grad()
def seen(target, image, neuron):
    """Activation + gamma * logit, and CLIP's cosine, over the jitter a drawing goes through."""
    generators = [torch.Generator().manual_seed(seed) for seed in range(16)]
    images = jitter(image.expand(16, -1, -1, -1), generators, 0.5)
    features = target.classifier.features(target.classifier.normalise(images))
    wanted = features[:, neuron] + 0.5 * target.classifier.decision(features)[:, 1]
    cosine = target.clip_model.cosine(images, target.text).mean() if target.clip_model else 0.0
    return float(wanted.mean()), float(cosine)


def test_one_images_clip_term_has_no_gradient_on_another(clip_model):
    target = objective(clip_model=clip_model)
    images = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    images.requires_grad_()
    request = IllusionRequest(class_index=0, neurons=(0, 1, 2), **PUBLISHED)
    objectives, _ = target.evaluate(images, torch.tensor([0, 1, 2]), request)
    assert objectives.shape == (3,)
    (gradient,) = torch.autograd.grad(objectives[1], images)
    assert float(gradient[1].abs().max()) > 0
    assert float(gradient[0].abs().max()) == float(gradient[2].abs().max()) == 0


def test_the_objective_has_the_products_gradient_where_both_factors_are_positive(clip_model):
    images = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    images.requires_grad_()
    target = objective(clip_model=clip_model)
    with torch.no_grad():
        target.classifier.decision.bias.add_(50.0)  # a logit above 0
        small = torch.nn.functional.interpolate(images, (32, 32), mode="bicubic", antialias=True)
        text = clip_model.model.encode_image((small - 0.5) / 0.5, normalize=True)[0]
    target = Objective(target.classifier, clip_model, text)
    request = IllusionRequest(class_index=0, neurons=(0,), **PUBLISHED)
    found, _ = target.evaluate(images, torch.tensor([0]), request)
    (gradient,) = torch.autograd.grad(found.sum(), images)
    features = target.classifier.features(target.classifier.normalise(images))
    wanted = features[:, 0] + 0.5 * target.classifier.decision(features)[:, 0]
    cosine = clip_model.cosine(images, text)
    assert float(cosine.detach()) > 0.9
    (expected,) = torch.autograd.grad(((cosine + 0.05) * wanted).sum(), images)
    assert float(expected.abs().max()) > 1e-3
    assert torch.allclose(gradient, expected, atol=1e-5)


def test_seeds_and_classes_draw_different_pictures():
    target = objective()
    _, (first,) = drawn(target, size=64)
    for other in ({"seed": 1}, {"class_index": 2}):
        _, (drawing,) = drawn(target, size=64, **other)
        assert not torch.allclose(first.image, drawing.image, atol=1e-3)
    _, (again,) = drawn(target, size=64)
    assert torch.equal(first.image, again.image)


def test_a_size_that_the_model_does_not_take_is_refused():
    for name, size in (("test_vit", 50), ("test_resnet", 5)):
        with pytest.raises(RequestError, match=f"Invalid --size {size} for this model"):
            drawn(objective(name), size=size)
    _, (drawing,) = drawn(objective(), size=48)
    assert drawing.image.shape == (3, 48, 48)


def test_the_class_counts_once_the_neuron_activates():
    assert [
        engine.visualization.objectives.product.class_ramp(share)
        for share in (0.0, 0.2, 0.3, 0.4, 1.0)
    ] == pytest.approx([0.0, 0.0, 0.5, 1.0, 1.0])


def test_the_canvas_starts_near_grey_and_paints_any_size():
    for size in (31, 32, 64):
        canvas = FourierCanvas.blank(size, [torch.Generator().manual_seed(0)], CPU)
        image = canvas.image().detach()
        assert image.shape == (1, 3, size, size)
        assert float((image - 0.5).abs().max()) < 0.1


def test_jitter_is_each_images_own():
    images = torch.rand(2, 3, 32, 32)

    def one(order):
        generators = [torch.Generator().manual_seed(seed) for seed in order]
        return jitter(images[list(order)], generators, 0.5)

    both, swapped = one((0, 1)), one((1, 0))
    assert torch.allclose(both[0], swapped[1], atol=1e-6)
    assert torch.allclose(both[1], swapped[0], atol=1e-6)


@pytest.mark.parametrize("size", [31, 64])
def test_a_warps_own_gradient_is_that_of_grid_sample(monkeypatch, size):
    images = torch.rand(8, 3, size, size, generator=torch.Generator().manual_seed(1))
    weights = torch.randn(8, 3, size, size, generator=torch.Generator().manual_seed(2))
    seen, found = [], []
    with monkeypatch.context() as patch:
        patch.setattr(
            engine.visualization.transforms,
            "warp",
            lambda images, theta: seen.append(theta) or images,
        )
        jitter(images, [torch.Generator().manual_seed(seed) for seed in range(8)], 0.5)
    for way in (engine.visualization.transforms.warp, engine.visualization.transforms.Warp.apply):
        leaf = images.clone().requires_grad_()
        warped = way(leaf, seen[0])
        (gradient,) = torch.autograd.grad((warped * weights).sum(), leaf)
        found.append((warped.detach(), gradient))
    assert torch.equal(found[0][0], found[1][0])
    assert torch.allclose(found[0][1], found[1][1], atol=1e-4)
    assert float(found[0][1].abs().max()) > 1


@pytest.mark.parametrize("size", [31, 100])
def test_pictures_are_resized_as_by_interpolate(size):
    images = torch.rand(2, 3, 64, 64)
    wanted = torch.nn.functional.interpolate(images, (size, size), mode="bicubic", antialias=True)
    assert torch.allclose(resized(images, size), wanted, atol=1e-5)


def test_the_tint_ends_with_the_steps():
    image = torch.full((1, 3, 32, 32), 0.5)
    tinted = jitter(image, [torch.Generator().manual_seed(0)], 1.0)
    plain = jitter(image, [torch.Generator().manual_seed(0)], 0.0)
    assert float((tinted - plain).abs().max()) > 0.01
    assert torch.allclose(plain[0, :, 16, 16], torch.tensor(0.5))


@pytest.mark.parametrize(
    "name", ["test_resnet", "test_vit", "test_convnext", "mobilenetv3_small_050", "vgg11"]
)
def test_every_family_has_a_heat_map_and_a_mask(name):
    target = objective(name)
    images = torch.randn(2, 3, 64, 64) if name == "vgg11" else None
    if images is None:
        images = torch.randn(2, 3, *[target.classifier.input_size] * 2)
    heat = heat_map(target.classifier, images, torch.tensor([0, 1]))
    assert heat.ndim == 3
    shown = mask(heat, 40)
    assert shown.shape == (2, 40, 40)
    assert float(shown.min()) >= 0
    assert float(shown.max()) <= 1


def test_a_globally_pooled_cnns_heat_is_its_channel():
    target = objective()
    images = torch.randn(2, 3, 160, 160)
    found = heat_map(target.classifier, images, torch.tensor([3, 4]))
    channels = target.classifier.feature_map(images)
    scale = channels.shape[-1] * channels.shape[-2]
    assert torch.allclose(found[0] * scale, channels[0, 3], atol=1e-5)
    assert torch.allclose(found[1] * scale, channels[1, 4], atol=1e-5)


def test_the_engine_writes_pictures_masks_previews_and_a_sheet(toy, tmp_path):
    engine = TorchEngine(msgspec.structs.replace(toy, clip=make_clip(tmp_path / "clip")), tmp_path)
    request = IllusionRequest(class_index=1, neurons=(4, 2), steps=4, every=2)
    records = list(engine.illusion(request, str(tmp_path / "out")))
    found = records[-1]
    assert isinstance(found, Illusions)
    assert [illusion.neuron for illusion in found.illusions] == [4, 2]
    for illusion in found.illusions:
        with Image.open(illusion.path) as picture, Image.open(illusion.mask) as shown:
            assert picture.size == shown.size == (160, 160)
        assert 0 <= illusion.p_class <= 1
        assert -1 <= illusion.clip_cosine <= 1
        assert illusion.steps == 4
    with Image.open(found.sheet) as sheet:
        assert sheet.width >= 320
    previews = [path for r in records if isinstance(r, IllusionStep) for path in r.previews]
    assert len(previews) == 4  # two neurons, one after another, twice each
    assert not any(Path(path).exists() for path in previews)


@pytest.mark.slow
@pytest.mark.shared
def test_real_clip_and_classifier_draw_what_they_recognise(shared, tmp_path):
    source = Source(
        model="tf_efficientnet_lite0",
        checkpoint=str(shared / "checkpoints/tf_efficientnet_lite0_flowers89.safetensors"),
        data=str(shared / "data/flowers89"),
        clip=f"local-dir:{shared / 'clip/flowers-clip'}",
        device="cpu",
    )
    engine = TorchEngine(source, tmp_path)
    text = engine.clip_model.embed(["sweet pea"])[0]
    k = engine.split("valid").classes.index("sweet pea")
    target = Objective(engine.classifier, engine.clip_model, text)
    _, (drawing,) = drawn(target, class_index=k, neurons=(853,), steps=100)
    assert drawing.p_class > 0.5
    assert drawing.clip_cosine > 0.3
    grey = engine.clip_model.cosine(torch.full((1, 3, 224, 224), 0.5), text)
    assert drawing.clip_cosine > float(grey)


def test_a_contact_sheet_holds_every_picture():
    pictures = [Image.new("RGB", (20, 20), colour) for colour in ("red", "green", "blue")]
    found = [
        Illusion(
            neuron=j, path=None, mask=None, activation=1.0, activation_ratio=2.0,
            predicted=Label(0, "x"), p_class=1.0, clip_cosine=None, steps=1, seconds=0.0,
        )
        for j in range(3)
    ]  # fmt: skip
    pixels = np.asarray(contact_sheet(pictures, found)).reshape(-1, 3)
    for colour in ((255, 0, 0), (0, 128, 0), (0, 0, 255)):
        assert (pixels == colour).all(axis=1).sum() >= 400
