"""Checks of observers: every hook that they implement exists."""

from __future__ import annotations

import pluggy

from ganzoo import hookspecs
from ganzoo.errors import ContractError

from .kit import check
from .subject import Subject


@check("observer")
def hooks(subject: Subject) -> None:
    """It implements hooks of the run's life, under their names and with arguments that they have."""
    manager = pluggy.PluginManager("ganzoo")
    manager.add_hookspecs(hookspecs)
    try:
        observer = manager.register(subject.build())
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise ContractError(f"a hook does not fit: {' '.join(str(error).split())}", "see ganzoo.hookspecs") from error
    if not manager.get_hookcallers(manager.get_plugin(str(observer))):
        raise ContractError("it implements no hook", "mark its methods @ganzoo.hookimpl")
