"""State of a component that no checkpoint holds: lost when a run is resumed, and absent from exported weights."""

from __future__ import annotations

import random
import sys
from collections import deque
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganzoo.rules import Loss

_TOLD = ("builtins", "itertools", "array")
"""Modules whose objects' texts tell their state."""
_SERIES = (list, tuple, deque)
_RANDOM = (torch.Generator, np.random.Generator, np.random.RandomState, random.Random)


def lost_buffers(component: nn.Module) -> list[str]:
    """Names of buffers that were registered with ``persistent=False``. Of a loss only its own count: what it holds frozen is built anew."""
    modules = [("", component)] if isinstance(component, Loss) else component.named_modules()
    return [f"{path}.{name}".lstrip(".") for path, module in modules for name in sorted(module._non_persistent_buffers_set)]


def kept_outside(component: Any) -> dict[str, str]:
    """Attributes that no checkpoint holds, whatever a forward does: generators of random numbers, tensors within lists and objects."""
    found = {}
    for name, value, known in _attributes(component):
        items = [value, *_items(value, known)]
        if any(isinstance(item, _RANDOM) for item in items):
            found[name] = f"'{name}' is a generator of random numbers of its own"
        elif not isinstance(value, Tensor) and any(isinstance(item, Tensor) for item in items):
            found[name] = f"'{name}' holds tensors in a {type(value).__name__}"
    return found


def snapshot(component: Any) -> dict[str, Any]:
    """The plain attributes, to be compared with those after a run: values, and tensors by their identity and version."""
    return {name: _frozen(value, known) for name, value, known in _attributes(component)}


def changed(before: dict[str, Any], component: Any) -> dict[str, str]:
    """Attributes that are not as in ``before``, each with what to say of it."""
    after = snapshot(component)
    return {name: f"'{name}' changes when it runs" for name in after if name not in before or before[name] != after[name]}


def _attributes(component: Any) -> Iterator[tuple[str, Any, frozenset[int]]]:
    """Dotted names and values of what a component's own code keeps besides parameters, buffers and modules; and the ids of those."""
    parts = dict(component.named_modules()) if isinstance(component, nn.Module) else {"": component}
    saved = [*component.parameters(), *component.buffers()] if isinstance(component, nn.Module) else []
    known = frozenset(map(id, [*parts.values(), *saved]))
    own = vars(nn.Module()).keys()
    for path, module in parts.items() if not isinstance(component, Loss) else [("", component)]:
        if type(module).__module__.partition(".")[0] == "torch":  # its makers know what state is
            continue
        for name, value in vars(module).items():
            if name not in own and id(value) not in known:
                yield f"{path}.{name}".lstrip("."), value, known


def _inside(value: Any) -> Collection[Any]:
    """What a list, a tuple, a queue or a mapping holds, a network, or an object of a plugin's own class."""
    if isinstance(value, (*_SERIES, dict)):
        return value.values() if isinstance(value, dict) else value
    foreign = type(value).__module__.partition(".")[0] not in (*sys.stdlib_module_names, "torch", "numpy", "ganzoo")
    if isinstance(value, nn.Module) or (foreign and not isinstance(value, type)):
        slots = [name for cls in type(value).__mro__ for name in getattr(cls, "__slots__", ()) if hasattr(value, name)]
        return [*getattr(value, "__dict__", {}).values(), *(getattr(value, name) for name in slots)]
    return ()


def _items(value: Any, known: frozenset[int]) -> Iterator[Any]:
    """All that is in ``value``, however deep; what is ``known`` is left out."""
    known |= {id(value)}
    for item in _inside(value):
        if id(item) not in known:
            yield item
            yield from _items(item, known)


def _frozen(value: Any, known: frozenset[int]) -> Any:
    """``value`` in a form that later changes do not reach."""
    if id(value) in known:
        return None
    if isinstance(value, Tensor):
        return id(value), value._version
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, (set, frozenset)):
        return sorted(map(repr, value))
    inner = [_frozen(item, known | {id(value)}) for item in _inside(value)]
    if isinstance(value, (*_SERIES, dict)):
        return inner, list(map(str, value)) if isinstance(value, dict) else ()
    return inner, repr(value) if type(value).__module__ in _TOLD else id(value)
