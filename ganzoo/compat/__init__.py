"""Compatibility of components, checked before training on built instances.

The networks are built and both turns run inside ``FakeTensorMode``: shapes, fields and gradients are real, memory and
arithmetic are not, so a billion parameters cost no more than a thousand. It also catches a component that reads a
tensor's value (``.item()``, a branch), which would stop the GPU at every step.
"""

from .check import check, distinct, focused
from .dry_run import example_batch, plan_fields
from .plans import schedule_problems
from .verdict import MisfitError, Players, Problem, Verdict

__all__ = ["MisfitError", "Players", "Problem", "Verdict", "check"]
__all__ += ["distinct", "example_batch", "focused", "plan_fields", "schedule_problems"]
