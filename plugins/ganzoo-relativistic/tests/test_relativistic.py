# mypy: disable-error-code="no-untyped-call"
import math

import pytest
import torch
from ganzoo_relativistic.average import RelativisticAverage, above_average
from ganzoo_relativistic.pairing import RelativisticPairing
from pydantic import ValidationError
from torch import Tensor
from torch.nn.functional import softplus

from ganzoo import Critic, DataSpec, Generator, Loss, Scores, Terms, Turn
from ganzoo.params import model_of
from ganzoo.registry import Registry

SCORES = DataSpec({"sample": (1,)})
REAL, FAKE = [2.0, -1.0, 0.5], [-0.5, 1.0, 0.0]


class Identity(Critic):
    """Scores a sample by its own value, and counts its forwards."""

    forwards = 0

    def forward(self, sample: Tensor) -> Scores:
        self.forwards += 1
        return {"score": sample[:, 0]}


def turn_of(side: str, real: list[float] = REAL, fake: list[float] = FAKE) -> tuple[Turn, Tensor]:
    """A turn whose raw scores are these, and the fake scores, which can be differentiated."""
    fakes = torch.tensor(fake, dtype=torch.float64, requires_grad=True)
    reals = {"sample": torch.tensor(real, dtype=torch.float64)[:, None]}
    return Turn(side, Generator(), Identity(), reals, {}, shared_fake={"sample": fakes[:, None]}), fakes  # type: ignore[arg-type]


def value(loss: Loss, side: str, real: list[float] = REAL, fake: list[float] = FAKE) -> float:
    turn = turn_of(side, real, fake)[0]
    terms = loss.critic_terms(turn) if side == "critic" else loss.generator_terms(turn)
    return terms["adversarial"].item()


def soft(x: float) -> float:
    return math.log1p(math.exp(x))


def check_pairing(cls: type[RelativisticPairing]) -> None:
    pairs = list(zip(REAL, FAKE, strict=True))
    assert value(cls(SCORES), "critic") == pytest.approx(sum(soft(f - r) for r, f in pairs) / 3, abs=1e-6)
    assert value(cls(SCORES), "generator") == pytest.approx(sum(soft(r - f) for r, f in pairs) / 3, abs=1e-6)
    assert value(cls(SCORES, weight=2.0), "critic") == pytest.approx(sum(soft(f - r) for r, f in pairs) / 3 * 2, abs=1e-6)


def check_average(cls: type[RelativisticAverage]) -> None:
    r, f = sum(REAL) / 3, sum(FAKE) / 3  # 0.5 and 1/6
    critic = sum(soft(f - x) for x in REAL) / 6 + sum(soft(x - r) for x in FAKE) / 6
    generator = sum(soft(x - f) for x in REAL) / 6 + sum(soft(r - x) for x in FAKE) / 6
    assert value(cls(SCORES), "critic") == pytest.approx(critic, abs=1e-6)
    assert value(cls(SCORES), "generator") == pytest.approx(generator, abs=1e-6)
    assert value(cls(SCORES, weight=2.0), "generator") == pytest.approx(2 * generator, abs=1e-6)


def test_pairs_meet_the_closed_form() -> None:
    check_pairing(RelativisticPairing)


def test_averages_meet_the_closed_form() -> None:
    check_average(RelativisticAverage)


class BlindGenerator(RelativisticPairing):
    """A fault: the generator does not see the real samples."""

    def generator_terms(self, turn: Turn) -> Terms:
        return {"adversarial": self.weight * softplus(-turn.fake_scores["score"]).mean()}


class EveryPair(RelativisticPairing):
    """A fault: every real sample against every fake."""

    def critic_terms(self, turn: Turn) -> Terms:
        return {"adversarial": softplus(turn.fake_scores["score"][:, None] - turn.real_scores["score"]).mean()}


