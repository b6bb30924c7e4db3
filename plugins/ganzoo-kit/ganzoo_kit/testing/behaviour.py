"""Checks of whatever runs in a training step (generators, critics, losses): repeatable, resumable, at home on any device."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganzoo.compat.dry_run import fake_tensors
from ganzoo.compat.unsaved import changed, kept_outside, lost_buffers, snapshot
from ganzoo.errors import ContractError
from ganzoo.rules import Loss
from ganzoo.rundir.weights import export, load_into

from .running import differentiable, exercise, no_training, reads_a_value, run_on, seeded
from .subject import Subject


def determinism(subject: Subject) -> None:
    """The same seed gives the same weights and the same results; another seed is not set back to a fixed one."""
    first, second = subject.build(seed=1), subject.build(seed=1)
    if different := differing(first.state_dict(), second.state_dict()):
        raise ContractError(f"built twice from one seed, '{different}' differs", "draw initial weights from torch's random numbers")
    if different := differing(exercise(first, subject.data), exercise(second, subject.data)):
        raise ContractError(f"run twice from one seed, '{different}' differs", "draw from torch's random numbers, or keep them in a buffer")
    after = []
    for seed in (1, 2):
        with seeded(seed):
            built = subject.part.build(subject.data)
            exercise(built, subject.data, seed=None)
            after.append(torch.get_rng_state())
    if torch.equal(*after):
        raise ContractError("after it ran, torch's random numbers are the same whatever the seed was", "call no torch.manual_seed")


def state(subject: Subject) -> None:
    """A fresh instance given the saved state continues bit for bit: nothing that matters lives outside parameters and buffers."""
    first = subject.build(seed=1)
    if differing(exercise(first, subject.data), exercise(subject.build(seed=1), subject.data)):
        return  # not repeatable at all: that is for 'determinism'
    if lost := lost_buffers(first):
        name = lost[0].rpartition(".")[2]
        raise ContractError(f"no checkpoint holds the buffer '{lost[0]}'", f"self.register_buffer('{name}', ..., persistent=True)")
    before = snapshot(first)
    exercise(first, subject.data, seed=1)
    for text in (changed(before, first) | kept_outside(first)).values():
        raise ContractError(f"{text}, and no checkpoint holds it", "keep what changes, or is drawn, in a buffer")
    # A run builds the losses from its seed again; networks must not need it, as sampling from a run does not know it.
    second = subject.build(seed=1 if isinstance(first, Loss) else 2)
    restore(second, saved(first))
    for seed in (2, 3):
        if different := differing(exercise(first, subject.data, seed=seed), exercise(second, subject.data, seed=seed)):
            raise ContractError(f"continued from its saved state, '{different}' differs", "keep what changes, or is drawn, in a buffer")
    if different := differing(saved(first), saved(second)):
        raise ContractError(f"continued from its saved state, the buffer '{different}' differs", "change it by what is saved only")


def saved(component: torch.nn.Module) -> dict[str, Tensor]:
    """What a checkpoint keeps of it: a network's state dict, a loss's own buffers (frozen networks that it holds are not saved)."""
    kept = component.state() if isinstance(component, Loss) else component.state_dict()
    return {name: value.clone() for name, value in kept.items()}


def restore(component: torch.nn.Module, kept: dict[str, Tensor]) -> None:
    """Give it what ``saved`` kept."""
    if not isinstance(component, Loss):
        component.load_state_dict(kept)
        return
    for name, buffer in component.state().items():
        buffer.copy_(kept[name])


def weights(subject: Subject) -> None:
    """Its weights go into a safetensors file and come back the same: tensors only, none sharing another's memory."""
    network, fresh = subject.build(seed=1), subject.build(seed=2)
    if objects := [name for name, value in network.state_dict().items() if not isinstance(value, Tensor)]:
        raise ContractError(f"its state dict holds '{objects[0]}', which is not a tensor", "keep state in parameters and buffers")
    homes: dict[int, str] = {}
    for name, value in network.state_dict().items():
        if value.numel() and (other := homes.setdefault(value.untyped_storage().data_ptr(), name)) != name:
            raise ContractError(f"'{name}' and '{other}' share their memory, which safetensors cannot write", "register the weight once")
    with tempfile.TemporaryDirectory() as folder:
        export(network.state_dict(), Path(folder) / "weights.safetensors")
        load_into(fresh, Path(folder) / "weights.safetensors")
    if different := differing(network.state_dict(), fresh.state_dict()):
        raise ContractError(f"written and read again, '{different}' differs", "keep every weight in a tensor of its own")


