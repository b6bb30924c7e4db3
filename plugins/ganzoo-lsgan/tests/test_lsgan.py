# mypy: disable-error-code="no-untyped-call"
import subprocess
import sys

import pytest
import torch
from ganzoo_lsgan.loss import LeastSquares
from pydantic import ValidationError
from torch import Tensor

from ganzoo import Critic, DataSpec, Generator, Scores, Terms, Turn
from ganzoo.params import model_of
from ganzoo.registry import Registry

SCORES = DataSpec({"sample": (1,)})


class Identity(Critic):
    """Scores a sample by its own value."""

    def forward(self, sample: Tensor) -> Scores:
        return {"score": sample[:, 0]}


def turn_of(side: str, real: list[float] | None = None, fake: list[float] | None = None) -> tuple[Turn, Tensor]:
    """A turn whose raw scores are these, and the fake scores, which can be differentiated."""
    fakes = torch.tensor(fake or [-0.5, 1.0, 0.0], dtype=torch.float64, requires_grad=True)
    reals = {"sample": torch.tensor(real or [2.0, -1.0, 0.5], dtype=torch.float64)[:, None]}
    return Turn(side, Generator(), Identity(), reals, {}, shared_fake={"sample": fakes[:, None]}), fakes  # type: ignore[arg-type]


def check_values(cls: type[LeastSquares]) -> None:
    critic, generator = turn_of("critic")[0], turn_of("generator")[0]
    assert cls(SCORES).critic_terms(critic)["adversarial"].item() == pytest.approx(1.083333333333, abs=1e-6)
    assert cls(SCORES).generator_terms(generator)["adversarial"].item() == pytest.approx(0.541666666667, abs=1e-6)
    assert cls(SCORES, a=-1.0, b=1.0).critic_terms(critic)["adversarial"].item() == pytest.approx(1.75, abs=1e-6)
    assert cls(SCORES, c=0.0).generator_terms(generator)["adversarial"].item() == pytest.approx(0.208333333333, abs=1e-6)
    assert cls(SCORES, weight=4.0).critic_terms(critic)["adversarial"].item() == pytest.approx(4 * 1.083333333333, abs=1e-6)


def test_both_sides_meet_the_closed_form() -> None:
    check_values(LeastSquares)


class Unhalved(LeastSquares):
    """A fault: the squares without the factor 1/2."""

    def critic_terms(self, turn: Turn) -> Terms:
        return {"adversarial": 2 * super().critic_terms(turn)["adversarial"]}


class Squashed(LeastSquares):
    """A fault: a sigmoid on the scores that are regressed."""

    def critic_terms(self, turn: Turn) -> Terms:
        real, fake = turn.real_scores["score"].sigmoid(), turn.fake_scores["score"].sigmoid()
        return {"adversarial": ((real - self.b).square().mean() + (fake - self.a).square().mean()) / 2}


class Swapped(LeastSquares):
    """A fault: the targets of real and fake exchanged."""

    def critic_terms(self, turn: Turn) -> Terms:
        real, fake = turn.real_scores["score"], turn.fake_scores["score"]
        return {"adversarial": ((real - self.a).square().mean() + (fake - self.b).square().mean()) / 2}


@pytest.mark.parametrize("faulty", [Unhalved, Squashed, Swapped])
def test_faulty_losses_are_seen(faulty: type[LeastSquares]) -> None:
    with pytest.raises(AssertionError):
        check_values(faulty)


def test_generator_gradient_is_the_distance_to_c() -> None:
    turn, fake = turn_of("generator")
    LeastSquares(SCORES).generator_terms(turn)["adversarial"].backward()
    assert fake.grad is not None
    assert fake.grad.tolist() == pytest.approx([(f - 1) / 3 for f in (-0.5, 1.0, 0.0)], abs=1e-6)


def test_optimal_critic_has_the_closed_form_value() -> None:
    # N(0, 1) against N(1, 1): with a=0 and b=1 the best critic is p / (p + q) = sigmoid(0.5 - x)
    normal = torch.special.ndtri((torch.arange(20000, dtype=torch.float64) + 0.5) / 20000)
    real, fake = torch.sigmoid(0.5 - normal), torch.sigmoid(0.5 - (normal + 1))
    turn, _ = turn_of("critic", real.tolist(), fake.tolist())
    best = LeastSquares(SCORES).critic_terms(turn)["adversarial"].item()
    assert best == pytest.approx(0.198986, abs=1e-4)
    worse, _ = turn_of("critic", (real + 0.1).tolist(), (fake + 0.1).tolist())
    assert LeastSquares(SCORES).critic_terms(worse)["adversarial"].item() > best


def test_parameters_are_validated() -> None:
    assert model_of(LeastSquares).model_validate_json('{"a": -1, "b": 1, "c": 0}').model_dump()["a"] == -1.0
    for bad in ('{"a": "0"}', '{"d": 1.0}', '{"weight": -1}', '{"b": true}'):
        with pytest.raises(ValidationError):
            model_of(LeastSquares).model_validate_json(bad)


def test_door_imports_no_torch_and_leads_to_the_class() -> None:
    code = "import sys, ganzoo_lsgan; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert Registry.installed().find("loss", "ganzoo-lsgan/least_squares").load() is LeastSquares
