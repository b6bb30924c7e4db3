# mypy: disable-error-code="no-untyped-call"
import math
from typing import Any

import pytest
import torch
from ganzoo_regularisers import consistency, latent_consistency
from ganzoo_regularisers.consistency import Consistency
from ganzoo_regularisers.feature_critic import FeatureMLP
from ganzoo_regularisers.feature_matching import FeatureMatching
from ganzoo_regularisers.latent_consistency import LatentConsistency
from ganzoo_regularisers.lecam import LeCam
from ganzoo_regularisers.top_k import TopKFakes
from ganzoo_regularisers.transforms import shift_and_flip
from pydantic import ValidationError
from torch import Tensor, nn

from ganzoo import ContractError, Critic, DataSpec, Fields, Generator, Loss, Scores, Turn, UserError
from ganzoo.params import model_of
from ganzoo.registry import Registry

SCORES, IMAGES = DataSpec({"sample": (1,)}), DataSpec({"sample": (2, 6, 6)})
REAL, FAKE = (2.0, -1.0, 0.5), (-0.5, 1.0, 0.0)


class Identity(Critic):
    """Scores a sample by its own value."""

    def forward(self, sample: Tensor) -> Scores:
        return {"score": sample[:, 0]}


class Doubling(Generator):
    """Samples are twice the latent, times a parameter."""

    latent_dim = 1

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(2.0, dtype=torch.float64))

    def forward(self, latent: Tensor) -> Fields:
        return {"sample": self.gain * latent}


def turn_of(side: str, real: tuple[float, ...] = REAL, fake: tuple[float, ...] = FAKE, views: tuple[Loss, ...] = ()) -> tuple[Turn, Tensor]:
    """A turn whose raw scores are these, and the fake scores, which can be differentiated."""
    fakes = torch.tensor(fake, dtype=torch.float64, requires_grad=True)
    reals = {"sample": torch.tensor(real, dtype=torch.float64)[:, None]}
    shared = {"sample": fakes[:, None]}
    return Turn(side, Generator(), Identity(), reals, {}, shared_fake=shared, views=views), fakes  # type: ignore[arg-type]


# Consistency.


def test_a_copy_is_moved_as_a_whole_and_mirrored_or_not() -> None:
    torch.manual_seed(0)
    image = torch.arange(1.0, 73).reshape(2, 6, 6)
    copies = shift_and_flip(image.expand(200, -1, -1, -1), 2, True)
    padded = torch.nn.functional.pad(image[None], (2,) * 4, mode="reflect")[0]
    windows = [padded[:, i : i + 6, j : j + 6] for i in range(5) for j in range(5)]
    allowed = windows + [window.flip(-1) for window in windows]
    found = {next(i for i, window in enumerate(allowed) if torch.equal(window, copy)) for copy in copies}
    assert len(found) > 45  # of 50
    assert torch.equal(shift_and_flip(image[None], 0, False)[0], image)
    unflipped = shift_and_flip(image.expand(50, -1, -1, -1), 2, False)
    assert all(any(torch.equal(window, copy) for window in windows) for copy in unflipped)


class Corner(Critic):
    """Scores an image by its first value."""

    def forward(self, sample: Tensor) -> Scores:
        return {"score": sample[:, 0, 0, 0]}


def consistency_terms(**parameters: Any) -> dict[str, float]:
    images = torch.zeros(3, 2, 6, 6, dtype=torch.float64)
    images[:, 0, 0, 0] = torch.tensor(REAL)
    turn = Turn("critic", Generator(), Corner(), {"sample": images}, {}, shared_fake={"sample": 2 * images})
    return {name: term.item() for name, term in Consistency(IMAGES, **parameters).critic_terms(turn).items()}


def test_consistency_is_the_squared_change_of_the_score(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consistency, "shift_and_flip", lambda images, shift, flip: images * 0)  # so the copy's score is 0
    square = sum(r * r for r in REAL) / 3
    assert consistency_terms() == pytest.approx({"consistency_real": 10 * square, "consistency_fake": 40 * square}, abs=1e-6)
    assert consistency_terms(fake=0.0) == pytest.approx({"consistency_real": 10 * square}, abs=1e-6)
    assert consistency_terms(real=1.0, fake=3.0) == pytest.approx({"consistency_real": square, "consistency_fake": 12 * square}, abs=1e-6)


def test_points_and_images_smaller_than_the_shift_are_refused() -> None:
    for data in (SCORES, DataSpec({"sample": (1, 4, 8)})):
        with pytest.raises(UserError, match="moves images by 4 pixels"):
            Consistency(data)


def latent_turn(side: str) -> Turn:
    latent = torch.tensor(FAKE, dtype=torch.float64)[:, None]
    return Turn(side, Doubling(), Identity(), {"sample": latent}, {"latent": latent})  # type: ignore[arg-type]


def test_near_latents_keep_their_score_and_change_the_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latent_consistency.torch, "randn_like", lambda z: torch.tensor([[1.0], [-2.0], [3.0]], dtype=torch.float64))
    loss = LatentConsistency(SCORES, noise=0.1)
    change = 0.2**2 * (1 + 4 + 9) / 3  # the sample is twice the latent, and the score is the sample
    assert loss.critic_terms(latent_turn("critic"))["latent_consistency"].item() == pytest.approx(5 * change, abs=1e-6)
    turn = latent_turn("generator")
    term = loss.generator_terms(turn)["latent_consistency"]
    assert term.item() == pytest.approx(-0.5 * change, abs=1e-6)
    (gradient,) = torch.autograd.grad(term, list(turn._generator.parameters()))
    assert gradient.item() == pytest.approx(-0.5 * 2 * change / 2, abs=1e-6)  # of -w (g noise e)^2 at g = 2


