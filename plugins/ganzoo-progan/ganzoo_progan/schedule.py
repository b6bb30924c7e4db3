"""When which stage is added."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Gt, Le

from ganzoo import DataSpec, Plan, Schedule

from .stages import PAPER, last_stage


class Progressive(Schedule):
    """One update of each player a step; stages are added one by one, each faded in and then held for equally many steps.

    It gives the fields "stage", from 0, and "alpha", the share of the newest stage, in [0, 1].

    Args:
        grown: share of the run after which the last stage takes part whole: as published, 9.6 of 12 million images at 1024 pixels.
    """

    paper = PAPER

    def __init__(self, data: DataSpec, *, grown: Annotated[float, Gt(0), Le(1)] = 0.8) -> None:
        self.grown, self.last = grown, last_stage(data, "schedule progressive")

    def plan(self, step: int, total: int) -> Plan:
        """The stage of ``step``: held, faded in, held, and so on."""
        place = 1 + 2 * self.last * step / (total * self.grown)
        stage = min(int(place) // 2, self.last)
        return Plan(values={"stage": stage, "alpha": min(place - 2 * stage, 1.0)})
