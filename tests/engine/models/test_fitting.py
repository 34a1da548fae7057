"""Which tensors of a checkpoint are the model's weights, by one rule."""

import re
import sys

import pytest
import timm
import torch

from engine.models.containers import read_contents
from engine.models.fitting import fit, outputs_of
from engine.models.wanted import wanted
from engine.schema.errors import CheckpointError
from tests.making import make_model

BODY = make_model("test_efficientnet", classes=5)
STATE = BODY.state_dict()
HEAD = ("classifier.weight", "classifier.bias")
BACKBONE = {key: value for key, value in STATE.items() if key not in HEAD}
YOUNG = {key: value * 0 for key, value in STATE.items()}


def prefixed(prefix, state=STATE):
    return {f"{prefix}{key}": value for key, value in state.items()}


def fitted(tmp_path, thing, body=BODY, weights="auto", head=True):
    torch.save(thing, tmp_path / "x.pt")
    contents = read_contents(tmp_path / "x.pt", trust_pickle=False)
    return fit(contents, body, wanted(body, head=head), weights)


def said(found):
    return " ".join(found.notes)


def assert_same(found, state=STATE):
    assert found.state.keys() == state.keys()
    assert all(torch.equal(found.state[key], state[key]) for key in state)


def refused(tmp_path, thing, match, **more):
    with pytest.raises(CheckpointError, match=match) as caught:
        fitted(tmp_path, thing, **more)
    assert str(tmp_path / "x.pt") in str(caught.value)


PLACES = {
    "": STATE,
    "state_dict.": {"state_dict": STATE, "epoch": 3},
    "model_state.": {"model_state": STATE, "optimizer": {"state": {0: {"s": torch.ones(9)}}}},
    "a.b.c.": {"a": {"b": {"c": STATE}}},
    "0.": (STATE, 7),
    "module.": prefixed("module."),
    "net.model._orig_mod.": {"net": prefixed("model._orig_mod.")},
    "state_dict.0.model.": {"state_dict": prefixed("0.model.")},
    "_orig_mod.module.": prefixed("_orig_mod.module."),
    "timm_model.": prefixed("timm_model."),
}


@pytest.mark.parametrize("place", PLACES)
def test_the_weights_are_found_wherever_they_are(tmp_path, place):
    found = fitted(tmp_path, PLACES[place])
    assert_same(found)
    assert found.classes == 5
    assert (f"under {place} in" in said(found)) == bool(place)


def test_the_prefix_that_fits_best_wins_and_the_rest_is_named(tmp_path):
    small = make_model("test_efficientnet", classes=2).state_dict()
    part = {key: value for key, value in small.items() if key.startswith("blocks.0")}
    more = {"criterion.weight": torch.ones(5), "aux.w": torch.ones(2, 2), "n": torch.ones(1)}
    found = fitted(tmp_path, prefixed("student.") | prefixed("copy.", part) | more)
    assert_same(found)
    assert f"Not used: {len(part) + 3} tensors" in said(found)


AVERAGES = ("state_dict_ema", "model_ema", "ModelEma", "ema_model", "swa", "averaged", "shadow")


@pytest.mark.parametrize("name", AVERAGES)
def test_an_average_is_preferred_and_either_can_be_had(tmp_path, name):
    both = {"state_dict": STATE, name: YOUNG}
    found = fitted(tmp_path, both)
    assert_same(found, YOUNG)
    assert f"the average is used ({name}), not state_dict; --weights model" in said(found)
    assert_same(fitted(tmp_path, both, weights="ema"), YOUNG)
    found = fitted(tmp_path, both, weights="model")
    assert_same(found)
    assert f"not {name}; --weights ema" in said(found)
    assert "Not used" not in said(found)


def test_what_torch_averages_is_known_by_its_counter(tmp_path):
    both = {"a": STATE, "b": {**prefixed("module.", YOUNG), "n_averaged": torch.tensor(5)}}
    assert_same(fitted(tmp_path, both), YOUNG)
    assert_same(fitted(tmp_path, both, weights="model"))


