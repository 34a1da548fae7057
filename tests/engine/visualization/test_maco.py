"""Drawings of phases alone, and the spectrum of real images that they are held to."""

import numpy as np
import pytest
import torch
from msgspec import structs
from PIL import Image

import engine.visualization.spectrum
from engine.models.classifier import split_model
from engine.schema.errors import DataError, RequestError
from engine.schema.records import Progress
from engine.schema.requests import IllusionRequest
from engine.session import TorchEngine
from engine.visualization.heatmap import mask, opacity
from engine.visualization.objective import Objective, RealImages
from engine.visualization.optimize import initial_state, optimise
from engine.visualization.phase_canvas import COLOURS, PhaseCanvas
from engine.visualization.spectrum import SpectrumSum, ready_spectrum
from engine.visualization.spectrum_store import MOST_IMAGES, spectrum_key, spectrum_rows
from engine.visualization.transforms import crop
from tests.making import COLOURS as TOY_COLOURS
from tests.making import make_model, picture

CPU = torch.device("cpu")
MACO = {"parameterization": "maco", "objective": "neuron-first"}
REQUEST = structs.replace(IllusionRequest(class_index=1, neurons=(0, 3), steps=6, size=48), **MACO)


def real_images(n=12, size=48):
    """Smooth coloured noise around a bright mean, pixels in 0 to 1."""
    generator = torch.Generator().manual_seed(5)
    coarse = torch.rand(n, 3, 6, 6, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, (size, size), mode="bicubic")
    return (0.2 + 0.6 * smooth).clamp(0, 1)


def summed(images):
    total = SpectrumSum(images.shape[-1])
    total.add(images)
    return total


def states(size=48, seed=0, steps=6):
    """A batch of drawings after each step, from the first on."""
    spectrum = summed(real_images(size=size)).mean()
    classifier = split_model(make_model(), CPU)
    real = RealImages(spectrum, torch.full((classifier.width,), 0.05))
    request = structs.replace(REQUEST, size=size, seed=seed, steps=steps)
    target = Objective(classifier, None, None, real)
    state = initial_state(target, request, request.neurons, size)
    yield state, spectrum
    for after in optimise(target, request, state):
        yield after, spectrum


def axes_of(images):
    """Pictures along the three colour axes (B, 3, H, W)."""
    return torch.einsum("bdhw,cd->bchw", images, COLOURS.to(images))


@pytest.mark.parametrize("size", [48, 47])
def test_the_magnitudes_are_those_given_at_every_step_and_the_phases_move(size):
    first = None
    for state, spectrum in states(size):
        found = torch.fft.rfft2(axes_of(state.canvas.raw().detach()), norm="ortho")
        assert torch.allclose(found.abs(), spectrum.abs().expand_as(found), atol=2e-4)
        assert torch.allclose(found[:, :, 0, 0].real, spectrum[:, 0, 0].expand(2, 3), atol=1e-3)
        first = found if first is None else first
    assert not torch.allclose(first, found, atol=0.05)


def test_a_drawing_has_the_contrast_and_the_mean_colour_of_real_images():
    images = real_images()
    canvas = PhaseCanvas.random(
        48, [torch.Generator().manual_seed(1)], CPU, summed(images).mean(), 20.0
    )
    drawn, real = axes_of(canvas.raw().detach()), axes_of(images)
    energies = real.var(dim=(2, 3), correction=0).mean(dim=0)
    assert torch.allclose(drawn.var(dim=(2, 3), correction=0)[0], energies, rtol=1e-3)
    assert torch.allclose(drawn.mean(dim=(2, 3))[0], real.mean(dim=(0, 2, 3)), atol=1e-4)


def test_a_cut_pixel_has_a_gradient_and_pictures_lie_in_0_to_1():
    spectrum = 3 * summed(real_images()).mean()
    canvas = PhaseCanvas.random(48, [torch.Generator().manual_seed(1)], CPU, spectrum, 20.0)
    image, raw = canvas.image(), canvas.raw().detach()
    assert float(image.detach().min()) >= -1e-6
    assert float(image.detach().max()) <= 1 + 1e-6
    cut = (raw < 0) | (raw > 1)
    assert 0.05 < float(cut.float().mean()) < 0.95
    (gradient,) = torch.autograd.grad((image * cut).sum(), canvas.leaf)
    assert float(gradient.abs().max()) > 0


def test_drawings_are_the_same_by_seed_and_others_by_another():
    def last(seed):
        *_, (state, _) = states(seed=seed)
        return state.canvas.image().detach(), state.importance

    (image, importance), (again, importance_again), (other, _) = last(3), last(3), last(4)
    assert torch.equal(image, again)
    assert torch.equal(importance, importance_again)
    assert float((image - other).abs().mean()) > 0.05


