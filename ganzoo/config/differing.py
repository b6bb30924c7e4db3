"""Differences between two resolved configurations: as a run recorded it, and as it is to go on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from .earlier import in_words_of_today
from .yaml_writer import flow


def differences(a: Mapping[str, Any], b: Mapping[str, Any], *, ignoring: Collection[str] = ("versions",)) -> list[str]:
    """What differs between two resolved configurations: ``train.steps: 1000, now 2000``.

    Args:
        a: what ``resolved_values`` gave, before.
        b: what it gives now.
        ignoring: dotted keys to leave out, with everything under them.
    """
    before, now = dict(_leaves(in_words_of_today(a))), dict(_leaves(b))
    found = []
    for key in dict.fromkeys([*before, *now]):
        left, right = before.get(key, "(absent)"), now.get(key, "(absent)")
        if left == right or {left, right} == {"(absent)", "null"}:  # never set, in a version or both
            continue
        if not any(key == known or key.startswith(f"{known}.") for known in ignoring):
            found.append(f"{key}: {left}, now {right}")
    return found


def _leaves(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Dotted keys and texts of all that is no mapping, nor a list of some."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, Mapping):
        inner = list(value.items())
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        inner = list(enumerate(value))
    for key, item in inner:
        yield from _leaves(item, f"{prefix}.{key}" if prefix else str(key))
    if not inner:
        yield prefix, flow(value)