@pytest.mark.parametrize("name", ["semantic", "remade", "thematic_net"])
def test_a_name_with_those_letters_is_no_average(tmp_path, name):
    assert_same(fitted(tmp_path, {name: STATE}, weights="model"))


def test_weights_that_are_not_there_cannot_be_had(tmp_path):
    refused(tmp_path, {"net": STATE}, "no average of weights beside .*net", weights="ema")
    refused(tmp_path, {"ema": STATE}, r"an average of weights only \(ema\)", weights="model")
    parameters = {key: value for key, value in YOUNG.items() if "running" not in key}
    both = {"net": STATE, "shadow": parameters}
    refused(tmp_path, both, "lacks .* bn1.running_mean; use --weights model", weights="ema")
    found = fitted(tmp_path, both)
    assert_same(found)
    assert "average under shadow is not used: it lacks" in said(found)


def test_two_sets_of_weights_are_not_chosen_between(tmp_path):
    refused(tmp_path, {"student": STATE, "teacher": YOUNG}, "two sets .* student and teacher")
    assert_same(fitted(tmp_path, {"student": STATE, "copy": {k: v + 0 for k, v in STATE.items()}}))


def test_counters_come_and_go(tmp_path):
    bare = {key: value for key, value in STATE.items() if "num_batches" not in key}
    found = fitted(tmp_path, bare | {"blocks.0.total_ops": torch.ones(1)})
    assert found.state.keys() == bare.keys()
    assert "1 tensor of the checkpoint (blocks.0.total_ops)" in said(found)


def test_a_missing_weight_is_named(tmp_path):
    fewer = {key: value for key, value in STATE.items() if key != "bn1.weight"}
    refused(tmp_path, fewer, r"does not fit the model: missing weights: 1 \(bn1\.weight\)")
    odd = STATE | {"bn1.weight": torch.ones(7)}
    refused(tmp_path, odd, r"bn1\.weight is \(7,\) in the file, \(24,\) in the model\); check --mo")
    refused(tmp_path, {"w": torch.ones(3)}, "does not fit .* none of its 1 tensors")


def test_a_larger_model_is_not_taken_for_a_smaller(tmp_path):
    small = timm.create_model("resnet10t", num_classes=3)
    large = timm.create_model("resnet14t", num_classes=3)
    deep = small.state_dict() | {"layer1.1.conv1.weight": torch.ones(64, 64, 1, 1)}
    refused(tmp_path, deep, r"another architecture \(1: layer1\.1\.conv1", body=small)
    refused(tmp_path, large.state_dict(), "does not fit", body=small)


def test_images_of_another_kind_are_told(tmp_path):
    grey = timm.create_model("test_efficientnet", num_classes=5, in_chans=1).state_dict()
    refused(tmp_path, grey, "images have 1 channels: only RGB")
    body = timm.create_model("test_vit", num_classes=5)
    larger = timm.create_model("test_vit", num_classes=5, img_size=192).state_dict()
    refused(tmp_path, larger, r"pos_embed .*--img-size", body=body)


HEADS = {
    "classifier.1": ("classifier.1", True),
    "head.fc": ("head.fc", True),
    "outer.fc": ("outer.fc", True),
    "no bias": ("last", False),
}


@pytest.mark.parametrize("case", HEADS)
@pytest.mark.parametrize("prefix", ["", "net."])
def test_a_head_under_another_name_is_the_layer_that_is_left(tmp_path, case, prefix):
    name, bias = HEADS[case]
    head = {f"{name}.weight": STATE["classifier.weight"]}
    if bias:
        head[f"{name}.bias"] = STATE["classifier.bias"]
    beside = {"criterion.weight": torch.ones(5), "seen": torch.tensor(3)}
    found = fitted(tmp_path, prefixed(prefix, BACKBONE | head) | beside)
    assert torch.equal(found.state["classifier.weight"], STATE["classifier.weight"])
    assert found.classes == 5
    assert f"The head is the layer {prefix}{name} of" in said(found)
    assert found.unbiased == (() if bias else ("classifier",))
    assert ("has no bias" in said(found)) != bias


