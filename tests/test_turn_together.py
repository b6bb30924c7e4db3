"""One forward of the critic scores real samples and fakes: where it may, what it gives, and where the two are no one batch."""

import copy

import pytest
import torch
from small_game import Difference, make, steps
from small_game import Judge as Player
from torch import Tensor, nn
from turn_players import DATA, Judge, Maker, N, batch, turn_of

from ganzoo import compat
from ganzoo.config import parse_config, resolve
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.engine.run import build
from ganzoo.players import Critic
from ganzoo.progress import reporter
from ganzoo.registry import Registry
from ganzoo.rules import Loss, Plan, Schedule
from ganzoo.turn import one_batch

# What one forward gives.


@pytest.mark.parametrize("first", ["real", "fake"])
def test_one_forward_gives_the_scores_that_two_would(first):
    generator, critic, real = Maker(), Judge(), batch()
    drawn = generator.draw(N)
    apart = turn_of("critic", generator, critic, real, drawn)
    expected = {place: getattr(apart, f"{place}_scores")["score"] for place in ("real", "fake")}
    critic.calls = generator.calls = 0
    turn = turn_of("critic", generator, critic, real, drawn, together=True)
    assert (generator.calls, critic.calls) == (0, 0)
    for place in (first, "real", "fake"):
        torch.testing.assert_close(getattr(turn, f"{place}_scores")["score"], expected[place])
    assert (generator.calls, critic.calls) == (1, 1)
    assert not torch.equal(expected["real"], expected["fake"])


def test_one_forward_gives_the_gradients_that_two_would():
    generator, critic, real = Maker(), Judge(), batch()
    drawn = generator.draw(N)
    found = []
    for together in (False, True):
        turn = turn_of("critic", generator, critic, real, drawn, together=together)
        loss = nn.functional.softplus(-turn.real_scores["score"]).mean() + turn.fake_scores["score"].square().mean()
        found.append(torch.autograd.grad(loss, list(critic.parameters())))
    torch.testing.assert_close(found[0], found[1])


def test_batches_of_different_lengths_keep_their_own_scores():
    turn = turn_of("critic", real=batch(3), shared_fake={"sample": torch.randn(N, 2)}, together=True)
    assert [len(turn.real_scores["score"]), len(turn.fake_scores["score"])] == [3, N]


class Labelled(Critic):
    """Scores that show which sample they belong to."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, sample: Tensor, label: Tensor, alpha: Tensor):
        self.calls += 1
        return {"score": 10.0 * label + alpha}


def test_each_sample_goes_with_its_own_label_and_a_schedules_value_with_all():
    critic = Labelled()
    real = {**batch(), "alpha": torch.full((), 0.5)}
    turn = turn_of("critic", critic=critic, real=real, drawn={"latent": torch.randn(N, 3), "label": torch.full((N,), 3)}, together=True)
    assert turn.real_scores["score"].tolist() == [0.5, 10.5, 20.5, 30.5, 0.5]
    assert turn.fake_scores["score"].tolist() == [30.5] * N
    assert critic.calls == 1


class Noted(Loss):
    """Adds its mark to what is judged; remembers where it looked."""

    def __init__(self) -> None:
        super().__init__()
        self.places = []

    def view(self, fields, place, turn):
        self.places.append(place)
        return fields | {"sample": fields["sample"] + 1} if place == "judged" else fields


def test_what_is_judged_is_viewed_once_for_real_samples_and_once_for_fakes():
    loss, seen = Noted(), []
    critic = Judge(lambda score: {"score": score})
    critic.register_forward_pre_hook(lambda module, inputs, named: seen.append(named["sample"]), with_kwargs=True)
    turn = turn_of("critic", critic=critic, views=[loss], together=True)
    turn.real_scores, turn.fake_scores
    assert sorted(loss.places) == ["fake", "judged", "judged", "real"]
    torch.testing.assert_close(torch.cat(seen), torch.cat((turn.real["sample"], turn.fake["sample"])) + 1)


# What is no one batch.

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


def test_what_is_no_one_batch_is_scored_in_two_forwards():
    class Rounding(Judge):
        def forward(self, sample: Tensor):
            return super().forward(sample.float())

    critic, fake = Rounding(), torch.ones(N, 2, dtype=torch.float64)
    turn = turn_of("critic", critic=critic, shared_fake={"sample": fake}, together=True)
    torch.testing.assert_close(turn.fake_scores["score"], critic.body(fake.float())[:, 0])
    torch.testing.assert_close(turn.real_scores["score"], critic.body(turn.real["sample"])[:, 0])
    assert critic.calls == 2


# Where it may: the check before training says so, and the loop does it.


class Part:
    """A component as a configuration names it, built from a factory."""

    def __init__(self, name, make):
        self.name, self.make = name, make

    def build(self, data):
        return self.make()


class Plain(Schedule):
    def plan(self, step, total):
        return Plan()


class RealOnly(Loss):
    def critic_terms(self, turn):
        return {"real": turn.real_scores["score"].square().mean()}


class Leaning(Loss):
    """Works after another loss only."""

    def critic_terms(self, turn):
        return {"leaning": turn.computed("real_scores")["score"].mean()}


class Normed(Judge):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.BatchNorm1d(2, track_running_stats=False)


class Mixing(Judge):
    def __init__(self) -> None:
        super().__init__()
        self.mixes_batch = True


def spectral():
    critic = Judge()
    nn.utils.parametrizations.spectral_norm(critic.body)
    return critic


def comparing(*losses, critic=Judge):
    parts = [Part(make.__name__, make) for make in losses]
    verdict = compat.check(Part("g", Maker), Part("c", critic), parts, Part("s", Plain), DATA)
    assert verdict.fits, verdict.problems
    return verdict.comparing


def test_the_check_names_the_losses_that_look_at_both():
    assert comparing(Difference) == {"Difference"}
    assert comparing(Difference, RealOnly, Leaning) == {"Difference"}


@pytest.mark.parametrize("critic", [Normed, Mixing, spectral])
def test_a_critic_whose_forwards_matter_keeps_them_apart(critic):
    assert comparing(Difference, critic=critic) == frozenset()


def forwards(loop):
    """How many samples each of the critic's forwards had, in one step."""
    loop.run.critic.seen.clear()
    return [len(sample) for sample in steps(loop, 1).run.critic.seen]


