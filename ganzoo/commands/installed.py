"""``ganzoo list``, ``info`` and ``plugins``: what is installed."""

from __future__ import annotations

import dataclasses
import inspect
import json
import sys
from contextlib import redirect_stdout
from importlib.metadata import distributions
from typing import Annotated, Any

import typer

from ganzoo.errors import UserError, did_you_mean
from ganzoo.hookspecs import GIVEN
from ganzoo.plugins import index
from ganzoo.plugins.recipes import recipes_of
from ganzoo.registry import CORE, Component, Registry
from ganzoo.ui.tables import print_json, print_table

from . import offers
from .options import Json

GROUP = "What is installed"


def list_(
    kind: Annotated[str | None, typer.Option(metavar="KIND", autocompletion=offers.kinds, help=f"One of: {', '.join(GIVEN)}.")] = None,
    paper: Annotated[bool, typer.Option("--paper", help="Show each component's paper or source, too, which imports it.")] = False,
    as_json: Json = False,
) -> None:
    """List the installed components and commands, and where each comes from.

    Example: ganzoo list --kind loss --paper
    """
    check_kind(kind)
    registry = Registry.installed()
    chosen = [c for k in GIVEN if kind in (None, k) for c in registry.of_kind(k)]
    broken = [(p.distribution, p.version, p.broken) for p in registry.plugins if p.broken]
    broken += [(c.distribution, c.version, fault) for c in registry.commands if c.distribution != CORE and (fault := _fault(c))]
    if as_json:
        components = [_origin(c) | ({"paper": _fault(c) or paper_of(c.load())} if paper else {}) for c in chosen]
        print_json({"components": components, "broken": [{"distribution": owner, "reason": why} for owner, _, why in broken]})
        return
    rows = [(c.kind, c.name, f"{c.distribution} {c.version}", *([_fault(c) or paper_of(c.load())] if paper else [])) for c in chosen]
    print_table(["kind", "name", "from", *(["paper or source"] if paper else [])], rows)
    for distribution, version, why in broken:
        print(f"ganzoo: warning: {distribution} {version} is not loaded: {why}", file=sys.stderr)


def _fault(command: Component) -> str:
    """Why a command cannot be imported; "" where it can."""
    try:
        with redirect_stdout(sys.stderr):
            command.load()
    except UserError as error:
        return error.what
    return ""


def check_kind(kind: str | None) -> None:
    """Refuse an unknown kind.

    Raises:
        UserError: naming the kinds there are.
    """
    if kind is not None and kind not in GIVEN:
        raise UserError(f"'{kind}' is not a kind of component", did_you_mean(kind, GIVEN, noun="kinds"), key="--kind")


def plugins(as_json: Json = False) -> None:
    """List the plugins and their recipes, and why some are broken.

    Example: ganzoo plugins
    """
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


def info(
    name: Annotated[str, typer.Argument(metavar="NAME", autocompletion=offers.components, help="A component, or distribution/component.")],
    as_json: Json = False,
) -> None:
    """Show the parameters of a component, their meaning, the paper, and where its distribution departs from the paper.

    Example: ganzoo info alternate
    """
    registry = Registry.installed()
    found = [c for c in registry.components if name in (c.name, c.qualified) or index.current_name(c.kind, name) == c.qualified]
    if not found and name in registry.command_words():
        raise UserError(f"'{name}' is a command, no component", f"see 'ganzoo {name} --help'")
    if not found:
        remedy = did_you_mean(name, {c.name for c in registry.components}, noun="installed")
        raise registry.missing("", name) or UserError(f"nothing called '{name}' is installed", remedy)
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
    for distribution, departures in {c["distribution"]: c["departures"] for c in described if c["departures"]}.items():
        print(f"Departures of {distribution}\n  " + "\n  ".join(departures.splitlines()))


def describe(component: Component) -> dict[str, Any]:
    """A component as plain values; its class is imported."""
    from ganzoo.params import REQUIRED, parameters_of

    cls = component.load()
    text = inspect.cleandoc(cls.__doc__ or "").partition("\nArgs:")[0].strip()
    defaults = {p.name: "required" if p.default is REQUIRED else json.dumps(p.default) for p in parameters_of(cls)}
    parameters = [{"name": p.name, "type": p.type_text, "default": defaults[p.name], "meaning": p.meaning} for p in parameters_of(cls)]
    readme = next((str(found.metadata.json.get("description")) for found in distributions(name=component.distribution)), "")
    departures = readme.partition("\n## Departures\n")[2].partition("\n## ")[0].strip()
    return {**_origin(component), "text": text, "paper": paper_of(cls), "parameters": parameters, "departures": departures}


def paper_of(cls: type) -> str:
    """Authors, year and identifier of what a component is after."""
    return str(getattr(cls, "paper", "") or getattr(cls, "source", ""))


def _origin(component: Component) -> dict[str, str]:
    return {"kind": component.kind, "name": component.name, "distribution": component.distribution, "version": component.version}
