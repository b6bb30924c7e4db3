import math

import pytest
import torch
from ganzoo_pixeldt.loss import DomainTransfer
from ganzoo_pixeldt.networks import PixelDTCritic, PixelDTGenerator
from torch import nn

from ganzoo import Critic, DataSpec, Generator, Turn, UserError
from ganzoo.cli import invoke


def pairs(edge: int) -> DataSpec:
    return DataSpec({"sample": (3, edge, edge), "source": (3, edge, edge)})


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_numbers_of_weights_follow_from_the_layers() -> None:
    inner = sum(16 * a * b + 2 * b for a, b in ((96, 192), (192, 384), (384, 768)))
    outer = sum(16 * a * b + 2 * b for a, b in ((768, 384), (384, 192), (192, 96)))
    first, last = 16 * 3 * 96, 16 * 96 * 3
    with torch.device("meta"):
        assert count(PixelDTGenerator(pairs(64))) == first + inner + outer + last == 12_399_552
        assert count(PixelDTCritic(pairs(64))) == (first + inner + 16 * 768) + (2 * first + inner + 16 * 768) == 12_430_080


@pytest.mark.parametrize(("edge", "innermost"), [(8, 4), (32, 4), (128, 4), (48, 6)])
def test_all_passes_through_the_innermost_map(edge, innermost) -> None:
    generator, critic = PixelDTGenerator(pairs(edge), width=2), PixelDTCritic(pairs(edge), width=2)
    smallest = []
    for module in generator.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            module.register_forward_hook(lambda module, given, made: smallest.append(made.shape[-1]))
    made = generator(torch.zeros(2, 3, edge, edge))["sample"]
    assert made.shape == (2, 3, edge, edge)
    assert min(smallest) == innermost
    assert {value.shape for value in critic(made, made).values()} == {(2,)}


@pytest.mark.parametrize(("code", "seen"), [(None, False), (8, True)])
def test_with_a_code_every_pixel_follows_from_every_other(code, seen) -> None:
    generator = PixelDTGenerator(pairs(32), width=4, norm="none", code=code)
    source = torch.randn(1, 3, 32, 32, requires_grad=True)
    (slope,) = torch.autograd.grad(generator(source)["sample"][0, :, 0, 0].sum(), source)
    assert bool(slope[0, :, 31, 31].any()) == seen


def test_one_discriminator_sees_the_source_and_the_other_does_not() -> None:
    critic = PixelDTCritic(pairs(16), width=4, norm="none")
    source, sample = torch.randn(2, 3, 16, 16), torch.randn(2, 3, 16, 16)
    one, other = critic(source, sample), critic(source.flip(0), sample)
    assert torch.equal(one["score"], other["score"])
    assert not torch.allclose(one["association"], other["association"])


class Table(Critic):
    """D scores a sample by its value, A a pair by three times their product."""

    gives = frozenset({"score", "association"})

    def forward(self, source, sample):
        return {"score": sample[:, 0], "association": 3 * source[:, 0] * sample[:, 0]}


class Shifts(Generator):
    def forward(self, source):
        return {"sample": source - 2}


SOURCE, TARGET = torch.tensor([[1.0], [-1.0]]).double(), torch.tensor([[2.0], [-3.0]]).double()
DATA = DataSpec({"sample": (1,), "source": (1,)})


def z(score: float, label: int) -> float:
    """Binary cross entropy of a raw score."""
    return math.log1p(math.exp(-score if label else score))


def turn_of(side):
    return Turn(side, Shifts(), Table(), {"sample": TARGET, "source": SOURCE}, {})


def test_both_sides_meet_the_closed_form() -> None:
    # Targets 2 and -3, strange targets -3 and 2, made -1 and -3; A scores 6 and 9, -9 and -6, -3 and 9.
    terms = DomainTransfer(DATA).critic_terms(turn_of("critic"))
    d = [z(2, 1), z(-3, 1), z(-3, 1), z(2, 1), z(-1, 0), z(-3, 0)]
    a = [z(6, 1), z(9, 1), z(-9, 0), z(-6, 0), z(-3, 0), z(9, 0)]
    assert terms["adversarial"].item() == pytest.approx(sum(d) / 2 / 3, abs=1e-9)
    assert terms["association"].item() == pytest.approx(sum(a) / 2 / 3, abs=1e-9)
    terms = DomainTransfer(DATA).generator_terms(turn_of("generator"))
    assert terms["adversarial"].item() == pytest.approx((z(-1, 1) + z(-3, 1)) / 2 / 2, abs=1e-9)
    assert terms["association"].item() == pytest.approx((z(-3, 1) + z(9, 1)) / 2 / 2, abs=1e-9)


def test_data_without_pairs_and_a_batch_of_one_are_refused() -> None:
    with pytest.raises(UserError, match="'source' is not paired"):
        DomainTransfer(DataSpec(DATA.fields, independent=("source",)))
    alone = Turn("critic", Shifts(), Table(), {"sample": TARGET[:1], "source": SOURCE[:1]}, {})
    with pytest.raises(UserError, match="this one has one"):
        DomainTransfer(DATA).critic_terms(alone)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["data={name: scene, size: 50, count: 80}"], "pixeldt halves images 3 times, which does not come out even"),
        (["data={name: tinted, count: 90}"], "loss domain_transfer wants pairs"),
        (["data=digits"], "wants source and sample of one size; this data has"),
        (["train.batch_size=1", "data.count=80"], "train.batch_size"),
    ],
)
def test_bad_data_end_a_run_in_one_line_before_training(settings, said, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    options = [word for setting in settings for word in ("-o", setting)]
    assert invoke(["run", "ganzoo-pixeldt:scene", "--out", "run", "-q", "-o", "metrics=[]", *options]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err
    assert not (tmp_path / "run/checkpoints").exists()
