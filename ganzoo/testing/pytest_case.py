"""The kit as a parametrised pytest function. pytest is imported when it is asked for: the kit itself runs without."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ganzoo.errors import ContractError
from ganzoo.fields import DataSpec

from .cases import distribution_cases
from .commands import CommandCase
from .kit import Case, XFail
from .recipes import RecipeCase


def conformance_tests(
    distribution: str,
    *,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    data: Mapping[str, Sequence[DataSpec]] | None = None,
    expected: Sequence[XFail] = (),
) -> Callable[[Case | RecipeCase | CommandCase], None]:
    """One test for each check of each component that an installed distribution gives, and for each recipe that it ships.

    Args:
        distribution: its name: ``"ganzoo-tower"``.
        parameters: constructor parameters by component, ``{"generator tower": {"width": 8}}``; others are shrunk.
        data: example data by component, in place of the kit's own: ``{"critic tower": [DataSpec(...)]}``.
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
