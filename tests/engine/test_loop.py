"""The loop: who moves when and on what, what carries gradients, a loss's hooks, what is logged, and what is never stepped with."""

import copy

import pytest
import torch
from small_game import Difference, Judge, Maker, N, make, moved, steps, weights
from torch import nn

from ganzoo.errors import DivergenceError
from ganzoo.rules import Loss, Plan


def test_the_loop_is_the_textbooks_bit_for_bit():
    """Five steps against the loop of Goodfellow et al. (2014), algorithm 1, written out by hand."""
    loop = make(Plan(critic_updates=2))
    generator, critic = copy.deepcopy(loop.run.generator), copy.deepcopy(loop.run.critic)
    batches = make(Plan()).run.batches
    torch.manual_seed(1)
    steps(loop, 5)

    g_optimizer = torch.optim.Adam(generator.parameters(), lr=1e-2, betas=(0.5, 0.999), fused=True)
    c_optimizer = torch.optim.Adam(critic.parameters(), lr=1e-2, betas=(0.5, 0.999), fused=True)
    torch.manual_seed(1)
    for _ in range(5):
        for _ in range(2):
            real = batches.next()["sample"]
            fake = generator(torch.randn(N, 3))["sample"].detach()
            c_optimizer.zero_grad()
            (critic(fake)["score"].mean() - critic(real)["score"].mean()).backward()
            c_optimizer.step()
        g_optimizer.zero_grad()
        (-critic(generator(torch.randn(N, 3))["sample"])["score"].mean()).backward()
        g_optimizer.step()
    assert moved(loop.run.generator, weights(generator)) == set()
    assert moved(loop.run.critic, weights(critic)) == set()
    assert loop.run.step == 5


@pytest.mark.parametrize(
    ("critic_updates", "generator_updates", "sides", "batches"),
    [(1, 1, "cg", 1), (3, 1, "cccg", 3), (1, 2, "cgg", 2), (3, 2, "cccgg", 4), (0, 1, "g", 1), (0, 3, "ggg", 3), (2, 0, "cc", 2)],
)
def test_each_update_has_a_turn_and_the_generators_first_the_critics_last_batch(critic_updates, generator_updates, sides, batches):
    loop = steps(make(Plan(critic_updates, generator_updates)), 1)
    turns = loop.run.losses["difference"].turns
    assert loop.run.losses["difference"].sides == sides
    assert loop.run.batches.position == N * batches
    reals = [tuple(turn.real["sample"][:, 0].tolist()) for turn in turns]
    assert len(set(reals)) == batches
    if critic_updates and generator_updates:
        assert reals[critic_updates] == reals[critic_updates - 1]
    latents = [tuple(turn.drawn["latent"][:, 0].tolist()) for turn in turns]
    assert len(set(latents)) == len(turns)  # noise of its own for every update


def test_a_side_without_updates_does_not_move():
    for plan, still, moving in ((Plan(0, 1), "critic", "generator"), (Plan(1, 0), "generator", "critic")):
        loop = make(plan)
        before = {side: weights(getattr(loop.run, side)) for side in (still, moving)}
        steps(loop, 2)
        assert moved(getattr(loop.run, still), before[still]) == set()
        assert len(moved(getattr(loop.run, moving), before[moving])) == 2
        assert all(p.grad is None for p in getattr(loop.run, still).parameters())


def test_a_side_that_no_loss_gives_terms_rests():
    class OnlyGenerator(Loss):
        def generator_terms(self, turn):
            return {"size": turn.fake["sample"].square().mean()}

    loop = make(losses={"only": OnlyGenerator()})
    before = weights(loop.run.critic)
    steps(loop, 2)
    assert moved(loop.run.critic, before) == set()
    assert loop.run.critic.seen == []  # not even looked at


def test_the_generators_turn_leaves_the_critics_gradients_as_they_were():
    class Compares(Difference):
        def after(self, turn):
            if turn.side == "critic":
                self.gradients = [p.grad.clone() for p in loop.run.critic.parameters()]
            else:
                now = [p.grad for p in loop.run.critic.parameters()]
                self.equal = all(torch.equal(a, b) for a, b in zip(self.gradients, now, strict=True))

    loss = Compares()
    loop = make(losses={"compares": loss})
    steps(loop, 2)
    assert loss.equal


def test_everything_is_trainable_again_after_a_step_and_what_never_was_is_not():
    critic, generator = Judge(), Maker()
    critic.body.bias.requires_grad_(False)
    generator.tail.weight.requires_grad_(False)
    loop = make(critic=critic, generator=generator)
    before = critic.body.bias.clone(), generator.tail.weight.clone()
    steps(loop, 3)
    assert [name for name, p in critic.named_parameters() if not p.requires_grad] == ["body.bias"]
    assert [name for name, p in generator.named_parameters() if not p.requires_grad] == ["tail.weight"]
    assert torch.equal(critic.body.bias, before[0])
    assert torch.equal(generator.tail.weight, before[1])


