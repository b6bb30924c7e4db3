"""Changes of a run's configuration from the recipe it came from."""

from __future__ import annotations

import argparse
import copy
import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ganzoo.config.overrides import DEFAULT_NAMES, Override, apply, parse_override
from ganzoo.config.yaml_writer import flow
from ganzoo.errors import UserError

COMPONENT_KEYS = ("data", "generator", "critic", "loss", "schedule", "metrics", "observers")
"""Keys whose value is a component, or a list of them: each a name, or a mapping with a name."""


ABSENT = "(not there)"
"""Stands for the value of a key that a configuration does not have."""
DEFAULT = "(default)"
"""Stands for what a recipe leaves to the default."""


@dataclass(frozen=True)
class Change:
    """One key, its value in the recipe and its value in the run."""

    key: str
    recipe: str
    run: str


def changes_from_recipe(recipe: dict[str, Any], config: dict[str, Any], commands: Iterable[str] = ()) -> list[Change]:
    """Keys that the run has otherwise than the recipe, and those that its commands set beside the recipe's.

    Args:
        recipe: the configuration as it was written; what it leaves to defaults is not a change.
        config: the configuration of the run, resolved.
        commands: what started the run, for their overrides.
    """
    ours, theirs = dict(_flat(_spelled_out(recipe))), dict(_flat(_spelled_out(config)))
    found = {key: theirs.get(key, theirs.get(f"{key}.name", ABSENT)) for key in ours}  # a name alone stands for a wrapped component
    changed = [Change(key, _text(value), _text(found[key])) for key, value in ours.items() if found[key] != value]
    tree = copy.deepcopy(recipe)
    for override in (override for command in commands for override in _overrides(command)):
        with suppress(UserError):
            apply(tree, override)
    asked = dict(_flat(_spelled_out(tree))).keys() - ours.keys()
    implied = {f"{'.'.join(map(str, path))}.name": name for path, name in DEFAULT_NAMES.items()}  # what an override below it says, too
    return changed + [Change(key, DEFAULT, _text(value)) for key, value in theirs.items() if key in asked and implied.get(key) != value]


def _overrides(command: str) -> Iterator[Override]:
    """The overrides of a command, in each way of writing them; those that cannot be read are left out."""
    options = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    options.add_argument("-o", "--override", action="append", default=[])
    with suppress(ValueError, argparse.ArgumentError):
        for text in options.parse_known_args(shlex.split(command))[0].override:
            with suppress(UserError):
                yield parse_override(text)


def changed_keys(configs: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """Keys whose values are not the same in all of several resolved configurations, with the value in each."""
    known = [dict(_flat(_spelled_out(config))) for config in configs]
    keys = dict.fromkeys(key for flat_config in known for key in flat_config)
    sections = list(dict.fromkeys(key.partition(".")[0] for key in keys))
    keys = dict.fromkeys(sorted(keys, key=lambda key: (sections.index(key.partition(".")[0]), key.rpartition(".")[0])))  # parts together
    return {
        key: [_text(flat_config.get(key, ABSENT)) for flat_config in known]
        for key in keys
        if any(flat_config.get(key, ABSENT) != known[0].get(key, ABSENT) for flat_config in known)
    }


def component_names(config: dict[str, Any], key: str) -> list[str]:
    """The names of the components at ``key``, without their distribution: ``["objective", "penalty"]``."""
    value = _spelled_out({key: config.get(key)})[key]
    parts = value if isinstance(value, list) else [value]
    return [str(part["name"]) for part in parts if isinstance(part, dict) and "name" in part]


def flat(value: Any, prefix: str = "") -> list[tuple[str, str]]:
    """Nested values as dotted keys with short texts."""
    return [(key, _text(item)) for key, item in _flat(value, prefix)]


def _spelled_out(config: dict[str, Any]) -> dict[str, Any]:
    """With every component as ``{name: ...}``, its name bare: a resolved name carries its distribution."""
    spelled = {key: _component(value, key) if key in COMPONENT_KEYS else value for key, value in config.items()}
    if isinstance(optimizers := config.get("optimizer"), dict):
        spelled["optimizer"] = {player: _component(value, player) for player, value in optimizers.items()}
    return spelled


def _component(value: Any, key: str) -> Any:
    if isinstance(value, list):
        return [_component(item, "") for item in value]
    if key == "loss":  # one term stands for a list of one
        return [_component(value, "")]
    if isinstance(value, str):
        value = {"name": value}
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        nested = {key: _component(item, "") for key, item in value.items() if isinstance(item, dict)}  # a wrapped component
        return value | nested | {"name": value["name"].rpartition("/")[2]}
    return value


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _flat(item, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for i, item in enumerate(value):
            yield from _flat(item, f"{prefix}.{i}")
    else:
        yield prefix, value


def _text(value: Any) -> str:
    try:
        return value if isinstance(value, str) else flow(value)
    except UserError:  # a list holds a string that YAML refuses
        return repr(value)
