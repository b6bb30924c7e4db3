"""Every shipped network of images at sizes of all kinds."""

import functools

import pytest
import torch

from ganzoo import DataSpec
from ganzoo.params import parameters_of
from ganzoo.registry import Registry

SHAPES = [(1, 16, 16), (1, 28, 28), (3, 48, 48), (4, 96, 96), (3, 192, 192), (1, 512, 512), (3, 64, 128), (2, 56, 40)]
KINDS = ("generator", "critic")
OF_ANY_SIZE = {
    *("ganzoo-acgan", "ganzoo-biggan", "ganzoo-cgan", "ganzoo-dcgan", "ganzoo-infogan", "ganzoo-r3gan", "ganzoo-sagan"),
    *("ganzoo-sngan", "ganzoo-stylegan2", "ganzoo-vanilla", "ganzoo-wgan-gp"),
}
"""Distributions whose networks make images of noise, or judge them, at every size.

Those that translate pictures say themselves what they serve."""
FOUND = [component for kind in KINDS for component in Registry.installed().of_kind(kind)]
NETWORKS = [
    component
    for component in FOUND
    if component.qualified.partition("/")[0] in OF_ANY_SIZE and component.name != "spectrally_normalised"  # of another critic
]


def test_each_distribution_of_any_size_is_here():
    assert {component.qualified.partition("/")[0] for component in NETWORKS} == OF_ANY_SIZE


@pytest.mark.parametrize("component", NETWORKS, ids=lambda component: component.qualified)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_network_of_images_serves_every_size(component, shape):
    cls = component.load()
    known = {parameter.name for parameter in parameters_of(cls)}
    few = {"width": 64, "group": 1} if "group" in known else {"width": 1}  # the former halves from 64 pixels on
    hidden = 4 if component.name in ("infogan", "dcgan", "acgan") else (4,)
    inner = functools.partial(Registry.installed().find("critic", "ganzoo-dcgan/dcgan").load(), width=1)  # of one that wraps another
    small = {**few, "critic": inner, "hidden": hidden, "latent_units": 4, "label_units": 4, "sample_units": 4, "joint_units": 4}
    data = DataSpec({"sample": shape, "label": ()}, classes=3)
    network = cls(data, **{name: value for name, value in small.items() if name in known}).eval()
    label = {"label": torch.zeros(1, dtype=torch.int64)} if "label" in cls.forward.__annotations__ else {}
    given = {**network.draw(1)} if component.kind == "generator" else {"sample": torch.rand(1, *shape)}
    with torch.no_grad():
        made = network(**{**given, **label})
    assert made["sample"].shape == (1, *shape) if component.kind == "generator" else made["score"].shape[0] == 1
