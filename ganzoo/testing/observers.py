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
    for name, method in inspect.getmembers(type(built), inspect.isfunction):
        marked = hasattr(method, "ganzoo_impl")
        if marked and name not in LIFECYCLE:
            raise ContractError(f"'{name}' is no hook", did_you_mean(name, LIFECYCLE, noun="hooks"))
        if name in LIFECYCLE and not marked:
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
