"""Checks of what a trained generator is asked for: a prior that is cut off or walked through, fields and numbers of a user's own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from operator import index
from typing import Any

import torch
from torch import Tensor

from ganzoo.compat import example_batch
from ganzoo.engine.randomness import seeded
from ganzoo.errors import UserError
from ganzoo.fields import DataSpec
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


def check_fields(fields: Mapping[str, Any], generator: Generator, data: DataSpec) -> bool:
    """Refuse fields of a user's own that are not as those trained on; returns whether pictures are of another H and W, which may do.

    Raises:
        UserError: for what is not a tensor (N, ...) of the same N as the others, has another dtype or shape, or is not a class.
    """
    with seeded(torch.device("cpu"), 0):
        known = example_batch(data, 1) | (drawn := generator.draw(1))
    first, resized = next(iter(fields)), False
    for name, value in fields.items():
        if not isinstance(value, Tensor) or not value.dim() or not len(value):
            raise UserError(f"the field '{name}' is not a tensor (N, ...)", "make one of arrays and lists by torch.as_tensor")
        like = known.get(name, value)
        sizes = slice(1, 2 if like.dim() == 4 else None)
        integers = value.dtype == torch.int64 and like.dim() < 4 and name not in drawn  # as a data set's field may be
        if value.dim() != like.dim() or value.shape[sizes] != like.shape[sizes] or not (value.dtype == like.dtype or integers):
            wanted = f"give {like.dtype} ({', '.join(map(str, ('N', *like.shape[1:])))})"
            raise UserError(f"the field '{name}' is {value.dtype} {tuple(value.shape)}", wanted)
        if len(value) != len(fields[first]):
            raise UserError(f"the field '{name}' has {len(value)} samples, '{first}' {len(fields[first])}", "give as many of each")
        if name == "label" and data.classes and not 0 <= value.min() <= value.max() < data.classes:
            raise UserError(f"label {value[(value < 0) | (value >= data.classes)][0]} is not a class", f"there are {data.classes}, from 0")
        resized |= value.shape != (len(value), *like.shape[1:])
    return resized


def whole_number(name: str, value: Any, least: int) -> int:
    """``value``, of numpy too, as Python's own; a UserError where it is not a whole number from ``least`` to 2**63 - 1."""
    number = index(value) if hasattr(value, "__index__") else -1
    if not least <= number < 2**63:
        raise UserError(f"{name} is {value!r}", f"give a whole number, {least} or more")
    return number
