"""Inception without a network: random weights give what pytorch-fid gives, and bad weights are refused, nothing executed."""

from __future__ import annotations

import hashlib
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from ganzoo_metrics.frechet import frechet_distance, gaussian_frechet_distance
from ganzoo_metrics.inception import INCEPTION_SHA256, INCEPTION_URL, InceptionNetwork, load_inception, prepare_images
from ganzoo_metrics.moments import Moments
from PIL import Image
from safetensors.torch import save_file

from ganzoo.errors import UserError

pytorch_fid_inception = pytest.importorskip("pytorch_fid.inception")
IMAGES = 8


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def weights(inception_weights: tuple[Path, str]) -> Path:
    return inception_weights[0]


@pytest.fixture(scope="module")
def network(weights: Path) -> InceptionNetwork:
    return load_inception(weights, sha256=sha256_of(weights))


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    """(IMAGES, 3, 24, 32) uint8: neither square nor of the network's size."""
    coarse = torch.rand(IMAGES, 3, 3, 4, generator=torch.Generator().manual_seed(1)) * 255
    return torch.nn.functional.interpolate(coarse, size=(24, 32), mode="bicubic").clamp(0, 255).to(torch.uint8)


@pytest.fixture(scope="module")
def theirs(weights: Path, images: torch.Tensor, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """pytorch-fid's own activations of the images as PNG files, its network built by its own constructor."""
    fid_score = pytest.importorskip("pytorch_fid.fid_score")
    folder = tmp_path_factory.mktemp("images")
    files = [folder / f"{index:02}.png" for index in range(IMAGES)]
    for file, image in zip(files, images, strict=True):
        Image.fromarray(image.permute(1, 2, 0).numpy()).save(file)
    state = torch.load(weights, weights_only=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pytorch_fid_inception, "load_state_dict_from_url", lambda url, progress: state)
        model = pytorch_fid_inception.InceptionV3([3])
    return fid_score.get_activations(files, model, batch_size=4, num_workers=0)


@pytest.fixture(scope="module")
def ours(network: InceptionNetwork, images: torch.Tensor) -> torch.Tensor:
    return torch.cat([network.features(images[:5]), network.features(images[5:])])


def test_features_equal_pytorch_fid(ours: torch.Tensor, theirs: np.ndarray) -> None:
    assert ours.shape == (IMAGES, InceptionNetwork.feature_size)
    spread = theirs.std(axis=0).mean()
    assert spread > 0.1 * theirs.mean() > 0  # the images differ, so that agreement means something
    np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-4, atol=1e-4 * spread)


def test_distance_equals_pytorch_fid(ours: torch.Tensor, theirs: np.ndarray) -> None:
    fid_score = pytest.importorskip("pytorch_fid.fid_score")
    liveliest = np.argsort(theirs.std(axis=0))[-2:].copy()  # the covariance of four images has full rank on two features
    statistics, sides = [], (slice(0, 4), slice(4, 8))
    for side in sides:
        statistics += [theirs[side, liveliest].mean(axis=0), np.cov(theirs[side, liveliest], rowvar=False)]
    try:
        wanted = fid_score.calculate_frechet_distance(*statistics)
    except TypeError:
        pytest.skip("SciPy 1.18 and later refuse the sqrtm(disp=...) of pytorch-fid")
    moments = []
    for side in sides:
        moments.append(Moments(2))
        for batch in ours[side, liveliest].split(3):
            moments[-1].update(batch)
    assert frechet_distance(*moments) == pytest.approx(wanted, rel=1e-4)


@pytest.mark.slow
def test_distance_equals_pytorch_fid_at_full_size() -> None:
    fid_score = pytest.importorskip("pytorch_fid.fid_score")
    generator = torch.Generator().manual_seed(0)
    first, second = (torch.randn(3000, 2048, generator=generator, dtype=torch.float64) for _ in range(2))
    second = 1.1 * second + 0.01
    statistics = [value for features in (first, second) for value in (features.mean(0), features.T.cov())]
    try:
        wanted = fid_score.calculate_frechet_distance(*(value.numpy() for value in statistics))
    except TypeError:
        pytest.skip("SciPy 1.18 and later refuse the sqrtm(disp=...) of pytorch-fid")
    assert gaussian_frechet_distance(*statistics) == pytest.approx(wanted, rel=1e-6)


def test_floats_and_bytes_are_the_same_images(network: InceptionNetwork, images: torch.Tensor, ours: torch.Tensor) -> None:
    floats = images[:2].float() / 127.5 - 1
    torch.testing.assert_close(prepare_images(floats), prepare_images(images[:2]), atol=1e-6, rtol=0)
    torch.testing.assert_close(network.features(floats), ours[:2], rtol=1e-3, atol=1e-3)


def test_logits_leave_the_bias_out(network: InceptionNetwork, ours: torch.Tensor) -> None:
    logits = network.logits_of(ours)
    assert logits.shape == (IMAGES, 1008)
    torch.testing.assert_close(logits + network.fc.bias, network.fc(ours))


