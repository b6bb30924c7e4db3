"""The hooks of plugins: those that give components and commands, and those that observe a run.

A plugin is a distribution with an entry point in the group ``ganzoo`` that names a module. The module sets
``GANZOO_API`` to the ``API_VERSION`` it was written for and implements any of these hooks, marked ``@ganzoo.hookimpl``.
A hook that gives components returns ``{name: "module:Class"}``; the string is imported when a run needs it, so that
the module itself imports no torch. A class in place of the string works too.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pluggy

API_VERSION = 1
"""Version of these hooks and of all public names of ``ganzoo`` and ``ganzoo.testing``; raised when one of them changes."""
OLDEST_API = 1
"""The oldest version still served; raised when a plugin that was written for an older one would have to change."""

hookspec = pluggy.HookspecMarker("ganzoo")
hookimpl = pluggy.HookimplMarker("ganzoo")

KINDS = ("generator", "critic", "loss", "schedule", "dataset", "metric", "observer", "optimizer")
"""The kinds of component, in the order they are listed. The hook of a kind is ``ganzoo_<plural>``."""
GIVEN = (*KINDS, "command")
"""All that a plugin may give: components, and commands."""

DEFAULT_OBSERVERS = "ganzoo_default_observers"
"""The hook that gives observers which every run tells."""


def hook_of(kind: str) -> str:
    """The hook that gives components of ``kind``, or commands."""
    return f"ganzoo_{kind}es" if kind.endswith("s") else f"ganzoo_{kind}s"


@hookspec
def ganzoo_generators() -> Mapping[str, str | type]:
    """Called once, when components are listed. Returns {name: Generator class}."""
    return {}


@hookspec
def ganzoo_critics() -> Mapping[str, str | type]:
    """Called once, when components are listed. Returns {name: Critic class}."""
    return {}


@hookspec
def ganzoo_losses() -> Mapping[str, str | type]:
    """Called once, when components are listed. Returns {name: Loss class}."""
    return {}


@hookspec
def ganzoo_schedules() -> Mapping[str, str | type]:
    """Called once, when components are listed. Returns {name: Schedule class}."""
    return {}


@hookspec
def ganzoo_datasets() -> Mapping[str, str | type]:
    """Called once, when components are listed. Returns {name: Dataset class}."""
    return {}


@hookspec
def ganzoo_metrics() -> Mapping[str, str | type]:
    """Called once, when components are listed. Returns {name: Metric class}."""
    return {}


@hookspec
def ganzoo_observers() -> Mapping[str, str | type]:
    """Called once, when components are listed. Returns {name: class whose instances implement the hooks below}."""
    return {}


@hookspec
def ganzoo_optimizers() -> Mapping[str, str | type]:
    """Called once, when components are listed. Returns {name: class derived from torch.optim.Optimizer}.

    Its constructor takes ``params`` and then, keyword-only and annotated, its YAML keys, ``lr`` among them. Where the run's device
    asks for ``fused``, ``foreach`` or ``capturable``, that is set in the groups of an optimizer whose ``defaults`` have it. A step of
    its own is recorded in a CUDA graph only where ``defaults`` have ``capturable``.
    """
    return {}


@hookspec
def ganzoo_commands() -> Mapping[str, str]:
    """Called once, when commands are listed. Returns {name: "module:function"}, a function as typer takes it.

    The module imports what is heavy inside the function, as help imports it; its ``GROUP`` is the heading that help lists the command
    under. A name of the core is the core's; where others share a name, each is called ``distribution/name``.
    """
    return {}


@hookspec
def ganzoo_default_observers() -> Mapping[str, str | type]:
    """Called once, when components are listed. Returns {name: class of an observer that every run tells}.

    A run's configuration need not name it. One that does, sets its parameters, which therefore all have defaults.
    """
    return {}


@hookspec
def run_started(directory: Path, config: Mapping[str, Any], step: int) -> None:
    """A run is about to take its first step, or to go on where it was stopped.

    Args:
        directory: the run directory.
        config: the resolved configuration, plain values.
        step: steps done: 0, or where a resumed run goes on. What was told of later steps did not happen.
    """


@hookspec
def step_logged(step: int, values: Mapping[str, float]) -> None:
    """A line was written to ``metrics.jsonl``.

    Args:
        step: steps done.
        values: term or estimate name, with its side ("critic/adversarial"), to its value.
    """


@hookspec
def samples_saved(step: int, path: Path) -> None:
    """A sample grid was written.

    Args:
        step: steps done.
        path: the PNG.
    """


@hookspec
def evaluated(step: int, metric: str, values: Mapping[str, Any]) -> None:
    """A metric was computed.

    Args:
        step: steps done.
        metric: its name.
        values: its numbers with their provenance.
    """


@hookspec
def checkpoint_saved(step: int, path: Path) -> None:
    """A checkpoint was written, and can be loaded.

    Args:
        step: steps done.
        path: the file.
    """


@hookspec
def run_finished(step: int, outcome: str) -> None:
    """The run is over.

    Args:
        step: steps done.
        outcome: "finished", "stopped" or "failed".
    """
