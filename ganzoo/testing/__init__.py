"""The conformance kit: does a component keep the contract that every run relies on?

In a plugin's tests, one line makes a test of each check of each component that the distribution gives, and of each recipe
that it ships::

    from ganzoo.testing import conformance_tests

    test_conformance = conformance_tests("ganzoo-tower")

On the command line, ``ganzoo check PLUGIN_DIR`` runs the same checks. What a component cannot meet is declared with a
reason; an expected failure that does not happen is an error::

    test_conformance = conformance_tests("ganzoo-tower", expected=[XFail("critic tower", "mixing", "batch size enters its scale")])
"""

from __future__ import annotations

from . import behaviour, common, datasets, directions, losses, metrics, networks, observers, optimizers, schedules  # noqa: F401
from .cases import check_distribution, distribution_cases
from .kit import CHECKS, Case, Check, Outcome, XFail, check_component
from .pytest_case import conformance_tests
from .recipes import RecipeCase
from .subject import EXAMPLES, PAIRED

# What the others take for granted comes first: they may only repeat what it says.
_ORDER = ("common", "networks", "losses", "directions", "behaviour", "schedules", "datasets", "metrics", "observers", "optimizers")
CHECKS.sort(key=lambda each: _ORDER.index(each.function.__module__.rpartition(".")[2]))

__all__ = [
    "CHECKS",
    "EXAMPLES",
    "PAIRED",
    "Case",
    "Check",
    "Outcome",
    "RecipeCase",
    "XFail",
    "check_component",
    "check_distribution",
    "conformance_tests",
    "distribution_cases",
]
