"""Entry-point modules of plugins, checked against the hook specifications."""

from __future__ import annotations

import functools
import importlib.metadata
from collections.abc import Mapping
from typing import Any, TypeAlias

import pluggy

from ganzoo import hookspecs
from ganzoo.errors import UserError, did_you_mean

Given: TypeAlias = tuple[str, str, str | type, bool]
"""Kind, name, target, and whether it is an observer that every run tells."""


def origin_of(entry_point: importlib.metadata.EntryPoint) -> tuple[str, str]:
    """The name and the version of an entry point's distribution."""
    return _name_and_version(entry_point.dist) if entry_point.dist else ("(unknown)", "")


@functools.cache
def _name_and_version(distribution: importlib.metadata.Distribution) -> tuple[str, str]:
    """Its own properties read all of its metadata each time they are asked for."""
    metadata = distribution.metadata
    return metadata["Name"], metadata["Version"]


@functools.cache  # as long as Python keeps the module
def given_by(module: Any, entry_point: importlib.metadata.EntryPoint) -> list[Given]:
    """Check the module of an entry point against the hook specifications, and return what it gives.

    Raises:
        UserError: where it was written for another API, or a hook of it is misspelt, not marked, or gives something else.
    """
    _check_api(module, entry_point)
    manager = pluggy.PluginManager("ganzoo")  # one each, so that nothing leaks from plugin to plugin
    manager.add_hookspecs(hookspecs)
    manager.register(module, name=entry_point.name)
    _check_hooks(manager, module)
    found: list[Given] = []
    for kind, hook in [*((kind, hookspecs.hook_of(kind)) for kind in hookspecs.GIVEN), ("observer", hookspecs.DEFAULT_OBSERVERS)]:
        for given in getattr(manager.hook, hook)():
            wrong = "" if isinstance(given, Mapping) else f"a {type(given).__name__}"
            for name, target in given.items() if not wrong else ():
                if not isinstance(name, str) or not (isinstance(target, type) or (isinstance(target, str) and ":" in target)):
                    wrong = f"{name!r}: {target!r}"
                    break
                found.append((kind, name, target, hook == hookspecs.DEFAULT_OBSERVERS))
            if wrong:
                what = f"{hook} must return {{name: class or 'module:Class'}}, it gives {wrong}"
                raise UserError(what, "return a mapping of names to 'module:Class'")
    return found


def _check_api(module: Any, entry_point: importlib.metadata.EntryPoint) -> None:
    version, newest, oldest = getattr(module, "GANZOO_API", None), hookspecs.API_VERSION, hookspecs.OLDEST_API
    if type(version) is not int:
        raise UserError(f"{entry_point.value} does not set GANZOO_API", f"set GANZOO_API = {newest}")
    if version > newest:
        remedy = f"upgrade ganzoo-core (its author: or set GANZOO_API = {newest})"
        raise UserError(f"it needs API {version}, this ganzoo-core gives {newest}", remedy)
    if version < oldest:
        remedy = f"upgrade {origin_of(entry_point)[0]} (its author: move it to GANZOO_API = {newest})"
        raise UserError(f"it was written for API {version}, this ganzoo-core starts at {oldest}", remedy)


def _check_hooks(manager: pluggy.PluginManager, module: Any) -> None:
    """A hook that is misspelt or not marked is an error, not silence."""
    known = [name for name in vars(hookspecs) if hasattr(getattr(hookspecs, name), "ganzoo_spec")]
    for name, value in vars(module).items():
        if hasattr(value, "ganzoo_impl") and name not in known:
            raise UserError(f"'{name}' is not a hook", did_you_mean(name, known, noun="hooks"))
        if name in known and name.startswith("ganzoo_") and not hasattr(value, "ganzoo_impl"):
            raise UserError(f"the hook '{name}' is not marked, so nothing calls it", "put @hookimpl over it (from ganzoo import hookimpl)")
    manager.check_pending()
