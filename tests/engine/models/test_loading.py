"""A classifier from a workspace's source: classes, preprocessing and head as the checkpoint has."""

import argparse
import json

import pytest
import timm
import torch
from safetensors.torch import save_file

from engine.models.loading import load_classifier, new_classifier
from engine.schema.errors import CheckpointError, ModelError
from engine.schema.requests import Source, TrainRequest
from tests.making import make_model

CPU = torch.device("cpu")
BODY = make_model(classes=4)
STATE = BODY.state_dict()


def load(name="test_resnet", classes=None, checkpoint="none", **more):
    source = Source(model=name, checkpoint=str(checkpoint), data="", **more)
    return load_classifier(source, classes, CPU)


def saved(tmp_path, **beside):
    torch.save({"state_dict": STATE, **beside}, tmp_path / "x.pth")
    return tmp_path / "x.pth"


def test_an_unknown_name_gets_near_ones():
    with pytest.raises(ModelError, match=r"did you mean .*resnet50"):
        load("resnet5O")


def test_the_checkpoint_says_how_many_classes_there_are(tmp_path):
    path = saved(tmp_path)
    for classes in (None, 4):
        classifier = load(checkpoint=path, classes=classes)
        images = torch.randn(2, 3, 160, 160)
        with torch.inference_mode():
            logits = classifier.decision(classifier.features(images))
            assert torch.allclose(logits, BODY(images), atol=1e-5)
    with pytest.raises(CheckpointError, match="has 4 classes, the data have 5; give"):
        load(checkpoint=path, classes=5)
    path = saved(tmp_path, classes=list("abcd"))
    with pytest.raises(CheckpointError, match=r"4 classes \(a, b, c, d\), the data have 5"):
        load(checkpoint=path, classes=5)
    assert load(checkpoint=path).class_names == ("a", "b", "c", "d")


def test_names_of_more_classes_than_there_are_outputs_are_told(tmp_path):
    found = load(checkpoint=saved(tmp_path, classes=list("abcde")))
    assert found.class_names is None
    assert "names 5 classes and has 4 outputs" in found.notes[-1]


def test_a_head_without_bias_is_as_the_checkpoint_has_it(tmp_path):
    bare = {key: value for key, value in STATE.items() if key != "fc.bias"}
    torch.save(bare, tmp_path / "x.pth")
    classifier = load(checkpoint=tmp_path / "x.pth")
    assert not classifier.has_bias
    assert "fc.bias" not in classifier.body.state_dict()
    assert any("no bias" in note for note in classifier.notes)
    with torch.inference_mode():
        features = classifier.features(torch.randn(1, 3, 160, 160))
        assert torch.equal(classifier.decision(features), features @ STATE["fc.weight"].T)


def test_what_is_stated_wins_over_the_checkpoint_and_that_over_timm(tmp_path):
    arguments = {"mean": [0.1] * 3, "std": [0.2] * 3, "img_size": 96, "crop_pct": None}
    path = saved(tmp_path, args=argparse.Namespace(**arguments))
    plain = load(checkpoint=saved(tmp_path)).resolved()
    assert plain["img_size"] == 160
    path = saved(tmp_path, args=argparse.Namespace(**arguments))
    taken = load(checkpoint=path)
    assert taken.resolved() == plain | {"mean": (0.1,) * 3, "std": (0.2,) * 3, "img_size": 96}
    assert any("mean 0.1 0.1 0.1, std 0.2 0.2 0.2, img_size 96" in note for note in taken.notes)
    stated = load(checkpoint=path, mean=(0.3, 0.3, 0.3), img_size=96, interpolation="bilinear")
    assert stated.resolved() == taken.resolved() | {
        "mean": (0.3,) * 3, "interpolation": "bilinear",
    }  # fmt: skip
    assert any("0.3 as stated; the checkpoint's own is 0.1" in note for note in stated.notes)
    assert not any("img_size is" in note for note in stated.notes)
    again = load(checkpoint=path, **stated.resolved())
    assert again.resolved() == stated.resolved()


def test_the_transform_is_timms_own_for_those_values(tmp_path):
    arguments = {"mean": [0.1] * 3, "std": [0.2] * 3, "img_size": 96}
    classifier = load(checkpoint=saved(tmp_path, config=arguments))
    theirs = timm.data.create_transform(
        **timm.data.resolve_data_config(arguments, model=BODY), is_training=False
    )
    assert str(classifier.transform()) == str(theirs)


