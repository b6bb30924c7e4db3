"""The configuration: strict YAML and overrides in, a validated ``RunConfig`` and its components out."""

from __future__ import annotations

from . import strict_yaml
from .earlier import differences, with_defaults_of_today
from .loading import load_config, parse_config, resolve_alone
from .parts import Part
from .resolution import resolve, resolve_part, resolved_values
from .resolved import Resolved, ResolvedPart
from .settings import AverageConfig, CheckpointConfig, LogConfig, OptimizerConfig, RunConfig, SampleConfig, TrainConfig

__all__ = ["AverageConfig", "CheckpointConfig", "LogConfig", "OptimizerConfig", "Part"]
__all__ += ["Resolved", "ResolvedPart", "RunConfig", "SampleConfig", "TrainConfig"]
__all__ += ["differences", "load_config", "parse_config", "resolve", "resolve_alone"]
__all__ += ["resolve_part", "resolved_values", "strict_yaml", "with_defaults_of_today"]
