"""Recorders of updates for tests without a GPU, and a loop over what they record."""

import torch
from small_game import Maker

from ganzoo.engine.graphs import GraphedUpdates
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter


class Quiet(Maker):
    """Counts nothing."""

    def forward(self, latent: torch.Tensor):
        return {"sample": self.tail(torch.tanh(self.body(latent)))}


class Calling:
    """Records an update as the function that does it."""

    def __init__(self) -> None:
        self.warmed = self.recorded = self.replayed = 0

    def warm_up(self, update):
        self.warmed += 1
        update()
        return ""

    def record(self, update):
        self.recorded += 1

        def replay():
            self.replayed += 1
            update()

        return replay


class Refuses(Calling):
    def record(self, update):
        raise RuntimeError("operation not permitted\nwhen stream is capturing")


class Waits(Calling):
    def warm_up(self, update):
        super().warm_up(update)
        return "an update waits for the device (plugin.py:3)"


def recorded(run, recorder=None, notes=None):
    recorder = recorder or Calling()
    modules = [run.generator, run.critic, *run.losses.values()]
    return Loop(run, Meter(), GraphedUpdates(recorder, modules, (notes if notes is not None else []).append))