class OwnAverage(RelativisticAverage):
    """A fault: each side is compared with its own mean."""

    def critic_terms(self, turn: Turn) -> Terms:
        real, fake = turn.real_scores["score"], turn.fake_scores["score"]
        return {"adversarial": self.weight * (softplus(real.mean() - real).mean() + softplus(fake - fake.mean()).mean()) / 2}


class HalfOfIt(RelativisticAverage):
    """A fault: the generator minimises the fakes' half alone."""

    def generator_terms(self, turn: Turn) -> Terms:
        return {"adversarial": self.weight * softplus(turn.real_scores["score"].mean() - turn.fake_scores["score"]).mean()}


class Unhalved(RelativisticAverage):
    """A fault: the sum of both halves."""

    def critic_terms(self, turn: Turn) -> Terms:
        return {"adversarial": 2 * super().critic_terms(turn)["adversarial"]}


@pytest.mark.parametrize("faulty", [BlindGenerator, EveryPair])
def test_faulty_pairs_are_seen(faulty: type[RelativisticPairing]) -> None:
    with pytest.raises(AssertionError):
        check_pairing(faulty)


@pytest.mark.parametrize("faulty", [OwnAverage, HalfOfIt, Unhalved])
def test_faulty_averages_are_seen(faulty: type[RelativisticAverage]) -> None:
    with pytest.raises(AssertionError):
        check_average(faulty)


@pytest.mark.parametrize("cls", [RelativisticPairing, RelativisticAverage])
def test_equal_scores_cost_ln_2_and_only_differences_count(cls: type[Loss]) -> None:
    for side in ("critic", "generator"):
        assert value(cls(SCORES), side, [3.0, 3.0], [3.0, 3.0]) == pytest.approx(math.log(2), abs=1e-6)
        moved = value(cls(SCORES), side, [r + 5 for r in REAL], [f + 5 for f in FAKE])
        assert moved == pytest.approx(value(cls(SCORES), side), abs=1e-6)
        assert math.isfinite(value(cls(SCORES), side, [-1e4], [1e4]))


def test_the_gradient_of_the_average_comes_through_the_mean_too() -> None:
    turn, fake = turn_of("generator")
    RelativisticAverage(SCORES).generator_terms(turn)["adversarial"].backward()
    assert fake.grad is not None
    real, step = torch.tensor(REAL, dtype=torch.float64), 1e-6
    for i in range(3):
        moved = [torch.tensor(FAKE, dtype=torch.float64) for _ in range(2)]
        moved[0][i] += step
        moved[1][i] -= step
        slope = (above_average(moved[0], real, Tensor.mean) - above_average(moved[1], real, Tensor.mean)) / (2 * step)
        assert fake.grad[i].item() == pytest.approx(slope.item(), abs=1e-6)


def test_patches_are_compared_place_by_place() -> None:
    class Patches(Critic):
        def forward(self, sample: Tensor) -> Scores:
            return {"score": sample}

    real, fake = torch.randn(3, 2, 2, dtype=torch.float64), torch.randn(3, 2, 2, dtype=torch.float64)
    turn = Turn("critic", Generator(), Patches(), {"sample": real}, {}, shared_fake={"sample": fake})
    wanted = sum(soft((f - r).item()) for r, f in zip(real.flatten(), fake.flatten(), strict=True)) / 12
    assert RelativisticPairing(SCORES).critic_terms(turn)["adversarial"].item() == pytest.approx(wanted, abs=1e-6)


def test_parameters_are_validated_and_the_names_lead_to_the_classes() -> None:
    for cls in (RelativisticPairing, RelativisticAverage):
        with pytest.raises(ValidationError):
            model_of(cls).model_validate_json('{"weight": -1}')
    registry = Registry.installed()
    assert registry.find("loss", "ganzoo-relativistic/relativistic_pairing").load() is RelativisticPairing
    assert registry.find("loss", "ganzoo-relativistic/relativistic_average").load() is RelativisticAverage