def test_opacity_lies_in_0_to_1_and_follows_the_gradient():
    *_, (state, _) = states()
    alpha = opacity(state.importance)
    assert alpha.shape == (2, 48, 48)
    assert 0 <= float(alpha.min()) < float(alpha.max()) == 1
    importance = torch.zeros(1, 20, 20)
    importance[0, 5:15, 5:15] = 7.0
    shown = opacity(importance)[0]
    assert float(shown[10, 10]) == 1
    assert float(shown[0, 0]) == 0
    assert torch.equal(opacity(torch.zeros(1, 8, 8)), torch.ones(1, 8, 8))


@pytest.mark.parametrize("heat", [torch.zeros(1, 4, 4), torch.ones(1, 1, 1), torch.rand(1, 7, 7)])
def test_a_mask_is_finite_whatever_the_map(heat):
    shown = mask(heat, 32)
    assert torch.isfinite(shown).all()
    assert 0 <= float(shown.min()) <= float(shown.max()) <= 1


def test_a_whole_crop_is_the_picture_and_others_are_parts_of_it(monkeypatch):
    images = real_images(2)
    monkeypatch.setattr("engine.visualization.transforms.NOISE", 0.0)
    generators = [torch.Generator().manual_seed(seed) for seed in range(2)]
    with monkeypatch.context() as patch:
        patch.setattr("engine.visualization.transforms.CROP", (1.0, 1.0))
        assert torch.allclose(crop(images, generators), images, atol=1e-6)
    with monkeypatch.context() as patch:
        patch.setattr("engine.visualization.transforms.CROP", (0.5, 0.5))
        found = crop(images, generators)
    places = np.arange(25)
    errors = [
        float((part - images[0, :, y : y + 24, x : x + 24]).abs().mean())
        for part in [torch.nn.functional.avg_pool2d(found[0], 2)]
        for y in places for x in places
    ]  # fmt: skip
    assert min(errors) < 0.02
    assert np.median(errors) > 5 * min(errors)


def test_a_crops_noise_is_each_pictures_own():
    images = torch.full((2, 3, 32, 32), 0.5)

    def cropped(seeds):
        return crop(images, [torch.Generator().manual_seed(seed) for seed in seeds])

    both, swapped = cropped((0, 1)), cropped((1, 0))
    assert torch.equal(both[0], swapped[1])
    assert float((both - 0.5).std()) == pytest.approx(0.1, rel=0.1)


# the spectrum of a split


def last(job):
    """Run a job to its end; return its records and what it returns."""
    records = []
    while True:
        try:
            records.append(next(job))
        except StopIteration as stop:
            return records, stop.value


def spectrum_of(source, home, size=48):
    engine = TorchEngine(source, home)
    _, cache = last(engine.ready_cache("valid"))
    return last(ready_spectrum(home, cache, engine.split("valid"), engine.classifier, size)), cache


def with_pictures(toy, root, make):
    """The toy's workspace with the pictures that `make` returns of each."""
    for split in ("train", "valid"):
        for c, (folder, colour) in enumerate(TOY_COLOURS.items()):
            (root / split / folder).mkdir(parents=True)
            for number in range(4):
                image = make(colour, 10 * c + number)
                image.save(root / split / folder / f"{number}.png")
    return structs.replace(toy, data=str(root))


def test_a_splits_spectrum_is_that_of_its_images_and_computed_once(toy, tmp_path):
    (records, spectrum), cache = spectrum_of(toy, tmp_path)
    assert [type(record) for record in records] == [Progress] * len(records)
    assert records[-1].done == records[-1].total == cache.meta.n
    engine = TorchEngine(toy, tmp_path)
    transform = engine.classifier.transform()
    total = SpectrumSum(48)
    for sample in cache.samples:
        with Image.open(f"{cache.root}/{sample.path}") as image:
            pixels = engine.classifier.denormalise(transform(image.convert("RGB"))[None])
        total.add(pixels.clamp(0, 1))
    assert torch.allclose(spectrum, total.mean(), atol=1e-5)
    (again, kept), _ = spectrum_of(toy, tmp_path)
    assert again == []
    assert torch.equal(kept, spectrum)
    [path] = (tmp_path / "spectra").iterdir()
    path.write_bytes(path.read_bytes()[:-9])
    (redone, mended), _ = spectrum_of(toy, tmp_path)
    assert redone
    assert torch.equal(mended, spectrum)


