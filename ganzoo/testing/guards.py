"""Guards that stand around a component while it runs, and object to what only the engine may do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.overrides import TorchFunctionMode

from ganzoo.errors import ContractError

NEEDS_THE_VALUE = ("DataDependent", "DynamicOutputShape")
"""Parts of the names of the errors by which fake tensors say that a value was asked for."""


@contextmanager
def no_training() -> Iterator[None]:
    """Refuse ``backward``, ``zero_grad`` and an optimizer's ``step``."""

    def refuse(what: str) -> Any:
        def refused(*_: Any, **__: Any) -> None:
            raise ContractError(f"it calls {what}, which only the engine may", "return terms; the engine minimises their sum")

        return refused

    handle = register_optimizer_step_pre_hook(refuse("an optimizer's step"))
    try:
        with (
            mock.patch.object(torch.autograd, "backward", refuse("backward")),
            mock.patch.object(torch.optim.Optimizer, "zero_grad", refuse("zero_grad")),
            mock.patch.object(torch.nn.Module, "zero_grad", refuse("zero_grad")),
        ):
            yield
    finally:
        handle.remove()


def reads_a_value(error: BaseException) -> bool:
    """Whether ``error`` is fake tensors objecting that a value was asked for."""
    return any(word in type(error).__name__ for word in NEEDS_THE_VALUE)


class NoMoves(TorchFunctionMode):
    """Refuse that a tensor is moved to another device than its own."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        if name in ("to", "cpu", "cuda") and isinstance(result, torch.Tensor) and result.device != args[0].device:
            raise ContractError(
                f"it moves a tensor from its device ({name} to '{result.device}')", "make new tensors with device=x.device, move none"
            )
        return result
