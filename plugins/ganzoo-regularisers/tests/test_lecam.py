"""LeCam's regulariser: the distance from the other side's moving average."""

# mypy: disable-error-code="no-untyped-call"

import pytest
import torch
from ganzoo_regularisers.lecam import LeCam
from torch import Tensor

from ganzoo import Critic, DataSpec, Generator, Loss, Scores, Turn

SCORES = DataSpec({"sample": (1,)})
REAL, FAKE = (2.0, -1.0, 0.5), (-0.5, 1.0, 0.0)


class Identity(Critic):
    """Scores a sample by its own value."""

    def forward(self, sample: Tensor) -> Scores:
        return {"score": sample[:, 0]}


def turn_of(side: str, real: tuple[float, ...] = REAL, fake: tuple[float, ...] = FAKE, views: tuple[Loss, ...] = ()) -> tuple[Turn, Tensor]:
    """A turn whose raw scores are these, and the fake scores, which can be differentiated."""
    fakes = torch.tensor(fake, dtype=torch.float64, requires_grad=True)
    reals = {"sample": torch.tensor(real, dtype=torch.float64)[:, None]}
    shared = {"sample": fakes[:, None]}
    return Turn(side, Generator(), Identity(), reals, {}, shared_fake=shared, views=views), fakes  # type: ignore[arg-type]


# LeCam.


def check_lecam(loss: LeCam, *, one_sided: bool = True) -> None:
    """Two updates: the averages are of the first batch alone, as the moving average has no bias towards 0."""
    first = turn_of("critic", (3.0, 1.0), (-1.0, -2.0))[0]
    assert loss.critic_terms(first)["lecam"].item() == 0.0
    loss.after(first)
    real, fake = 2.0, -1.5
    excess = [(r - fake, real - f) for r, f in zip(REAL, FAKE, strict=True)]
    clip = (lambda x: max(0.0, x)) if one_sided else (lambda x: x)
    wanted = 0.3 * sum(clip(above) ** 2 + clip(below) ** 2 for above, below in excess) / 3
    second = turn_of("critic", (*REAL[:2], -3.0), (*FAKE[:2], 4.0))[0]
    moved = [(r - fake, real - f) for r, f in zip((*REAL[:2], -3.0), (*FAKE[:2], 4.0), strict=True)]
    assert loss.critic_terms(turn_of("critic")[0])["lecam"].item() == pytest.approx(wanted, abs=1e-6)
    wanted = 0.3 * sum(clip(above) ** 2 + clip(below) ** 2 for above, below in moved) / 3
    assert loss.critic_terms(second)["lecam"].item() == pytest.approx(wanted, abs=1e-6)
    loss.after(second)  # (0.01 * 0.99 * 2 + 0.01 * mean of the second) / (1 - 0.99^2)
    mean = (2.0 - 1.0 - 3.0) / 3
    bias = 1 - 0.99**2
    assert (loss.real / bias).item() == pytest.approx((0.01 * 0.99 * 2 + 0.01 * mean) / bias, abs=1e-6)


def test_lecam_is_the_distance_from_the_other_sides_average() -> None:
    check_lecam(LeCam(SCORES).double())
    check_lecam(LeCam(SCORES, one_sided=False).double(), one_sided=False)


class OwnAnchors(LeCam):
    """A fault: each side is held to its own average."""

    def after(self, turn: Turn) -> None:
        self.real.lerp_(turn.fake_scores["score"].mean(), 1 - self.decay)
        self.fake.lerp_(turn.real_scores["score"].mean(), 1 - self.decay)
        self.updates.add_(1)


class Biased(LeCam):
    """A fault: averages that start from 0 and are taken as they are."""

    def after(self, turn: Turn) -> None:
        super().after(turn)
        self.updates.fill_(1e9)


class Forgetful(LeCam):
    """A fault: the scores of the last update in the place of an average."""

    def after(self, turn: Turn) -> None:
        super().after(turn)
        self.real.copy_(turn.real_scores["score"].mean() * 0.01)
        self.updates.fill_(1.0)


@pytest.mark.parametrize("faulty", [OwnAnchors, Biased, Forgetful])
def test_faulty_averages_are_seen(faulty: type[LeCam]) -> None:
    with pytest.raises(AssertionError):
        check_lecam(faulty(SCORES).double())


def test_lecams_averages_are_buffers_that_the_critics_turn_alone_moves() -> None:
    loss = LeCam(SCORES)
    assert {"real", "fake", "updates"} == loss.state_dict().keys()
    loss.after(turn_of("generator")[0])
    assert loss.updates.item() == 0