def test_a_spectrum_is_of_the_images_that_count_and_of_2000_at_most(toy, tmp_path, monkeypatch):
    _, cache = spectrum_of(toy, tmp_path)
    fewer = cache.without(np.array([2, 5]))
    assert spectrum_rows(fewer).tolist() == [
        row for row in range(cache.meta.n) if row not in (2, 5)
    ]
    assert spectrum_key(fewer, 48) != spectrum_key(cache, 48) != spectrum_key(cache, 64)
    assert MOST_IMAGES == 2000
    monkeypatch.setattr("engine.visualization.spectrum_store.MOST_IMAGES", 7)
    rows = spectrum_rows(cache)
    assert len(set(rows.tolist())) == 7
    assert (rows[0], rows[-1]) == (0, cache.meta.n - 1)


@pytest.mark.parametrize(
    "make",
    [
        lambda colour, seed: Image.new("RGB", (40, 40), colour),
        lambda colour, seed: picture(colour, seed, size=1),
    ],
    ids=["of one colour", "of one pixel"],
)
def test_images_without_structure_are_refused_in_a_sentence(toy, tmp_path, make):
    source = with_pictures(toy, tmp_path / "data", make)
    engine = TorchEngine(source, tmp_path / "home")
    request = IllusionRequest(class_index=0, neurons=(1,), steps=2, size=48, **MACO)
    with pytest.raises(RequestError, match=r"one colour; draw with --parameterization fourier\.$"):
        list(engine.illusion(request, str(tmp_path / "out")))
    *_, drawn = engine.illusion(request.as_published, str(tmp_path / "out"))
    assert drawn.illusions[0].parameterization == "fourier"


def test_grey_images_make_grey_drawings(toy, tmp_path):
    source = with_pictures(
        toy, tmp_path / "data", lambda colour, seed: picture((110, 110, 110), seed).convert("L")
    )
    (_, spectrum), _ = spectrum_of(source, tmp_path / "home")
    assert torch.isfinite(spectrum).all()
    canvas = PhaseCanvas.random(48, [torch.Generator().manual_seed(0)], CPU, spectrum, 20.0)
    image = canvas.image().detach()
    assert float((image.amax(dim=1) - image.amin(dim=1)).max()) < 1e-3
    assert float(image.std()) > 0.01


def test_images_that_went_are_a_sentence(toy, tmp_path):
    source = with_pictures(toy, tmp_path / "data", picture)
    engine = TorchEngine(source, tmp_path / "home")
    _, cache = last(engine.ready_cache("valid"))
    engine.classifier  # noqa: B018  loaded while its images are there
    for path in (tmp_path / "data" / "valid").rglob("*.png"):
        path.unlink()
    job = ready_spectrum(engine.home, cache, engine.split("valid"), engine.classifier, 48)
    with pytest.raises(DataError, match=r"Not one image of valid .* any more; restore the files"):
        list(job)


def test_the_engine_writes_a_transparent_picture_and_says_how_it_was_made(toy, tmp_path):
    engine = TorchEngine(toy, tmp_path)
    request = IllusionRequest(class_index=1, neurons=(4,), steps=3, size=48, **MACO)
    *_, drawn = engine.illusion(request, str(tmp_path / "out"))
    [illusion] = drawn.illusions
    assert (illusion.parameterization, illusion.objective) == ("maco", "neuron-first")
    with Image.open(illusion.path) as image:
        assert image.mode == "RGBA"
        alpha = np.asarray(image)[..., 3]
    assert alpha.min() < alpha.max() == 255
    *_, published = engine.illusion(request.as_published, str(tmp_path / "out"))
    with Image.open(published.illusions[0].path) as image:
        assert image.mode == "RGB"
    assert published.illusions[0].path != illusion.path


def test_an_unknown_parameterization_or_objective_is_a_sentence(toy, tmp_path):
    engine = TorchEngine(toy, tmp_path)
    for field, names in (("parameterization", "fourier, maco"), ("objective", "neuron-first, pro")):
        request = structs.replace(REQUEST, **{field: "pixels"})
        with pytest.raises(RequestError, match=f"Unknown {field} 'pixels'; choose from {names}"):
            list(engine.illusion(request, str(tmp_path / "out")))


def test_memory_is_that_of_one_image_at_a_time():
    total = SpectrumSum(32)
    before = [tensor.numel() for tensor in vars(total).values() if isinstance(tensor, torch.Tensor)]
    for _ in range(5):
        total.add(real_images(3, 32))
    after = [tensor.numel() for tensor in vars(total).values() if isinstance(tensor, torch.Tensor)]
    assert before == after
    assert total.count == 15
    assert engine.visualization.spectrum.LEAST_CONTRAST < 0.01
