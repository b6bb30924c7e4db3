"""State of a component that no checkpoint holds: lost when a run is resumed, and absent from exported weights."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganzoo.rules import Loss

_PLAIN = (bool, int, float, str, type(None))
_SERIES = (list, tuple, deque)
_RANDOM = (torch.Generator, np.random.Generator, np.random.RandomState, random.Random)


def lost_buffers(component: nn.Module) -> list[str]:
    """Names of buffers that were registered with ``persistent=False``. Of a loss only its own count: what it holds frozen is built anew."""
    modules = [("", component)] if isinstance(component, Loss) else component.named_modules()
    return [f"{path}.{name}".lstrip(".") for path, module in modules for name in sorted(module._non_persistent_buffers_set)]


def kept_outside(component: Any) -> dict[str, str]:
    """Attributes that no checkpoint holds, whatever a forward does: generators of random numbers, tensors within lists."""
    found = {}
    for name, value in _attributes(component):
        if any(isinstance(item, _RANDOM) for item in _items(value)):
            found[name] = f"'{name}' is a generator of random numbers of its own"
        elif value is not None and not isinstance(value, Tensor) and any(isinstance(item, Tensor) for item in _items(value)):
            found[name] = f"'{name}' holds tensors in a {type(value).__name__}"
    return found


def snapshot(component: Any) -> dict[str, Any]:
    """The plain attributes, to be compared with those after a run: values, and tensors by their identity and version."""
    return {name: _frozen(value) for name, value in _attributes(component)}


def changed(before: dict[str, Any], component: Any) -> dict[str, str]:
    """Attributes that are not as in ``before``, each with what to say of it."""
    after = snapshot(component)
    return {name: f"'{name}' changes when it runs" for name in after if name not in before or before[name] != after[name]}


def _attributes(component: Any) -> Iterator[tuple[str, Any]]:
    """Dotted names and values of what a component's own code keeps besides parameters, buffers and modules."""
    modules = component.named_modules() if isinstance(component, nn.Module) and not isinstance(component, Loss) else [("", component)]
    own = vars(nn.Module()).keys()
    for path, module in modules:
        if type(module).__module__.partition(".")[0] == "torch":  # its makers know what state is
            continue
        registered = {id(value) for value in (*module.parameters(), *module.buffers())} if isinstance(module, nn.Module) else set()
        for name, value in vars(module).items():
            if name not in own and not any(id(item) in registered for item in _items(value)):
                yield f"{path}.{name}".lstrip("."), value


def _items(value: Any) -> list[Any]:
    """``value`` itself, and what is in it where it is a list, a tuple, a queue, a set or a mapping, however deep."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, (*_SERIES, set, frozenset)) else ()
    return [value, *(item for each in inner for item in _items(each))]


def _frozen(value: Any) -> Any:
    """``value`` in a form that later changes do not reach."""
    if isinstance(value, Tensor):
        return id(value), value._version
    if isinstance(value, dict):
        return {str(key): _frozen(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, _SERIES):
        return [_frozen(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(map(repr, value))
    return value if isinstance(value, _PLAIN) else id(value)
