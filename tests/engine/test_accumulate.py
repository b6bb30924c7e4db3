"""Parts of a batch, one after the other, make the update of the whole; batches of two sizes, and an optimizer that begins anew."""

import copy

import pytest
import torch
from recorders import Quiet, recorded
from small_game import Difference, Judge, Maker, make, steps, weights
from torch import nn
from turn_players import DATA as FIELDS
from turn_players import Part, Plain

from ganzoo import compat
from ganzoo.config import parse_config, resolve
from ganzoo.engine.build import build
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.registry import Registry
from ganzoo.rules import Plan
from ganzoo.ui.progress import reporter

RING = """
data: {name: ring, count: 64}
generator: {name: mlp, hidden: [8], latent_dim: 2}
critic: {name: mlp, hidden: [8]}
loss: LOSS
schedule: {name: alternate, critic_updates: 2}
train: {steps: 4, batch_size: 12, accumulate: PARTS, ema: {half_life: 50}, device: cpu, threads: 1}
"""


def trained(losses, parts):
    config = parse_config(RING.replace("LOSS", losses).replace("PARTS", str(parts)))
    run, _ = build(config, resolve(config, Registry.installed()), reporter(quiet=True))
    loop = Loop(run, meter := Meter())
    for network in run.players.values():
        network.double()
    run.batches.finish = lambda stored, finish=run.batches.finish: {name: value.double() for name, value in finish(stored).items()}
    run.generator.draw = lambda n, device=None: {"latent": torch.randn(n, 2).double()}
    run.optimizers = {side: torch.optim.SGD(network.parameters(), 0.1) for side, network in run.players.items()}
    steps(loop, 3)
    return {f"{side}.{name}": value for side, network in run.players.items() for name, value in network.state_dict().items()}, meter.read()


@pytest.mark.parametrize("losses", ["[non_saturating, r1]", "[wasserstein, gradient_penalty]", "[relativistic_pairing, r1, r2]"])
def test_parts_of_a_batch_make_its_update_to_1e_6(losses):
    (whole, logged), (parts, logged_of_parts) = trained(losses, 1), trained(losses, 3)
    for name, value in whole.items():
        assert (parts[name] - value).abs().max() <= 1e-6 * value.abs().max().clamp(min=1e-3), name
    assert logged.keys() == logged_of_parts.keys()
    for name in logged.keys() - {"images_per_second"}:
        assert logged_of_parts[name] == pytest.approx(logged[name], rel=1e-5, abs=1e-6), name


def cut_into(loop, parts):
    train = loop.run.config.train.model_copy(update={"accumulate": parts})
    loop.run.config = loop.run.config.model_copy(update={"train": train})
    return loop


def test_no_forward_sees_more_than_a_part_and_noise_is_drawn_once():
    loop, drawn = cut_into(make(), 2), []
    draw = loop.run.generator.draw
    loop.run.generator.draw = lambda n, device=None: drawn.append(n) or draw(n, device)
    steps(loop, 1)
    assert {len(seen) for seen in loop.run.critic.seen} == {2}
    assert drawn == [4, 4]


# What is refused.


class Compared(Difference):
    mixes_batch = True

    def __init__(self):
        super().__init__()


class OverTheBatch(Compared):
    mixes_batch = False

    def generator_terms(self, turn):
        return {"adversarial": turn.mean(turn.fake_scores["score"])}


class Keeps(OverTheBatch):
    def generator_terms(self, turn):
        return Difference.generator_terms(self, turn)

    def after(self, turn):
        pass


class Own(nn.Module):
    """A norm that torch does not know."""

    def forward(self, values):
        return nn.functional.batch_norm(values, None, None, training=True)


def normed(layer):
    return nn.Sequential(layer, nn.BatchNorm1d(4))


def own_norm(layer):
    return nn.Sequential(layer, Own())


def with_body(cls, size, wrap):
    def made():
        network = cls()
        network.body = wrap(nn.Linear(*size))
        return network

    return made


def statistic():
    critic = Judge()
    critic.mixes_batch = "statistic"
    return critic


class Shares(Plain):
    def plan(self, step, total):
        return Plan(share_fake=True)


LATENT, POINT = (3, 4), (2, 4)


