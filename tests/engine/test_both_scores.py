"""One forward of the critic scores real samples and fakes: what it gives, and what a run has of it."""

import pytest
import torch
from small_game import Difference, make, steps
from torch import Tensor, nn
from turn_players import Judge, Maker, N, batch, turn_of

from ganzoo.config import parse_config, resolve
from ganzoo.engine.build import build
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.players import Critic
from ganzoo.registry import Registry
from ganzoo.rules import Loss, Plan
from ganzoo.tensors import one_batch
from ganzoo.ui.progress import reporter

# What one forward gives.


def scored(apart, generator, critic, real, drawn):
    """A critic's turn, its scores of real samples and of fakes, and how many forwards they took."""
    turn, before = turn_of("critic", generator, critic, real, drawn), critic.calls
    real_scores, fake_scores = (turn.real_scores, turn.fake_scores) if apart else turn.both_scores
    return turn, real_scores["score"], fake_scores["score"], critic.calls - before


def test_one_forward_gives_the_scores_and_the_gradients_that_two_would():
    generator, critic, real = Maker(), Judge(), batch()
    found, drawn = [], generator.draw(N)
    for apart, forwards in ((True, 2), (False, 1)):
        _, real_score, fake_score, calls = scored(apart, generator, critic, real, drawn)
        assert calls == forwards
        loss = nn.functional.softplus(-real_score).mean() + fake_score.square().mean()
        found.append((real_score, fake_score, *torch.autograd.grad(loss, list(critic.parameters()))))
    torch.testing.assert_close(found[0], found[1])
    assert not torch.equal(found[0][0], found[0][1])


def test_both_are_computed_once_and_only_when_asked_for():
    generator, critic = Maker(), Judge()
    turn = turn_of("critic", generator, critic)
    assert (generator.calls, critic.calls, turn.computed("real_scores")) == (0, 0, None)
    for _ in range(2):
        assert turn.both_scores == (turn.real_scores, turn.fake_scores) == (turn.computed("real_scores"), turn.computed("fake_scores"))
    assert (generator.calls, critic.calls) == (1, 1)


def test_batches_of_different_lengths_keep_their_own_scores():
    critic = Judge()
    turn = turn_of("critic", critic=critic, real=batch(3), shared_fake={"sample": torch.randn(N, 2)})
    assert [len(scores["score"]) for scores in turn.both_scores] == [3, N]
    assert critic.calls == 1


