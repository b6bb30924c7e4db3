"""Several processes train one run: the same batches, the gradients of the whole batch, the same bits everywhere.

Long ones: ./tools/test -m slow tests/engine/test_distributed.py.
"""

from pathlib import Path

import numpy as np
import pytest
import ranks_at_work as work
import torch
import torch.distributed as dist
from processes import start
from ranks_at_work import ACGAN, DOMAINS, FEATURES, GAME, LABELS, PARTS, PLAIN, WGAN_GP
from torch import nn

from ganzoo.config import TrainConfig
from ganzoo.engine.batches import Batches
from ganzoo.engine.device import from_config
from ganzoo.engine.distributed import Ranks
from ganzoo.engine.distributed.ranks import checksum
from ganzoo.engine.distributed.whole_batch import sees_its_batch_only, synchronise
from ganzoo.engine.ema import MovingAverage
from ganzoo.errors import UserError
from ganzoo.fields import DataSpec
from ganzoo.registry import Registry

ROOT = Path(__file__).parents[2]
RECIPES = ["[non_saturating, label_classification]", "[non_saturating, {name: label_classification, learn_fakes: false}]"]
COMBINATIONS = ["[wasserstein, gradient_penalty]", "[wasserstein, weight_clip]", "[least_squares, {name: r1, gamma: 1}]", *RECIPES]
ADDED = {
    *("gradient_penalty", "r1", "r2", "dragan", "weight_clip", "label_classification", "wgan_div"),
    *("orthogonal", "pixel_l1", "pixel_l2", "score_drift"),
}
APART = {
    *("ada", "augment", "diffaugment", "consistency", "latent_consistency", "image_pool"),  # each process draws its own changes
    *("fade_reals", "matching_attributes", "inversion", "matching_aware", "conditioning_kl"),  # of a stage, attributes, encoders, texts
    *("top_k_fakes", "pulling_away"),  # of the share's order, of its pairs, as their READMEs say
    *("mutual_information", "path_length", "perceptual", "domain_transfer"),  # need networks, or pictures, of their own
    *("cycle_consistency", "identity_mapping", "reconstruction"),  # need a source, or a mask; of sources there is a game below
    *("lecam", "lipschitz_penalty"),  # without a gradient in a first step: nothing has been averaged yet, and the norm is below 1
}
"""Losses that have nothing to compare here."""
EVERY_LOSS = [component.name for component in Registry.installed().of_kind("loss") if component.name not in APART]


def game(losses):
    critic = LABELS if "label" in losses else FEATURES if "feature" in losses else PLAIN
    return GAME.replace("CRITIC", critic).replace("LOSS", losses)


# A loss that is not a game by itself is begun with another, and then acts alone.
GAMES = {name: (game(f"[wasserstein, {name}]" if name in ADDED else name), name) for name in EVERY_LOSS}
GAMES |= {losses: (game(losses), "all") for losses in COMBINATIONS}
GAMES["domains without pairs"] = (DOMAINS, "all")
GAMES["shares in two parts"] = (game("[non_saturating, r1]").replace("threads: 1", f"threads: 1, {PARTS}"), "all")


# Gradients.


@pytest.mark.promise(
    "Many processes",
    "Two processes give the gradients of one on the whole batch (1e-12, float64), for every loss",
)
def test_two_ranks_give_the_gradients_of_one_process_for_every_loss(found):
    """A penalty alone too, which a wrapper around the network gets wrong."""
    assert {"gradient_penalty", "r1", "non_saturating"} <= set(GAMES)
    apart, _ = start(2, work.gradients, GAMES)
    assert apart.keys() == GAMES.keys()
    assert max(apart.values()) < 1e-12, apart
    found(f"{len(apart)} losses and combinations, largest difference {max(apart.values()):.1e}")


@pytest.mark.parametrize("mutation", ["no all-reduce", pytest.param("a sum in place of the mean", marks=pytest.mark.slow)])
def test_wrong_gradients_are_found_out(mutation):
    games = {name: GAMES[name] for name in ("non_saturating", "gradient_penalty")}
    found, _ = start(2, work.gradients, games, mutation)
    assert min(found.values()) > 1e-3, found


def test_no_gradient_stays_no_gradient():
    for gradients, total in start(2, work.uneven_gradients):
        assert gradients == [[[1.5] * 3] * 2, [[2.5] * 3] * 2, None]
        assert total == 0.5
    assert start(2, work.uneven_gradients, "no mask")[0][0][2] is not None


@pytest.mark.promise("Many processes", "A frozen part does not move, and what has no gradient gets none; without the mask it would")
def test_a_frozen_part_stays_where_it_is(found):
    assert start(2, work.freeze) == [[False, True]] * 2
    assert start(2, work.freeze, "no mask") == [[True, True]] * 2
    found("moved by 0 in two steps of Adam; moved where the mask is dropped")


# Training.


