"""Device and precision of the networks: applied from outside, the components do not know."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from ganzoo.config import TrainConfig
from ganzoo.errors import UserError

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class Runtime:
    """A device and a precision.

    In "bf16" networks run in bfloat16 autocast, while parameters, scores, losses and penalty norms stay float32; float16 is not
    offered. ``matmul`` is for ``torch.set_float32_matmul_precision``; on a GPU it decides on convolutions, too.
    """

    device: torch.device
    precision: str
    matmul: str

    @property
    def autocast(self) -> Callable[[], AbstractContextManager[Any]]:
        """Makes the context that networks run in."""
        if self.precision == "bf16":
            return partial(torch.autocast, self.device.type, dtype=torch.bfloat16, cache_enabled=False)
        return nullcontext

    @property
    def convolutions_pay(self) -> bool:
        """Whether penalties use ``engine.convolutions``: in bf16, on a GPU (1.48 times on an H100); fp32 on a CPU gains nothing."""
        return self.device.type == "cuda" or self.precision == "bf16"

    def place_network(self, network: Network) -> Network:
        """Move a network to the device; convolutions in channels-last order (1.1 to 1.4 times faster on a CPU)."""
        network.to(self.device)
        if any(p.dim() == 4 for p in network.parameters()):
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return network

    def to_device(self, value: Tensor) -> Tensor:
        """Move a batch's field to the device, images in channels-last order."""
        value = value.to(self.device, non_blocking=True)
        return value.contiguous(memory_format=torch.channels_last) if value.dim() == 4 else value

    def describe(self) -> dict[str, str | int]:
        """What a checkpoint's exactness depends on."""
        return {
            "device": torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else "cpu",
            "precision": self.precision,
            "matmul": self.matmul,
            "threads": torch.get_num_threads(),
            "instructions": torch.backends.cpu.get_cpu_capability(),  # AVX2 and AVX512 round differently
        }


def has_bf16() -> bool:
    """Whether this processor has instructions for bf16, or torch cannot tell; without, it takes 5 times as long as for fp32."""
    found: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return found.get("architecture") != "x86_64" or any(found.get(name) for name in ("avx512_bf16", "amx_bf16"))


def _own_index(local_rank: int | None, count: int) -> int:
    """Which of ``count`` GPUs a process takes. One that sees a single GPU takes that: launchers can hide the others' from it.

    Raises:
        UserError: where there are more processes than GPUs.
    """
    if local_rank is None:
        return torch.cuda.current_device()
    if local_rank >= count > 1:
        what = f"there are {count} GPUs here, and no GPU for process {local_rank} (counted from 0)"
        raise UserError(what, f"start at most {count} processes on this machine (torchrun --nproc-per-node {count})", key="train.device")
    return local_rank if count > 1 else 0


def keep_threads(train: TrainConfig, recorded: object) -> None:
    """Go on with the threads that a run was begun with, as many as there are cores for, unless the configuration names a number."""
    if train.threads is None and isinstance(recorded, int) and recorded > 0:
        torch.set_num_threads(min(recorded, os.cpu_count() or 1))


def from_config(train: TrainConfig, local_rank: int | None = None) -> Runtime:
    """The runtime that the configuration asks for, with "auto" decided; sets torch's thread count and matmul precision.

    Where several processes run on this machine, "auto" and "cuda" mean the GPU of this one's ``local_rank``.

    Raises:
        UserError: where the device does not exist.
    """
    name = train.device
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    device = torch.device(name)
    if device.type == "cuda":
        count = torch.cuda.device_count()
        if (device.index or 0) >= count:
            raise UserError(f"there is no device '{name}' here ({count} CUDA devices)", "use auto or cpu", key="train.device")
        device = torch.device("cuda", device.index if device.index is not None else _own_index(local_rank, count))
        torch.backends.cudnn.benchmark = True  # shapes stay the same, so trying out algorithms pays
        torch.cuda.set_device(device)
    precision = train.precision
    if precision == "auto":
        precision = "bf16" if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    if train.threads is not None:
        torch.set_num_threads(train.threads)
    torch.set_float32_matmul_precision(train.matmul)
    torch.backends.cudnn.allow_tf32 = train.matmul != "highest"  # torch's default would round the operands of "fp32" convolutions
    return Runtime(device, precision, train.matmul)
