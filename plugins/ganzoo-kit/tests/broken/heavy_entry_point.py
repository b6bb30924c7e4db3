"""A plugin's entry point that imports torch, so that merely listing what is installed takes seconds."""

import torch

from ganzoo import DataSpec, Plan, Schedule, hookimpl

GANZOO_API = 1


class Steady(Schedule):
    """One update each."""

    def __init__(self, data: DataSpec):
        self.rate = torch.tensor(1.0)

    def plan(self, step: int, total: int) -> Plan:
        return Plan()


@hookimpl
def ganzoo_schedules():
    return {"steady": Steady}
