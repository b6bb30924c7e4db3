"""The conformance kit: does a component keep the contract that every run relies on?

In a plugin's tests, one line makes a test of each check of each component that the distribution gives, and of each recipe
that it ships::

    from ganzoo_kit.testing import conformance_tests

    test_conformance = conformance_tests("ganzoo-tower")

On the command line, ``ganzoo check PLUGIN_DIR`` runs the same checks. What a component cannot meet is declared with a
reason; an expected failure that does not happen is an error::

    test_conformance = conformance_tests("ganzoo-tower", expected=[XFail("critic tower", "mixing", "batch size enters its scale")])
"""

from __future__ import annotations

from .checks import CHECKS, Check
from .distribution import check_distribution, conformance_tests, distribution_cases
from .kit import Case, Outcome, XFail, check_component
from .recipes import RecipeCase
from .subject import EXAMPLES, PAIRED

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