def test_the_critic_and_the_generator_are_in_training_mode_in_every_forward():
    loop = steps(make(Plan(2, 2), ema=0.9), 2)
    assert loop.run.critic.modes == {True}
    assert loop.run.generator.modes == {True}


def test_views_are_asked_for_every_batch_and_every_judgement_of_every_turn():
    class Watching(Difference):
        def __init__(self):
            super().__init__()
            self.record = []

        def view(self, fields, place, turn):
            self.record.append((turn.side[0], place))
            return fields

    loss = Watching()
    steps(make(losses={"watching": loss}), 1)
    assert sorted(loss.record) == sorted(
        [
            *[("c", "real"), ("c", "fake"), ("c", "judged"), ("c", "judged")],
            *[("g", "real"), ("g", "fake"), ("g", "judged")],
        ]
    )


def test_after_comes_after_backward_and_constrain_after_each_critic_update_both_without_gradients():
    class Hooked(Difference):
        record = []

        def after(self, turn):
            network = loop.run.critic if turn.side == "critic" else loop.run.generator
            assert not torch.is_grad_enabled()
            assert all(p.grad is not None for p in network.parameters())
            self.record.append(f"after {turn.side}")

        def constrain_(self, critic):
            assert not torch.is_grad_enabled()
            assert critic is loop.run.critic
            self.record.append("constrain")
            for parameter in critic.parameters():
                parameter.clamp_(-0.01, 0.01)

    loss = Hooked()
    loop = make(Plan(2, 1), losses={"hooked": loss})
    loop.step()
    assert loss.record == ["after critic", "constrain", "after critic", "constrain", "after generator"]
    assert max(p.abs().max().item() for p in loop.run.critic.parameters()) == pytest.approx(0.01)


def test_a_losss_own_buffers_are_state_and_the_networks_it_holds_are_not():
    class Pool(Difference):
        def __init__(self):
            super().__init__()
            self.register_buffer("pool", torch.zeros(N, 2))
            self.frozen = nn.BatchNorm1d(2)

        def after(self, turn):
            self.pool.copy_(turn.fake["sample"])

    loop = steps(make(losses={"pool": Pool()}), 3)
    state = copy.deepcopy(loop.run.state())
    assert state["losses"]["pool"].keys() == {"pool"}
    assert state["losses"]["pool"]["pool"].abs().sum() > 0
    fresh = make(losses={"pool": Pool()}, seed=1)
    fresh.run.restore(state)
    assert torch.equal(fresh.run.losses["pool"].pool, loop.run.losses["pool"].pool)
    assert moved(fresh.run.generator, weights(loop.run.generator)) == set()


def test_terms_estimates_scores_and_gradients_are_logged_as_means_by_side_and_name():
    class Estimates(Difference):
        def estimates(self, turn):
            assert not torch.is_grad_enabled()
            return {"gap": turn.real_scores["score"].mean() - turn.fake_scores["score"].mean()}

    loop = steps(make(Plan(2, 1), losses={"estimates": Estimates()}), 2)
    record = loop.meter.read()
    assert record.keys() == {
        *(f"critic/{name}" for name in ("adversarial", "gap", "real_score", "fake_score", "gradient_norm")),
        *(f"generator/{name}" for name in ("adversarial", "gradient_norm")),
        "images_per_second",
    }
    assert record["critic/gap"] == pytest.approx(-record["critic/adversarial"], abs=1e-6)
    assert record["critic/real_score"] - record["critic/fake_score"] == pytest.approx(record["critic/gap"], abs=1e-6)
    critic_turns = [turn for turn in loop.run.losses["estimates"].turns if turn.side == "critic"]
    mean = sum(turn.real_scores["score"].mean().item() for turn in critic_turns) / 4
    assert record["critic/real_score"] == pytest.approx(mean, abs=1e-6)
    assert record["images_per_second"] > 0
    assert loop.meter.read().keys() == {"images_per_second"}  # reading starts anew


@pytest.mark.parametrize("side", ["critic", "generator"])
@pytest.mark.parametrize("fault", ["term", "gradient"])
def test_nothing_is_updated_with_what_is_not_finite(side, fault):
    class Diverges(Difference):
        def spoiled(self, terms, turn):
            if turn.side == side:
                score = turn.fake_scores["score"].mean()
                # The square root's slope at 0 is infinite while its value is not.
                terms["sick"] = score / 0 if fault == "term" else (score - score).abs().sqrt()
            return terms

        def critic_terms(self, turn):
            return self.spoiled(super().critic_terms(turn), turn)

        def generator_terms(self, turn):
            return self.spoiled(super().generator_terms(turn), turn)

    loop = make(losses={"diverges": Diverges()})
    before = weights(getattr(loop.run, side))
    with pytest.raises(DivergenceError) as caught:
        loop.step()
    assert moved(getattr(loop.run, side), before) == set()
    assert f"diverged at step 0: on the {side}'s turn " in str(caught.value)
    assert ("the term 'sick' is " if fault == "term" else "its gradient is not finite") in str(caught.value)
    assert "lower the learning rate" in str(caught.value)
    assert caught.value.exit_code == 3
