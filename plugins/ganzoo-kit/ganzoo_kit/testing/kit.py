"""The frame of the conformance kit: running the checks of a component, and what came of them."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ganzoo.data.dataset import Dataset
from ganzoo.errors import GanzooError, UserError
from ganzoo.fields import DataSpec
from ganzoo.registry import Component, reason

from .checks import CHECKS, Check
from .component import Candidate
from .subject import NotHere


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

    part: Candidate
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
            return "failed", f"{on}{place_of(error, self.part.cls)} raises {reason(error)}; {REPAIR}", error
        return "ok", "", None


REPAIR = "repair it, or refuse in the constructor, by a UserError, what it cannot serve"


def place_of(error: BaseException, cls: type) -> str:
    """The last line of the component's own files that an exception came by: ``tower.py:31``; "it" where it came by none."""
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if file and Path(frame.filename).parent == Path(file).parent]
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "it"


def cases_of(part: Candidate, expected: Sequence[XFail] = ()) -> list[Case]:
    """The checks that concern a component. One that cannot be loaded has a single case, which says why."""
    wanted = [c for c in CHECKS if part.component.kind in c.kinds]
    try:
        wanted = [c for c in wanted if c.concerns(part.cls)]
    except UserError:
        wanted = [c for c in wanted if c.name == "loads"]
    return [Case(part, c, next((x for x in expected if (x.component, x.check) == (part.title, c.name)), None)) for c in wanted]


def check_component(
    kind: str,
    cls: type,
    *,
    name: str = "",
    parameters: Mapping[str, Any] | None = None,
    data: Sequence[DataSpec | Dataset] = (),
    expected: Sequence[XFail] = (),
) -> list[Outcome]:
    """Run the kit on one class, before any distribution gives it.

    Args:
        kind: the component's kind: ``"critic"``.
        cls: its class.
        name: what to call it; "": as the class.
        parameters: constructor parameters; others are shrunk.
        data: example data to use in place of the kit's own; a small data set where a metric wants that very one.
        expected: failures that are declared, each with its reason.
    """
    component = Component(kind, name or cls.__name__, cls, distribution="", version="")
    return [case.run() for case in cases_of(Candidate(component, "", parameters or {}, data), expected)]
