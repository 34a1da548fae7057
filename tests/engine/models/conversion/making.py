import torch
from torch import nn


def scrambled(model, size, seed=0):
    """Return the model in double precision with weights of which none could be taken for another.

    Norms, biases and running statistics are random, too. Those of batch norms are near what
    pictures give, so that signals reach the end of deep networks.

    Args:
        model: Of any library.
        size: Pixels a side.
        seed: Of the weights.
    """
    generator = torch.Generator().manual_seed(seed)
    model = model.double()
    state = model.state_dict()
    for value in state.values():
        if value.is_floating_point():
            noise = torch.randn(value.shape, generator=generator, dtype=value.dtype)
            is_matrix = value.ndim > 1 and value.numel() > value.shape[0]
            value.copy_(noise * value[0].numel() ** -0.5 if is_matrix else 0.8 + 0.2 * noise)
    _calibrate(model, size)
    for key, value in state.items():
        noise = torch.randn(value.shape, generator=generator)
        if key.endswith("running_var"):
            value.mul_((0.2 * noise).exp())
        elif key.endswith("running_mean"):
            value.add_(0.1 * noise)
    return model.eval()


@torch.no_grad()
def _calibrate(model, size):
    """Set the running statistics of batch norms to those of some pictures."""
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    if norms:
        for norm in norms:
            norm.momentum = 1.0
        torch.manual_seed(0)  # of dropout
        model.train()(pictures(4, size, seed=2))


def pictures(count, size, seed):
    """Return random pictures with coarse and fine structure."""
    generator = torch.Generator().manual_seed(seed)
    coarse, fine = (
        torch.randn(count, 3, side, side, generator=generator, dtype=torch.double)
        for side in (4, size)
    )
    return nn.functional.interpolate(coarse, size=size, mode="bilinear") + 0.5 * fine


@torch.no_grad()
def logits(model, size):
    """Return a model's outputs for two random pictures."""
    outputs = model(pictures(2, size, seed=1))
    return getattr(outputs, "logits", outputs)


def assert_equal(got, wanted):
    """Assert that outputs are equal, and that they tell the pictures apart."""
    assert (wanted[0] - wanted[1]).abs().max() > 0.01
    torch.testing.assert_close(got, wanted, rtol=1e-9, atol=1e-9)
