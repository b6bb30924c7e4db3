"""Checks of observers: every hook that they implement exists."""

from __future__ import annotations

import inspect

import pluggy

from ganzoo import hookspecs
from ganzoo.errors import ContractError, did_you_mean

from .kit import check
from .subject import Subject

LIFECYCLE = [name for name, value in vars(hookspecs).items() if hasattr(value, "ganzoo_spec") and not name.startswith("ganzoo_")]
"""The hooks that are called while a run lives."""


@check("observer")
def hooks(subject: Subject) -> None:
    """It implements hooks of the run's life, under their names and with arguments that they have."""
    built = subject.build()
    methods = inspect.getmembers(type(built), inspect.isfunction)
    marked = {name: method.ganzoo_impl.get("specname") or name for name, method in methods if hasattr(method, "ganzoo_impl")}
    for hook in marked.values():
        if hook not in LIFECYCLE:
            raise ContractError(f"'{hook}' is no hook", did_you_mean(hook, LIFECYCLE, noun="hooks"))
    for name, _ in methods:
        if name in LIFECYCLE and name not in marked and name not in marked.values():
            raise ContractError(f"the hook '{name}' is not marked, so nothing calls it", "put @ganzoo.hookimpl over it")
    manager = pluggy.PluginManager("ganzoo")
    manager.add_hookspecs(hookspecs)
    try:
        observer = manager.register(built)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise ContractError(f"a hook does not fit: {' '.join(str(error).split())}", "see ganzoo.hookspecs") from error
    if not manager.get_hookcallers(manager.get_plugin(str(observer))):
        raise ContractError("it implements no hook", "mark its methods @ganzoo.hookimpl")
