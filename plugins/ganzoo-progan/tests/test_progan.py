from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from ganzoo_progan.critic import ProGANCritic
from ganzoo_progan.drift import ScoreDrift
from ganzoo_progan.fade import FadeReals
from ganzoo_progan.generator import ProGANGenerator
from ganzoo_progan.schedule import Progressive
from safetensors.torch import load_file
from torch import Tensor, nn

from ganzoo import Critic, DataSpec, Generator, Scores, Turn, UserError
from ganzoo.cli import invoke


def square(edge: int) -> DataSpec:
    return DataSpec({"sample": (3, edge, edge)})


def size(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_networks_of_the_papers_size_have_as_many_parameters_as_its_layers() -> None:
    with torch.device("meta"):
        generator, critic = ProGANGenerator(square(1024)), ProGANCritic(square(1024))
    widths = [512, 512, 512, 512, 256, 128, 64, 32, 16]
    first = (512 + 1) * 512 * 16
    blocks = sum(9 * a * b + b + 9 * b * b + b for a, b in pairwise(widths))
    assert size(generator) == first + 9 * 512**2 + 512 + blocks + sum(3 * w + 3 for w in widths)
    mirrored = sum(9 * b * b + b + 9 * b * a + a for a, b in pairwise(widths))
    end = 9 * 513 * 512 + 512 + (512 * 16 + 1) * 512 + 512 + 1
    assert size(critic) == mirrored + end + sum(4 * w for w in widths)
    assert round(size(generator) / 1e6, 1) == round(size(critic) / 1e6, 1) == 23.1


ONE, HALF = torch.tensor(1.0), torch.tensor(0.5)


def test_a_stage_that_is_not_seen_yet_is_the_one_before_with_its_pixels_repeated() -> None:
    torch.manual_seed(0)
    generator = ProGANGenerator(square(16), latent_dim=8, width=8)
    latent = torch.randn(2, 8)
    before, at_zero, half, whole = (
        generator(latent, stage, alpha)["sample"] for stage, alpha in ((1, ONE), (2, torch.tensor(0.0)), (2, HALF), (2, ONE))
    )
    assert torch.equal(before[:, :, ::2, ::2], before[:, :, 1::2, 1::2])
    torch.testing.assert_close(before, at_zero)
    torch.testing.assert_close(half, (before + whole) / 2)
    assert (whole[:, :, ::2] != whole[:, :, 1::2]).any()


def test_the_critic_sees_the_pixels_of_its_stage() -> None:
    torch.manual_seed(0)
    critic = ProGANCritic(square(16), width=8)
    pictures = torch.rand(4, 3, 16, 16)
    means = nn.functional.interpolate(nn.functional.avg_pool2d(pictures, 2), scale_factor=2.0)
    torch.testing.assert_close(critic(pictures, 1, HALF)["score"], critic(means, 1, HALF)["score"])
    assert not torch.allclose(critic(pictures, 2, HALF)["score"], critic(means, 2, HALF)["score"])
    torch.testing.assert_close(critic(pictures, 2, torch.tensor(0.0))["score"], critic(pictures, 1, ONE)["score"])


def test_stages_are_held_and_faded_in_by_turns_until_the_last_is_whole() -> None:
    schedule = Progressive(square(16), grown=0.5)
    found = [tuple(schedule.plan(step, 80).values[name] for name in ("stage", "alpha")) for step in range(0, 80, 5)]
    assert found[:8] == [(0, 1.0), (0, 1.0), (1, 0.0), (1, 0.5), (1, 1.0), (1, 1.0), (2, 0.0), (2, 0.5)]
    assert set(found[8:]) == {(2, 1.0)}
    whole = Progressive(square(1024))
    assert [whole.plan(step, 20).values["stage"] for step in range(20)] == [0, *(k for k in range(1, 8) for _ in range(2)), *[8] * 5]


class Sum(Critic):
    def forward(self, sample: Tensor) -> Scores:
        return {"score": sample.sum(dim=(1, 2, 3))}


def test_drift_is_the_mean_square_of_real_scores() -> None:
    real = torch.arange(8, dtype=torch.float64).reshape(2, 1, 2, 2).requires_grad_()
    turn = Turn("critic", Generator(), Sum(), {"sample": real}, {})
    term = ScoreDrift(square(8), weight=0.5).critic_terms(turn)["score_drift"]
    assert term.item() == pytest.approx(0.5 * (6**2 + 22**2) / 2, abs=1e-12)
    (gradient,) = torch.autograd.grad(term, real)
    assert gradient.flatten().tolist() == [3.0] * 4 + [11.0] * 4


def test_reals_are_faded_as_fakes_are() -> None:
    loss = FadeReals(square(8))
    picture = torch.arange(64, dtype=torch.float64).reshape(1, 1, 8, 8).expand(1, 3, 8, 8)
    turn = Turn("critic", Generator(), Sum(), {}, {})

    def seen(stage: int, alpha: float, place: str = "real") -> Tensor:
        fields: dict[str, Any] = {"sample": picture, "stage": stage, "alpha": torch.tensor(alpha)}
        return loss.view(fields, place, turn)["sample"]

    def blocks(edge: int) -> Tensor:
        return nn.functional.interpolate(nn.functional.avg_pool2d(picture, edge), scale_factor=float(edge))

    torch.testing.assert_close(seen(1, 1.0), picture)
    torch.testing.assert_close(seen(1, 0.25), 0.25 * picture + 0.75 * blocks(2))
    torch.testing.assert_close(seen(0, 1.0), blocks(2))
    assert seen(1, 0.0, "fake") is picture


@pytest.mark.parametrize(("shape", "stages"), [((1, 28, 28), 2), ((3, 48, 48), 3), ((3, 32, 64), 3), ((2, 16, 16), 2)])
def test_any_shape_that_halves_is_grown_to(shape: tuple[int, int, int], stages: int) -> None:
    data = DataSpec({"sample": shape})
    generator, critic = ProGANGenerator(data, latent_dim=4, width=4), ProGANCritic(data, width=4)
    assert Progressive(data).plan(9, 10).values == {"stage": stages, "alpha": 1.0}
    for stage in range(stages + 1):
        sample = generator(torch.randn(2, 4), stage, HALF)["sample"]
        assert sample.shape == (2, *shape)
        assert critic(sample, stage, HALF)["score"].shape == (2,)


@pytest.mark.parametrize("shape", [(3, 27, 27), (3, 4, 4), (2,)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    for build in (ProGANGenerator, ProGANCritic, Progressive, FadeReals):
        with pytest.raises(UserError, match=r"serves images|come out even"):
            build(DataSpec({"sample": shape}))


RECIPE = """
data: {name: faces, count: 24, size: 16}
generator: {name: progan, latent_dim: 4, width: 16}
critic: {name: progan, width: 16}
loss: [wasserstein, gradient_penalty, score_drift, fade_reals]
schedule: progressive
train: {steps: 8, batch_size: 4, threads: 1, device: cpu, ema: 0.5}
sample: {count: 2, every: 8}
checkpoint: {every: 6, keep: 3}
"""


def weights(run: Path) -> dict[str, Tensor]:
    return {side + key: v for side in ("generator", "critic") for key, v in load_file(run / f"weights/{side}.safetensors").items()}


def test_a_run_resumed_while_a_stage_is_faded_in_ends_bit_for_bit_and_is_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("c.yaml").write_text(RECIPE)
    assert invoke(["run", "c.yaml", "-q", "--out", "run"]) == 0, capsys.readouterr().err
    whole = weights(Path("run"))
    Path("run/checkpoints/step-00000008.ckpt").unlink()
    assert invoke(["run", "c.yaml", "-q", "--out", "run", "--resume"]) == 0, capsys.readouterr().err
    assert all(torch.equal(whole[name], value) for name, value in weights(Path("run")).items())
    assert invoke(["sample", "run", "-n", "2", "--out", "made"]) == 0, capsys.readouterr().err
    assert invoke(["pack", "run", "--out", "pack"]) == 0, capsys.readouterr().err
