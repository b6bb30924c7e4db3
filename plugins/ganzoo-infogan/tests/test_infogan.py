# mypy: disable-error-code="no-untyped-call"
import math

import pytest
import torch
from ganzoo_infogan.loss import MutualInformation
from ganzoo_infogan.networks import InfoGANCritic, InfoGANGenerator
from pydantic import ValidationError
from torch import Tensor, nn

from ganzoo import Critic, DataSpec, Generator, Scores, Terms, Turn, UserError
from ganzoo.params import model_of

DIGITS, FIVE = DataSpec({"sample": (1, 28, 28)}), DataSpec({"sample": (5,)})
CATEGORY = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
CONTINUOUS = torch.tensor([[0.5, -1.0], [0.0, 0.25]], dtype=torch.float64)
FAKE = [[2.0, 0.0, -1.0, 1.0, 0.0], [0.0, 1.0, 0.0, -1.0, 0.25]]


class Given(Critic):
    """Three logits and two means are the sample."""

    gives = frozenset({"category_logits", "continuous_mean"})

    def forward(self, sample: Tensor) -> Scores:
        return {"category_logits": sample[:, :3], "continuous_mean": sample[:, 3:]}


def turn_of(side: str) -> tuple[Turn, Tensor]:
    fake = torch.tensor(FAKE, dtype=torch.float64, requires_grad=True)
    drawn = {"category": CATEGORY, "continuous": CONTINUOUS}
    return Turn(side, Generator(), Given(), {"sample": -fake.detach()}, drawn, shared_fake={"sample": fake}), fake  # type: ignore[arg-type]


def check_values(cls: type[MutualInformation]) -> None:
    cross_entropy = 0.860645366744  # of the logits (2, 0, -1) and (0, 1, 0) with the categories 0 and 2
    squares = (0.5**2 + 1 + 1 + 0) / 2 / 2
    for side in ("critic", "generator"):
        loss = cls(FIVE, category=2.0, continuous=3.0)
        turn = turn_of(side)[0]
        terms = loss.critic_terms(turn) if side == "critic" else loss.generator_terms(turn)
        assert terms["category"].item() == pytest.approx(2 * cross_entropy, abs=1e-6)
        assert terms["continuous"].item() == pytest.approx(3 * squares, abs=1e-6)


def test_both_sides_meet_the_closed_form() -> None:
    check_values(MutualInformation)


class SoftmaxTwice(MutualInformation):
    """A fault: the cross entropy of probabilities."""

    def critic_terms(self, turn: Turn) -> Terms:
        logits = turn.fake_scores["category_logits"].softmax(dim=1).log_softmax(dim=1)
        return super().critic_terms(turn) | {"category": self.category * -(turn.fake["category"] * logits).sum(dim=1).mean()}


class GeneratorOnly(MutualInformation):
    """A fault: the recogniser is never trained."""

    def critic_terms(self, turn: Turn) -> Terms:
        return super().critic_terms(turn) if turn.side == "generator" else {}


class OfRealSamples(MutualInformation):
    """A fault: codes are looked for in real samples."""

    def critic_terms(self, turn: Turn) -> Terms:
        logits = turn.real_scores["category_logits"].log_softmax(dim=1)
        return super().critic_terms(turn) | {"category": self.category * -(turn.fake["category"] * logits).sum(dim=1).mean()}


@pytest.mark.parametrize("faulty", [SoftmaxTwice, GeneratorOnly, OfRealSamples])
def test_faulty_losses_are_seen(faulty: type[MutualInformation]) -> None:
    with pytest.raises((AssertionError, KeyError)):
        check_values(faulty)


def test_the_gradient_reaches_the_sample() -> None:
    turn, fake = turn_of("generator")
    sum(MutualInformation(FIVE).generator_terms(turn).values(), torch.zeros(())).backward()
    assert fake.grad is not None
    probabilities = torch.tensor(FAKE, dtype=torch.float64)[:, :3].softmax(dim=1)
    assert torch.allclose(fake.grad[:, :3], (probabilities - CATEGORY) / 2, atol=1e-6)
    assert fake.grad[0, 3:].tolist() == pytest.approx([0.25, 0.5], abs=1e-6)


def test_codes_are_drawn_one_hot_and_uniform() -> None:
    torch.manual_seed(0)
    drawn = InfoGANGenerator(DIGITS, width=2, hidden=4).draw(2000)
    assert {name: value.shape[1] for name, value in drawn.items()} == {"latent": 62, "category": 10, "continuous": 2}
    assert drawn["category"].sum(dim=1).unique().tolist() == [1.0]
    assert drawn["category"].mean(dim=0).sub(0.1).abs().max() < 0.03
    assert drawn["continuous"].abs().max() <= 1
    assert drawn["continuous"].std().item() == pytest.approx(1 / math.sqrt(3), abs=0.03)


def test_sizes_are_the_authors() -> None:
    with torch.device("meta"):
        generator, critic = InfoGANGenerator(DIGITS), InfoGANCritic(DIGITS)

    def sizes(network: nn.Module) -> list[tuple[int, ...]]:
        return [tuple(m.weight.shape[:2]) for m in network.modules() if isinstance(m, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d))]

    assert sizes(generator) == [(1024, 74), (7 * 7 * 128, 1024), (128, 64), (64, 1)]
    assert sizes(critic) == [(64, 1), (128, 64), (1024, 7 * 7 * 128), (1, 1024), (128, 1024), (10, 128), (2, 128)]


@pytest.mark.parametrize("side", [16, 28, 32, 64])
def test_shapes_at_every_size(side: int) -> None:
    data = DataSpec({"sample": (3, side, side)})
    generator, critic = InfoGANGenerator(data, width=2, hidden=4), InfoGANCritic(data, width=2, hidden=4, recogniser=3)
    sample = generator(**generator.draw(3))["sample"]
    assert sample.shape == (3, 3, side, side)
    assert {name: tuple(value.shape) for name, value in critic(sample).items()} == {
        "score": (3,),
        "category_logits": (3, 10),
        "continuous_mean": (3, 2),
    }


def test_other_shapes_and_wrong_parameters_are_refused() -> None:
    with pytest.raises(UserError, match="infogan serves images"):
        InfoGANGenerator(FIVE)
    for cls, bad in [
        (MutualInformation, '{"category": -1}'),
        (InfoGANGenerator, '{"categories": 0}'),
        (InfoGANCritic, '{"norm": "layer"}'),
    ]:
        with pytest.raises(ValidationError):
            model_of(cls).model_validate_json(bad)
