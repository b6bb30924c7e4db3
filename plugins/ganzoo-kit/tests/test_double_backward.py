"""Networks that turn one thing into another, whose second derivatives by ordinary convolutions are torch's.

``tests/engine/test_convolutions.py`` compares every other network: those of images alone."""

import pytest
import torch
from convolved import changed, same
from ganzoo_kit.testing.running import inputs_of, run_network
from torch import nn

from ganzoo import DataSpec
from ganzoo.params import parameters_of
from ganzoo.registry import Registry

SMALL = {"width": 4, "hidden": 16, "latent_dim": 4, "blocks": 1, "bottleneck": 8, "capacity": 64}
TRANSLATED = DataSpec({"sample": (3, 32, 32), "source": (3, 32, 32)})
ENLARGED = DataSpec({"sample": (3, 32, 32), "source": (3, 8, 8)})
LABELLED = {"label": (), "attributes": (5,)}
DATA = {
    "progan": DataSpec({"sample": (3, 16, 16)}),
    "context_encoder": DataSpec({**TRANSLATED.fields, "mask": (1, 32, 32)}),
    **dict.fromkeys(("cyclegan", "unet", "patchgan", "patchgan_pair", "pixeldt"), TRANSLATED),
    **dict.fromkeys(("srresnet", "srgan"), ENLARGED),
    "icgan": DataSpec({"sample": (1, 16, 16), **LABELLED}, 7),
    "stackgan": DataSpec({"sample": (3, 16, 16), "source": (3, 8, 8), "text": (4,)}),
}
GROWING = {"stage": 2, "alpha": torch.tensor(0.5)}
"""What Progressive GAN's schedule gives."""
FROM = {
    f"ganzoo-{name}"
    for name in ("context-encoder", "cyclegan", "pix2pix", "pixeldt", "progan", "srgan", "icgan", "stackgan", "translation")
}
NETWORKS = [part for kind in ("generator", "critic") for part in Registry.installed().of_kind(kind) if part.distribution in FROM]
ROUNDING = 1e-3
"""Of 1e-10: a gradient that is 0 but for rounding, as that of a bias before a norm, may differ by 1e-13 of the network's largest."""


def is_float(value):
    return torch.is_tensor(value) and value.is_floating_point()


def derivatives(network, fields):
    """The output, its squares' gradients, and the gradients of those gradients' squares: of inputs and parameters."""
    torch.manual_seed(1)  # for dropout
    inputs = {name: value.clone().requires_grad_() for name, value in fields.items() if is_float(value)}
    leaves = [*inputs.values(), *network.parameters()]
    output = torch.cat([value.flatten() for value in run_network(network, {**fields, **inputs}).values()])
    first = torch.autograd.grad(output.square().sum(), leaves, create_graph=True, allow_unused=True)
    total = sum(gradient.square().sum() for gradient in first if gradient is not None)
    return [output], list(first), list(torch.autograd.grad(total, leaves, allow_unused=True))


def test_every_such_network_has_its_data():
    assert {part.name for part in NETWORKS} == DATA.keys()


@pytest.mark.parametrize("part", NETWORKS, ids=lambda part: f"{part.kind} {part.name}")
def test_a_network_of_pairs_has_torchs_gradients_of_first_and_second_order(part):
    torch.manual_seed(0)
    known, data = {parameter.name for parameter in parameters_of(part.load())}, DATA[part.name]
    plain = part.load()(data, **{name: value for name, value in SMALL.items() if name in known}).double().train()
    ours, count = changed(plain)
    padded = sum(getattr(module, "padding_mode", "zeros") != "zeros" for module in plain.modules())
    assert count == sum(isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)) for module in plain.modules()) - padded > 0
    fields = inputs_of(plain, data, 3) | (GROWING if part.name == "progan" else {})
    fields = {name: value.double() if is_float(value) else value for name, value in fields.items()}
    for wanted, found in zip(derivatives(plain, fields), derivatives(ours, fields), strict=True):
        assert any(value is not None and value.any() for value in wanted)
        same(wanted, found, rounding=ROUNDING)