@pytest.mark.parametrize("optimizer", [True, False])
def test_a_head_beside_its_backbone_is_found(tmp_path, optimizer):
    parts = {"backbone": BACKBONE, "head": {"weight": torch.ones(9, 256), "bias": torch.ones(9)}}
    if optimizer:
        parts["momentum"] = {"backbone": {k: v for k, v in BACKBONE.items() if v.ndim == 4}}
    found = fitted(tmp_path, parts)
    assert found.classes == 9
    assert float(found.state["classifier.bias"].sum()) == 9


SEVERAL = {
    "two layers": {"fc.0.weight": torch.ones(8, 256), "fc.2.weight": torch.ones(5, 8)},
    "a norm": {
        "classifier.0.weight": torch.ones(256),
        "classifier.0.bias": torch.ones(256),
        "classifier.1.weight": torch.ones(5, 256),
    },
    "a norm elsewhere": {"norm.weight": torch.ones(256), "fc.weight": torch.ones(5, 256)},
    "a scale": {"head.fc.weight": torch.ones(5, 256), "head.scale": torch.ones(())},
}


@pytest.mark.parametrize("case", SEVERAL)
def test_a_head_of_several_layers_is_refused_by_their_names(tmp_path, case):
    first = next(iter(SEVERAL[case]))
    refused(tmp_path, BACKBONE | SEVERAL[case], rf"several layers \(.*{first}.*model's has one")


def test_a_head_for_other_features_is_refused(tmp_path):
    head = {"fc.weight": torch.ones(5, 99)}
    refused(tmp_path, BACKBONE | head, "head fc takes 99 features, the model gives 256")
    refused(tmp_path, BACKBONE, "missing weights: 2 .*classifier")


def test_a_head_without_bias_by_its_own_name(tmp_path):
    found = fitted(tmp_path, {k: v for k, v in STATE.items() if k != "classifier.bias"})
    assert found.unbiased == ("classifier",)


def test_a_linear_head_is_a_convolutions(tmp_path):
    body = timm.create_model("resnetv2_18", num_classes=3)
    state = body.state_dict()
    assert state["head.fc.weight"].shape == (3, 512, 1, 1)
    weight = torch.rand(4, 512)
    state |= {"head.fc.weight": weight, "head.fc.bias": torch.rand(4)}
    found = fitted(tmp_path, state, body=body)
    assert found.classes == 4
    assert torch.equal(found.state["head.fc.weight"], weight[:, :, None, None])


def test_two_heads_are_found_by_name_and_agree(tmp_path):
    body = timm.create_model("deit_tiny_distilled_patch16_224", num_classes=3, depth=1)
    assert wanted(body).heads == ("head", "head_dist")
    other = timm.create_model("deit_tiny_distilled_patch16_224", num_classes=4, depth=1)
    state = other.state_dict()
    assert fitted(tmp_path, prefixed("net.", state), body=body).classes == 4
    odd = state | {"head.weight": torch.ones(5, 192), "head.bias": torch.ones(5)}
    refused(tmp_path, odd, "unequal numbers of classes", body=body)


def test_the_outputs_are_counted_before_all_else_fits(tmp_path):
    torch.save({"net": STATE | {"bn1.weight": torch.ones(7)}}, tmp_path / "x.pt")
    contents = read_contents(tmp_path / "x.pt", trust_pickle=False)
    other = wanted(make_model("test_efficientnet", classes=9))
    assert outputs_of(contents, other) == 5
    assert outputs_of(contents, wanted(make_model("test_resnet"))) is None


