import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from ganzoo_srgan.critic import SRGANCritic
from ganzoo_srgan.digits import ReducedDigits
from ganzoo_srgan.generator import SRResNet
from ganzoo_srgan.metric import energy, psnr
from ganzoo_srgan.schedule import Pretrain
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import interpolate

from ganzoo import Cache, DataSpec, UserError
from ganzoo.cli import invoke
from ganzoo.data import Digits


def pairs(large: int, small: int, channels: int = 3) -> DataSpec:
    return DataSpec({"sample": (channels, large, large), "source": (channels, small, small)})


def size(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_networks_of_the_papers_size_have_as_many_parameters_as_its_layers() -> None:
    with torch.device("meta"):
        generator, critic = SRResNet(pairs(96, 24)), SRGANCritic(pairs(96, 24))
    norm, prelu = 2 * 64, 1

    def convolution(before: int, after: int, edge: int) -> int:
        return before * after * edge**2 + after

    block = 2 * (convolution(64, 64, 3) + norm) + prelu
    larger = 2 * (convolution(64, 256, 3) + prelu)
    head, tail = convolution(3, 64, 9) + prelu, convolution(64, 3, 9)
    assert size(generator) == head + 16 * block + convolution(64, 64, 3) + norm + larger + tail == 1_549_462
    widths = [3, 64, 64, 128, 128, 256, 256, 512, 512]
    body = sum(convolution(a, b, 3) + (2 * b if i else 0) for i, (a, b) in enumerate(pairwise(widths)))
    assert size(critic) == body + (512 * 6 * 6 + 1) * 1024 + 1025 == 23_565_505


@pytest.mark.parametrize(("large", "small"), [(32, 16), (32, 8), (48, 6)])
def test_it_enlarges_by_the_factor_of_the_data_pictures_of_any_size(large: int, small: int) -> None:
    generator = SRResNet(pairs(large, small, 1), width=4, blocks=1).eval()
    for edge in (small, 5):
        assert generator(torch.zeros(2, 1, edge, edge))["sample"].shape == (2, 1, edge * large // small, edge * large // small)


def test_a_residual_network_that_makes_nothing_is_bicubic_interpolation() -> None:
    generator = SRResNet(pairs(32, 8), width=4, blocks=1, residual=True)
    last = generator.tail[-1]
    assert isinstance(last, nn.Conv2d)
    for parameter in last.parameters():
        nn.init.zeros_(parameter)
    source = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    torch.testing.assert_close(generator(source)["sample"], interpolate(source, scale_factor=4.0, mode="bicubic"))
    assert generator(1.5 * source)["sample"].abs().max() > 1 >= generator.eval()(1.5 * source)["sample"].abs().max()


def test_the_generator_is_alone_at_first_and_then_both_move() -> None:
    schedule = Pretrain(pairs(32, 8), share=0.5, then=("perceptual", "non_saturating"))
    first, second = schedule.plan(4, 10), schedule.plan(5, 10)
    assert (first.critic_updates, first.generator_updates, first.losses) == (0, 1, {"pixel_l2"})
    assert (second.critic_updates, second.losses) == (1, {"perceptual", "non_saturating"})
    assert Pretrain(pairs(32, 8)).plan(10, 12).losses is None
    assert [Pretrain(pairs(32, 8)).plan(i, 12).critic_updates for i in range(12)] == [0] * 10 + [1] * 2


def test_measured_numbers_have_known_answers() -> None:
    flat = torch.zeros(2, 1, 4, 4)
    assert psnr(flat + 0.2, flat).tolist() == pytest.approx([20.0, 20.0])
    assert psnr(flat, flat).tolist() == [100.0, 100.0]
    ramp = torch.arange(4.0).expand(1, 1, 4, 4)
    assert energy(ramp) == 12.0
    assert energy(2 * ramp) == 48.0


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (DataSpec({"sample": (3, 32, 32)}), "needs images and their low resolution"),
        (pairs(32, 12), "cannot be doubled"),
        (pairs(24, 8), "cannot be doubled"),
        (DataSpec({"sample": (2,), "source": (1,)}), "needs images"),
    ],
)
def test_data_that_cannot_be_enlarged_is_refused(data: DataSpec, said: str) -> None:
    with pytest.raises(UserError, match=said):
        SRResNet(data)


