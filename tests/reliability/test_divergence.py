"""NaN and infinity, wherever they come from: the run stops within one step, says what it was, and nothing of it is saved."""

import pytest
import torch

from ganzoo import Loss
from ganzoo.engine.batches import Batches
from ganzoo.registry import Component, Registry

AT = 5
"""The step whose critic update goes wrong."""


class Sick(Loss):
    """A term beside the others' that goes wrong in one step; ``fault`` says how."""

    fault, updates = "", 0

    def __init__(self, data):
        super().__init__()

    def critic_terms(self, turn):
        score = turn.fake_scores["score"].mean()
        type(self).updates += 1
        if self.updates != AT + 1 or self.fault == "data":
            return {"sick": 0 * score}
        if self.fault == "penalty":  # the norm of a gradient that is zero: its own slope is not finite
            sample = turn.fake["sample"].detach().requires_grad_()
            (gradient,) = torch.autograd.grad(turn.judge(turn.fake | {"sample": sample})["score"].sum(), sample, create_graph=True)
            return {"sick": (gradient - gradient).norm(dim=1).sqrt().mean()}
        return {"sick": {"NaN": score * float("nan"), "infinity": score / 0, "gradient": (score - score).abs().sqrt()}[self.fault]}


FAULTS = {
    "NaN": "the term 'sick' is nan",
    "infinity": "the term 'sick' is ",
    "gradient": "its gradient is not finite",
    "penalty": "its gradient is not finite",
    "data": "the term 'adversarial' is nan",
}


@pytest.fixture
def spoil(monkeypatch):
    registry = Registry.installed()
    registry.components.append(Component("loss", "sick", Sick, "ganzoo-test", "1.0"))
    monkeypatch.setattr(Registry, "installed", lambda: registry)
    following = Batches.finish

    def finish(self, stored):
        fields = following(self, stored)
        if Sick.fault == "data" and self.position == (AT + 1) * self.size:
            fields["sample"][0, 0] = float("nan")
        return fields

    def call(fault):
        monkeypatch.setattr(Sick, "fault", fault)
        monkeypatch.setattr(Sick, "updates", 0)
        monkeypatch.setattr(Batches, "finish", finish)

    return call


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.promise(
    "Divergence", "NaN or infinity in a loss, gradient, penalty or the data stops within the step, names the term, exits with 3"
)
def test_what_is_not_finite_stops_within_the_step(fault, spoil, train, left, monkeypatch, found):
    from ganzoo.engine import build

    spoil(fault)
    check = build.compat.check

    def checked(*args):  # the dry run asks the loss, too
        verdict = check(*args)
        Sick.updates = 0
        return verdict

    monkeypatch.setattr(build.compat, "check", checked)
    said = train("out", "loss=[non_saturating, sick]", "checkpoint.every=1", "train.ema=0.9", code=3)
    assert said.count("\n") == 1
    assert f"diverged at step {AT}: on the critic's turn {FAULTS[fault]}" in said
    state = left("out").state
    assert state["step"] == AT
    assert all(torch.isfinite(value).all() for network in state["networks"].values() for value in network.values())
    assert left("out").events[-1]["event"] == "failed"
    found(fault)
