"""Copies of training images are found, and learned images are not called copies."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from ganzoo_explore.nearest import Neighbours, find_neighbours, merge
from ganzoo_explore.neighbours import captioned, held_out_split, look_for_copies
from ganzoo_metrics.inception import load_inception
from PIL import Image

from ganzoo.cli import invoke
from ganzoo.config import parse_config, resolve_part
from ganzoo.data.digits import Digits
from ganzoo.engine.device import Runtime
from ganzoo.errors import UserError
from ganzoo.fields import DataSpec
from ganzoo.players import Generator
from ganzoo.registry import Registry
from ganzoo.runs.trained import Trained
from ganzoo.ui.progress import reporter

# The search.


def test_the_search_finds_what_comparing_each_with_each_finds():
    torch.manual_seed(0)
    queries, training = torch.randn(7, 5), torch.randn(2500, 5)  # three batches
    found = find_neighbours(queries, lambda index: training[index], 2500, k=4)
    distance = torch.cdist(queries.double(), training.double())
    wanted, index = distance.topk(4, largest=False)
    np.testing.assert_array_equal(found.index, index.numpy())
    np.testing.assert_allclose(found.distance, wanted.numpy(), rtol=1e-6)


def test_a_copy_is_at_distance_zero_however_large_the_values():
    training = torch.randn(60, 300) + 1000
    found = find_neighbours(training[[3, 59]], lambda index: training[index], 60)
    assert found.nearest.tolist() == [0, 0]
    assert found.index[:, 0].tolist() == [3, 59]
    assert found.copies == 2


def test_an_image_is_not_its_own_neighbour():
    torch.manual_seed(0)
    training = torch.randn(1200, 4)
    own = np.array([3, 1100])
    found = find_neighbours(training[own], lambda index: training[index], 1200, exclude=own)
    assert (found.index != own[:, None]).all()
    assert (found.nearest > 0).all()
    assert np.isfinite(found.distance).all()


def test_two_searches_are_merged():
    first = Neighbours(np.array([[1, 2]]), np.array([[1.0, 4.0]]))
    second = Neighbours(np.array([[8, 9]]), np.array([[2.0, 3.0]]))
    both = merge(first, second)
    assert both.index.tolist() == [[1, 8]]
    assert both.distance.tolist() == [[1.0, 2.0]]


def test_too_few_training_samples():
    with pytest.raises(UserError, match="among 49 training samples"):
        find_neighbours(torch.zeros(1, 2), lambda index: torch.zeros(len(index), 2), 49)


# Generators that have memorised, and one that has not.

DIGITS = Digits().arrays(None)["sample"]
TINTED = np.concatenate([DIGITS[:60], DIGITS[:60] // 2, 255 - DIGITS[:60]], axis=1)
"""(60, 3, 28, 28): few, and in colour."""


class Memorised(Generator):
    """Shows training images, with a little noise, mirrored where asked."""

    latent_dim = 2

    def __init__(self, mirrored=False, noise=0.0, images=DIGITS):
        super().__init__()
        self.mirrored, self.noise, self.images = mirrored, noise, images

    def forward(self, latent):
        number = (latent[:, 0].abs() * 1e6).long() % len(self.images)
        sample = torch.from_numpy(self.images[number.numpy()]).float() / 127.5 - 1
        sample = (sample + self.noise * torch.randn_like(sample)).clamp(-1, 1)
        return {"sample": sample.flip(-1) if self.mirrored else sample}


class Mixing(Generator):
    """The brighter of two shifted training images: as sharp as they are, and none of them."""

    latent_dim = 2

    def forward(self, latent):
        one, other = (((latent[:, i].abs() * 1e6).long() % len(DIGITS)).numpy() for i in (0, 1))
        sample = np.maximum(np.roll(DIGITS[one], 2, axis=-1), np.roll(DIGITS[other], -2, axis=-2))
        return {"sample": torch.from_numpy(sample).float() / 127.5 - 1}


class MirroredDigits(Digits):
    flip = True


class TintedDigits(Digits):
    def arrays(self, cache):
        return {"sample": TINTED, "label": super().arrays(cache)["label"][: len(TINTED)]}


def trained(generator, cls=Digits):
    config = parse_config("{data: digits, generator: mlp, critic: unused, loss: unused}")
    registry = Registry.installed()
    part = resolve_part(config, registry, "generator", config.generator, ("generator",))
    data = DataSpec({"sample": (3 if cls is TintedDigits else 1, 28, 28), "label": ()}, classes=10)
    runtime = Runtime(torch.device("cpu"), "fp32", "highest")
    model = Trained(Path(), generator, data, runtime, config, part, registry, {}, {"average": True}, ())
    model.__dict__["dataset"] = dataclasses.replace(model.dataset, cls=cls)
    return model


def look(generator, cls=Digits, by="pixels", samples=60, weights=None):
    quiet = reporter(quiet=True)
    return look_for_copies(trained(generator, cls), samples=samples, seed=0, by=by, inception_weights=weights, reporter=quiet)


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_a_generator_that_has_memorised_is_found_out(noise):
    found = look(Memorised(noise=noise))
    assert found.neighbours.copies == 60
    assert found.memorised
    assert found.held_out.copies <= 5
    assert np.median(found.neighbours.nearest) < 0.3 * np.median(found.held_out.nearest)
    if not noise:
        assert (found.neighbours.nearest == 0).all()
        np.testing.assert_array_equal(DIGITS[found.neighbours.index[:, 0]], found.sample)


def test_a_generator_that_has_not_is_not():
    found = look(Mixing())
    assert found.neighbours.copies <= 2
    assert not found.memorised
    assert np.median(found.neighbours.nearest) > np.median(found.held_out.nearest)


def test_mirrored_copies_are_found_where_training_mirrors():
    assert look(Memorised(mirrored=True), MirroredDigits).neighbours.copies == 60
    assert look(Memorised(mirrored=True)).neighbours.copies < 30  # some digits are their own mirror image


def test_the_digit_classifier_finds_copies_too():
    found = look(Memorised(), by="digits")
    assert found.memorised
    assert found.provenance["network"].startswith("digits ")
    assert found.neighbours.nearest.max() < 1e-3 * np.median(found.held_out.nearest)


@pytest.fixture(params=[75, pytest.param(299, marks=pytest.mark.slow)], ids=lambda edge: f"{edge} pixels")
def inception(request, inception_weights, monkeypatch):
    """A file of random weights that is taken for the official one; 75 pixels are the least that the network sees."""
    monkeypatch.setattr("ganzoo_metrics.inception_metric.INCEPTION_SHA256", inception_weights[1])
    monkeypatch.setattr("ganzoo_metrics.inception.INPUT_SIZE", request.param)
    return inception_weights[0]


def test_inception_finds_copies_too(inception, inception_weights):
    found = look(Memorised(images=TINTED), TintedDigits, by="inception", samples=20, weights=inception)
    assert found.memorised
    assert found.provenance["network"] == f"inception {inception_weights[1][:12]}"
    assert found.neighbours.nearest.max() < 1e-3 * np.median(found.held_out.nearest)
    np.testing.assert_array_equal(TINTED[found.neighbours.index[:, 0]], found.sample)
    # The distance is that of Inception's features.
    network = load_inception(inception, sha256=inception_weights[1])
    seen, nearest = (network.features(torch.from_numpy(TINTED[found.neighbours.index[:1, i]])) for i in (0, 1))
    assert found.neighbours.distance[0, 1] == pytest.approx(float((seen - nearest).norm()), rel=1e-3)


def test_the_picture_shows_the_most_suspicious_first(tmp_path):
    found = look(Mixing())
    order = found.most_suspicious(3)
    assert (np.diff(found.neighbours.relative[order]) >= 0).all()
    assert found.neighbours.relative[order[-1]] <= np.delete(found.neighbours.relative, order).min()
    found.save_png(tmp_path / "n.png", 3)
    with Image.open(tmp_path / "n.png") as picture:
        assert picture.size == (6 * 58 + 2, 3 * (56 + 15 + 2) + 2)  # a sample before its five neighbours


# Held-out images, and the command.


@pytest.mark.parametrize(
    ("data", "split"),
    [("digits", None), ("mnist", "test"), ("{name: mnist, split: test}", None), ("{name: celeba, root: x, split: all}", None)],
)
def test_held_out_images_come_from_a_split_that_was_not_trained_on(data, split):
    config = parse_config("{generator: unused, critic: unused, loss: unused}", [f"data={data}"])
    assert held_out_split(resolve_part(config, Registry.installed(), "dataset", config.data, ("data",))) == split


def test_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    parts = "generator: {name: mlp, hidden: [8]}, critic: {name: mlp, hidden: [8]}, loss: minimax"
    Path("digits.yaml").write_text(f"{{data: digits, {parts}}}")
    Path("ring.yaml").write_text(f"{{data: {{name: ring, count: 64}}, {parts}}}")
    for name in ("digits", "ring"):
        assert invoke(["run", f"{name}.yaml", "--out", name, "-q", "-o", "train.steps=1", "-o", "train.threads=1"]) == 0
    capsys.readouterr()
    assert invoke(["neighbours", "digits", "--samples", "30", "-n", "2", "-q"]) == 0
    assert "no sign of memorisation\ndigits/neighbours.png\n" in capsys.readouterr().out
    assert Path("digits/neighbours.png").is_file()
    assert invoke(["neighbours", "digits", "--samples", "30", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["memorised"] is False
    assert (said["samples"]["count"], said["held_out"]["count"]) == (30, 30)
    assert said["provenance"]["data"] == "digits"
    assert invoke(["neighbours", "ring"]) == 2
    assert "this run made points" in capsys.readouterr().err
    assert invoke(["neighbours", "digits", "--by", "inception", "--inception-weights", "x.pth"]) == 2


def test_the_command_with_inception(inception, inception_weights, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    Path("pictures").mkdir()
    for i, picture in enumerate(TINTED[:52]):
        Image.fromarray(picture.transpose(1, 2, 0)).save(f"pictures/{i:02}.png")
    parts = "generator: {name: mlp, hidden: [8]}, critic: {name: mlp, hidden: [8]}, loss: minimax"
    Path("tinted.yaml").write_text(f"{{data: {{name: folder, root: pictures, size: 16}}, {parts}}}")
    assert invoke(["run", "tinted.yaml", "--out", "run", "-q", "-o", "train={steps: 1, batch_size: 4, threads: 1}"]) == 0
    command = ["neighbours", "run", "--by", "inception", "--inception-weights", str(inception), "--samples", "4", "-n", "2"]
    capsys.readouterr()
    assert invoke([*command, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["memorised"] is False
    assert said["samples"]["median_distance"] > said["held_out"]["median_distance"] > 0
    assert said["provenance"]["by"] == "inception"
    assert said["provenance"]["network"] == f"inception {inception_weights[1][:12]}"
    assert said["provenance"]["training_samples"] == 52
    with Image.open("run/neighbours.png") as shown:
        assert shown.width == 6 * (3 * 16 + 2) + 2  # a sample before its five neighbours, three times their size

    monkeypatch.setattr("ganzoo_metrics.inception_metric.INCEPTION_SHA256", "0" * 64)
    assert invoke(command) == 2
    assert "truncated or holds other weights" in capsys.readouterr().err


def test_captions_stand_under_their_images():
    image = np.random.default_rng(0).integers(0, 256, size=(3, 56, 56), dtype=np.uint8)
    short, long, empty = (captioned(image, text) for text in ("seven", "nine " * 30, ""))
    assert short.shape == long.shape == empty.shape == (3, 71, 56)
    assert (short[:, :56] == image).all()
    assert short[:, 56:].max() > 200
    assert (empty[:, 56:] == 128).all()
    assert captioned(image[:1, :20, :28], "enlarged").shape == (1, 40 + 15, 56)