def bf16(subject: Subject) -> None:
    """It runs under bfloat16 autocast, with finite results and gradients; a loss's terms stay float32."""
    component = subject.build()
    autocast = partial(torch.autocast, "cpu", dtype=torch.bfloat16, cache_enabled=False)
    outputs = exercise(component, subject.data, autocast=autocast)
    for name, value in outputs.items():
        if value.is_floating_point() and value.dtype != torch.float32:
            raise ContractError(f"'{name}' is {value.dtype} although the turn's scores are float32", "compute it in the scores' dtype")
        if value.is_floating_point() and not value.isfinite().all():
            raise ContractError(f"'{name}' is not finite", "compute large sums and roots outside autocast")
    parameters = [p for p in component.parameters() if p.requires_grad]
    starts = differentiable(outputs)
    if parameters and starts:
        total = torch.stack([value.float().sum() for value in starts]).sum()
        gradients = torch.autograd.grad(total, parameters, allow_unused=True)
        if not all(gradient is None or gradient.isfinite().all() for gradient in gradients):
            raise ContractError("a gradient is not finite", "compute large sums and roots outside autocast")


def values(subject: Subject) -> None:
    """It reads no tensor's value (``.item()``, ``if tensor``, boolean indexing), which would stop a GPU at every step."""
    error = subject.on_fake_device[1]
    if error and not reads_a_value(error):  # that is for 'placement'; what comes after it is not known yet
        try:
            with fake_tensors():
                exercise(subject.build(), subject.data)
        except Exception as other:
            error = other
        else:
            return
    if error and not reads_a_value(error):
        raise error
    if error:
        raise ContractError(f"it reads a tensor's value ({' '.join(str(error).split())[:60]})", "use torch.where, or a mask") from error


def placement(subject: Subject) -> None:
    """It runs on whatever device its inputs are on, and moves nothing: tried on a fake one, and on an accelerator where one is here."""
    _check_placed(torch.device("meta"), *subject.on_fake_device)
    if torch.accelerator.is_available():
        device: Any = torch.accelerator.current_accelerator()
        _check_placed(device, *run_on(device, subject.build(), subject.data))


def _check_placed(device: torch.device, made: dict[str, Tensor], error: Exception | None) -> None:
    if error and reads_a_value(error):
        return  # that is for 'values'
    if error and "DeviceMismatch" not in type(error).__name__ and "same device" not in str(error):
        raise error
    if error:
        what = "it mixes tensors of its inputs' device with tensors made on the CPU"
        raise ContractError(what, "make new tensors with device=x.device, constants buffers") from error
    for name, value in made.items():
        if value.device.type != device.type:
            raise ContractError(f"'{name}' is on {value.device}, its inputs are on {device}", "make new tensors with device=x.device")


def engine(subject: Subject) -> None:
    """It calls no ``backward``, no ``zero_grad`` and no optimizer's ``step``: those are the engine's."""
    with no_training():
        exercise(subject.build(), subject.data)


def differing(first: dict[str, Tensor], second: dict[str, Tensor]) -> str:
    """The first name whose values are not bitwise equal; "" where all are."""
    return next(
        (name for name in first | second if name not in first or name not in second or not torch.equal(first[name], second[name])), ""
    )
