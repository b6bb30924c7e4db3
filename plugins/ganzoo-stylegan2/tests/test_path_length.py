"""The path length penalty against Jacobians, its average, its place in a step."""

import math

import pytest
import torch
from ganzoo_stylegan2.path_length import PathLength
from torch import Tensor

from ganzoo import Critic, DataSpec, Fields, Generator, Turn, route

DATA = DataSpec({"sample": (2, 8, 8)})


class Curved(Generator):
    """Styles of two layers, and images that are smooth functions of them."""

    latent_dim = 5

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.turn = torch.nn.Parameter(torch.randn(5, 5, dtype=torch.float64))
        self.weight = torch.nn.Parameter(torch.randn(128, 10, dtype=torch.float64))

    @route(gives={"styles"})
    def map(self, latent: Tensor) -> Fields:
        return {"styles": (latent @ self.turn).sin()[:, None].expand(-1, 2, -1)}

    @route(gives={"sample"})
    def synthesise(self, styles: Tensor) -> Fields:
        return {"sample": (styles.flatten(1) @ self.weight.T).tanh().view(-1, 2, 8, 8)}


def turn_of(latent: Tensor, generator: Curved) -> Turn:
    return Turn("generator", generator, Critic(), {"sample": torch.zeros(len(latent), 2, 8, 8)}, {"latent": latent})


def by_jacobians(generator: Curved, latent: Tensor, directions: Tensor) -> Tensor:
    """|J'y| of each latent, from the whole Jacobian of its image by its styles."""
    lengths = []
    for one, y in zip(generator.map(latent)["styles"], directions, strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda w: generator.synthesise(w[None])["sample"].flatten(), one)  # type: ignore[no-untyped-call]
        product = torch.einsum("p,plw->lw", y.flatten() / math.sqrt(64), jacobian)
        lengths.append(product.square().sum(1).mean().sqrt())
    return torch.stack(lengths)


@pytest.mark.parametrize(("n", "shrink", "taken"), [(6, 2, 3), (5, 2, 3), (4, 1, 4), (1, 2, 1)])
def test_it_is_the_closed_form_of_the_first_latents(n: int, shrink: int, taken: int) -> None:
    generator, latent = Curved(), torch.randn(n, 5, dtype=torch.float64)
    loss = PathLength(DATA, weight=3.0, rate=0.2, shrink=shrink, every=4).double()
    loss.average.fill_(0.7)
    torch.manual_seed(1)
    term = loss.generator_terms(turn_of(latent, generator))["path_length"]
    torch.manual_seed(1)
    directions = torch.randn(taken, 2, 8, 8, dtype=torch.float64)
    lengths = by_jacobians(generator, latent[:taken], directions)
    average = 0.8 * 0.7 + 0.2 * lengths.mean().item()
    assert term.item() == pytest.approx(4 * 3 * (lengths - average).square().mean().item(), rel=1e-9)


def test_its_gradient_is_that_of_central_differences_and_holds_the_average_fixed() -> None:
    generator, latent = Curved(), torch.randn(4, 5, dtype=torch.float64)
    loss = PathLength(DATA, rate=0.0, every=1).double()
    loss.average.fill_(0.3)

    def value() -> Tensor:
        torch.manual_seed(1)
        return loss.generator_terms(turn_of(latent, generator))["path_length"]

    (gradient,) = torch.autograd.grad(value(), generator.weight)
    for place in ((0, 0), (7, 3), (23, 9)):
        slope = 0.0
        for sign in (1, -1):
            with torch.no_grad():
                generator.weight[place] += sign * 1e-6
            slope += sign * value().item() / 2e-6
            with torch.no_grad():
                generator.weight[place] -= sign * 1e-6
        assert gradient[place].item() == pytest.approx(slope, rel=1e-5)


def test_the_average_moves_after_the_generators_turn_and_is_saved() -> None:
    generator, latent = Curved(), torch.randn(4, 5, dtype=torch.float64)
    loss = PathLength(DATA, rate=0.5).double()
    turn = turn_of(latent, generator)
    loss.generator_terms(turn)
    assert loss.average == 0
    loss.after(turn)
    assert loss.average > 0
    assert loss.state().keys() == {"average"}
    before = loss.average.clone()
    loss.after(turn_of(latent, generator))  # a turn without the penalty
    assert loss.average == before