@pytest.mark.parametrize("said", [{"img_size": 96}, {"config": {"input_size": [3, 96, 96]}}])
def test_a_model_of_one_image_size_is_built_for_it(tmp_path, said):
    state = timm.create_model("test_vit", num_classes=4, img_size=96).state_dict()
    stated = {key: value for key, value in said.items() if key == "img_size"}
    torch.save({"state_dict": state, **said}, tmp_path / "x.pth")
    classifier = load("test_vit", checkpoint=tmp_path / "x.pth", **stated)
    assert classifier.resolved()["img_size"] == 96
    assert classifier.body.pos_embed.shape == state["pos_embed"].shape


def test_arguments_of_the_model_are_taken_and_stated_ones_win(tmp_path):
    path = saved(tmp_path, args=argparse.Namespace(gp="max", model="resnet18"))
    found = load(checkpoint=path)
    assert found.body.global_pool.pool_type == "max"
    assert any("global_pool max" in note for note in found.notes)
    assert any("of resnet18, not of test_resnet" in note for note in found.notes)
    found = load(checkpoint=path, model_args={"global_pool": "avg"})
    assert found.body.global_pool.pool_type == "avg"
    assert any("avg as stated; the checkpoint's own is max" in note for note in found.notes)


def test_arguments_that_cannot_be_are_a_sentence(tmp_path):
    path = saved(tmp_path)
    with pytest.raises(ModelError, match=r"cannot build test_resnet with nonsense=3: .*nonsense"):
        load(checkpoint=path, model_args={"nonsense": 3})
    with pytest.raises(ModelError, match="read as RGB"):
        load(checkpoint=path, model_args={"in_chans": 1})
    with pytest.raises(CheckpointError, match="takes images of 1 channel;"):
        load(checkpoint=saved(tmp_path, args=argparse.Namespace(in_chans=1)))
    oblong = saved(tmp_path, args=argparse.Namespace(input_size=[3, 96, 128]))
    with pytest.raises(CheckpointError, match="96 x 128 pixels; only square"):
        load(checkpoint=oblong)
    assert load(checkpoint=oblong, img_size=96).resolved()["img_size"] == 96


def local(tmp_path, **config):
    body = make_model("test_resnet", classes=3, seed=4)
    whole = {"architecture": "test_resnet", "num_classes": 3, **config}
    (tmp_path / "config.json").write_text(json.dumps(whole))
    save_file(body.state_dict(), tmp_path / "model.safetensors")
    return body


def test_a_local_folder_is_a_model(tmp_path):
    own = {"mean": [0.1] * 3, "std": [0.2] * 3, "input_size": [3, 96, 96], "crop_pct": 1.0}
    body = local(tmp_path, label_names=["c", "a", "b"], pretrained_cfg=own)
    classifier = load(f"local-dir:{tmp_path}", 3)
    assert torch.equal(classifier.decision.weight, body.get_classifier().weight)
    assert classifier.class_names == ("c", "a", "b")
    assert classifier.resolved() == {
        "mean": (0.1,) * 3, "std": (0.2,) * 3, "img_size": 96, "crop_pct": 1.0,
        "interpolation": "bicubic",
    }  # fmt: skip
    with pytest.raises(CheckpointError, match=r"has 3 classes \(c, a, b\), the data have 9"):
        load(f"local-dir:{tmp_path}", 9)
    with pytest.raises(ModelError, match=r"No config\.json"):
        load(f"local-dir:{tmp_path / 'absent'}")


@pytest.mark.parametrize("prefix", ["", "net."])
def test_training_starts_from_a_backbone_in_any_checkpoint(tmp_path, prefix):
    torch.save({"model": {f"{prefix}{key}": v for key, v in STATE.items()}}, tmp_path / "x.pth")
    source = Source(model="test_resnet", checkpoint="untrained", data="")
    classifier = new_classifier(source, TrainRequest(init=str(tmp_path / "x.pth")), 7, CPU)
    assert classifier.decision.out_features == 7
    found = classifier.body.state_dict()
    backbone = [key for key in STATE if not key.startswith("fc.")]
    assert all(torch.equal(found[key], STATE[key]) for key in backbone)


def test_an_average_that_is_no_model_yet_is_named(tmp_path):
    """An average of the first steps: zeros, while the weights beside it are good."""
    young = {k: torch.zeros_like(v) for k, v in STATE.items()}
    path = saved(tmp_path, state_dict_ema=young)
    with pytest.raises(ModelError, match=r"are 0 .* average .*--weights model"):
        load(checkpoint=path)
    assert load(checkpoint=path, weights="model").width == 96
