"""The frame of the conformance kit: what a check is, what came of it, and running all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ganzoo.errors import GanzooError, UserError, did_you_mean
from ganzoo.fields import DataSpec
from ganzoo.hookspecs import KINDS
from ganzoo.registry import Component, Registry, reason

from .part import Part
from .subject import NotHere


@dataclass(frozen=True)
class Check:
    """One demand on components.

    Args:
        name: how reports and expected failures call it.
        kinds: the kinds of component it concerns.
        about: what it demands, in one sentence.
        function: raises where the demand is not met. It takes a ``Part`` where ``of_class``, else a ``Subject``.
        of_class: it looks at the class alone; otherwise it runs on each of the component's instances.
        concerns: narrows it to some classes (losses that have a ``constrain_``).
    """

    name: str
    kinds: frozenset[str]
    about: str
    function: Callable[[Any], None]
    of_class: bool
    concerns: Callable[[type], bool]


CHECKS: list[Check] = []
"""All of them, in the order they run."""


@dataclass(frozen=True)
class XFail:
    """An expected failure. It is strict: one that does not happen is an error.

    Args:
        component: kind and name, ``"critic tower"``.
        check: the check's name.
        reason: why the component cannot meet it.
    """

    component: str
    check: str
    reason: str


Status = Literal["ok", "failed", "expected", "skipped"]


@dataclass(frozen=True)
class Outcome:
    """What came of one check of one component."""

    component: str
    check: str
    status: Status
    reason: str = ""
    error: BaseException | None = None


@dataclass(frozen=True)
class Case:
    """One check of one component, ready to run."""

    part: Part
    check: Check
    expected: XFail | None = None

    @property
    def name(self) -> str:
        """As an identifier of a test: ``critic-tower-gradients``."""
        return f"{self.part.title}-{self.check.name}".replace(" ", "-")

    def run(self) -> Outcome:
        """Run the check, on every instance where it wants instances."""
        status, text, error = self._try()
        if self.expected and status == "failed":
            status, text = "expected", f"{self.expected.reason} ({text})"
        elif self.expected and status == "ok":
            status, text = "failed", f"it passes, but was expected to fail ({self.expected.reason}); remove the XFail"
        return Outcome(self.part.title, self.check.name, status, text, error)

    def _try(self) -> tuple[Status, str, BaseException | None]:
        on = ""
        try:
            if self.check.of_class:
                self.check.function(self.part)
                return "ok", "", None
            if not self.part.subjects:
                return "skipped", "there is no instance of it to run on (see 'accepts')", None
            for subject in self.part.subjects:
                on = f"{subject}: " if str(subject) else ""
                self.check.function(subject)
        except NotHere as absent:
            return "skipped", str(absent), None
        except GanzooError as error:
            return "failed", f"{on}{error}", error
        except Exception as error:  # whatever a plugin's code raises is the finding
            return "failed", f"{on}it raises {reason(error)}", error
        return "ok", "", None


def check(*kinds: str, of_class: bool = False, concerns: Callable[[type], bool] = lambda cls: True) -> Callable[..., Any]:
    """Make a function a check: its name is the check's, the first line of its docstring what it demands."""

    def register(function: Callable[[Any], None]) -> Callable[[Any], None]:
        about = (function.__doc__ or "").partition("\n")[0]
        CHECKS.append(Check(function.__name__, frozenset(kinds or KINDS), about, function, of_class, concerns))
        return function

    return register


def cases_of(part: Part, expected: Sequence[XFail] = ()) -> list[Case]:
    """The checks that concern a component. One that cannot be loaded has a single case, which says why."""
    wanted = [c for c in CHECKS if part.component.kind in c.kinds]
    try:
        wanted = [c for c in wanted if c.concerns(part.cls)]
    except UserError:
        wanted = [c for c in wanted if c.name == "loads"]
    return [Case(part, c, next((x for x in expected if (x.component, x.check) == (part.title, c.name)), None)) for c in wanted]


def distribution_cases(
    distribution: str,
    *,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    data: Mapping[str, Sequence[DataSpec]] | None = None,
    expected: Sequence[XFail] = (),
    registry: Registry | None = None,
) -> list[Case]:
    """Every check of every component that a distribution gives; arguments as of ``check_distribution``."""
    registry = registry or Registry.installed()
    plugins = [p for p in registry.plugins if p.distribution == distribution]
    if not plugins:
        remedy = did_you_mean(distribution, {p.distribution for p in registry.plugins}, noun="installed")
        raise UserError(f"no plugin '{distribution}' is installed", f"install it (pip install -e FOLDER); {remedy}")
    for plugin in plugins:
        if plugin.broken:
            raise UserError(f"{distribution} cannot be loaded: {plugin.broken}", f"repair {plugin.module}")
    parameters, data, door = parameters or {}, data or {}, plugins[0].module
    titled = {f"{c.kind} {c.name}": c for c in registry.components if c.distribution == distribution}
    parts = [Part(component, door, parameters.get(title, {}), data.get(title, ())) for title, component in titled.items()]
    cases = [case for part in parts for case in cases_of(part, expected)]
    _refuse_unknown([*parameters, *data], expected, parts, cases)
    return cases


def _refuse_unknown(named: Sequence[str], expected: Sequence[XFail], parts: Sequence[Part], cases: Sequence[Case]) -> None:
    titles = [part.title for part in parts]
    for title in [*named, *(x.component for x in expected)]:
        if title not in titles:
            raise UserError(f"'{title}' is no component of this distribution", did_you_mean(title, titles, noun="components"))
    for part in parts:
        if part.given:
            _ = part.parameters  # it refuses what the component does not take
    used = {(case.part.title, case.check.name) for case in cases if case.expected}
    for x in expected:
        if (x.component, x.check) not in used:
            names = [case.check.name for case in cases if case.part.title == x.component]
            raise UserError(f"'{x.check}' is no check of {x.component}", did_you_mean(x.check, names, noun="checks"))
        if not x.reason:
            raise UserError(f"the expected failure of '{x.check}' for {x.component} has no reason", "say why it cannot be met")


def check_distribution(
    distribution: str,
    *,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    data: Mapping[str, Sequence[DataSpec]] | None = None,
    expected: Sequence[XFail] = (),
    registry: Registry | None = None,
) -> list[Outcome]:
    """Run the kit on everything that an installed distribution gives.

    Args:
        distribution: its name: ``"ganzoo-tower"``.
        parameters: constructor parameters by component, ``{"generator tower": {"width": 8}}``; others are shrunk.
        data: example data by component, in place of the kit's own: ``{"critic tower": [DataSpec(...)]}``.
        expected: failures that are declared, each with its reason.
        registry: what is installed; None: this environment.

    Raises:
        UserError: where it is not installed or broken, or an argument names what does not exist.
    """
    cases = distribution_cases(distribution, parameters=parameters, data=data, expected=expected, registry=registry)
    return [case.run() for case in cases]


def check_component(
    kind: str,
    cls: type,
    *,
    name: str = "",
    parameters: Mapping[str, Any] | None = None,
    data: Sequence[DataSpec] = (),
    expected: Sequence[XFail] = (),
) -> list[Outcome]:
    """Run the kit on one class, before any distribution gives it.

    Args:
        kind: the component's kind: ``"critic"``.
        cls: its class.
        name: what to call it; "": as the class.
        parameters: constructor parameters; others are shrunk.
        data: example data to use in place of the kit's own.
        expected: failures that are declared, each with its reason.
    """
    component = Component(kind, name or cls.__name__, cls, distribution="", version="")
    return [case.run() for case in cases_of(Part(component, "", parameters or {}, data), expected)]
