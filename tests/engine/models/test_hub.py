"""A machine without network is told so at once; weights in the cache need none."""

import socket
import time

import huggingface_hub.constants
import pytest
import timm
import torch
from safetensors.torch import save_file

from engine.models.hub import with_weights
from engine.models.loading import load_classifier
from engine.schema.errors import ModelError
from engine.schema.requests import Source
from tests.making import make_model

CPU = torch.device("cpu")
SOURCE = Source(model="test_resnet", checkpoint="none", data="")


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """An empty cache, and a hub at an address that refuses connections."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    return tmp_path


def test_no_network_is_one_sentence_at_once(hub):
    began = time.monotonic()
    with pytest.raises(ModelError, match=r"test_resnet are not on this machine.*--checkpoint FILE"):
        load_classifier(SOURCE, 3, CPU)
    assert time.monotonic() - began < 3
    assert not huggingface_hub.constants.HF_HUB_OFFLINE


def test_a_server_that_does_not_answer_is_not_waited_for(hub, monkeypatch):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        port = silent.getsockname()[1]
        filling = [socket.socket() for _ in range(3)]
        for one in filling:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))  # the queue is full: later ones hang
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", f"http://127.0.0.1:{port}")
        monkeypatch.setattr("engine.models.hub.PATIENCE", 0.5)
        with pytest.raises(ModelError, match="cannot be reached"):
            load_classifier(SOURCE, 3, CPU)
        for one in filling:
            one.close()


def test_weights_in_the_cache_need_no_network(hub):
    repository = timm.get_pretrained_cfg("test_resnet").hf_hub_id
    folder = hub / f"models--{repository.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("0" * 40)
    snapshot = folder / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    body = make_model(classes=1000)
    save_file(body.state_dict(), snapshot / "model.safetensors")
    classifier = load_classifier(SOURCE, 1000, CPU)
    assert torch.equal(classifier.decision.weight, body.fc.weight)


def test_what_is_not_in_the_cache_is_asked_for_where_the_hub_answers(hub, monkeypatch):
    asked = []

    def build():
        asked.append(huggingface_hub.constants.HF_HUB_OFFLINE)
        if len(asked) == 1:
            raise huggingface_hub.errors.LocalEntryNotFoundError("not here")
        return "built"

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", f"http://127.0.0.1:{port}")
        assert with_weights("some", build) == "built"
    assert asked == [True, False]
