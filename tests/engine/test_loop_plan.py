"""What a plan says takes effect: which parts rest, one fake for both turns, which losses act and when, values, rates."""

import pytest
import torch
from recorders import Quiet, recorded
from small_game import Difference, Judge, Maker, make, moved, steps, weights
from torch import Tensor, nn

from ganzoo.engine.loop import acting
from ganzoo.rules import Plan


def rest_of_the_tail(spoil=None):
    """Train three steps, rest the generator's tail for three, and train three more; what moved in each three."""
    frozen = Plan(frozen=("generator.tail", "critic.body"))
    loop = make(Plan(), Plan(), Plan(), frozen, frozen, frozen, Plan())
    if spoil:
        spoil(loop)
    found = []
    for _ in range(3):
        before = weights(loop.run.generator), weights(loop.run.critic)
        steps(loop, 3)
        found.append((moved(loop.run.generator, before[0]), moved(loop.run.critic, before[1])))
        assert all(p.requires_grad for p in [*loop.run.generator.parameters(), *loop.run.critic.parameters()])
    return found


BOTH = ({"body", "tail"}, {"body", "head"})


def test_a_frozen_submodule_stays_as_it_is_even_against_adams_momentum_and_moves_again_after():
    assert rest_of_the_tail() == [BOTH, ({"body"}, {"head"}), BOTH]


def test_a_zero_in_place_of_no_gradient_would_move_it():
    """What an all-reduce that fills in zeros does: Adam's momentum goes on without any gradient."""

    def fill(loop):
        def zeros(optimizer, args, kwargs):
            for parameter in optimizer.param_groups[0]["params"]:
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)

        loop.run.optimizers["generator"].register_step_pre_hook(zeros)

    assert rest_of_the_tail(fill)[1][0] == {"body", "tail"}


def test_a_whole_network_can_rest():
    loop = make(Plan(frozen=("generator",)))
    before = weights(loop.run.generator)
    steps(loop, 2)
    assert moved(loop.run.generator, before) == set()


@pytest.mark.parametrize("run_by", [lambda loop: loop, lambda loop: recorded(loop.run)], ids=["as they are", "recorded"])
def test_a_frozen_batch_norm_neither_moves_nor_uses_the_statistics_of_a_batch(run_by):
    frozen = Plan(frozen=("generator.body", "critic.body"))
    generator, critic = Quiet(), Judge()
    generator.body, critic.body = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)), nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4))
    loop = run_by(make(*[Plan()] * 6, *[frozen] * 6, Plan(), generator=generator, critic=critic))
    norms, modes = (generator.body[1], critic.body[1]), set()
    for norm in norms:
        norm.register_forward_hook(lambda module, *_: modes.add(module.training))
    for trains in (True, False, True):
        before, counted = [norm.running_var.clone() for norm in norms], [int(norm.num_batches_tracked) for norm in norms]
        modes.clear()
        steps(loop, 6)
        assert modes == {trains}
        assert [not torch.equal(norm.running_var, was) for norm, was in zip(norms, before, strict=True)] == [trains] * 2
        assert [int(norm.num_batches_tracked) > was for norm, was in zip(norms, counted, strict=True)] == [trains] * 2
        assert all(module.training for network in (generator, critic) for module in network.modules())


def test_the_generator_takes_the_critics_last_batch_or_one_of_its_own():
    for plan, fresh in ((Plan(2, 1), False), (Plan(2, 1, fresh_real=True), True)):
        loop = steps(make(plan), 1)
        first, second, generators = (turn.real["sample"] for turn in loop.run.losses["difference"].turns)
        assert not torch.equal(first, second)
        assert torch.equal(second, generators) != fresh
        assert loop.run.batches.position == 4 * (2 + fresh)


def test_a_shared_fake_is_made_once_and_seen_by_both_turns():
    loop = steps(make(Plan(share_fake=True)), 1)
    turns = loop.run.losses["difference"].turns
    assert loop.run.generator.calls == 1
    assert torch.equal(turns[0].fake["sample"], turns[1].fake["sample"])
    assert not turns[0].fake["sample"].requires_grad
    assert turns[1].fake["sample"].requires_grad
    before = weights(loop.run.generator)
    loop.step()
    assert len(moved(loop.run.generator, before)) == 2
    assert steps(make(Plan()), 1).run.generator.calls == 2


def test_a_plan_names_the_losses_that_act():
    first, second, third = Difference(), Difference(), Difference()
    second.generator_terms = second.critic_terms = lambda turn: second.turns.append(turn) or {}
    third.generator_terms = third.critic_terms = lambda turn: third.turns.append(turn) or {}
    losses = {"first": first, "pixel": second, "pixel#2": third}
    loop = make(Plan(losses=frozenset({"pixel"})), Plan(losses=frozenset({"first"})), Plan(), losses=losses)
    assert [(first.sides, second.sides, third.sides) for _ in range(3) if not loop.step()] == [
        ("", "cg", "cg"),
        ("cg", "cg", "cg"),
        ("cgcg", "cgcg", "cgcg"),
    ]


def test_a_lazy_loss_acts_every_so_many_steps_from_the_first_on():
    lazy = Difference()
    lazy.every = 3
    assert [step for step in range(8) if acting({"lazy": lazy}, Plan(), step)] == [0, 3, 6]
    always = Difference()
    lazy.critic_terms = lambda turn: lazy.turns.append(turn) or {}
    lazy.generator_terms = lambda turn: {}
    steps(make(losses={"always": always, "lazy": lazy}), 7)
    assert lazy.sides == "ccc"
    assert always.sides == "cg" * 7


def test_what_a_loss_keeps_of_its_terms_is_there_in_after_of_that_turn_alone():
    class Keeps(Difference):
        def critic_terms(self, turn):
            assert not turn.keep
            turn.keep[self] = turn.side
            return super().critic_terms(turn)

        def after(self, turn):
            kept.append((turn.side, turn.keep.get(self)))

    kept = []
    steps(make(losses={"keeps": Keeps()}), 2)
    assert kept == [("critic", "critic"), ("generator", None)] * 2


def test_a_plans_values_are_fields_for_everyone():
    class Grows(Maker):
        def forward(self, latent: Tensor, alpha, stage):
            self.alphas = [*getattr(self, "alphas", []), (alpha, stage)]
            return {"sample": alpha * super().forward(latent)["sample"]}

    class Watches(Judge):
        def forward(self, sample: Tensor, stage):
            self.stages = [*getattr(self, "stages", []), stage]
            return super().forward(sample)

    loop = make(*(Plan(values={"alpha": step / 2, "stage": step}) for step in range(3)), generator=Grows(), critic=Watches())
    steps(loop, 2)
    assert [(alpha.item(), stage) for alpha, stage in loop.run.generator.alphas] == [(0.0, 0), (0.0, 0), (0.5, 1), (0.5, 1)]
    assert loop.run.critic.stages == [0, 0, 0, 1, 1, 1]
    assert loop.run.last_plan.values == {"alpha": 0.5, "stage": 1}  # what sampling goes on with
