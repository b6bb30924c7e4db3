import math
from itertools import pairwise

import pytest
import torch
from ganzoo_icgan.attributes import changes, exclusive, settled
from ganzoo_icgan.critic import IcGANCritic
from ganzoo_icgan.generator import IcGANGenerator
from ganzoo_icgan.inversion import Inversion
from ganzoo_icgan.matching import MatchingAttributes
from ganzoo_icgan.schedule import ThenEncoders
from torch import nn

from ganzoo import Critic, DataSpec, Generator, Turn, UserError, route


def images(edge: int, attributes: int, changes: int, channels: int = 1) -> DataSpec:
    return DataSpec({"sample": (channels, edge, edge), "attributes": (attributes,), "label": ()}, changes)


SMALL = images(16, 5, 7)
"""Three classes, two other attributes."""


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def convolutions(widths: list[int], kernel: int, norms: int) -> int:
    """Weights of convolutions with biases between layers of ``widths`` channels, and ``norms`` weights of norms."""
    return sum(kernel**2 * a * b + b for a, b in pairwise(widths)) + norms


def test_numbers_of_weights_are_those_of_the_papers_layers() -> None:
    with torch.device("meta"):
        generator, critic = IcGANGenerator(images(64, 18, 36, 3)), IcGANCritic(images(64, 18, 36, 3))
    made = convolutions([118, 512, 256, 128, 64, 3], 4, 2 * (512 + 256 + 128 + 64))
    encoder = convolutions([3, 32, 64, 128, 256], 5, 2 * (32 + 64 + 128 + 256))
    linear = {units: (4096 + 1) * units + 2 * units + (units + 1) * out for units, out in ((4096, 100), (512, 18))}
    assert count(generator.decoder) == made == 3_725_123
    assert count(generator.latent_encoder) == encoder + linear[4096] == 18_278_244
    assert count(generator.attribute_encoder) == encoder + linear[512] == 3_186_962
    judged = convolutions([3, 64], 4, 0) + convolutions([64 + 18, 128, 256, 512, 1], 4, 2 * (128 + 256 + 512))
    assert count(critic) == judged == 2_803_393


@pytest.mark.parametrize("edge", [8, 28, 48])
def test_pictures_of_any_size_that_halves_are_made_encoded_and_judged(edge) -> None:
    data = images(edge, 5, 7)
    generator = IcGANGenerator(data, latent_dim=3, width=2, encoder_width=2, latent_units=4, attribute_units=4)
    attributes = torch.ones(2, 5)
    made = generator.generate(generator.draw(2)["latent"], attributes)["sample"]
    assert made.shape == (2, 1, edge, edge)
    assert generator.encode_latent(made)["latent"].shape == (2, 3)
    assert generator.encode_attributes(made)["attributes"].shape == (2, 5)
    assert IcGANCritic(data, width=2)(made, attributes)["score"].shape == (2,)


def test_a_change_sets_its_attribute_and_those_that_exclude_it_and_leaves_the_others() -> None:
    assert exclusive(SMALL, "it") == 3
    assert changes(5, 3).tolist() == [
        *([1, -1, -1, 0, 0], [-1, 1, -1, 0, 0], [-1, -1, 1, 0, 0]),
        *([0, 0, 0, -1, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, -1], [0, 0, 0, 0, 1]),
    ]
    assert changes(2, 0).tolist() == [[-1, 0], [1, 0], [0, -1], [0, 1]]
    found = torch.tensor([[-0.5, -0.2, -0.9, 0.1, -0.1], [0.2, 0.1, 0.9, -2.0, 3.0]])
    assert settled(found, 3).tolist() == [[-1, 1, -1, 1, -1], [-1, -1, 1, -1, 1]]
    assert settled(found, 0).tolist() == [[-1, -1, -1, 1, -1], [1, 1, 1, -1, 1]]


def test_forward_makes_of_the_encoders_findings_what_the_change_says(monkeypatch) -> None:
    generator = IcGANGenerator(SMALL, latent_dim=2, width=2, encoder_width=2, latent_units=4, attribute_units=4).eval()
    found = torch.tensor([[0.9, -0.8, -0.7, 0.6, -0.4]]).expand(3, 5)
    monkeypatch.setattr(generator.attribute_encoder, "forward", lambda sample: found)
    sample = torch.rand(3, 1, 16, 16)
    made = generator(sample, torch.tensor([0, 2, 3]))["sample"]
    wanted = torch.tensor([[1, -1, -1, 1, -1], [-1, -1, 1, 1, -1], [1, -1, -1, -1, -1]]).float()
    assert torch.equal(made, generator.generate(generator.latent_encoder(sample), wanted)["sample"])


