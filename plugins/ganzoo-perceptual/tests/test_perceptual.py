import hashlib
from pathlib import Path

import pytest
import torch
from ganzoo_perceptual import vgg
from ganzoo_perceptual.features import FeatureDistance
from ganzoo_perceptual.loss import Perceptual
from torch import Tensor, nn

from ganzoo import Critic, DataSpec, Generator, Turn, UserError
from ganzoo.cli import invoke

DIGITS, COLOUR = DataSpec({"sample": (1, 28, 28)}), DataSpec({"sample": (3, 32, 32)})


class Halved(nn.Module):
    """Means of neighbouring columns: features with a known distance."""

    def forward(self, images: Tensor) -> Tensor:
        return (images[..., ::2] + images[..., 1::2]) / 2


def turn_of(real: Tensor, fake: Tensor) -> Turn:
    return Turn("generator", Generator(), Critic(), {"sample": real}, {}, shared_fake={"sample": fake})


@pytest.mark.parametrize(("distance", "expected"), [("mse", 2 * (0.5**2 + 1.0**2) / 2 / 16), ("l1", 2 * (0.5 + 1.0) / 2 / 4)])
def test_the_distance_in_features_meets_the_closed_form(distance: str, expected: float) -> None:
    real = torch.tensor([[[[1.0, -1.0, 0.5, 0.5]]]], dtype=torch.float64)
    fake = torch.tensor([[[[0.0, 1.0, -0.5, -0.5]]]], dtype=torch.float64, requires_grad=True)
    loss = FeatureDistance(Halved(), distance, 4.0, 2.0)  # type: ignore[arg-type]
    term = loss.generator_terms(turn_of(real, fake))["perceptual"]
    assert term.item() == pytest.approx(expected, abs=1e-12)
    term.backward()  # type: ignore[no-untyped-call]
    assert fake.grad is not None
    if distance == "mse":  # 2 * 2/2 * difference / 4^2 * 1/2 each
        assert fake.grad.flatten().tolist() == pytest.approx([0.5 / 16, 0.5 / 16, -1.0 / 16, -1.0 / 16], abs=1e-12)


def test_the_frozen_network_gets_no_gradient_and_is_not_saved() -> None:
    loss = Perceptual(DIGITS, network="digits")
    loss.train()
    real, fake = torch.rand(2, 3, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    fake.requires_grad_()
    loss.generator_terms(turn_of(real, fake))["perceptual"].backward()  # type: ignore[no-untyped-call]
    assert fake.grad is not None
    assert fake.grad.abs().sum() > 0
    assert all(p.grad is None for p in loss.parameters())
    assert loss.state() == {}
    assert loss.generator_terms(turn_of(real, real))["perceptual"] == 0


def test_a_border_of_two_pixels_is_not_seen() -> None:
    torch.manual_seed(0)
    digits = torch.rand(2, 1, 28, 28)
    framed = nn.functional.pad(digits, (2, 2, 2, 2), value=0.3)
    small = Perceptual(DIGITS, network="digits").features(digits)
    assert small.shape == (2, 64, 7, 7)
    large = Perceptual(DataSpec({"sample": (1, 32, 32)}), network="digits").features(framed)
    assert torch.equal(small, large)


@pytest.fixture
def weights(tmp_path: Path) -> tuple[str, str]:
    """A file like torchvision's, with small numbers for weights, and its sha256."""
    torch.manual_seed(0)
    state = {f"features.{name}": value for name, value in vgg.layers(2, 2, True).state_dict().items()}
    torch.save(state | {"classifier.0.bias": torch.zeros(3)}, tmp_path / "vgg.pth")
    return str(tmp_path / "vgg.pth"), hashlib.sha256((tmp_path / "vgg.pth").read_bytes()).hexdigest()


def test_vgg19_has_the_layers_of_torchvision() -> None:
    torchvision = pytest.importorskip("torchvision")
    with torch.device("meta"):
        theirs = {name: value.shape for name, value in torchvision.models.vgg19(weights=None).features.state_dict().items()}
        ours = {name: value.shape for name, value in vgg.layers(5, 4, True).state_dict().items()}
    assert ours == theirs
    assert sum(shape.numel() for shape in ours.values()) == 20_024_384


def test_features_are_those_of_normalised_images_before_and_after_the_activation(weights: tuple[str, str]) -> None:
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1)) * 2 - 1
    given = dict(zip(("weights", "sha256"), weights, strict=True))
    before = Perceptual(COLOUR, layer="conv2_2", activated=False, **given).features(images)  # type: ignore[arg-type]
    after = Perceptual(COLOUR, layer="conv2_2", **given).features(images)  # type: ignore[arg-type]
    assert before.shape == (2, 128, 16, 16)
    assert before.min() < 0
    assert torch.equal(before.relu(), after)
    net = vgg.layers(2, 2, False)
    net.load_state_dict(
        {name.removeprefix("features."): v for name, v in torch.load(weights[0], weights_only=True).items() if "f" in name[:1]}
    )
    unit = [(images[:, i] / 2 + 0.5 - m) / s for i, (m, s) in enumerate(zip((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), strict=True))]
    torch.testing.assert_close(before, net(torch.stack(unit, dim=1)))


def test_wrong_weights_layers_and_images_are_refused_in_words(weights: tuple[str, str], tmp_path: Path) -> None:
    path, sha256 = weights
    (tmp_path / "broken.pth").write_bytes(b"no tensors")
    broken = hashlib.sha256(b"no tensors").hexdigest()
    for data, parameters, said in (
        (COLOUR, {"weights": str(tmp_path / "none.pth")}, "VGG19's weights are not here"),
        (COLOUR, {"weights": path}, "holds other weights"),
        (COLOUR, {"weights": path, "sha256": sha256[:7]}, "holds other weights"),
        (COLOUR, {"weights": path, "sha256": sha256}, "holds another network"),  # conv5_4 is not in it
        (COLOUR, {"weights": str(tmp_path / "broken.pth"), "sha256": broken}, "cannot be read as tensors"),
        (COLOUR, {"layer": "conv5_5"}, "has no layer 'conv5_5'; did you mean"),
        (DataSpec({"sample": (3, 8, 8)}), {}, "at least 16 pixels"),
        (COLOUR, {"network": "digits"}, "sees grey digits"),
        (DIGITS, {"network": "digits", "layer": "bottom"}, "has no layer 'bottom'"),
        (DIGITS, {"network": "digits", "weights": path}, "brings its own weights"),
    ):
        with pytest.raises(UserError, match=said):
            Perceptual(data, **parameters)  # type: ignore[arg-type]


def test_absent_weights_are_one_line_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    text = "data: {name: digits, size: 32}\ngenerator: mlp\ncritic: mlp\nloss: [non_saturating, perceptual]\n"
    (tmp_path / "c.yaml").write_text(text)
    assert invoke(["run", "c.yaml", "--out", "run"]) == 2
    said = capsys.readouterr().err.strip()
    assert "VGG19's weights are not here" in said.splitlines()[-1]
    assert not list((tmp_path / "run").glob("weights/*")) if (tmp_path / "run").exists() else True
