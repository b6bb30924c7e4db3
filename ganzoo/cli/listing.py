"""What is installed: ``list``, ``info``, ``plugins``, ``schema``."""

from __future__ import annotations

import dataclasses
import inspect
import json
import sys
from typing import Any

from ganzoo import index
from ganzoo.errors import UserError, did_you_mean
from ganzoo.hookspecs import KINDS
from ganzoo.recipes import recipes_of
from ganzoo.registry import Component, Registry
from ganzoo.ui.tables import print_json, print_table


def list_components(kind: str | None, as_json: bool) -> None:
    """Print kind, name and provenance of each component; imports none of them."""
    check_kind(kind)
    registry = Registry.installed()
    chosen = [c for k in KINDS if kind in (None, k) for c in registry.of_kind(k)]
    broken = [p for p in registry.plugins if p.broken]
    if as_json:
        rows = [{"kind": c.kind, "name": c.name, "distribution": c.distribution, "version": c.version} for c in chosen]
        print_json({"components": rows, "broken": [{"distribution": p.distribution, "reason": p.broken} for p in broken]})
        return
    print_table(["kind", "name", "from"], [(c.kind, c.name, f"{c.distribution} {c.version}") for c in chosen])
    for plugin in broken:
        print(f"ganzoo: warning: {plugin.distribution} {plugin.version} is not loaded: {plugin.broken}", file=sys.stderr)


def check_kind(kind: str | None) -> None:
    """Refuse an unknown kind.

    Raises:
        UserError: naming the kinds there are.
    """
    if kind is not None and kind not in KINDS:
        raise UserError(f"'{kind}' is no kind of component", did_you_mean(kind, KINDS, noun="kinds"), key="--kind")


def list_plugins(as_json: bool) -> None:
    """Print each plugin, what it gives, the recipes that it ships, and the reason where it cannot be used."""
    found = Registry.installed().plugins
    recipes = {p: recipes_of(p) for p in found}
    if as_json:
        print_json([{**dataclasses.asdict(p), "recipes": {r.qualified: r.about for r in recipes[p]}} for p in found])
        return
    rows = [(p.distribution, p.version, f"BROKEN: {p.broken}" if p.broken else ", ".join(p.gives)) for p in found]
    print_table(["distribution", "version", "gives"], rows)
    if shipped := [(recipe.qualified, recipe.about) for plugin in found for recipe in recipes[plugin]]:
        print()
        print_table(["recipe", "about"], shipped)


def show_component(name: str, as_json: bool) -> None:
    """Print every component called ``name``: summary, paper, parameters."""
    registry = Registry.installed()
    found = [c for c in registry.components if name in (c.name, c.qualified) or index.current_name(c.kind, name) == c.qualified]
    if not found:
        raise registry.missing("", name) or UserError(
            f"nothing called '{name}' is installed", did_you_mean(name, {c.name for c in registry.components}, noun="installed")
        )
    described = [describe(component) for component in found]
    if as_json:
        print_json(described)
        return
    for component in described:
        print(f"{component['kind']} {component['name']}  ({component['distribution']} {component['version']})")
        print("  " + "\n  ".join(component["text"].splitlines()))
        if component["paper"]:
            print(f"\n  {'Source' if component['kind'] == 'dataset' else 'Paper'}: {component['paper']}")
        if component["parameters"]:
            print()
            rows = [(p["name"], p["type"], p["default"], p["meaning"]) for p in component["parameters"]]
            print_table(["parameter", "type", "default", "meaning"], rows, indent="  ")
        print()


def describe(component: Component) -> dict[str, Any]:
    """A component as plain values; its class is imported."""
    from ganzoo.params import REQUIRED, parameters_of

    cls = component.load()
    text = inspect.cleandoc(cls.__doc__ or "").partition("\nArgs:")[0].strip()
    return {
        "kind": component.kind,
        "name": component.name,
        "distribution": component.distribution,
        "version": component.version,
        "text": text,
        "paper": getattr(cls, "paper", "") or getattr(cls, "source", ""),
        "parameters": [
            {
                "name": p.name,
                "type": p.type_text,
                "default": "required" if p.default is REQUIRED else json.dumps(p.default),
                "meaning": p.meaning,
            }
            for p in parameters_of(cls)
        ],
    }


def print_schema() -> None:
    """Print the JSON schema of every configuration that the installed components allow."""
    from ganzoo.config.schema import json_schema

    print_json(json_schema(Registry.installed()))
