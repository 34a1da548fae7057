"""The last linear map, whatever it is called and however it is built."""

import pytest
import timm
import torch
from torch import nn
from torch.nn import functional as F

from engine.models.classifier import split_model
from engine.models.head import find_head
from engine.schema.errors import ModelError
from engine.visualization.heatmap import heat_map

CPU = torch.device("cpu")
HEADS = {
    "dla46_c": ("fc",),  # a 1x1 convolution after pooling
    "levit_128s": ("head.linear", "head_dist.linear"),  # the mean of two, each after its norm
    "deit_tiny_distilled_patch16_224": ("head", "head_dist"),  # of two tokens
    "crossvit_tiny_240": ("head.0", "head.1"),  # of two networks: its feature map is a list
    "efficientvim_m1": ("heads.0", "heads.1", "heads.2", "heads.3"),  # with learned shares
    "efficientvit_b0": ("head.classifier.4",),  # the last layer of an MLP
    "shvit_s1": ("head.l",),
    "mobilenetv3_small_050": ("classifier",),
    "test_convnext": ("head.fc",),
    "test_resnet": ("fc",),
}
FIXED = ("levit_128s", "crossvit_tiny_240")
"""Take images of their own size only."""


def made(name, classes=7):
    torch.manual_seed(0)
    more = {} if name in FIXED else {"pretrained_cfg_overlay": {"input_size": (3, 96, 96)}}
    if name.startswith("deit"):
        more["img_size"] = 96
    body = timm.create_model(name, num_classes=classes, **more).eval()
    if name.startswith("efficientvim"):
        nn.init.normal_(body.weights)  # no longer the mean that it is before training
    return body


@pytest.mark.parametrize(
    ("name", "classes"), [*((name, 7) for name in HEADS), ("efficientvim_m1", 2)]
)
def test_another_head_is_put_back_into_the_model(name, classes):
    body = made(name, classes)
    classifier = split_model(body, CPU)
    assert classifier.head.names == HEADS[name]
    images = torch.randn(2, *classifier.input_config["input_size"])
    with torch.no_grad():
        features = classifier.features(images)
        assert features.shape == (2, classifier.width)
        same(classifier.decision(features), body(images))
        same(features @ classifier.head.weight().T + classifier.head.bias(), body(images))
        weight = torch.randn(classes, classifier.width) / features.norm(dim=1).mean()
        bias = torch.randn(classes)
        body.load_state_dict(body.state_dict() | classifier.head.state(weight, bias))
        same(body(images), features @ weight.T + bias)
    heat = heat_map(classifier, images, torch.tensor([0, classifier.width - 1]))
    assert heat.ndim == 3
    assert heat.shape[1] == heat.shape[2]
    assert float(heat.abs().sum()) > 0


def same(left, right):
    assert float((left - right).abs().max()) <= 1e-4 * float(right.abs().max())


@pytest.mark.parametrize("name", ["levit_128s", "dla46_c"])
def test_heads_that_begin_at_zero_are_told_apart_and_left_as_they_were(name):
    body = made(name)
    with torch.no_grad():
        for head in (body.get_submodule(module) for module in HEADS[name]):
            head.weight.zero_()
            head.bias.zero_()
    before = {key: value.clone() for key, value in body.state_dict().items()}
    classifier = split_model(body, CPU)
    assert classifier.head.names == HEADS[name]
    assert all(torch.equal(before[key], value) for key, value in body.state_dict().items())


def test_gradients_reach_the_images_through_a_captured_head():
    classifier = split_model(made("dla46_c"), CPU)
    images = torch.randn(1, 3, 96, 96, requires_grad=True)
    classifier.features(images).sum().backward()
    assert float(images.grad.abs().sum()) > 0


def test_weights_that_give_nan_are_said_to():
    body = made("test_resnet")
    with torch.no_grad():
        body.bn1.running_var.fill_(-1.0)
    with pytest.raises(ModelError, match="NaN or infinite logits"):
        split_model(body, CPU)


class Small(nn.Module):
    """A classifier of timm's form whose head is to be stated."""

    def __init__(self, classes=3, bias=True):
        super().__init__()
        torch.manual_seed(0)
        self.pretrained_cfg = {"input_size": (3, 8, 8)}
        self.stem = nn.Conv2d(3, 5, 3)
        self.fc = nn.Linear(5, classes, bias=bias)

    def forward_features(self, x):
        return self.stem(x)

    def forward_head(self, x, pre_logits=False):
        x = x.mean((2, 3))
        return x if pre_logits else self.logits(x)

    def logits(self, x):
        return self.fc(x)

    def forward(self, x):
        return self.forward_head(self.forward_features(x))

    def get_classifier(self):
        return self.fc


