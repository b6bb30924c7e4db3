"""Every source of random numbers, seeded for a while and then put back as it was."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch, numpy and Python as a run does; afterwards all three go on as if nothing had been drawn."""
    before = torch.get_rng_state(), np.random.get_state(), random.getstate()
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(before[0])
        np.random.set_state(before[1])
        random.setstate(before[2])


@torch.no_grad()
def randomise_(network: nn.Module, std: float, seed: int = 0) -> None:
    """Give every parameter values N(0, ``std``): initial zeros would hide whether anything depends on it."""
    with seeded(seed):
        for parameter in network.parameters():
            parameter.copy_(std * torch.randn(parameter.shape))
