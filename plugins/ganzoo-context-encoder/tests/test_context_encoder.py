from pathlib import Path

import numpy as np
import pytest
import torch
from ganzoo_context_encoder.loss import Reconstruction, rim
from ganzoo_context_encoder.networks import ContextEncoder, PatchInHole, Region
from safetensors.torch import load_file
from torch import Tensor, nn

from ganzoo import Critic, DataSpec, Generator, Turn, UserError
from ganzoo.cli import invoke


def holed(rows: int, columns: int = 0) -> DataSpec:
    shape = (3, rows, columns or rows)
    return DataSpec({"sample": shape, "source": shape, "mask": (1, *shape[1:])})


def test_networks_of_the_papers_size_have_the_authors_layers() -> None:
    with torch.device("meta"):
        generator, critic = ContextEncoder(holed(128)), PatchInHole(holed(128))

    def widths(network: nn.Module) -> list[tuple[int, int]]:
        return [(m.in_channels, m.out_channels) for m in network.modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d))]

    down = [(3, 64), (64, 64), (64, 128), (128, 256), (256, 512), (512, 4000)]
    up = [(4000, 512), (512, 256), (256, 128), (128, 64), (64, 3)]
    judged = [(3, 64), (64, 128), (128, 256), (256, 512), (512, 1)]
    assert widths(generator) == down + up
    assert widths(critic) == judged
    normed = [64, 128, 256, 512, 4000, 512, 256, 128, 64]
    assert sum(p.numel() for p in generator.parameters()) == sum(16 * a * b + b for a, b in down + up) + 2 * sum(normed) == 71_130_531
    assert sum(p.numel() for p in critic.parameters()) == sum(16 * a * b + b for a, b in judged) + 2 * (128 + 256 + 512) == 2_766_529


@pytest.mark.parametrize("region", ["centre", "whole"])
@pytest.mark.parametrize("size", [(16, 16), (28, 28), (48, 48), (32, 64)])
def test_what_is_around_the_hole_stays_bit_for_bit(size: tuple[int, int], region: Region) -> None:
    torch.manual_seed(0)
    rows, columns = size
    generator = ContextEncoder(holed(*size), width=2, bottleneck=4, region=region).eval()
    source, mask = torch.rand(2, 3, *size) * 2 - 1, torch.zeros(2, 1, *size)
    mask[:, :, rows // 4 : 3 * rows // 4, columns // 4 : 3 * columns // 4] = 1
    assert PatchInHole(holed(*size), width=2, region=region)(source)["score"].shape == (2,)
    made = generator(source, mask)["sample"]
    around = mask.expand_as(made) == 0
    assert torch.equal(made[around], source[around])
    assert (made != source)[~around].float().mean() > 0.9


def test_holes_anywhere_are_filled_and_judged_wherever_they_are() -> None:
    torch.manual_seed(0)
    anywhere = DataSpec({**holed(16).fields, "hole_anywhere": ()})
    source, mask = torch.rand(2, 3, 16, 16) * 2 - 1, torch.zeros(2, 1, 16, 16)
    mask[:, :, :8, :8] = 1
    made = ContextEncoder(anywhere, width=2, bottleneck=4).eval()(source, mask)["sample"]
    assert (made[:, :, :8, :8] != 0).float().mean() > 0.9
    assert PatchInHole(anywhere, width=2).margins == PatchInHole(anywhere, width=2, region="whole").margins == (0, 0)
    assert ContextEncoder(holed(16), width=2, bottleneck=4).margins == (4, 4)
    for network in (ContextEncoder, PatchInHole):
        with pytest.raises(UserError, match="this data has holes anywhere"):
            network(anywhere, region="centre")


def test_the_critic_sees_the_middle_alone_or_the_picture() -> None:
    torch.manual_seed(0)
    sample = torch.rand(2, 3, 32, 32)
    other = sample.clone()
    other[:, :, :8] = 0
    for region, same in (("centre", True), ("whole", False)):
        critic = PatchInHole(holed(32), width=2, region=region)  # type: ignore[arg-type]
        assert torch.equal(critic(sample)["score"], critic(other)["score"]) == same


def test_reconstruction_is_the_weighted_mean_in_the_hole_with_its_gradient() -> None:
    torch.manual_seed(0)
    real, fake = torch.rand(2, 2, 3, 8, 8, dtype=torch.float64)
    fake.requires_grad_()
    mask = torch.zeros(2, 1, 8, 8, dtype=torch.float64)
    mask[:, :, 2:6, 2:6] = 1
    turn = Turn("generator", Generator(), Critic(), {"sample": real, "mask": mask}, {}, shared_fake={"sample": fake})
    term = Reconstruction(holed(8), weight=0.5, overlap=1, border=10.0).generator_terms(turn)["reconstruction"]
    squares = (fake - real).square()[:, :, 2:6, 2:6]
    inner = squares[:, :, 1:3, 1:3].sum()
    expected = 0.5 * (inner + 10 * (squares.sum() - inner)) / (2 * 3 * 16)
    torch.testing.assert_close(term, expected)
    (gradient,) = torch.autograd.grad(term, fake)
    torch.testing.assert_close(gradient[0, 0, 2, 2], 0.5 * 10 * 2 * (fake - real)[0, 0, 2, 2] / 96)
    assert gradient[:, :, :2].abs().sum() == 0


def test_the_rim_is_as_wide_as_asked() -> None:
    mask = torch.zeros(1, 1, 16, 16)
    mask[:, :, 4:12, 4:12] = 1
    assert [int(rim(mask, width).sum()) for width in range(5)] == [0, 64 - 36, 64 - 16, 64 - 4, 64]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (DataSpec({"sample": (3, 32, 32)}), "needs pictures with a hole"),
        (holed(100), "make them 96 x 96 or 112 x 112"),
        (holed(8), "at least 16 pixels a side"),
    ],
)
def test_data_without_holes_and_other_sizes_are_refused(data: DataSpec, said: str) -> None:
    with pytest.raises(UserError, match=said):
        ContextEncoder(data)