@pytest.mark.parametrize(
    ("chosen", "key", "said"),
    [
        ({"generator": with_body(Maker, LATENT, normed)}, "train.accumulate", "generator Maker mixes"),
        ({"critic": with_body(Judge, POINT, normed)}, "train.accumulate", "critic Judge mixes"),
        ({"critic": statistic}, "train.accumulate", "critic Judge mixes the samples"),
        ({"critic": with_body(Judge, POINT, nn.utils.parametrizations.spectral_norm)}, "train.accumulate", "changes its buffer 'body.par"),
        ({"critic": with_body(Judge, POINT, nn.utils.spectral_norm)}, "train.accumulate", "changes its buffer 'body.weight_"),
        ({"loss": Compared}, "train.accumulate", "loss 'compared' compares the samples"),
        ({"loss": Keeps}, "train.accumulate", "loss 'keeps' changes its state"),
        ({"loss": OverTheBatch}, "loss.0", "a mean over a whole batch"),
        ({"schedule": Shares}, "train.accumulate", "one fake is shared by both turns"),
        ({"batch": 6}, "train.accumulate", "a batch of 6 cannot be cut into 4 equal parts; take batches of a multiple of 4"),
        ({"share": 6}, "train.accumulate", "into 8 equal parts, 4 for each of 2 processes"),
        ({"batch": 4, "generator": with_body(Maker, LATENT, own_norm)}, "train.batch_size", "the one sample that it"),
    ],
)
def test_what_parts_would_change_is_refused_by_name_before_training(chosen, key, said):
    def verdict(parts):
        given = {"generator": Maker, "critic": Judge, "loss": Difference, "schedule": Plain, "batch": 12, **chosen}
        loss = given.pop("loss")
        made = [Part("g", given.pop("generator")), Part("c", given.pop("critic")), [Part(loss.__name__.lower(), loss)]]
        return compat.check(*made, Part("s", given.pop("schedule")), FIELDS, accumulate=parts, **given)

    (problem, *_) = verdict(4).problems
    assert (problem.key, said in str(problem)) == (key, True), str(problem)
    assert verdict(1).fits


# Batches of two sizes.


def test_players_take_batches_of_their_own_sizes_and_the_position_counts_samples():
    plan = Plan(2, 2, batch_size={"critic": 6, "generator": 3})
    loop = steps(make(plan), 3)
    turns = loop.run.losses["difference"].turns
    assert [len(turn.real["sample"]) for turn in turns] == [6, 6, 3, 3] * 3
    assert [len(turn.drawn["latent"]) for turn in turns] == [6, 6, 3, 3] * 3
    assert loop.run.batches.position == 3 * 18
    seen = torch.cat([turn.real["sample"] for turn in turns])
    assert len({tuple(row) for row in seen[:40].tolist()}) == 40  # an epoch, which a batch goes on from
    same = steps(make(Plan(batch_size={"critic": 6, "generator": 6})), 1)
    first, second = (turn.real["sample"] for turn in same.run.losses["difference"].turns)
    assert torch.equal(first, second)


@pytest.mark.parametrize("taken", [3, 7], ids=["within an epoch", "where a batch goes over its edge"])
def test_a_run_of_several_sizes_is_resumed_bit_for_bit(taken):
    plans = [Plan(batch_size={"critic": 6, "generator": 3}), Plan(reset=("critic",)), *[Plan(2, batch_size={"critic": 5})] * 9]
    whole = steps(make(*plans), 9)
    half = steps(make(*plans), taken)
    state = copy.deepcopy(half.run.state())
    again = make(*plans, seed=1)
    again.run.restore(state)
    steps(again, 9 - taken)
    for side in ("generator", "critic"):
        for name, value in whole.run.players[side].state_dict().items():
            assert torch.equal(again.run.players[side].state_dict()[name], value)
    assert again.run.batches.position == whole.run.batches.position


def test_the_half_life_counts_the_samples_of_the_generators_batches():
    from ganzoo.engine.ema import HalfLife

    loop = make(Plan(batch_size={"generator": 2}), ema=HalfLife(8.0, None, 4, 100))
    steps(loop, 1)
    assert loop.run.average._weight == pytest.approx(1 - 0.5 ** (2 / 8))


# An optimizer that begins anew.


@pytest.mark.parametrize("run_by", [lambda loop: loop, lambda loop: recorded(loop.run)], ids=["as they are", "recorded"])
def test_a_reset_players_optimizer_steps_as_a_new_one(run_by):
    plans = [Plan()] * 6 + [Plan(reset=("critic",))] + [Plan()]
    loop = run_by(make(*plans, generator=Quiet(), losses={"d": Difference()}))
    steps(loop, 6)
    kept = copy.deepcopy(loop.run.optimizers["generator"].state_dict()["state"])
    before = weights(loop.run.critic)
    steps(loop, 1)
    # The first step of Adam is as long as its rate, whatever the gradient; the last bias has none.
    moves = torch.cat([(value - before[name]).flatten() for name, value in loop.run.critic.state_dict().items()]).abs()[:-1]
    assert torch.allclose(moves, torch.full_like(moves, 1e-2), rtol=1e-3)
    assert {float(state["step"]) for state in loop.run.optimizers["critic"].state.values()} == {1.0}
    assert {float(state["step"]) for state in kept.values()} == {6.0}
    assert {float(state["step"]) for state in loop.run.optimizers["generator"].state.values()} == {7.0}
