"""Everything that a distribution gives, as cases and as a parametrised pytest function: each check of each component, each recipe."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ganzoo.data.dataset import Dataset
from ganzoo.errors import ContractError, UserError, did_you_mean
from ganzoo.fields import DataSpec
from ganzoo.registry import Registry

from .commands import CommandCase, command_cases
from .component import Candidate
from .kit import Case, Outcome, XFail, cases_of
from .recipes import RecipeCase, lent_by_recipes, recipe_cases


def distribution_cases(
    distribution: str,
    *,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    data: Mapping[str, Sequence[DataSpec | Dataset]] | None = None,
    expected: Sequence[XFail] = (),
    registry: Registry | None = None,
) -> list[Case | RecipeCase | CommandCase]:
    """Every check of every component that a distribution gives, and its recipes; arguments as of ``check_distribution``."""
    registry = registry or Registry.installed()
    plugins = [p for p in registry.plugins if p.distribution == distribution]
    if not plugins:
        remedy = did_you_mean(distribution, {p.distribution for p in registry.plugins}, noun="installed")
        raise UserError(f"no plugin '{distribution}' is installed", f"install it (pip install -e FOLDER); {remedy}")
    for plugin in plugins:
        if plugin.broken:
            raise UserError(f"{distribution} cannot be loaded: {plugin.broken}", f"repair {plugin.module}")
    parameters, data, entry_point = parameters or {}, data or {}, plugins[0].module
    entry_point = "" if entry_point.endswith(".py") else entry_point  # a plugin of one file has none: what lists it imports it
    titled = {f"{c.kind} {c.name}": c for c in registry.components if c.distribution == distribution}
    parts = [
        Candidate(
            component, entry_point, parameters.get(title, {}), data.get(title, ()), functools.partial(lent_by_recipes, component, plugins)
        )
        for title, component in titled.items()
    ]
    cases = [case for part in parts for case in cases_of(part, expected)]
    _refuse_unknown([*parameters, *data], expected, parts, cases)
    return [*cases, *command_cases(registry, distribution), *recipe_cases(plugins)]


def _refuse_unknown(named: Sequence[str], expected: Sequence[XFail], parts: Sequence[Candidate], cases: Sequence[Case]) -> None:
    titles = [part.title for part in parts]
    for title in [*named, *(x.component for x in expected)]:
        if title not in titles:
            raise UserError(f"'{title}' is not a component of this distribution", did_you_mean(title, titles, noun="components"))
    for part in parts:
        if part.given:
            _ = part.parameters  # it refuses what the component does not take
    used = {(case.part.title, case.check.name) for case in cases if case.expected}
    for x in expected:
        if (x.component, x.check) not in used:
            names = [case.check.name for case in cases if case.part.title == x.component]
            raise UserError(f"'{x.check}' is not a check of {x.component}", did_you_mean(x.check, names, noun="checks"))
        if not x.reason:
            raise UserError(f"the expected failure of '{x.check}' for {x.component} has no reason", "say why it cannot be met")


def check_distribution(
    distribution: str,
    *,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    data: Mapping[str, Sequence[DataSpec | Dataset]] | None = None,
    expected: Sequence[XFail] = (),
    registry: Registry | None = None,
) -> list[Outcome]:
    """Run the kit on everything that an installed distribution gives.

    Args:
        distribution: its name: ``"ganzoo-tower"``.
        parameters: constructor parameters by component, ``{"generator tower": {"width": 8}}``; others are shrunk.
        data: example data by component, in place of the kit's own: ``{"critic tower": [DataSpec(...)]}``,
            or a small data set where a metric wants that very one.
        expected: failures that are declared, each with its reason.
        registry: what is installed; None: this environment.

    Raises:
        UserError: where it is not installed or broken, or an argument names what does not exist.
    """
    cases = distribution_cases(distribution, parameters=parameters, data=data, expected=expected, registry=registry)
    return [case.run() for case in cases]


def conformance_tests(
    distribution: str,
    *,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    data: Mapping[str, Sequence[DataSpec | Dataset]] | None = None,
    expected: Sequence[XFail] = (),
) -> Callable[[Case | RecipeCase | CommandCase], None]:
    """One test for each check of each component that an installed distribution gives, and for each recipe that it ships.

    Args:
        distribution: its name: ``"ganzoo-tower"``.
        parameters: constructor parameters by component, ``{"generator tower": {"width": 8}}``; others are shrunk.
        data: example data by component, in place of the kit's own: ``{"critic tower": [DataSpec(...)]}``,
            or a small data set where a metric wants that very one.
        expected: failures that are declared, each with its reason.

    Returns:
        A function to be bound to a name that begins with ``test``.
    """
    import pytest

    cases = distribution_cases(distribution, parameters=parameters, data=data, expected=expected)

    @pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])
    def test_conformance(case: Case | RecipeCase | CommandCase) -> None:
        outcome = case.run()
        if outcome.status == "failed":
            said = outcome.error is None or isinstance(outcome.error, ContractError)
            if outcome.error is not None and not said:
                raise AssertionError(f"{outcome.component}: {outcome.check}: {outcome.reason}") from outcome.error
            pytest.fail(f"{outcome.component}: {outcome.check}: {outcome.reason}", pytrace=False)
        if outcome.status == "expected":
            pytest.xfail(outcome.reason)
        if outcome.status == "skipped":
            pytest.skip(outcome.reason)

    return test_conformance
