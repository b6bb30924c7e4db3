"""Priors of generators: which are standard normal, so that they can be cut off and walked through."""

from __future__ import annotations

import math

import torch

from ganzoo.engine.randomness import seeded
from ganzoo.errors import UserError
from ganzoo.players import Generator

DRAWN = 2000
"""Latents that a prior of a generator's own is judged by."""


def check_truncation(generator: Generator, amount: float) -> None:
    """Refuse to cut off a prior at ``amount`` where that means nothing.

    Raises:
        UserError: where ``amount`` is not positive; for a generator that cannot say itself what it means, as of ``check_normal_prior``.
    """
    if not amount > 0:
        raise UserError(f"the prior cannot be cut off at {amount:g}", "give a positive number, such as 1", key="--truncation")
    if type(generator).truncated is Generator.truncated:
        check_normal_prior(generator, "--truncation", "truncated")


def check_normal_prior(generator: Generator, key: str, what: str) -> None:
    """Refuse generators whose noise is not known to be standard normal.

    Raises:
        UserError: for one without noise, or with a prior of its own.
    """
    name = type(generator).__name__
    if generator.latent_dim == 0:
        raise UserError(f"generator {name} takes no noise (its latent_dim is 0), so nothing can be {what}", "leave it out", key=key)
    if type(generator).draw is not Generator.draw and not _draws_normal(generator):
        raise UserError(f"generator {name} draws from a prior of its own, which cannot be {what}", "leave it out", key=key)


def _draws_normal(generator: Generator) -> bool:
    """Whether a ``draw`` of its own gives normal latents: mean and variance to six deviations, and some values beyond 3."""
    with seeded(torch.device("cpu"), 0):
        values = generator.draw(DRAWN).get("latent", torch.empty(0))
    if values.shape != (DRAWN, generator.latent_dim):
        return False
    mean, variance, spread = values.mean(), values.var(), math.sqrt(values.numel())
    return bool(mean.abs() < 6 / spread and (variance - 1).abs() < 6 * math.sqrt(2) / spread and values.abs().max() > 3)