class Labelled(Critic):
    """Scores that show which sample they belong to."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, alpha: Tensor, sample: Tensor, label: Tensor):
        self.calls += 1
        return {"score": 10.0 * label + alpha}


def test_each_sample_goes_with_its_own_label_and_a_schedules_value_with_all():
    critic, real = Labelled(), {**batch(), "alpha": torch.full((), 0.5)}
    turn = turn_of("critic", critic=critic, real=real, drawn={"latent": torch.randn(N, 3), "label": torch.full((N,), 3)})
    assert [scores["score"].tolist() for scores in turn.both_scores] == [[0.5, 10.5, 20.5, 30.5, 0.5], [30.5] * N]
    assert critic.calls == 1


class Shift(Loss):
    """Adds 1 to what is judged and 10 to what is real; remembers where it looked."""

    def __init__(self) -> None:
        super().__init__()
        self.places = []

    def view(self, fields, place, turn):
        self.places.append(place)
        return fields | {"sample": fields["sample"] + {"judged": 1, "real": 10, "fake": 0}[place]}


def test_what_is_judged_is_viewed_once_for_real_samples_and_once_for_fakes():
    loss, critic, real, seen = Shift(), Judge(), batch(), []
    critic.register_forward_pre_hook(lambda module, inputs, named: seen.append(named["sample"]), with_kwargs=True)
    turn = turn_of("critic", critic=critic, real=real, views=[loss])
    assert len(turn.both_scores) == 2
    assert loss.places == ["real", "fake", "judged", "judged"]
    assert len(seen) == 1
    torch.testing.assert_close(seen[0], torch.cat((real["sample"] + 10, turn.fake["sample"])) + 1)


def test_a_score_may_be_changed_in_place_as_one_of_its_own_forward_may():
    real, fake = turn_of("critic").both_scores
    expected = real["score"].clone() + (fake["score"] + 1).relu()
    (real["score"] + fake["score"].add_(1).relu_()).sum().backward()
    torch.testing.assert_close(real["score"] + fake["score"], expected)


# What is not one batch.

TABLE = torch.randn(2, 3)


@pytest.mark.parametrize(
    ("first", "second", "joins"),
    [
        ({"a": torch.zeros(4, 2)}, {"a": torch.zeros(3, 2)}, True),
        ({"a": torch.zeros(4, 2)}, {"a": torch.zeros(4, 3)}, False),
        ({"a": torch.zeros(4)}, {"a": torch.zeros(4, dtype=torch.int64)}, False),
        ({"a": torch.zeros(4), "b": 7}, {"a": torch.zeros(4), "b": 7}, True),
        ({"a": torch.zeros(4), "b": "stage one"}, {"a": torch.zeros(4), "b": "stage two"}, False),
        ({"a": torch.zeros(4), "b": torch.zeros(())}, {"a": torch.zeros(4), "b": torch.zeros(4)}, False),
        ({"a": torch.zeros(4), "b": TABLE}, {"a": torch.zeros(4), "b": TABLE}, False),
        ({"b": 7}, {"b": 7}, False),
    ],
    ids=["lengths differ", "shapes differ", "types differ", "a value", "two values", "scalar and samples", "a table", "no samples"],
)
def test_two_batches_become_one_where_their_fields_fit(first, second, joins):
    joined = one_batch(first, second)
    assert (joined is not None) == joins
    if joined:
        assert len(joined["a"]) == len(first["a"]) + len(second["a"])


# In a run.


class Both(Difference):
    """The same difference, of scores from one forward."""

    def critic_terms(self, turn):
        real, fake = turn.both_scores
        return {"adversarial": fake["score"].mean() - real["score"].mean()}


@pytest.mark.parametrize("plan", [Plan(), Plan(share_fake=True), Plan(critic_updates=3)], ids=["plain", "shared fake", "three updates"])
def test_a_run_ends_where_one_with_forwards_apart_does(plan):
    ends, forwards = [], []
    for loss in (Difference(), Both()):
        torch.manual_seed(0)
        loop = steps(make(plan, losses={"difference": loss}), 20)
        ends.append({**loop.run.generator.state_dict(), **loop.run.critic.state_dict()})
        forwards.append(len(loop.run.critic.seen))
    assert forwards[0] - forwards[1] == 20 * plan.critic_updates
    torch.testing.assert_close(ends[0], ends[1], rtol=1e-4, atol=1e-5)


DIGITS = """
data: {name: digits, size: 32}
generator: {name: dcgan, width: 2, latent_dim: 2}
critic: {name: dcgan, width: 2, norm: %s}
loss: [%s]
train: {steps: 2, batch_size: 8, device: cpu, threads: 1}
"""


@pytest.mark.parametrize(
    ("norm", "losses", "counts"),
    [
        ("none", "wasserstein, gradient_penalty", [8, 8, 16]),
        ("layer", "wasserstein, weight_clip", [8, 16]),
        ("none", "least_squares", [8, 16]),
        ("none", "non_saturating", [8, 16]),
        ("none", "minimax", [8, 16]),
        ("batch", "least_squares", [8, 8, 8]),
    ],
)
def test_the_shipped_losses_take_one_forward_where_the_critic_lets_them(norm, losses, counts):
    config, lengths = parse_config(DIGITS % (norm, losses)), []
    run, _ = build(config, resolve(config, Registry.installed()), reporter(quiet=True))
    run.critic.register_forward_hook(lambda module, inputs, named, out: lengths.append(len(out["score"])), with_kwargs=True)
    Loop(run, Meter()).step()
    assert sorted(lengths) == counts