def test_images_that_the_critic_cannot_halve_are_refused() -> None:
    with pytest.raises(UserError, match="halves images four times"):
        SRGANCritic(pairs(40, 10))


RECIPE = """
data: {name: faces, count: 24, size: 32, low_resolution: 4}
generator: {name: srresnet, width: 4, blocks: 1, residual: true}
critic: {name: srgan, width: 2, hidden: 4}
loss: [pixel_l2, {name: non_saturating, weight: 1e-3}]
schedule: {name: pretrain, share: 0.5}
train: {steps: 4, batch_size: 4, threads: 1, device: cpu}
sample: {count: 2}
checkpoint: {every: 3, keep: 2}
metrics: [{name: super_resolution, split: val}]
"""


def weights(run: Path) -> dict[str, Tensor]:
    return {side + key: v for side in ("generator", "critic") for key, v in load_file(run / f"weights/{side}.safetensors").items()}


def test_a_run_resumed_in_the_second_phase_ends_bit_for_bit_and_enlarges_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("c.yaml").write_text(RECIPE)
    assert invoke(["run", "c.yaml", "-q", "--out", "run"]) == 0, capsys.readouterr().err
    whole = weights(Path("run"))
    Path("run/checkpoints/step-00000004.ckpt").unlink()
    assert invoke(["run", "c.yaml", "-q", "--out", "run", "--resume"]) == 0, capsys.readouterr().err
    assert all(torch.equal(whole[name], value) for name, value in weights(Path("run")).items())
    from PIL import Image

    Path("photos").mkdir()
    Image.new("RGB", (20, 12), (200, 10, 90)).save("photos/a.jpg")
    assert invoke(["sample", "run", "--from", "photos", "--out", "large", "--whole"]) == 0, capsys.readouterr().err
    assert Image.open("large/a.png").size == (80, 48)
    assert invoke(["eval", "run", "-m", "super_resolution", "-o", "split=test"]) == 0, capsys.readouterr().err
    assert math.isfinite(sum(float(v.sum()) for v in whole.values()))


def test_digits_come_with_the_means_of_their_blocks_and_every_fifth_is_held_out() -> None:
    train, test = (ReducedDigits(split=split).arrays(Cache()) for split in ("train", "test"))  # type: ignore[arg-type]
    bundled = Digits(size=32).arrays(Cache())["sample"]
    assert np.array_equal(test["sample"][:], bundled[4::5])
    assert np.array_equal(train["sample"][:8], bundled[[0, 1, 2, 3, 5, 6, 7, 8]])
    blocks = bundled[4::5][:9].reshape(9, 1, 8, 4, 8, 4).mean((3, 5))
    assert np.abs(test["source"][:9] - blocks).max() <= 0.5
    assert ReducedDigits(size=28, low_resolution=7).arrays(Cache())["source"].shape == (8000, 1, 4, 4)
    with pytest.raises(UserError, match="cannot be reduced 3 times"):
        ReducedDigits(low_resolution=3)


def test_digits_are_enlarged_in_both_phases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(RECIPE.replace("faces, count: 24, size: 32,", "reduced_digits,").replace("{name: super_resolution, split: val}", ""))
    assert invoke(["run", str(config), "-q", "--out", str(tmp_path / "run")]) == 0, capsys.readouterr().err
    eval_it = ["eval", str(tmp_path / "run"), "-m", "super_resolution", "-o", "split=test", "-o", "samples=100"]
    assert invoke(eval_it) == 0, capsys.readouterr().err


def test_a_low_resolution_that_does_not_divide_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "c.yaml"
    for change, said in ((", low_resolution: 5", "cannot be reduced 5 times"), ("", "needs images and their low resolution")):
        config.write_text(RECIPE.replace(", low_resolution: 4", change))
        assert invoke(["run", str(config), "--out", str(tmp_path / "run")]) == 2
        assert said in capsys.readouterr().err.strip().splitlines()[-1]
    assert not (tmp_path / "run/weights").exists()
