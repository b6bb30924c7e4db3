"""Checks of optimizers: they descend, at the rate of their groups, and continue exactly from their saved state."""

from __future__ import annotations

import copy

import torch

from ganzoo.engine.optimizers import descend, restore, state_of
from ganzoo.errors import ContractError

from .subject import Subject

STEPS = 5


def descent(subject: Subject) -> None:
    """Its steps need no closure, and lower a sum of squares."""
    optimizer = subject.build()
    before, after = (sum(float(p.square().sum()) for p in descend(optimizer, steps)) for steps in (0, STEPS))
    if not after < before:
        raise ContractError(f"{STEPS} steps take a sum of squares from {before:.6g} to {after:.6g}", "step against the gradient")


def rate(subject: Subject) -> None:
    """Each step reads ``lr`` of its group, a float or a tensor: curves move it. At 0 no weight moves."""
    for zero in (0.0, torch.zeros(())):
        optimizer = subject.build()
        start = descend(optimizer, 0)
        descend(optimizer, 1)
        for group in optimizer.param_groups:
            if not isinstance(group.get("lr"), float):
                raise ContractError(f"the 'lr' of a group is {group.get('lr')!r}", "give the base class {'lr': lr} among its defaults")
            group["lr"] = zero
        moved = descend(optimizer, 0)
        if all(torch.equal(a, b) for a, b in zip(start, moved, strict=True)):
            raise ContractError("a step moves nothing", "step against the gradient")
        if not all(torch.equal(a, b) for a, b in zip(moved, descend(optimizer, STEPS), strict=True)):
            raise ContractError(f"weights move where 'lr' is {zero}", "multiply all that a step changes by group['lr'], read in each step")


def resumes(subject: Subject) -> None:
    """Given the saved state, a fresh instance continues bit for bit: what a step needs is in ``state`` and in the groups."""
    first, second = subject.build(), subject.build()
    for mine, other in zip(descend(first, STEPS), (p for group in second.param_groups for p in group["params"]), strict=True):
        other.data.copy_(mine)
    restore(second, copy.deepcopy(state_of(first)))  # as from a file
    if not all(torch.equal(a, b) for a, b in zip(descend(first, STEPS), descend(second, STEPS), strict=True)):
        raise ContractError("continued from its saved state, weights differ", "keep what changes in self.state[parameter]")
