"""Accuracy is timm's own: its reader, its loader and its transform on the same files."""

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import load_file
from timm.data import create_dataset, create_loader, resolve_data_config

from engine.features.cache import open_cache
from engine.schema.requests import FeaturesRequest, Source
from engine.session import TorchEngine
from tests.making import learn_a_little, make_checkpoint, make_images


def spoil(folder):
    """Images that a person sees otherwise: turned, transparent, deep, grey."""
    files = sorted(folder.iterdir())
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.open(files[0]).resize((60, 40)).save(files[0], exif=exif)
    clear = Image.open(files[1]).convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    clear.save(files[1])
    ramp = np.linspace(0, 65535, 64).astype(np.uint16).reshape(1, 64).repeat(40, 0)
    Image.fromarray(ramp).save(files[2])
    Image.open(files[3]).convert("L").save(files[3])


@pytest.mark.filterwarnings("ignore")  # timm leaves its files to the garbage collector
def test_logits_are_those_of_timm_s_validation(tmp_path):
    root = make_images(tmp_path / "data")
    spoil(root / "valid" / "003_blue")
    path = make_checkpoint(tmp_path / "toy.safetensors")
    learn_a_little(path, root)
    source = Source(model="test_resnet", checkpoint=str(path), data=str(root), device="cpu")
    engine = TorchEngine(source, tmp_path / "ws")
    list(engine.extract(FeaturesRequest(split="valid", workers=0)))
    cache = open_cache(tmp_path / "ws", source, engine.split("valid"))

    model = timm.create_model("test_resnet", num_classes=3).eval()
    model.load_state_dict(load_file(path))
    config = resolve_data_config({}, model=model)
    dataset = create_dataset("", root=str(root / "valid"))
    loader = create_loader(dataset, **{k: config[k] for k in (
        "input_size", "interpolation", "mean", "std", "crop_pct", "crop_mode")},
        batch_size=8, use_prefetcher=False, num_workers=0)  # fmt: skip
    with torch.inference_mode():
        theirs = torch.cat([model(images) for images, _ in loader]).numpy()
    targets = [target for _, target in dataset.reader.samples]
    names = [name for name, _ in dataset.reader.samples]
    assert names == [cache.path(row) for row in range(30)]
    assert targets == cache.labels.tolist()
    assert np.allclose(cache.logits, theirs, atol=1e-4)
    assert cache.meta.differs == {"turned": 1, "transparent": 1, "deep": 1}
