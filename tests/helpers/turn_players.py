"""Players and turns for tests of what a turn gives, and of what the check before training finds in one."""

import pytest
import torch
from torch import Tensor, nn

from ganzoo import compat
from ganzoo.errors import ContractError
from ganzoo.fields import DataSpec
from ganzoo.players import Critic, Generator, route
from ganzoo.rules import Loss, Plan, Schedule
from ganzoo.turn import Turn

DATA = DataSpec({"sample": (2,), "label": (), "source": (3,)}, classes=4)
N = 5


class Maker(Generator):
    """Makes samples of latents; ``outputs`` replaces what it returns."""

    latent_dim = 3

    def __init__(self, outputs=None) -> None:
        super().__init__()
        self.body, self.outputs, self.calls = nn.Linear(3, 2), outputs, 0

    def forward(self, latent: Tensor):
        self.calls += 1
        made = self.body(latent)
        return self.outputs(made) if self.outputs else {"sample": made}


class Judge(Critic):
    """Judges samples; ``outputs`` replaces what it returns."""

    def __init__(self, outputs=None) -> None:
        super().__init__()
        self.body, self.outputs, self.calls, self.modes = nn.Linear(2, 1), outputs, 0, []

    def forward(self, sample: Tensor):
        self.calls += 1
        self.modes.append(self.training)
        scores = self.body(sample)[:, 0]
        return self.outputs(scores) if self.outputs else {"score": scores}


class TwoWay(Generator):
    """Source (N, 3) to sample (N, 2), and back."""

    def __init__(self) -> None:
        super().__init__()
        self.there, self.home, self.calls = nn.Linear(3, 2), nn.Linear(2, 3), []

    def forward(self, source: Tensor):
        self.calls.append("")
        return {"sample": self.there(source)}

    @route(gives={"source"})
    def back(self, sample: Tensor):
        self.calls.append("back")
        return {"source": self.home(sample)}


class TwoJudges(Critic):
    """A score of samples, and of sources along "back"."""

    def __init__(self) -> None:
        super().__init__()
        self.of_sample, self.of_source = nn.Linear(2, 1), nn.Linear(3, 1)

    def forward(self, sample: Tensor):
        return {"score": self.of_sample(sample)[:, 0]}

    @route(gives={"score"})
    def back(self, source: Tensor):
        return {"score": self.of_source(source)[:, 0]}


def batch(n=N):
    return {"sample": torch.randn(n, 2), "label": torch.arange(n) % 4, "source": torch.randn(n, 3)}


def turn_of(side, generator=None, critic=None, real=None, drawn=None, **more):
    generator = generator or Maker()
    return Turn(side, generator, critic or Judge(), real or batch(), drawn or generator.draw(N), **more)


class Difference(Loss):
    """An objective of both players."""

    scores = frozenset({"score"})

    def __init__(self, data=None) -> None:
        super().__init__()

    def critic_terms(self, turn):
        return {"adversarial": turn.fake_scores["score"].mean() - turn.real_scores["score"].mean()}

    def generator_terms(self, turn):
        return {"adversarial": -turn.fake_scores["score"].mean()}


class Plain(Schedule):
    """One update each."""

    def __init__(self, data=None) -> None: ...

    def plan(self, step, total):
        return Plan()


class Part:
    """A component as a configuration names it, built from a factory."""

    def __init__(self, name, make, route=""):
        self.name, self.make, self.route = name, make, route

    def build(self, data):
        built = self.make()
        if self.route:
            built.route = self.route
        return built


def checked(generator=Maker, critic=Judge, losses=(Difference,), schedule=Plain, data=DATA, total=1):
    """The verdict on components that factories make: each loss alone, or with the route that it acts along."""
    chosen = [loss if isinstance(loss, tuple) else (loss, "") for loss in losses]
    parts = [Part(getattr(make, "__name__", "loss").lower(), make, route) for make, route in chosen]
    return compat.check(Part("g", generator), Part("c", critic), parts, Part("s", schedule), data, total)


class Gap(Loss):
    """The difference of the scores, along a route or none."""

    def __init__(self, route="") -> None:
        super().__init__()
        self.route = route

    def critic_terms(self, turn):
        return {"adversarial": turn.fake_scores["score"].mean() - turn.real_scores["score"].mean()}


def two_way(side="critic", **more):
    """A turn of players with routes."""
    return turn_of(side, TwoWay(), TwoJudges(), **more)


def refused(make, *words):
    """See that ``make`` breaks a contract, in these words."""
    with pytest.raises(ContractError) as caught:
        make()
    for word in words:
        assert word in str(caught.value)