def test_the_network_is_at_rest(network: InceptionNetwork) -> None:
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_prepared_images_have_the_size_and_range_of_the_network(images: torch.Tensor) -> None:
    prepared = prepare_images(images)
    assert prepared.shape == (IMAGES, 3, 299, 299)
    assert prepared.dtype == torch.float32
    assert -1 <= float(prepared.min()) < -0.9
    assert 0.9 < float(prepared.max()) <= 1 + 1e-6


def test_grey_images_are_refused_unless_repeated(images: torch.Tensor) -> None:
    grey = images[:2, :1]
    with pytest.raises(UserError, match=r"these are grey.*classifier_fid"):
        prepare_images(grey)
    torch.testing.assert_close(prepare_images(grey, repeat_grey=True), prepare_images(grey.repeat(1, 3, 1, 1)))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (torch.zeros(2, 4, 8, 8), r"\(2, 4, 8, 8\)"),
        (torch.zeros(3, 8, 8), r"\(3, 8, 8\)"),
        (torch.zeros(2, 3, 8, 8, dtype=torch.int64), "torch.int64"),
        (torch.full((2, 3, 8, 8), 255.0), r"outside \[-1, 1\]"),
        (torch.full((2, 3, 8, 8), torch.nan), r"outside \[-1, 1\]"),
    ],
)
def test_other_images_are_refused(bad: torch.Tensor, message: str) -> None:
    with pytest.raises(UserError, match=message):
        prepare_images(bad)


def test_safetensors_with_the_same_names_are_read(weights: Path, network: InceptionNetwork, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_file(torch.load(weights, weights_only=True), path)
    again = load_inception(path, sha256=sha256_of(path)[:16])
    torch.testing.assert_close(again.state_dict(), network.state_dict(), rtol=0, atol=0)


def test_absent_weights_say_what_to_download(tmp_path: Path) -> None:
    for absent in (None, tmp_path / "weights.pth", tmp_path):
        with pytest.raises(UserError) as refusal:
            load_inception(absent)
        assert INCEPTION_URL in str(refusal.value)
        assert "--inception-weights" in str(refusal.value)


def test_the_name_of_the_official_file_carries_its_hash() -> None:
    assert INCEPTION_URL.endswith(f"-{INCEPTION_SHA256[:8]}.pth")
    assert len(INCEPTION_SHA256) == 64


def test_other_and_truncated_weights_are_refused_by_their_hash(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"truncated or holds other weights.*wanted {INCEPTION_SHA256}"):
        load_inception(weights)
    truncated = tmp_path / "weights.pth"
    truncated.write_bytes(weights.read_bytes()[:100_000])
    with pytest.raises(UserError, match=r"truncated or holds other weights.*100,000 bytes"):
        load_inception(truncated, sha256=sha256_of(weights))
    with pytest.raises(UserError, match="cannot be read as plain tensors"):
        load_inception(truncated, sha256=sha256_of(truncated))  # even where the user vouches for it
    with pytest.raises(UserError, match="truncated or holds other weights"):
        load_inception(weights, sha256=sha256_of(weights)[:7])  # a prefix too short to mean anything


class Planted:
    """Writes a file when unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple:
        return Path.write_text, (self.trace, "executed")


@pytest.mark.parametrize("form", ["zip", "pickle"])
@pytest.mark.parametrize("name", ["planted.pth", "planted.safetensors"])
def test_a_planted_pickle_is_refused_and_not_executed(form: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")  # overrides torch's default, not what is written out
    trace, path = tmp_path / "trace", tmp_path / name
    if form == "zip":
        torch.save({"fc.weight": Planted(trace)}, path)
    else:
        path.write_bytes(pickle.dumps(Planted(trace), protocol=2))
    with pytest.raises(UserError, match="cannot be read as plain tensors"):
        load_inception(path, sha256=sha256_of(path))
    assert not trace.exists()
    if name.endswith(".pth") and form == "pickle":
        pickle.loads(path.read_bytes())  # noqa: S301  # the plant does work
        assert trace.exists()


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"fc.bias": torch.zeros(1008)}, r"it lacks 'Conv2d_1a_3x3.bn.bias' \(471 such names\)"),
        ({"head.weight": torch.zeros(1)}, r"it has 'head.weight' besides \(1 such names\)"),
        ({"fc.bias": [0.0] * 1008}, "does not hold named tensors"),
        ([torch.zeros(1)], "does not hold named tensors"),
    ],
)
def test_weights_of_another_network_are_refused(state: object, message: str, tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    torch.save(state, path)
    with pytest.raises(UserError, match=message):
        load_inception(path, sha256=sha256_of(path))


def test_weights_of_another_size_are_refused(weights: Path, tmp_path: Path) -> None:
    path = tmp_path / "imagenet.pth"
    torch.save(torch.load(weights, weights_only=True) | {"fc.bias": torch.zeros(1000)}, path)
    with pytest.raises(UserError, match=r"'fc.bias' is \(1000,\), wanted \(1008,\)"):
        load_inception(path, sha256=sha256_of(path))


def test_without_pytorch_fid_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pytorch_fid", None)
    with pytest.raises(UserError, match=r"need pytorch-fid.*pip install pytorch-fid"):
        InceptionNetwork()
