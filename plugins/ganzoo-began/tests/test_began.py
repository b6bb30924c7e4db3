import pytest
import torch
from ganzoo_began.loss import BoundaryEquilibrium
from ganzoo_began.networks import BEGANCritic, BEGANGenerator
from torch import Tensor, nn

from ganzoo import Critic, DataSpec, Generator, Scores, Turn, UserError

POINTS = DataSpec({"sample": (2,)})


class Norm(Critic):
    """Minus the sum of absolute values."""

    def forward(self, sample: Tensor) -> Scores:
        return {"score": -sample.abs().sum(dim=1)}


REAL = torch.tensor([[1.0, 2.0], [0.0, 3.0]], dtype=torch.float64)  # errors 3, 3
FAKE = torch.tensor([[0.5, 0.0], [1.0, -1.0]], dtype=torch.float64)  # errors 0.5, 2


def turn(side: str) -> Turn:
    return Turn(side, Generator(), Norm(), {"sample": REAL}, {}, shared_fake={"sample": FAKE})  # type: ignore[arg-type]


def test_the_loss_and_k_are_those_of_the_formula() -> None:
    loss = BoundaryEquilibrium(POINTS, gamma=0.5, rate=0.1).double()
    loss.k.fill_(0.25)
    critic = turn("critic")
    assert loss.critic_terms(critic)["adversarial"].item() == pytest.approx(3 - 0.25 * 1.25, abs=1e-12)
    assert loss.generator_terms(turn("generator"))["adversarial"].item() == pytest.approx(1.25, abs=1e-12)
    assert loss.estimates(critic)["convergence"].item() == pytest.approx(3 + abs(0.5 * 3 - 1.25), abs=1e-12)
    loss.after(critic)
    assert loss.k.item() == pytest.approx(0.25 + 0.1 * (0.5 * 3 - 1.25), abs=1e-12)
    loss.after(turn("generator"))
    assert loss.k.item() == pytest.approx(0.275, abs=1e-12)


@pytest.mark.parametrize(("start", "gamma", "end"), [(0.0, 0.0, 0.0), (1.0, 1.0, 1.0)])
def test_k_stays_between_0_and_1(start: float, gamma: float, end: float) -> None:
    loss = BoundaryEquilibrium(POINTS, gamma=gamma, rate=1.0).double()
    loss.k.fill_(start)
    loss.after(turn("critic"))
    assert loss.k.item() == end


def test_networks_of_the_papers_size_have_the_layers_of_the_code_that_is_followed() -> None:
    data = DataSpec({"sample": (3, 64, 64)})
    with torch.device("meta"):
        generator, critic = BEGANGenerator(data), BEGANCritic(data)

    def convolutions(network: nn.Module) -> list[tuple[int, int, int]]:
        return [(m.in_channels, m.out_channels, m.stride[0]) for m in network.modules() if isinstance(m, nn.Conv2d)]

    def size(network: nn.Module) -> int:
        return sum(p.numel() for p in network.parameters())

    n = 128
    down = [(3, n, 1), (n, n, 1), (n, 2 * n, 1), (2 * n, 2 * n, 2), (2 * n, 2 * n, 1), (2 * n, 3 * n, 1), (3 * n, 3 * n, 2)]
    down += [(3 * n, 3 * n, 1), (3 * n, 4 * n, 1), (4 * n, 4 * n, 2), (4 * n, 4 * n, 1), (4 * n, 4 * n, 1)]
    up = [(n, n, 1)] * 8 + [(n, 3, 1)]
    assert convolutions(generator) == up
    assert convolutions(critic) == down + up
    decoder = 65 * 64 * n + sum(9 * a * b + b for a, b, _ in up)
    assert size(generator) == decoder
    assert size(critic) == decoder + sum(9 * a * b + b for a, b, _ in down) + (4 * n * 64 + 1) * 64


def test_scores_are_minus_the_error_of_each_sample_by_itself() -> None:
    data = DataSpec({"sample": (1, 28, 28)})
    critic = BEGANCritic(data, width=2, code=4)
    sample = torch.rand(3, 1, 28, 28)
    score = critic(sample)["score"]
    assert score.shape == (3,)
    torch.testing.assert_close(score[1], -(critic.net(sample[1:2]) - sample[1:2]).abs().mean())
    assert BEGANGenerator(data, width=2).draw(500)["latent"].abs().max() <= 1


def test_scores_have_the_gradient_of_central_differences_by_the_target_too() -> None:
    torch.manual_seed(0)
    critic = BEGANCritic(DataSpec({"sample": (1, 14, 14)}), width=2, code=4).double()
    sample = torch.rand(1, 1, 14, 14, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda sample: critic(sample)["score"], sample)  # a target that is detached fails


def test_what_the_critic_makes_of_an_image_depends_on_it_from_the_start() -> None:
    torch.manual_seed(0)
    with torch.no_grad():
        made = BEGANCritic(DataSpec({"sample": (1, 28, 28)}), width=12, code=32).net(torch.rand(16, 1, 28, 28) * 2 - 1)
    assert made.std(dim=0).mean() > 1e-2  # 6e-6 under torch's own weights: training then ends in one flat picture


def test_points_are_refused() -> None:
    for build in (BEGANGenerator, BEGANCritic):
        with pytest.raises(UserError, match="serves images"):
            build(POINTS)