DTYPES = ("float16", "bfloat16", "float64")


@pytest.mark.parametrize("dtype", DTYPES)
def test_other_floats_become_float32_and_it_is_said(tmp_path, dtype):
    to = getattr(torch, dtype)
    state = {k: v.to(to) if v.is_floating_point() else v for k, v in STATE.items()}
    found = fitted(tmp_path, state)
    assert found.state["bn1.weight"].dtype == torch.float32
    assert torch.allclose(found.state["conv_stem.weight"], STATE["conv_stem.weight"], atol=0.01)
    assert f"Weights of {dtype} are used as float32." in said(found)


ODD = {
    "int8": (torch.ones(5, 256, dtype=torch.int8), "int8 .*quantized"),
    "float8": (torch.ones(5, 256).to(torch.float8_e4m3fn), "float8_e4m3fn"),
    "complex": (torch.ones(5, 256, dtype=torch.complex64), "unsupported tensor"),
    "meta": (torch.ones(5, 256, device="meta"), "unsupported tensor"),
    "sparse": (torch.ones(5, 256).to_sparse(), "unsupported tensor"),
    "NaN": (torch.full((5, 256), float("nan")), "NaN or infinite"),
    "infinite": (torch.full((5, 256), float("inf")), "NaN or infinite"),
}


@pytest.mark.parametrize("case", ODD)
def test_weights_that_are_no_finite_floats_are_refused(tmp_path, case):
    value, match = ODD[case]
    refused(tmp_path, STATE | {"classifier.weight": value}, f"{match}.*")


def original_convnext(key):
    key = re.sub(r"stages\.(\d)\.blocks", r"stages.\1", key)
    key = re.sub(r"stages\.(\d)\.downsample", r"downsample_layers.\1", key)
    key = key.replace("stem.", "downsample_layers.0.").replace("conv_dw", "dwconv")
    key = key.replace("head.norm.", "norm.").replace("head.fc.", "head.")
    return key.replace("mlp.fc", "pwconv")


def old_swin(key):
    key = re.sub(r"layers\.(\d)\.downsample", lambda x: f"layers.{int(x[1]) - 1}.downsample", key)
    return key.replace("head.fc.", "head.")


RENAMED = {
    "test_convnext": (original_convnext, {}),
    "swin_tiny_patch4_window7_224": (old_swin, {"embed_dim": 24, "depths": (1, 1, 1, 1)}),
}


@pytest.mark.parametrize("name", RENAMED)
@pytest.mark.parametrize("prefix", ["", "module."])
def test_names_that_timm_itself_knows_are_converted(tmp_path, name, prefix):
    rename, options = RENAMED[name]
    body = timm.create_model(name, num_classes=4, **options)
    state = body.state_dict()
    renamed = {f"{prefix}{rename(key)}": value for key, value in state.items()}
    assert renamed.keys() != state.keys()
    found = fitted(tmp_path, {"state_dict": renamed}, body=body)
    assert_same(found, state)
    assert "converted: timm's own rules" in said(found)


def test_a_resized_network_is_not_taken_for_the_one_that_was_trained(tmp_path):
    body = timm.create_model("test_vit", num_classes=5)
    larger = timm.create_model("test_vit", num_classes=5, img_size=192)
    module = sys.modules[type(body).__module__]
    resized = module.checkpoint_filter_fn(larger.state_dict(), body)
    assert resized["pos_embed"].shape == body.pos_embed.shape  # timm would
    refused(tmp_path, {"model": larger.state_dict()}, "pos_embed", body=body)


def test_a_backbone_needs_no_head_and_takes_none(tmp_path):
    found = fitted(tmp_path, prefixed("net.", BACKBONE), head=False)
    assert_same(found, BACKBONE)
    assert found.classes == 0
    other = BACKBONE | {"classifier.0.weight": torch.ones(8, 256)}
    assert_same(fitted(tmp_path, other, head=False), BACKBONE)
