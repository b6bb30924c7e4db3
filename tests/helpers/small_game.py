"""A game small enough to write out by hand: two layers a player on 40 points, and a loop over it."""

from collections import UserList  # a record that the check of what moves does not look into, as it is no state of the game

import numpy as np
import torch
from torch import Tensor, nn

from ganzoo.config import ResolvedPart, parse_config
from ganzoo.engine import optimizers
from ganzoo.engine.batches import Batches
from ganzoo.engine.device import from_config
from ganzoo.engine.ema import MovingAverage
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.engine.run import Run
from ganzoo.fields import DataSpec
from ganzoo.players import Critic, Generator
from ganzoo.registry import Registry
from ganzoo.rules import Loss, Plan, Schedule

DATA = DataSpec({"sample": (2,)})
N = 4
CONFIG = parse_config(f"{{data: d, generator: g, critic: c, loss: l, train: {{steps: 100, batch_size: {N}, device: cpu, threads: 1}}}}")


class Maker(Generator):
    """Two layers; counts its calls."""

    latent_dim = 3

    def __init__(self) -> None:
        super().__init__()
        self.body, self.tail = nn.Linear(3, 4), nn.Linear(4, 2)
        self.calls, self.modes = 0, set()

    def forward(self, latent: Tensor):
        self.calls += 1
        self.modes.add(self.training)
        return {"sample": self.tail(torch.tanh(self.body(latent)))}


class Judge(Critic):
    """Two layers; remembers what it saw, and in which mode."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(2, 4), nn.Linear(4, 1)
        self.seen, self.modes = UserList(), set()

    def forward(self, sample: Tensor):
        self.seen.append(sample.detach())
        self.modes.add(self.training)
        return {"score": self.head(torch.tanh(self.body(sample)))[:, 0]}


class Difference(Loss):
    """Real scores up and fake scores down for the critic, fake scores up for the generator; keeps a record."""

    def __init__(self, weight=1.0) -> None:
        super().__init__()
        self.weight, self.turns = weight, UserList()

    def critic_terms(self, turn):
        self.turns.append(turn)
        return {"adversarial": self.weight * (turn.fake_scores["score"].mean() - turn.real_scores["score"].mean())}

    def generator_terms(self, turn):
        self.turns.append(turn)
        return {"adversarial": -self.weight * turn.fake_scores["score"].mean()}

    @property
    def sides(self):
        return "".join(turn.side[0] for turn in self.turns)


class Fixed(Schedule):
    """The plan of each step from a list; the last one goes on."""

    def __init__(self, *plans) -> None:
        self.plans = plans

    def plan(self, step, total):
        return self.plans[min(step, len(self.plans) - 1)]


def optimizer(name, **params):
    """An optimizer of the core as a configuration resolves it."""
    component = Registry.installed().find("optimizer", name)
    return ResolvedPart(component, component.load(), params)


def make(*plans, losses=None, generator=None, critic=None, ema=None, seed=0):
    """A loop over 40 points, of small networks made from ``seed``."""
    torch.manual_seed(seed)
    generator, critic = generator or Maker(), critic or Judge()
    runtime = from_config(CONFIG.train)
    points = np.arange(80, dtype=np.float32).reshape(40, 2) / 80
    adam = optimizer("adam", lr=1e-2)
    run = Run(
        config=CONFIG,
        dataset=None,
        data=DATA,
        runtime=runtime,
        batches=Batches({"sample": points}, DATA, N, 0, False, runtime),
        generator=generator.train(),
        critic=critic.train(),
        losses=losses or {"difference": Difference()},
        schedule=Fixed(*(plans or (Plan(),))),
        optimizers={
            "generator": optimizers.build(adam, generator.parameters()),
            "critic": optimizers.build(adam, critic.parameters()),
        },
        average=MovingAverage(generator, ema) if ema else None,
    )
    return Loop(run, Meter())


def steps(loop, n):
    for _ in range(n):
        loop.step()
    return loop


def weights(network):
    return {name: value.clone() for name, value in network.state_dict().items()}


def moved(network, before):
    """The modules (``body``, ``tail``) whose weights differ from ``before``."""
    return {name.partition(".")[0] for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
