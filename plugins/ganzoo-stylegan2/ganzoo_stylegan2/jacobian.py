"""The change of an image with its styles."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ganzoo import DataSpec, Turn

from .generator import StyleGAN2Generator


def lengths(turn: Turn, latent: Tensor) -> Tensor:
    """|J'y| of each latent (N,), with y ~ N(0, 1) / sqrt(H W): the root of the mean over layers of the squared norm; differentiable.

    Args:
        turn: the generator's, which has the routes "map" and "synthesise".
        latent: (N, Z).
    """
    styles = turn.make({"latent": latent}, route="map")["styles"]
    styles = styles if styles.requires_grad else styles.detach().requires_grad_()  # where the mapping network is frozen
    sample = turn.make({"styles": styles}, route="synthesise")["sample"]
    direction = torch.randn_like(sample) / math.sqrt(sample[0, 0].numel())
    (moved,) = torch.autograd.grad((sample * direction).sum(), styles, create_graph=True)
    # vector_norm has the gradient 0 at 0, where sqrt(sum of squares) would have none
    norms: Tensor = torch.linalg.vector_norm(moved, dim=(1, 2)) / math.sqrt(moved.shape[1])
    return norms


def example(data: DataSpec) -> StyleGAN2Generator:
    """A small generator with both routes, for checks."""
    return StyleGAN2Generator(data, latent_dim=4, style_dim=4, mapping_layers=1, width=4, capacity=64, mixing=0.0)
