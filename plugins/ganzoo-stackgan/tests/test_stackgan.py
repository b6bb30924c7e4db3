import math
from pathlib import Path

import numpy as np
import pytest
import torch
from ganzoo_shapes.described import Described, vector
from ganzoo_stackgan.augmentation import Condition, ConditioningKL, drawn
from ganzoo_stackgan.critic import StackCritic
from ganzoo_stackgan.generator import StackGenerator
from ganzoo_stackgan.losses import MatchingAware
from ganzoo_stackgan.schedule import TwoStages
from PIL import Image
from torch import nn

from ganzoo import Critic, DataSpec, Generator, Turn
from ganzoo.cli import invoke


def captioned(edge: int, factor: int, text: int = 1024) -> DataSpec:
    return DataSpec({"sample": (3, edge, edge), "source": (3, edge // factor, edge // factor), "text": (text,)})


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def conv(before: int, after: int, kernel: int, bias: bool = False, norm: bool = True) -> int:
    return before * after * kernel**2 + after * bias + 2 * after * norm


def test_numbers_of_weights_follow_from_the_layers() -> None:
    condition = 1024 * 256 + 256
    first = condition + 228 * 1024 * 16 + 2 * 1024 + sum(conv(1024 >> i, 512 >> i, 3) for i in range(4)) + conv(64, 3, 3, True, False)
    inwards = conv(3, 128, 3, True, False) + conv(128, 256, 4) + conv(256, 512, 4)
    outwards = sum(conv(512 >> i, 256 >> i, 3) for i in range(4)) + conv(32, 3, 3, True, False)
    second = condition + inwards + conv(640, 512, 3) + 4 * 2 * conv(512, 512, 3) + outwards
    one = conv(3, 64, 4, True, False) + sum(conv(64 << i, 128 << i, 4) for i in range(3))
    judged = 1024 * 128 + 128 + conv(640, 512, 1) + conv(512, 1, 4, True, False)
    with torch.device("meta"):
        generator, critic = StackGenerator(captioned(256, 4)), StackCritic(captioned(256, 4))
        assert (count(generator.one), count(generator.two)) == (first, second)
        assert (count(critic.one), count(critic.two)) == (one + judged, one + 2 * conv(512, 512, 4) + judged)


@pytest.mark.parametrize(("edge", "factor"), [(32, 2), (64, 4), (96, 2)])
def test_the_large_picture_is_made_of_the_small_one_of_the_same_noise(edge, factor) -> None:
    generator = StackGenerator(captioned(edge, factor, 5), width=2, latent_dim=3, condition_dim=4, blocks=1).eval()
    noise, text = generator.draw(2), torch.rand(2, 5)
    small = generator.first(noise["latent"], noise["jitter"], text)["source"]
    assert small.shape == (2, 3, edge // factor, edge // factor)
    large = generator(**noise, text=text)["sample"]
    assert large.shape == (2, 3, edge, edge)
    assert torch.equal(large, generator.second(**noise, text=text)["sample"])
    assert torch.equal(large, generator.two(small, noise["jitter"][:, 4:], text)[0])
    assert not torch.equal(large, generator(**noise, text=text.flip(0))["sample"])


def test_a_condition_is_drawn_with_the_mean_and_the_variance_of_its_text() -> None:
    generator = StackGenerator(captioned(32, 2, 5), width=2, latent_dim=3, condition_dim=4, blocks=1)
    nn.init.normal_(generator.one.condition.net.weight)
    text = torch.rand(1, 5).expand(40000, 5)
    mean, log_variance = generator.one.condition(text)
    found = drawn((mean, log_variance), torch.randn(40000, 4, generator=torch.Generator().manual_seed(0)))
    assert torch.allclose(found.mean(0), mean[0], atol=0.05)
    assert torch.allclose(found.var(0).log(), log_variance[0], atol=0.05)


def test_texts_lie_some_deviations_apart_from_the_start() -> None:
    torch.manual_seed(0)
    generator = StackGenerator(captioned(32, 2, 16), width=2, latent_dim=3, condition_dim=32, blocks=1)
    for stage in (generator.one, generator.two):
        mean, log_variance = stage.condition(torch.eye(16))
        assert torch.pdist(mean).min() > 3
        assert not log_variance.any()


class Table(Critic):
    """Scores a sample times its text."""

    def forward(self, sample, text):
        return {"score": sample[:, 0] * text[:, 0]}


class Fixed(Generator):
    gives = frozenset({"sample", "text_mean", "text_log_variance"})

    def forward(self, text):
        return {"sample": 3 * text, "text_mean": text, "text_log_variance": 2 * text}


DATA = DataSpec({"sample": (1,), "text": (1,)})
REAL = {"sample": torch.tensor([[1.0], [2.0]]).double(), "text": torch.tensor([[0.5], [-1.0]]).double()}


def z(score: float, label: int) -> float:
    """Binary cross entropy of a raw score."""
    return math.log1p(math.exp(-score if label else score))


def test_both_sides_meet_the_closed_form() -> None:
    # Right 0.5 and -2, wrong -1 and 1, made 1.5 and -3, which score 0.75 and 3.
    (critic,) = MatchingAware(DATA).critic_terms(Turn("critic", Fixed(), Table(), REAL, {})).values()
    wanted = [z(0.5, 1) + (z(-1, 0) + z(0.75, 0)) / 2, z(-2, 1) + (z(1, 0) + z(3, 0)) / 2]
    assert critic.item() == pytest.approx(sum(wanted) / 2, abs=1e-6)
    turn = Turn("generator", Fixed(), Table(), REAL, {})
    (generator,) = MatchingAware(DATA).generator_terms(turn).values()
    assert generator.item() == pytest.approx((z(0.75, 1) + z(3, 1)) / 2, abs=1e-6)
    (divergence,) = ConditioningKL(DATA, weight=3.0).generator_terms(turn).values()
    normal = torch.distributions.Normal
    expected = torch.distributions.kl_divergence(normal(REAL["text"], REAL["text"].exp()), normal(torch.zeros(2, 1).double(), 1.0))
    assert divergence.item() == pytest.approx(3 * expected.mean().item(), abs=1e-6)


class Mine(Generator):
    """A network of somebody's, which is no StackGAN."""

    gives = frozenset({"sample", "text_mean", "text_log_variance"})

    def __init__(self) -> None:
        super().__init__()
        self.condition = Condition(1, 3).double()

    def draw(self, n, device=None):
        return {"noise": torch.ones(n, 3, device=device).double()}

    def forward(self, noise, text):
        mean, log_variance = self.condition(text)
        return {"sample": drawn((mean, log_variance), noise)[:, :1], "text_mean": mean, "text_log_variance": log_variance}


def test_other_networks_draw_conditions_and_are_held_by_the_divergence() -> None:
    network = Mine()
    turn = Turn("generator", network, Table(), REAL, network.draw(2))
    mean = nn.functional.leaky_relu(REAL["text"] * network.condition.net.weight[:3, 0], 0.2)
    torch.testing.assert_close(turn.fake["sample"], mean[:, :1] + 1)  # variances begin at 1
    (divergence,) = ConditioningKL(DATA, weight=3.0).generator_terms(turn).values()
    torch.testing.assert_close(divergence, 3 * mean.square().mean() / 2)
    divergence.backward()
    assert network.condition.net.weight.grad.abs().sum() > 0


def test_the_first_stage_rests_when_it_is_done() -> None:
    plans = [TwoStages(DATA, share=0.25).plan(step, 8) for step in range(8)]
    assert [plan.frozen[0] for plan in plans] == ["generator.two"] * 2 + ["generator.one"] * 6
    assert plans[0].names("matching_aware@first")
    assert not plans[0].names("matching_aware@second")
    assert not plans[2].names("matching_aware@first")
    assert not any(plan.share_fake for plan in plans)
    assert all(TwoStages(DATA, share_fake=True).plan(step, 8).share_fake for step in range(8))


@pytest.mark.parametrize("route", [[], ["--route", "first"]])
def test_no_route_is_named_for_pictures_where_none_takes_them(route, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delattr(Described, "inputs_of_text")  # so that it takes no texts either
    small = ["train.steps=2", "train.batch_size=4", "data.count=40", "generator.width=2", "critic.width=2", "metrics=[]", "sample.count=4"]
    assert invoke(["run", "ganzoo-stackgan:described", "--out", "run", "-q", *(word for each in small for word in ("-o", each))]) == 0
    (tmp_path / "pictures").mkdir()
    capsys.readouterr()
    assert invoke(["sample", "run", "--from", "pictures", "--out", "out", *route]) == 2
    assert capsys.readouterr().err.strip().endswith("this generator takes no pictures; leave --from out")


def test_a_picture_is_made_of_each_text_and_one_that_cannot_be_taken_is_named(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    small = ["train.steps=2", "train.batch_size=4", "data.count=40", "generator.width=2", "critic.width=2", "metrics=[]", "sample.count=4"]
    assert invoke(["run", "ganzoo-stackgan:described", "--out", "run", "-q", *(word for each in small for word in ("-o", each))]) == 0
    (tmp_path / "texts/more").mkdir(parents=True)
    for name, text in (("one", "a small red circle on the left"), ("more/two", "a large blue cross at the top"), ("dog", "a dog")):
        (tmp_path / f"texts/{name}.txt").write_text(text + "\n")
    capsys.readouterr()
    assert invoke(["sample", "run", "--from", "texts", "--out", "out"]) == 2
    assert "texts/dog.txt: 'described' has no caption 'a dog'" in (said := capsys.readouterr().err)
    assert said.endswith("the other 2 are done\n")
    assert sorted(str(path.relative_to("out")) for path in Path("out").rglob("*.png")) == ["more/two.png", "one.png"]
    import ganzoo

    for name, text in (("one", "a small red circle on the left"), ("more/two", "a large blue cross at the top")):
        made = ganzoo.load("run")(text=torch.from_numpy(vector(text)))["sample"]
        shown = torch.from_numpy(np.asarray(Image.open(f"out/{name}.png").convert("RGB")).transpose(2, 0, 1).copy())
        assert torch.equal(made.add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)[0], shown)
    assert invoke(["sample", "run", "--from", str(tmp_path / "run/samples"), "--out", "out2"]) == 2
    assert "it holds no texts (.txt)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["data={name: described, count: 40}"], "wants images with their low resolution 'source' and a vector 'text'"),
        (["data.low_resolution=16", "data.count=40"], "cannot double 'source' of shape (3, 2, 2)"),
        (["data=digits"], "stackgan wants images with their low resolution"),
        (["train.batch_size=1", "data.count=40"], "train.batch_size"),
    ],
)
def test_bad_data_end_a_run_in_one_line_before_training(settings, said, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    options = [word for setting in settings for word in ("-o", setting)]
    assert invoke(["run", "ganzoo-stackgan:described", "--out", "run", "-q", "-o", "metrics=[]", *options]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err
    assert not (tmp_path / "run/checkpoints").exists()