def test_the_loop_makes_one_forward_where_an_acting_loss_looks_at_both():
    loop = make(losses={"difference": Difference(), "real": RealOnly()})
    assert forwards(loop) == [4, 4, 4]
    loop.run.comparing = frozenset({"difference"})
    assert forwards(loop) == [8, 4]  # the critic's turn, then the generator's


def test_a_loss_that_looks_at_one_side_alone_makes_no_fakes():
    loop = make(Plan(losses=frozenset({"real"}), generator_updates=0), losses={"difference": Difference(), "real": RealOnly()})
    loop.run.comparing = frozenset({"difference"})
    assert forwards(loop) == [4]
    assert loop.run.generator.calls == 0


@pytest.mark.parametrize("plan", [Plan(), Plan(share_fake=True), Plan(critic_updates=3)], ids=["plain", "shared fake", "three updates"])
def test_a_run_ends_where_one_with_forwards_apart_does(plan):
    ends = []
    for comparing in (frozenset(), frozenset({"difference"})):
        torch.manual_seed(0)
        loop = make(plan, critic=copy.deepcopy(Player()))
        loop.run.comparing = comparing
        steps(loop, 20)
        ends.append({**loop.run.generator.state_dict(), **loop.run.critic.state_dict()})
    torch.testing.assert_close(ends[0], ends[1], rtol=1e-4, atol=1e-5)


DIGITS = """
data: {name: digits, size: 32}
generator: {name: dcgan, width: 2, latent_dim: 2}
critic: {name: dcgan, width: 2, norm: %s}
loss: [wasserstein, %s]
train: {steps: 2, batch_size: 8, device: cpu, threads: 1}
"""


@pytest.mark.parametrize(
    ("norm", "second", "counts"),
    [("none", "gradient_penalty", [8, 16, 8]), ("layer", "weight_clip", [16, 8]), ("batch", "weight_clip", [8, 8, 8])],
)
def test_a_configured_run_makes_one_forward_where_its_critic_lets_it(norm, second, counts, tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
    config, lengths = parse_config(DIGITS % (norm, second)), []
    run, _ = build(config, resolve(config, Registry.installed()), reporter(quiet=True))
    run.critic.register_forward_hook(lambda module, inputs, named, out: lengths.append(len(out["score"])), with_kwargs=True)
    Loop(run, Meter()).step()
    assert sorted(lengths) == sorted(counts)
