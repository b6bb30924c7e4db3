"""What differs between two resolved configurations: the one that a run recorded, and the one that it is to go on with."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ganzoo.plugins import index

from .retired import DECAY
from .yaml_writer import flow

MOVED_KINDS = {"data": "dataset", "metrics": "metric"}
"""Keys of a configuration whose components may have moved to another distribution since it was recorded."""


ADDED = {"data.split": "auto"}
"""Keys that components have gained since runs were recorded, with what leaves those as they were: other data shows in its fingerprint."""


def differences(a: Mapping[str, Any], b: Mapping[str, Any], *, ignoring: Collection[str] = ("versions",)) -> list[str]:
    """What differs between two resolved configurations: ``train.steps: 1000, now 2000``.

    Args:
        a: what ``resolved_values`` gave, before.
        b: what it gives now.
        ignoring: dotted keys to leave out, with everything under them.
    """
    before, now = dict(_leaves(_with_current_names(a))), dict(_leaves(b))
    found = []
    if before.get("schedule.name") == DECAY[0] and before.get(f"schedule.{DECAY[1]}") == flow(1.0):
        del before[f"schedule.{DECAY[1]}"]  # it meant never
    for key in {"optimizer.generator.name", "optimizer.critic.name"} & before.keys():  # earlier runs name the core's alone
        before[key] = before[key] if "/" in before[key] else f"ganzoo-core/{before[key]}"
    for key in [*before, *(key for key in now if key not in before)]:
        left, right = before.get(key, "(absent)"), now.get(key, "(absent)")
        if {left, right} == {"(absent)", "null"} or (left == "(absent)" and right == ADDED.get(key)):  # never set, in a version or both
            continue
        if left != right and not any(key == known or key.startswith(f"{known}.") for known in ignoring):
            found.append(f"{key}: {left}, now {right}")
    return found


def _with_current_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """A recorded configuration with its components called as they are today."""

    def part(kind: str, value: Any) -> Any:
        if isinstance(value, list):
            return [part(kind, item) for item in value]
        named = isinstance(value, Mapping) and isinstance(value.get("name"), str)
        return {**value, "name": index.current_name(kind, value["name"])} if named else value

    return {key: part(MOVED_KINDS[key], value) if key in MOVED_KINDS else value for key, value in values.items()}


def _leaves(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    inner: Sequence[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        inner = list(value.items())
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        inner = list(enumerate(value))
    for key, item in inner:
        yield from _leaves(item, f"{prefix}.{key}" if prefix else str(key))
    if not inner:
        yield prefix, flow(value)
