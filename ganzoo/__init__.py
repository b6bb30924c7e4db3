"""ganzoo: a GAN zoo made of plugins.

A batch is named tensors. A generator makes fields of it, a critic judges it, a loss sees one player's turn. Names load
when first used, so importing ganzoo (and listing what is installed) imports no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .hookspecs import API_VERSION, hookimpl

if TYPE_CHECKING:
    from .config.parts import AnyCritic, AnyGenerator
    from .data.dataset import Cache, Dataset
    from .errors import ContractError, GanzooError, UserError, did_you_mean
    from .fields import DataSpec, Fields, Scores, Terms
    from .metrics.metric import Metric, SharedMetric
    from .metrics.subject import Subject
    from .params import Fraction, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
    from .params.curves import Scheduled
    from .players import Critic, Generator, Player, Port, route
    from .plugins.wrapping import wrap
    from .rules import Loss, Plan, Schedule
    from .runs.api import TrainedRun, load, train
    from .turn import Turn

_HOMES = {
    "config.parts": "AnyCritic AnyGenerator",
    "data.dataset": "Cache Dataset",
    "errors": "ContractError GanzooError UserError did_you_mean",
    "fields": "DataSpec Fields Scores Terms",
    "metrics.metric": "Metric SharedMetric",
    "metrics.subject": "Subject",
    "params": "Fraction NonNegativeFloat NonNegativeInt PositiveFloat PositiveInt",
    "params.curves": "Scheduled",
    "players": "Critic Generator Player Port route",
    "plugins.wrapping": "wrap",
    "rules": "Loss Plan Schedule",
    "runs.api": "TrainedRun load train",
    "turn": "Turn",
}
"""Where each public name is defined."""

__all__ = ["API_VERSION", "hookimpl"]
__all__ += ["AnyCritic", "AnyGenerator", "Critic", "Generator", "Loss", "Plan", "Player", "Port", "Schedule", "Turn", "route", "wrap"]
__all__ += ["Cache", "DataSpec", "Dataset", "Fields", "Metric", "Scores", "SharedMetric", "Subject", "Terms"]
__all__ += ["Fraction", "NonNegativeFloat", "NonNegativeInt", "PositiveFloat", "PositiveInt", "Scheduled"]
__all__ += ["ContractError", "GanzooError", "TrainedRun", "UserError", "did_you_mean", "load", "train"]


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names.split():
            return getattr(importlib.import_module(f".{home}", __name__), name)
    raise AttributeError(f"module 'ganzoo' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
