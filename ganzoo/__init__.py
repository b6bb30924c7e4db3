"""ganzoo: a GAN zoo made of plugins.

A batch is named tensors. A generator makes fields of it, a critic judges it, a loss sees one player's turn. Names load
when first used, so importing ganzoo (and listing what is installed) imports no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .hookspecs import API_VERSION, hookimpl

if TYPE_CHECKING:
    from .api import TrainedRun, load, train
    from .curves import Scheduled
    from .data.dataset import Cache, Dataset
    from .errors import ContractError, GanzooError, UserError, did_you_mean
    from .fields import DataSpec, Fields, Scores, Terms
    from .metrics.metric import Metric
    from .metrics.subject import Subject
    from .params import Fraction, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
    from .players import Critic, Generator, Player, Port, route
    from .rules import Loss, Plan, Schedule
    from .turn import Turn
    from .wrapping import wrap

_HOME = {
    "Cache": "data.dataset",
    "ContractError": "errors",
    "Critic": "players",
    "DataSpec": "fields",
    "Dataset": "data.dataset",
    "Fields": "fields",
    "Fraction": "params",
    "GanzooError": "errors",
    "Generator": "players",
    "Loss": "rules",
    "Metric": "metrics.metric",
    "NonNegativeFloat": "params",
    "NonNegativeInt": "params",
    "Plan": "rules",
    "Player": "players",
    "Port": "players",
    "PositiveFloat": "params",
    "PositiveInt": "params",
    "Schedule": "rules",
    "Scheduled": "curves",
    "Subject": "metrics.subject",
    "Scores": "fields",
    "Terms": "fields",
    "TrainedRun": "api",
    "Turn": "turn",
    "UserError": "errors",
    "did_you_mean": "errors",
    "load": "api",
    "train": "api",
    "wrap": "wrapping",
    "route": "players",
}

__all__ = [
    "API_VERSION",
    "Cache",
    "ContractError",
    "Critic",
    "DataSpec",
    "Dataset",
    "Fields",
    "Fraction",
    "GanzooError",
    "Generator",
    "Loss",
    "Metric",
    "NonNegativeFloat",
    "NonNegativeInt",
    "Plan",
    "Player",
    "Port",
    "PositiveFloat",
    "PositiveInt",
    "Schedule",
    "Scheduled",
    "Scores",
    "Subject",
    "Terms",
    "TrainedRun",
    "Turn",
    "UserError",
    "did_you_mean",
    "hookimpl",
    "load",
    "route",
    "train",
    "wrap",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module 'ganzoo' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
