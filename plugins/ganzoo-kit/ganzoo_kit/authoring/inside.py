"""The part of a check that runs in the clean environment: ``python -m ganzoo_kit.authoring.inside DISTRIBUTION STARTED DESCRIPTOR``.

It examines an installed distribution and writes its findings, a line of JSON each, to the file descriptor: the plugin may
print what it likes. STARTED is when the whole examination began, by the clock that processes share.
"""

from __future__ import annotations

import json
import os
import re
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ganzoo.plugins.recipes import recipes_of
from ganzoo.registry import Registry

from .finding import Finding
from .names import normalised

SECONDS = 50.0
"""How long an examination takes at most, unless the checks alone take longer."""
LEAST = 8.0
"""Seconds that combinations get then."""


def examine(distribution: str, started: float) -> Iterator[Finding | int]:
    """All findings of an examination that began at ``started`` (``time.monotonic`` seconds); before the checks, how many these are."""
    registry = Registry.installed()
    plugins = [plugin for plugin in registry.plugins if normalised(plugin.distribution) == normalised(distribution)]
    if not plugins:
        yield Finding("plugin", "loads", "failed", f"no entry point of {distribution} is found once it is installed; repair its metadata")
        return
    broken = [plugin for plugin in plugins if plugin.broken]
    for plugin in broken:
        yield Finding("plugin", "loads", "failed", f"{plugin.module}: {plugin.broken}{remedy_for(plugin.broken)}")
    if broken:
        return
    yield Finding("plugin", "loads", "ok")
    if not any(plugin.gives or recipes_of(plugin) for plugin in plugins):
        what = f"{plugins[0].module} gives no component, and no recipe comes with it"
        yield Finding("plugin", "gives", "failed", f"{what}; write a hook there, such as ganzoo_losses, and put @hookimpl over it")
        return
    yield _clash(registry, plugins[0].distribution)
    yield from _try_all(registry, plugins[0].distribution, started)


def remedy_for(broken: str) -> str:
    """What to do where an entry point ends with an exception of Python's own; ganzoo's own say it themselves."""
    if re.match(r"(SyntaxError|IndentationError|TabError)\b", broken):
        return "; repair it there: Python cannot read that file"
    raised = re.match(r"(ImportError|ModuleNotFoundError|SystemExit)\b", broken)
    return "; import only ganzoo in this module, and the rest in those of the classes" if raised else ""


def _clash(registry: Registry, distribution: str) -> Finding:
    """Names that another distribution gives too: nothing is overridden, but configurations must then say whose they mean."""
    own = [c for c in registry.components if c.distribution == distribution]
    for component in own:
        others = [c for c in registry.of_kind(component.kind) if c.name == component.name and c.distribution != distribution]
        if others:
            what = f"{others[0].distribution} gives a {component.kind} named '{component.name}' too"
            remedy = f"rename it, or every configuration must say '{component.qualified}'"
            return Finding(f"{component.kind} {component.name}", "name", "failed", f"{what}; {remedy}")
    return Finding("plugin", "names", "ok")


def _try_all(registry: Registry, distribution: str, started: float) -> Iterator[Finding | int]:
    """The conformance kit, the recipes, and what the components fit. Torch comes in here."""
    from ganzoo_kit.testing import distribution_cases

    from .combinations import Combinations

    with tempfile.TemporaryDirectory() as folder:
        cases = distribution_cases(distribution)
        yield len(cases)
        trained = False
        for case in cases:
            outcome = case.run()
            trained = trained or (outcome.component.startswith("recipe ") and outcome.status == "ok")
            yield Finding(outcome.component, outcome.check, outcome.status, as_in_the_wheel(outcome.reason))
        found = []
        until = max(started + SECONDS, time.monotonic() + LEAST)
        for finding in Combinations(registry, distribution, Path(folder), until).findings():
            found.append(finding)
            yield finding
        if found and not trained and all(finding.status == "misfit" for finding in found):
            what = f"none of {len(found)} combinations with what is installed fits, and no recipe trains: {found[0].reason}"
            remedy = "ship a recipe in which the component trains, with the data that it needs (recipes/*.yaml in the package)"
            yield Finding("plugin", "combinations", "failed", f"{what}; {remedy}")


def as_in_the_wheel(text: str) -> str:
    """``text`` with paths of this environment as the plugin's author knows them: ``ganzoo_tower/recipes/ring.yaml``."""
    return text.replace(f"{sysconfig.get_path('purelib')}{os.sep}", "")


def main() -> None:
    """Write the findings to the descriptor that the command line names."""
    distribution, started, descriptor = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    with os.fdopen(descriptor, "w", encoding="utf-8") as results:
        for found in examine(distribution, started):
            results.write(json.dumps(found) + "\n" if isinstance(found, int) else found.to_line())
            results.flush()


if __name__ == "__main__":
    main()
