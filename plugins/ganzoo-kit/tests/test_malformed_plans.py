"""What a schedule or a loss does that would train otherwise than it says is refused before training, in one line."""

import numpy as np
import pytest
import torch
from torch import nn

from ganzoo import ContractError, Critic, Generator, Loss, Plan, Schedule, Terms, Turn, UserError
from ganzoo.compat.plans import kinds_of
from ganzoo.params.curves import Curve, Piece, build_with_curves
from ganzoo.rules import merge_terms


class Planned(Schedule):
    """One plan from step 3 on, the usual one before."""

    def __init__(self, plan: Plan) -> None:
        self.late = plan

    def plan(self, step: int, total: int) -> Plan:
        return self.late if step >= 3 else Plan()


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (Plan(critic_updates=-1), "critic_updates=-1"),
        (Plan(critic_updates=1.5), "critic_updates=1.5"),
        (Plan(generator_updates=True), "generator_updates=True"),
        (Plan(losses="non_saturating"), "losses='non_saturating'"),
        (Plan(frozen="generator"), "frozen='generator'"),
        (Plan(reset="critic"), "reset='critic'"),
        (Plan(values={"alpha": np.float32(0.5)}), r"values\['alpha'\]="),
        (Plan(values={"alpha": [0.5]}), r"values\['alpha'\]=\[0.5\]"),
    ],
)
def test_a_plan_of_the_wrong_kind_is_refused_with_its_step(plan, said) -> None:
    with pytest.raises(UserError, match=f"gives no plan for step 3 of 9: TypeError: its Plan has {said}"):
        kinds_of(Planned(plan), 9)


def test_plans_as_documented_pass() -> None:
    plan = Plan(
        0, 1, values={"alpha": 0.5, "stage": 2, "name": "a", "grown": True}, losses=frozenset({"l"}), frozen=("critic",), reset=("critic",)
    )
    assert list(kinds_of(Planned(plan), 9)[0]) == [0, 3]


class Derived(Loss):
    """Keeps its weight, and computes with half of it."""

    def __init__(self, data: object, *, weight: float) -> None:
        super().__init__()
        self.weight = weight
        self.half = weight / 2


class Inner(nn.Module):
    """Holds what it is given."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor


class DerivedWithin(Loss):
    """The same, in a module of its own."""

    def __init__(self, data: object, *, weight: float) -> None:
        super().__init__()
        self.weight = weight
        self.inner = Inner(weight * weight)


class Kept(Loss):
    """Keeps its weight in two places, as it is."""

    def __init__(self, data: object, *, weight: float) -> None:
        super().__init__()
        if not weight >= 0:
            raise ValueError(weight)
        self.weight = weight
        self.inner = Inner(weight)


@pytest.mark.parametrize("cls", [Derived, DerivedWithin])
def test_a_loss_that_keeps_its_curve_and_computes_with_what_it_made_of_it_is_refused(cls) -> None:
    with pytest.raises(ContractError, match=f"{cls.__name__} does not keep its parameter 'weight' as it was given"):
        build_with_curves(cls, (None,), {"weight": Curve(Piece(1, 0))})


def test_a_loss_that_keeps_it_in_two_places_is_built_without_gradients() -> None:
    loss = build_with_curves(Kept, (None,), {"weight": Curve(Piece(1, 0))})
    assert loss.weight is loss.inner.factor
    assert not loss.weight.requires_grad


class Astray(Loss):
    """Makes fakes along a route that no generator has."""

    def generator_terms(self, turn: Turn) -> Terms:
        return {"astray": turn.make({}, route="encod")["sample"].mean()}


def test_what_a_loss_asks_for_in_vain_names_the_loss() -> None:
    losses = {"kept": Kept(None, weight=1.0), "astray@back": Astray()}
    turn = Turn("generator", Generator(), Critic(), {"sample": torch.zeros(2, 2)}, {}, views=list(losses.values()))
    with pytest.raises(ContractError, match=r"loss 'astray@back': .*has no route 'encod'"):
        merge_terms(losses, turn)
