"""Findings of an examination as plain values: they cross from the clean environment to this one as JSON lines."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

STATUSES = ("ok", "failed", "expected", "skipped", "fits", "misfit", "unasked")
"""Of a check: ok, failed, failed as expected, skipped. Of a combination: it fits, it does not fit, or there was no time to ask."""

TRAINED = "and took two steps"
"""The reason of a combination that was not only found to fit."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Args:
        component: what: ``critic tower``, ``recipe ring``, ``wheel``; of a combination, its parts.
        check: the check's name; of a combination, the data.
        status: one of ``STATUSES``.
        reason: why, and what to do about it; "" where nothing is to be said.
    """

    component: str
    check: str
    status: str
    reason: str = ""

    @property
    def is_combination(self) -> bool:
        """Whether it tells of parts that were tried together."""
        return self.status in ("fits", "misfit", "unasked")

    def to_line(self) -> str:
        """As one line of JSON."""
        return json.dumps(asdict(self)) + "\n"
