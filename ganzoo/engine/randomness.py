"""Every generator of random numbers that a component might use: seeded, saved and restored together."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from ganzoo.rundir.checkpoint import State


def seed_everything(*seed: int, device: torch.device | None = None) -> None:
    """Seed every generator of random numbers that a component might use; several numbers make a stream of their own.

    Where ``device`` is the CPU, GPUs keep their state, which ``torch.manual_seed`` would reset.
    """
    seed = tuple(each % 2**64 for each in seed)  # torch takes no others
    number = seed[0] if len(seed) == 1 else int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] >> 1)
    if device is not None and device.type == "cpu":
        torch.default_generator.manual_seed(number)
    else:
        torch.manual_seed(number)
    random.seed(number)
    np.random.seed(number % 2**32)


@contextmanager
def preserved(device: torch.device) -> Iterator[None]:
    """After the block random numbers go on as they would have without it, on the CPU and on ``device``."""
    before = random_state(device)
    try:
        yield
    finally:
        restore_random_state(before, device)


@contextmanager
def seeded(device: torch.device, *seed: int) -> Iterator[None]:
    """Random numbers of a seed's own within the block; the training's own go on after it."""
    with preserved(device):
        seed_everything(*seed, device=device)
        yield


def random_state(device: torch.device) -> State:
    """The state of every generator of random numbers that a component might use."""
    _, keys, position, has_gauss, gauss = np.random.get_state()
    version, internal, pending = random.getstate()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
        "numpy": [torch.from_numpy(np.asarray(keys).astype(np.int64)), int(position), int(has_gauss), float(gauss)],
        "python": [version, list(internal), pending],
    }


def restore_random_state(state: State, device: torch.device) -> None:
    """What ``random_state`` gave. The GPU's own state is set only where both have one."""
    torch.set_rng_state(state["torch"])
    if state["cuda"] is not None and device.type == "cuda":
        torch.cuda.set_rng_state(state["cuda"], device)
    keys, position, has_gauss, gauss = state["numpy"]
    np.random.set_state(("MT19937", keys.numpy().astype(np.uint32), position, has_gauss, gauss))
    version, internal, pending = state["python"]
    random.setstate((version, tuple(internal), pending))


def host_random() -> list[Any]:
    """The state of the host's generators of random numbers."""
    return [torch.get_rng_state().tolist(), random.getstate(), str(np.random.get_state())]
