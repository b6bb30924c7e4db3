"""A label between two classes, for generators that only know whole ones.

Generators take "label" as int64, so there is no number between 3 and 5 to pass. Nearly all of them turn it into a vector
first, a one-hot or an embedding, and the vectors of two classes can be blended. PyTorch's ``__torch_function__`` protocol
lets a tensor say what those operations give for it; any other use of it is refused rather than guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ganzoo.errors import UserError

LOOKED_UP = (functional.one_hot, nn.functional.embedding, torch.embedding, Tensor.__getitem__, torch.index_select, Tensor.index_select)
"""Operations that turn a label into a vector."""
MOVED = (Tensor.to, Tensor.contiguous, Tensor.long, Tensor.detach, Tensor.view, Tensor.reshape, Tensor.flatten, torch.flatten)
"""Operations that leave a label what it is."""
LOOKED_AT = {"__get__", "dim", "size", "numel", "__len__", "is_floating_point", "element_size", "ndimension"}
"""Names of operations that ask for a shape, a type or a device."""


class BlendedLabel(Tensor):
    """Labels (N,) int64 of which every vector is ``(1 - share)`` of one class's and ``share`` of another's.

    Made by ``blend``.
    """

    start: Tensor
    end: Tensor
    share: Tensor

    @classmethod
    def __torch_function__(cls, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """What ``func`` gives for a blended label.

        Raises:
            UserError: where it is neither a look-up nor a move.
        """
        kwargs = kwargs or {}
        label = next(value for value in (*args, *kwargs.values()) if isinstance(value, BlendedLabel))

        def of(label_alone: Tensor) -> Any:
            swapped = [label_alone if value is label else value for value in args]
            return func(*swapped, **{name: label_alone if value is label else value for name, value in kwargs.items()})

        if getattr(func, "__name__", "") in LOOKED_AT:
            return of(label.start)
        if func in MOVED or (func is Tensor.__getitem__ and args[0] is label and isinstance(args[1], slice)):
            moved_share = func(label.share, *args[1:]) if func is Tensor.__getitem__ else label.share
            return blend(of(label.start), of(label.end), moved_share)
        if func in LOOKED_UP and not (func is Tensor.__getitem__ and args[0] is label):
            first, second = of(label.start), of(label.end)
            share = label.share.to(first.device).reshape(-1, *(1,) * (first.dim() - 1))
            return torch.lerp(first.float(), second.float(), share)
        raise UserError(
            f"this generator puts its label to {getattr(func, '__name__', func)}, and a label between two classes can only be looked up "
            "(one-hot, embedding)",
            "leave --to out; --label alone shows one class",
            key="--to",
        )


def blend(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    """Labels on the way from one class to another.

    Args:
        start: (N,) int64, the classes to begin at.
        end: (N,) int64, those to end at.
        share: (N,) float in [0, 1]: 0 is ``start``, 1 is ``end``.
    """
    label = start.as_subclass(BlendedLabel)
    label.start, label.end, label.share = start, end, share
    return label
