"""Recorded configurations: those of earlier versions in today's words, and what differs in them from one as it is now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ganzoo.errors import UserError
from ganzoo.plugins.index import current_name

from .settings import TrainConfig
from .yaml_writer import flow

if TYPE_CHECKING:
    from .resolved import Resolved

REMOVED: Mapping[tuple[str, str], str] = {
    ("train", "shard_size"): "leave it out; of data in tar shards each process reads its own: data: {name: webdataset, shards: ...}",
}
"""Keys that have gone -> what to do instead. Where one is null, it never did anything."""
SCHEDULE, DECAY = "ganzoo-core/alternate", "decay_from"
"""A schedule, and its parameter that has gone; 1 meant never."""
_KINDS = {"data": "dataset", "metrics": "metric", "optimizer": "optimizer"}


def drop_unset(tree: dict[str, Any]) -> None:
    """Take keys out of ``tree`` that have gone and are null: the first version wrote every key into a run's config.yaml."""
    for section, key in REMOVED:
        if isinstance(inner := tree.get(section), dict) and key in inner and inner[key] is None:
            del inner[key]


def without_decay(component: str, params: Mapping[str, Any], version: str = "") -> Mapping[str, Any]:
    """The parameters of ``component`` (its qualified name) without a decay that did nothing; ``version`` is ganzoo-core's, where recorded.

    Raises:
        UserError: where the decay did something.
    """
    start = params.get(DECAY)
    if component != SCHEDULE or isinstance(start, bool) or not isinstance(start, int | float):
        return params
    if start < 1:
        curve = f"{{lr: {{from: LR, to: 0, start: {start:g}}}}}"
        used = f"ganzoo-core {version} that it names" if version else "version of ganzoo-core that its config.yaml names"
        begun = f"to resume a run that was begun with it, use the {used}, as it was before curves"
        remedy = f"write it so in optimizer.generator and optimizer.critic: {curve}; {begun}"
        raise UserError("learning rates fall along curves of the optimizers now", remedy, key=DECAY)
    return {name: value for name, value in params.items() if name != DECAY}


def in_words_of_today(recorded: Mapping[str, Any]) -> dict[str, Any]:
    """A recorded configuration with its components called as they are today, and without a decay that did nothing."""

    def renamed(kind: str, value: Any) -> Any:
        if isinstance(value, list):
            return [renamed(kind, item) for item in value]
        if not isinstance(value, Mapping):
            return value
        if not isinstance(name := value.get("name"), str):  # the players' optimizers
            return {key: renamed(kind, item) for key, item in value.items()} if kind == "optimizer" else value
        if kind == "optimizer" and "/" not in name:  # the first version knew the core's alone
            name = f"ganzoo-core/{name}"
        return {**value, "name": current_name(kind, name)}

    values = {key: renamed(_KINDS[key], value) if key in _KINDS else value for key, value in recorded.items()}
    if isinstance(schedule := values.get("schedule"), Mapping) and schedule.get("name") == SCHEDULE and schedule.get(DECAY) == 1:
        values["schedule"] = {key: value for key, value in schedule.items() if key != DECAY}
    return values


def with_defaults_of_today(recorded: Mapping[str, Any], resolved: Resolved) -> dict[str, Any]:
    """A recorded configuration with the parameters that its components and its training have gained since, at their defaults.

    Raises:
        UserError: where it asks for what has gone, naming the version that the run was begun with.
    """

    def completed(was: Any, now: Any) -> Any:
        if isinstance(was, list) and isinstance(now, list):
            return [completed(*pair) for pair in zip(was, now, strict=False)] + was[len(now) :]
        if isinstance(was, Mapping) and isinstance(now, Mapping):
            return {key: completed(value, now.get(key)) for key, value in was.items()}
        if not isinstance(was, Mapping) or not hasattr(now, "component") or was.get("name") != now.component.qualified:
            return was
        return now.defaults | {name: completed(value, now.params.get(name)) for name, value in was.items()}

    schedule, versions = recorded.get("schedule"), recorded.get("versions")
    try:
        if isinstance(schedule, Mapping):
            version = versions.get("ganzoo-core", "") if isinstance(versions, Mapping) else ""
            without_decay(str(schedule.get("name")), schedule, str(version))
    except UserError as error:
        raise UserError(f"the run was begun with it, and {error.what}", error.remedy, key=f"schedule.{error.key}") from None
    parts = {**vars(resolved), "loss": resolved.losses, "optimizer": resolved.optimizers, "defaults": None}
    now = {key: completed(value, parts.get(key)) for key, value in in_words_of_today(recorded).items()}
    return now | {"train": {**TrainConfig().model_dump(mode="json"), **now["train"]}} if "train" in now else now


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