@pytest.mark.promise("Many processes", "Processes hold the same weights bit for bit, and together see what one process sees")
@pytest.mark.parametrize("text", [ACGAN, WGAN_GP], ids=["acgan", "wgan_gp"])
def test_ranks_are_the_same_bit_for_bit_after_ten_steps(text, found, request):
    first, second = start(2, work.train, text, 10)
    assert first["differing"] == second["differing"] == ""
    for name, value in first["parameters"].items():
        assert np.array_equal(value, second["parameters"][name]), name
    assert first["log"].keys() == second["log"].keys()
    rate = "images_per_second"
    assert {k: v for k, v in first["log"].items() if k != rate} == {k: v for k, v in second["log"].items() if k != rate}
    assert first["number"] == second["number"]
    # What is each rank's own.
    assert any(not np.array_equal(value, second["buffers"][name]) for name, value in first["buffers"].items())
    assert all(not np.isin(a, b).any() for a, b in zip(first["noise"], second["noise"], strict=True))
    assert any("its own process" in note for note in first["notes"])
    # Together they saw what one process sees.
    alone = work.train(Ranks(), text, 10)
    shares = zip(first["samples"], second["samples"], strict=True)
    assert all(np.array_equal(np.concatenate(pair), whole) for pair, whole in zip(shares, alone["samples"], strict=True))
    assert alone["notes"] == []
    found(f"{request.node.callspec.id}: {len(first['parameters'])} parameters equal after 10 steps")


@pytest.mark.promise("Many processes", "A bit that turns in one process's weights is found, and the parameter is named")
def test_a_single_turned_bit_is_found_and_named(found):
    for before, name, differing in start(2, work.drift):
        assert before == ""
        assert differing == name
    found("1 of 1 found")


def test_what_diverges_on_one_rank_stops_all_and_is_named():
    for text, finite in start(2, work.diverge):
        assert "diverged at step 0: on the critic's turn the term 'adversarial' is nan" in text
        assert finite


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.uint8])
def test_a_checksum_sees_any_element_and_no_memory_format(dtype):
    values = torch.arange(12).to(dtype).view(3, 4)
    assert checksum(values) == checksum(values.t().contiguous().t())
    for i in range(12):
        changed = values.clone()
        changed.view(-1)[i] += 1
        assert checksum(changed) != checksum(values)


def test_what_ranks_tell_each_other():
    first, second, third = start(3, work.talk)
    for told in (first, second, third):
        assert told["broadcast"] == [[0.0, 0.0], [0.0, 0.0]]
        assert told["mean"] == [1.0, 1.0]
        assert told["share"] == {"from": 0}
        assert told["agree"] == 15
    assert first["gather"] == [(0, []), (1, [1.0]), (2, [1.0, 1.0])]
    assert second["gather"] == third["gather"] == []


class Conditional(nn.BatchNorm2d):
    """Does more than batch norm."""


def test_only_torchs_own_batch_norm_is_synchronised():
    network = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Sequential(nn.BatchNorm2d(2), Conditional(2)), nn.BatchNorm1d(2))
    before, parameters = network.state_dict(), list(network.parameters())
    assert sees_its_batch_only(network)
    synchronise(network, group := dist.ProcessGroup(0, 1))
    assert sees_its_batch_only(network)  # there is one of another kind
    assert [type(module) for module in (*network[1], network[2])] == [nn.SyncBatchNorm, Conditional, nn.SyncBatchNorm]
    assert MovingAverage(network, 0.5).network[2].process_group is group  # which cannot be copied
    assert before.keys() == network.state_dict().keys()
    assert all(p is q for p, q in zip(network.parameters(), parameters, strict=True))
    assert not sees_its_batch_only(network[2])


# Whose samples are whose.


class Place(Ranks):
    def __init__(self, rank, size):
        self.rank, self.size = rank, size


def batches(ranks, size=8):
    points = np.arange(46, dtype=np.float32).reshape(23, 2)
    runtime = from_config(TrainConfig(device="cpu", threads=1))
    return Batches({"sample": points}, DataSpec({"sample": (2,)}), size, 3, False, runtime, ranks=ranks)


@pytest.mark.parametrize("size", [2, 4, 8])
def test_ranks_share_each_batch_without_overlap(size):
    alone, shared = batches(Ranks()), [batches(Place(rank, size)) for rank in range(size)]
    for _ in range(5):  # beyond the second epoch
        whole = alone.next()["sample"]
        assert torch.equal(torch.cat([part.next()["sample"] for part in shared]), whole)


@pytest.mark.parametrize(("size", "advice"), [(3, "set it to 6 or 9"), (16, "set it to 16")])
def test_a_batch_that_cannot_be_split_is_refused(size, advice):
    with pytest.raises(UserError, match=f"cannot be split evenly over {size} processes; {advice}") as caught:
        batches(Place(0, size))
    assert caught.value.key == "train.batch_size"