def test_a_loss_without_masks_is_refused() -> None:
    with pytest.raises(UserError, match="no field 'mask'"):
        Reconstruction(DataSpec({"sample": (3, 32, 32)}))


RECIPE = """
data: {name: faces, count: 24, size: 16, mask: random}
generator: {name: context_encoder, width: 2, bottleneck: 4}
critic: {name: context_encoder, width: 2}
loss: [{name: non_saturating, weight: 0.001}, {name: reconstruction, overlap: 1}]
train: {steps: 4, batch_size: 4, threads: 1, device: cpu}
sample: {count: 2}
checkpoint: {every: 3, keep: 2}
"""


def weights(run: Path) -> dict[str, Tensor]:
    return {side + key: v for side in ("generator", "critic") for key, v in load_file(run / f"weights/{side}.safetensors").items()}


def test_a_run_is_resumed_bit_for_bit_fills_pictures_and_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("c.yaml").write_text(RECIPE)
    assert invoke(["run", "c.yaml", "-q", "--out", "run"]) == 0, capsys.readouterr().err
    whole = weights(Path("run"))
    Path("run/checkpoints/step-00000004.ckpt").unlink()
    assert invoke(["run", "c.yaml", "-q", "--out", "run", "--resume"]) == 0, capsys.readouterr().err
    assert all(torch.equal(whole[name], value) for name, value in weights(Path("run")).items())
    assert invoke(["sample", "run", "-n", "3", "--npz", "s.npz", "--png", "s.png"]) == 0, capsys.readouterr().err
    with np.load("s.npz", allow_pickle=False) as arrays:
        assert np.unique(arrays["mask"]).tolist() == [0.0, 1.0]  # as it is stored; "source" as a picture
        assert arrays["source"].dtype == np.uint8
    from PIL import Image

    Path("photos").mkdir()
    Image.new("RGB", (16, 16), (200, 10, 90)).save("photos/a.png")
    assert invoke(["sample", "run", "--from", "photos", "--out", "filled"]) == 0, capsys.readouterr().err
    filled = np.asarray(Image.open("filled/a.png")).astype(int)
    assert (filled == (200, 10, 90)).all(axis=2).sum() == 16 * 16 - 8 * 8
    assert invoke(["eval", "run", "-m", "inpainting", "-o", "split=test"]) == 0, capsys.readouterr().err
    assert invoke(["eval", "run", "-m", "inpainting", "-o", "samples=1"]) == 2  # the mean of one picture is that picture
    assert "two pictures or more" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((", mask: random", ""), "needs pictures with a hole"),
        (("bottleneck: 4", "bottleneck: 4, region: centre"), ": generator: the region 'centre' is the middle"),
        (
            ("critic: {name: context_encoder, width: 2", "critic: {name: context_encoder, width: 2, region: centre"),
            ": critic: the region 'centre' is the middle",
        ),
    ],
)
def test_data_without_a_mask_or_with_holes_outside_of_the_region_is_one_line_before_training(
    change: tuple[str, str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "c.yaml").write_text(RECIPE.replace(*change))
    assert invoke(["run", str(tmp_path / "c.yaml"), "--out", str(tmp_path / "run")]) == 2
    assert said in capsys.readouterr().err.strip().splitlines()[-1]
    assert not (tmp_path / "run/weights").exists()
