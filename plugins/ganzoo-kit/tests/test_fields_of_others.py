"""The kit tries what needs fields that a schedule, a prior or a generator gives, and names what no checkpoint holds."""

import pytest
import torch
from ganzoo_kit.testing import recipes as kit_recipes
from ganzoo_kit.testing.component import Candidate
from ganzoo_kit.testing.kit import cases_of
from ganzoo_kit.testing.subject import Lent, refusal_of
from torch import nn

from ganzoo import Critic, DataSpec, Generator, Loss, Plan, Schedule
from ganzoo.config import Resolved, ResolvedPart
from ganzoo.registry import Component
from ganzoo.testing import check_component

POINTS = DataSpec({"sample": (2,)})


def part(kind, cls):
    return ResolvedPart(Component(kind, cls.__name__.lower(), cls, "ganzoo-x", "1"), cls, {})


class Coded(Generator):
    """A generator with a code in its prior, and a scale of the schedule.

    Args:
        data: what it makes.
    """

    latent_dim = 3

    def __init__(self, data: DataSpec) -> None:
        super().__init__()
        self.body, self.codes = nn.Linear(3, 2), nn.Embedding(4, 2)

    def draw(self, n, device=None):
        return super().draw(n, device) | {"code": torch.randint(0, 4, (n,), device=device)}

    def forward(self, latent, code, alpha):
        return {"sample": (alpha * self.body(latent) + self.codes(code)).tanh()}


class Grows(Schedule):
    """A schedule that gives a scale."""

    def __init__(self, data: DataSpec) -> None: ...

    def plan(self, step, total):
        return Plan(values={"alpha": 0.5})


class Judge(Critic):
    """A critic of samples with their code, at a scale."""

    def __init__(self, data: DataSpec) -> None:
        super().__init__()
        self.body, self.codes = nn.Linear(2, 1), nn.Embedding(4, 1)

    def forward(self, sample, code, alpha):
        return {"score": (alpha * self.body(sample) + self.codes(code))[:, 0]}


class Cycle(Loss):
    """A loss on what the generator makes of its own sample, at a scale."""

    reads = frozenset({"alpha"})
    needs = frozenset({"rebuilt"})

    def __init__(self, data: DataSpec) -> None:
        super().__init__()

    def generator_terms(self, turn):
        return {"cycle": turn.real["alpha"] * (turn.fake["rebuilt"] - turn.real["sample"]).square().mean()}


def lent():
    """Points with what the generator's prior and the schedule of a recipe give."""
    resolved = Resolved(part("dataset", Coded), part("generator", Coded), part("critic", Judge), [], part("schedule", Grows), [], [], {})
    return {"the data of a recipe": Lent(POINTS.fields, lend=kit_recipes._lender(resolved, POINTS, Grows(POINTS).plan(0, 1)))}


class Blind(Judge):
    """A critic that asks for the code and does not look at it."""

    def forward(self, sample, code, alpha):
        return {"score": (alpha * self.body(sample) + self.codes.weight.sum())[:, 0]}


def test_integers_are_varied_so_that_one_that_nothing_depends_on_is_found():
    candidate = Candidate(Component("critic", "Blind", Blind, "", ""), lenders=lent)
    failed = [o.reason for o in (case.run() for case in cases_of(candidate)) if o.check == "inputs"]
    assert "forward asks for 'code', but nothing depends on it" in failed[0]


@pytest.mark.parametrize(("kind", "cls"), [("generator", Coded), ("critic", Judge), ("loss", Cycle)])
def test_fields_of_schedule_prior_and_generator_come_from_the_recipe(kind, cls):
    component = Component(kind, cls.__name__, cls, "", "")
    assert not Candidate(component).subjects  # alone, it accepts nothing
    candidate = Candidate(component, lenders=lent)
    failed = {o.check: o.reason for o in (case.run() for case in cases_of(candidate)) if o.status == "failed"}
    assert failed == {}
    assert candidate.subjects
    assert refusal_of(candidate.subjects[0]) == ""


class Wide(Generator):
    """A generator that keeps its range where it is sampled, not in training."""

    latent_dim = 3

    def __init__(self, data: DataSpec) -> None:
        super().__init__()
        self.body = nn.Linear(3, torch.Size(data.shape).numel())
        self.shape = data.shape

    def forward(self, latent):
        made = self.body(latent).reshape(-1, *self.shape)
        return {"sample": made if self.training else made.tanh()}


def test_a_range_is_asked_of_samples_not_of_training():
    data = [DataSpec({"sample": (1, 28, 28)})]
    assert {o.reason for o in check_component("generator", Wide, data=data) if o.status == "failed"} == set()


class Masked(Generator):
    """A generator of data that the kit has no example of, which brings its own."""

    example_data = (DataSpec({"sample": (1, 8, 8), "mask": (1, 8, 8)}),)

    def __init__(self, data: DataSpec) -> None:
        super().__init__()
        self.body = nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, mask):
        return {"sample": self.body(mask).tanh()}


def test_a_component_brings_examples_of_its_own():
    outcomes = check_component("generator", Masked)
    assert {o.reason for o in outcomes if o.status != "ok"} == set()


class Lost(Judge):
    """A critic with a buffer that is not saved."""

    def __init__(self, data: DataSpec) -> None:
        super().__init__(data)
        self.register_buffer("seen", torch.zeros(2), persistent=False)

    def forward(self, sample):
        return {"score": self.body(sample)[:, 0] + 0 * self.codes.weight.sum()}


class Queued(Lost):
    """A critic with what it saw in a list."""

    def __init__(self, data: DataSpec) -> None:
        Judge.__init__(self, data)
        self.queue = [torch.zeros(2)]


class Counts(Queued):
    """A critic that counts."""

    def __init__(self, data: DataSpec) -> None:
        Judge.__init__(self, data)
        self.calls = 0

    def forward(self, sample):
        self.calls += 1
        return super().forward(sample)


@pytest.mark.parametrize(("cls", "said"), [(Lost, "buffer 'seen'"), (Queued, "'queue' holds tensors"), (Counts, "'calls' changes")])
def test_state_that_no_checkpoint_holds_is_named(cls, said):
    reasons = [o.reason for o in check_component("critic", cls, data=[POINTS]) if o.check == "state"]
    assert said in reasons[0]
