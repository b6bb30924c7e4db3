"""What an update changes otherwise than in place, which a recorded one would not repeat."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

OF_TORCH = vars(nn.Module()).keys() - {"training"}
"""Attributes of every module: tables of parameters, of hooks, of inner modules."""


def moving_parts(modules: Sequence[nn.Module]) -> dict[str, Any]:
    """What a replay would not repeat, were it to change: plain attributes, and where tensors lie."""
    parts: dict[str, Any] = {}
    for module in modules:
        for path, inner in module.named_modules():
            owner = f"{type(module).__name__}{'.' if path else ''}{path}"
            own = {name: value for name, value in vars(inner).items() if name not in OF_TORCH}
            for name, value in {**own, **inner._buffers, **inner._parameters}.items():
                # A weight that a hook computes from others before each forward lies elsewhere each time, by right.
                if not {f"{name}_orig", f"{name}_g"} & inner._parameters.keys():
                    parts |= traced(f"{owner}.{name}", value)
    return parts


def traced(name: str, value: Any) -> dict[str, Any]:
    """``value`` and what it holds, tensors as their addresses."""
    if isinstance(value, Tensor):
        return {name: value.data_ptr() if value.grad_fn is None else None}
    if isinstance(value, (bool, int, float, str)):
        return {name: value}
    if isinstance(value, (list, tuple, set, deque, Mapping)):
        found: dict[str, Any] = {name: len(value)}
        for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
            found |= traced(f"{name}[{key!r}]", item)
        return found
    return {}


def changed_parts(before: dict[str, Any], after: dict[str, Any]) -> str:
    """What an update changed of ``moving_parts``, as a reason; "" for nothing."""
    changed = next((name for name in after if name not in before or before[name] != after[name]), "")
    return changed and f"an update changes {changed} otherwise than in place, which a replay would not repeat"