class Scaled(Small):
    """Logits times a learned scale."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(3.7))

    def logits(self, x):
        return self.fc(x) * self.scale


class Summed(Small):
    """Two layers, the second without a bias, and one that counts for nothing."""

    def __init__(self):
        super().__init__()
        self.more, self.idle = nn.Linear(5, 3, bias=False), nn.Linear(5, 3)

    def logits(self, x):
        return self.fc(x) + 2 * self.more(x.relu()) + 0 * self.idle(x)


class Functional(Small):
    """Uses the layer's weight without calling it."""

    def logits(self, x):
        return F.linear(x, self.fc.weight, self.fc.bias)


@pytest.mark.parametrize(
    ("model", "names", "shares"),
    [
        (Scaled, ("fc",), (3.7,)),
        (Summed, ("fc", "more"), (1, 2)),
        (Functional, ("fc",), (1,)),
        (lambda: Small(bias=False), ("fc",), (1,)),
    ],
)
def test_shares_of_the_logits_are_found(model, names, shares):
    body = model()
    classifier = split_model(body, CPU)
    assert classifier.head.names == names
    assert classifier.head.shares == pytest.approx(shares, rel=1e-5)
    images = torch.randn(4, 3, 8, 8)
    with torch.no_grad():
        features = classifier.features(images)
        same(classifier.decision(features), body(images))
        weight = torch.randn(3, classifier.width)
        bias = torch.randn(3) * classifier.has_bias
        body.load_state_dict(body.state_dict() | classifier.head.state(weight, bias))
        same(body(images), features @ weight.T + bias)


class Cosine(Small):
    """Angles to the classes: the length of a feature does not count."""

    def logits(self, x):
        return F.linear(F.normalize(x), F.normalize(self.fc.weight))


class Clamped(Small):
    """Linear only in part."""

    def logits(self, x):
        return self.fc(x).clamp(-0.01, 0.01)


class Capped(Small):
    """Bent at large logits only, as language models do."""

    def logits(self, x):
        return 30 * (self.fc(x) / 30).tanh()


class Gated(Small):
    """A scale that differs from image to image."""

    def logits(self, x):
        return self.fc(x) * x.mean(1, keepdim=True)


class Twice(Small):
    """One layer, used twice a pass."""

    def logits(self, x):
        return self.fc(x) + self.fc(x.relu())


class Tied(Small):
    """Its weight is in the features too: another head would change them."""

    def forward_features(self, x):
        return self.stem(x) * (1 + self.fc.weight.sum())


class Constant(Small):
    """Features that the model's own head of zeros cannot tell from others."""

    def __init__(self):
        super().__init__()
        nn.init.zeros_(self.fc.weight)

    def forward_head(self, x, pre_logits=False):
        x = x.mean((2, 3))
        return x if pre_logits else self.fc(x).exp()


@pytest.mark.parametrize("model", [Cosine, Clamped, Capped, Gated, Twice, Tied, Constant])
def test_what_is_not_one_linear_map_of_features_is_refused(model):
    with pytest.raises(ModelError, match=f"The logits of {model.__name__} are not a fixed"):
        split_model(model(), CPU)


class Pair(Small):
    """Two outputs in eval mode."""

    def forward(self, x):
        return super().forward(x), None


class Map(Small):
    """Logits a position."""

    def forward(self, x):
        return self.stem(x)


class Encoder(Small):
    """Has the methods, and refuses to classify."""

    def forward_head(self, x, pre_logits=False):
        raise NotImplementedError("no classification")

    def forward(self, x):
        return self.stem(x).mean((2, 3))


class Dead(Small):
    """No neuron ever speaks."""

    def forward_features(self, x):
        return 0 * self.stem(x)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Pair, "Pair gives several outputs for 2 images"),
        (Map, r"Map gives shape \(2, 5, 6, 6\) for 2 images"),
        (Encoder, "logits of Encoder are not a fixed linear map"),
        (Dead, "All features of Dead are 0"),
    ],
)
def test_what_gives_no_logits_is_refused_in_a_sentence(model, said):
    with pytest.raises(ModelError, match=said):
        split_model(model(), CPU)


def test_features_however_small_are_told_from_others():
    class Tiny(Small):
        def forward_head(self, x, pre_logits=False):
            x = x.mean((2, 3)) * 1e-6
            return x if pre_logits else self.fc(x.relu())

    classifier = split_model(Tiny(), CPU)
    assert classifier.captured  # what pre_logits gives is not what the layer is given
    with torch.no_grad():
        assert float(classifier.features(torch.randn(2, 3, 8, 8)).min()) == 0


def test_two_classes_and_two_images_do_not_make_up_shares():
    class Product(Small):
        def __init__(self):
            super().__init__(classes=2)
            self.maps = nn.ModuleList(nn.Linear(5, 2) for _ in range(6))

        def logits(self, x):
            return torch.stack([one(x) for one in self.maps]).prod(dim=0)

    assert find_head(Product().eval(), torch.randn(2, 3, 8, 8)) is None