def test_a_generator_without_a_latent_is_refused_in_words() -> None:
    with pytest.raises(ContractError, match="this generator draws none"):
        LatentConsistency(SCORES).critic_terms(turn_of("critic")[0])


# Top k.


def gradient_of_top_k(loss: TopKFakes, fake: tuple[float, ...] = (-0.5, 1.0, 0.0, 3.0)) -> list[float]:
    turn, fakes = turn_of("generator", (0.0,) * 4, fake, views=(loss,))
    score = turn.fake_scores["score"]
    assert score.tolist() == list(fake)  # the view changes no value
    (-score.mean()).backward()
    assert fakes.grad is not None
    return fakes.grad.tolist()


def check_top_k(cls: type[TopKFakes]) -> None:
    loss = cls(SCORES, decay=0.5, epoch=2, least=0.25)
    assert gradient_of_top_k(loss) == pytest.approx([-0.25] * 4, abs=1e-6)
    for _ in range(2):
        loss.after(turn_of("generator")[0])
    assert gradient_of_top_k(loss) == pytest.approx([0, -0.5, 0, -0.5], abs=1e-6)  # of the mean over k = 2
    for _ in range(20):
        loss.after(turn_of("generator")[0])
    assert gradient_of_top_k(loss) == pytest.approx([0, 0, 0, -1], abs=1e-6)  # least: 0.25 of 4


def test_only_the_best_fakes_have_a_gradient_and_their_share_falls() -> None:
    check_top_k(TopKFakes)


class Worst(TopKFakes):
    """A fault: the fakes of the lowest score."""

    def view(self, fields: Fields, place: str, turn: Turn) -> Fields:
        if place != "fake":
            return fields
        score = turn.judge(fields)["score"]
        keep = (score.argsort().argsort() < math.ceil(max(self.least, self.decay ** (self.updates // self.epoch)) * len(score)))[:, None]
        return fields | {"sample": torch.where(keep, fields["sample"], fields["sample"].detach())}


def test_faulty_choices_are_seen() -> None:
    with pytest.raises(AssertionError):
        check_top_k(Worst)


def test_the_critics_turn_sees_all_fakes_and_is_not_counted() -> None:
    loss = TopKFakes(SCORES, decay=0.0, epoch=1)
    turn, fakes = turn_of("critic", views=(loss,))
    turn.fake_scores["score"].sum().backward()
    assert fakes.grad is not None
    assert fakes.grad.tolist() == [1.0, 1.0, 1.0]
    loss.after(turn)
    assert loss.updates.item() == 0


# Feature matching.


class Features(Critic):
    """Two features of a sample x: x and x^2."""

    gives = frozenset({"score", "features"})

    def forward(self, sample: Tensor) -> Scores:
        return {"score": sample[:, 0], "features": torch.cat([sample, sample.square()], dim=1)}


def test_feature_matching_is_the_distance_of_mean_features() -> None:
    fakes = torch.tensor(FAKE, dtype=torch.float64, requires_grad=True)
    reals = torch.tensor(REAL, dtype=torch.float64)[:, None]
    loss = FeatureMatching(SCORES, weight=2.0)
    turn = Turn("generator", Generator(), Features(), {"sample": reals}, {}, shared_fake={"sample": fakes[:, None]})
    gaps = (0.5 - 1 / 6, 5.25 / 3 - 1.25 / 3)
    term = loss.generator_terms(turn)["adversarial"]
    term.backward()
    assert term.item() == pytest.approx(2 * (gaps[0] ** 2 + gaps[1] ** 2), abs=1e-6)
    assert fakes.grad is not None
    assert fakes.grad.tolist() == pytest.approx([-4 / 3 * (gaps[0] + 2 * f * gaps[1]) for f in FAKE], abs=1e-6)
    critic = Turn("critic", Generator(), Features(), {"sample": reals}, {}, shared_fake={"sample": fakes.detach()[:, None]})
    assert loss.critic_terms(critic)["adversarial"].item() == pytest.approx(1.464917511667, abs=1e-6)


def test_features_are_the_last_hidden_layer() -> None:
    critic = FeatureMLP(IMAGES, hidden=(5,), features=3)
    scores = critic(torch.randn(4, 2, 6, 6))
    assert scores["features"].shape == (4, 3)
    assert torch.allclose(critic.head(scores["features"]).flatten(), scores["score"])


def test_parameters_are_validated_and_the_names_lead_to_the_classes() -> None:
    for cls, bad in [
        (LeCam, '{"decay": 1.5}'),
        (Consistency, '{"shift": -1}'),
        (LatentConsistency, '{"noise": -0.1}'),
        (TopKFakes, '{"epoch": 0}'),
        (FeatureMatching, '{"weight": -1}'),
        (FeatureMLP, '{"features": 0}'),
    ]:
        with pytest.raises(ValidationError):
            model_of(cls).model_validate_json(bad)
    registry = Registry.installed()
    assert registry.find("loss", "ganzoo-regularisers/top_k_fakes").load() is TopKFakes
    assert registry.find("critic", "ganzoo-regularisers/feature_mlp").load() is FeatureMLP
