"""The orthogonal term against its formula."""

import pytest
import torch
from ganzoo_biggan.generator import BigGANGenerator
from ganzoo_biggan.orthogonal import Orthogonal, off_diagonal, weights_of
from torch import Tensor, nn

from ganzoo import Critic, DataSpec, Fields, Generator, Turn

DATA = DataSpec({"sample": (3, 2, 2), "label": ()}, 3)


class Small(Generator):
    """A linear layer, a convolution and an embedding."""

    latent_dim = 4

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.convolution, self.classes = nn.Linear(4, 12), nn.Conv2d(3, 3, 3, padding=1), nn.Embedding(3, 4)

    def forward(self, latent: Tensor, label: Tensor) -> Fields:
        return {"sample": self.convolution(self.linear(latent + self.classes(label)).view(-1, 3, 2, 2))}


def test_it_is_the_sum_of_squares_off_the_diagonal_of_each_layers_gram_matrix() -> None:
    torch.manual_seed(0)
    generator = Small().double()
    real = {"sample": torch.zeros(2, 3, 2, 2, dtype=torch.float64), "label": torch.tensor([0, 1])}
    turn = Turn("generator", generator, Critic(), real, {"latent": torch.randn(2, 4, dtype=torch.float64)})
    expected = 0.0
    for weight in (generator.linear.weight, generator.convolution.weight.flatten(1)):
        for i in range(len(weight)):
            expected += sum((weight[i] @ weight[j]).item() ** 2 for j in range(len(weight)) if j != i)
    term = Orthogonal(DATA, weight=0.5).generator_terms(turn)["orthogonal"]
    assert term.item() == pytest.approx(0.5 * expected, rel=1e-9)
    term.backward()
    w = generator.linear.weight.detach()
    gradient = 0.5 * 4 * (w @ w.T * (1 - torch.eye(12))) @ w
    torch.testing.assert_close(generator.linear.weight.grad, gradient, rtol=1e-9, atol=1e-9)
    assert generator.classes.weight.grad is None


def test_orthogonal_rows_cost_nothing_whatever_their_lengths() -> None:
    rows = nn.init.orthogonal_(torch.empty(4, 6, dtype=torch.float64)) * torch.tensor([[1.0], [2.0], [3.0], [0.5]])
    assert off_diagonal(rows).item() == pytest.approx(0.0, abs=1e-20)


def test_below_spectral_norm_it_acts_on_the_raw_weights_and_on_no_embedding() -> None:
    generator = BigGANGenerator(DataSpec({"sample": (3, 16, 16), "label": ()}, 3), latent_dim=6, width=2, embedding=5)
    found = weights_of(generator)
    layers = [m for m in generator.modules() if isinstance(m, (nn.Linear, nn.Conv2d))]
    assert len(found) == len(layers)
    assert all(any(weight is parameter for parameter in generator.parameters()) for weight in found)
    assert not any(weight is generator.classes.weight for weight in found)