class Table(Critic):
    """Scores a sample times its first attribute."""

    def forward(self, sample, attributes):
        return {"score": sample[:, 0] * attributes[:, 0]}


class Fixed(Generator):
    """Makes noise plus attribute; finds noise of a third, and attributes of half."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones((), dtype=torch.float64))

    def draw(self, n, device=None):
        return {"latent": torch.tensor([[0.5], [3.0]]).double()}

    def forward(self, sample, label):
        return {"sample": sample}

    @route(gives={"sample"})
    def generate(self, latent, attributes):
        return {"sample": self.scale * (latent + attributes)}

    @route(gives={"latent"})
    def encode_latent(self, sample):
        return {"latent": sample / 3}

    @route(gives={"attributes"})
    def encode_attributes(self, sample):
        return {"attributes": sample / 2}


DATA = DataSpec({"sample": (1,), "attributes": (1,)})


def turn_of(side, attributes=(1.0, -1.0)):
    generator = Fixed()
    real = {"sample": torch.tensor([[2.0], [-0.5]]).double(), "attributes": torch.tensor(attributes).double()[:, None]}
    return Turn(side, generator, Table(), real, generator.draw(2)).on("generate")


def z(score: float, label: int) -> float:
    """Binary cross entropy of a raw score."""
    return math.log1p(math.exp(-score if label else score))


def test_the_game_meets_its_closed_form_on_both_sides() -> None:
    # Made 1.5 and 2, which score 1.5 and -2; real ones score 2 and 0.5, with the other's attribute -2 and -0.5.
    (critic,) = MatchingAttributes(DATA).critic_terms(turn_of("critic")).values()
    right, wrong, fake = z(2, 1) + z(0.5, 1), z(-2, 0) + z(-0.5, 0), z(1.5, 0) + z(-2, 0)
    assert critic.item() == pytest.approx((right + (wrong + fake) / 2) / 2, abs=1e-6)
    (generator,) = MatchingAttributes(DATA).generator_terms(turn_of("generator")).values()
    assert generator.item() == pytest.approx((z(1.5, 1) + z(-2, 1)) / 2, abs=1e-6)


def test_others_of_the_same_attributes_are_not_wrong() -> None:
    # Made 1.5 and 4.
    (critic,) = MatchingAttributes(DATA).critic_terms(turn_of("critic", (1.0, 1.0))).values()
    assert critic.item() == pytest.approx((z(2, 1) + z(-0.5, 1) + (z(1.5, 0) + z(4, 0)) / 2) / 2, abs=1e-6)


def test_encoders_are_held_to_noise_and_attributes_and_move_the_generator_not_at_all() -> None:
    turn = turn_of("generator")
    terms = Inversion(DATA).generator_terms(turn)
    assert terms["latent"].item() == pytest.approx((0**2 + (2 / 3 - 3) ** 2) / 2, abs=1e-6)
    assert terms["attributes"].item() == pytest.approx((0**2 + 0.75**2) / 2, abs=1e-6)
    assert not any(term.requires_grad for term in terms.values())


def test_the_game_comes_first_and_then_the_encoders_alone() -> None:
    plans = [ThenEncoders(DATA, share=0.3).plan(step, 10) for step in range(10)]
    assert [plan.critic_updates for plan in plans] == [1] * 3 + [0] * 7
    assert [plan.reset for plan in plans] == [()] * 3 + [("generator",)] + [()] * 6
    assert plans[2].frozen == ("generator.latent_encoder", "generator.attribute_encoder")
    assert plans[3].frozen == ("generator.decoder",)
    assert plans[2].names("matching_attributes@generate")
    assert not plans[2].names("inversion")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (DataSpec({"sample": (1, 28, 28), "label": ()}, 10), "wants images with 'attributes'"),
        (images(16, 5, 4), "wants images with 'attributes'"),
        (images(16, 5, 11), "wants images with 'attributes'"),
        (images(50, 5, 7), "halves images 3 times"),
    ],
)
@pytest.mark.parametrize("network", [IcGANGenerator, IcGANCritic])
def test_data_without_attributes_or_of_a_size_that_does_not_halve_is_refused(network, data, said) -> None:
    with pytest.raises(UserError, match=said):
        network(data)
