"""Walks through the latent space and from class to class: the arc, labels between two classes, and ``ganzoo interpolate``."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from ganzoo_explore.interpolate import BlendedLookUps, interpolate_classes, interpolate_latents, spherical
from PIL import Image
from small_runs import train_both
from torch import nn
from torch.nn import functional

import ganzoo.runs.trained as trained_module
from ganzoo.cli import invoke
from ganzoo.errors import UserError
from ganzoo.players import Generator
from ganzoo.registry import Registry
from ganzoo.runs.checks import check_normal_prior
from ganzoo.runs.trained import load_trained


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return train_both(tmp_path_factory.mktemp("runs"))


# The arc.


def test_the_walk_keeps_to_the_sphere():
    start, end = torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 3.0]])
    made = spherical(start, end, torch.tensor([0.0, 0.25, 0.5, 1.0]))
    angles = torch.tensor([0.0, math.pi / 8, math.pi / 4, math.pi / 2])
    torch.testing.assert_close(made[0], 3 * torch.stack([angles.cos(), angles.sin()], dim=1), atol=1e-6, rtol=0)


def test_the_middle_of_two_draws_is_as_long_as_a_draw():
    """On the straight line it would be shorter by the square root of two."""
    torch.manual_seed(0)
    start, end = torch.randn(50, 512), torch.randn(50, 512)
    made = spherical(start, end, torch.linspace(0, 1, 3))
    assert torch.equal(made[:, 0], start)
    torch.testing.assert_close(made[:, 2], end)
    assert made[:, 1].norm(dim=1).mean() == pytest.approx(512**0.5, rel=0.02)


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_parallel_latents_are_walked_straight(factor):
    start = torch.tensor([[1.0, 2.0]])
    torch.testing.assert_close(spherical(start, factor * start, torch.tensor([0.5]))[0], start * (1 + factor) / 2)


# Labels between two classes.

LABELS = torch.tensor([0, 2, 0, 2])
WEIGHT = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
LOOK_UPS = {
    "one-hot": lambda: functional.one_hot(LABELS, 3) @ WEIGHT,
    "one-hot, moved": lambda: functional.one_hot(LABELS.to("cpu").contiguous().view(-1), num_classes=3) @ WEIGHT,
    "a batch of another size": lambda: functional.one_hot(LABELS[:2], 3).repeat(2, 1) @ WEIGHT,
    "embedding": lambda: nn.Embedding.from_pretrained(WEIGHT)(LABELS),
    "index": lambda: WEIGHT[LABELS],
    "select": lambda: WEIGHT.index_select(0, LABELS),
    "column": lambda: WEIGHT[LABELS[:, None]].flatten(1),
}


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("look_up", LOOK_UPS)
def test_what_is_looked_up_for_a_label_is_blended(look_up, share):
    with BlendedLookUps(0, 2, share):
        found = LOOK_UPS[look_up]()
    torch.testing.assert_close(found, ((1 - share) * WEIGHT[0] + share * WEIGHT[2]).expand(4, 4))


def test_what_is_looked_up_for_anything_else_stays():
    positions = torch.arange(4)
    with BlendedLookUps(0, 2, 0.5):
        assert torch.equal(functional.one_hot(positions), torch.eye(4, dtype=torch.int64))
        assert torch.equal(WEIGHT[:2], WEIGHT[torch.tensor([True, True, False])])


@pytest.mark.parametrize("use", [lambda label: label * 2.0, lambda label: (label == 1).float(), lambda label: label.float()])
def test_a_label_that_is_put_to_another_use_is_refused(use, runs, monkeypatch):
    trained = load_trained(runs / "digits", None, Registry.installed())
    forward = type(trained.generator).forward

    def other(self, latent, label):
        made = forward(self, latent, label)
        return {"sample": made["sample"] + 0.1 * use(label).view(-1, 1, 1, 1)}

    monkeypatch.setattr(type(trained.generator), "forward", other)
    with pytest.raises(UserError, match="does not only look its label up"):
        interpolate_classes(trained, 2, 3, seed=0, label=1, to=7)


# The command.


def test_a_row_walks_from_one_latent_to_another(runs):
    trained = load_trained(runs / "digits", None, Registry.installed())
    walk = interpolate_latents(trained, 10, 5, seed=3)
    assert (walk.sample.shape, walk.sample.dtype) == ((10, 5, 1, 28, 28), np.uint8)
    assert walk.row_names == [str(i) for i in range(10)]
    np.testing.assert_array_equal(walk.sample[:, 0], trained.sample(10, seed=3).sample)
    np.testing.assert_array_equal(walk.sample[:, -1], trained.sample(10, seed=4).sample)  # where seed 4 begins
    assert (walk.sample[:, 2] != walk.sample[:, 0]).any()


def test_from_class_to_class_the_latent_rests(runs):
    trained = load_trained(runs / "digits", None, Registry.installed())
    walk = interpolate_classes(trained, 3, 5, seed=3, label=1, to=7)
    np.testing.assert_array_equal(walk.sample[:, 0], trained.sample(3, seed=3, label=1).sample)
    np.testing.assert_array_equal(walk.sample[:, -1], trained.sample(3, seed=3, label=7).sample)
    assert all((walk.sample[:, i] != walk.sample[:, i + 1]).any() for i in range(4))  # in four steps, not in one


def test_interpolate_writes_a_grid_and_an_animation(runs, tmp_path, capsys):
    png, gif = tmp_path / "walk.png", tmp_path / "walk.gif"
    arguments = ["interpolate", str(runs / "digits"), "--png", str(png), "--gif", str(gif), "--steps", "4", "--frames", "6", "--rows", "4"]
    assert invoke(arguments) == 0
    assert capsys.readouterr().out.split() == [str(gif), str(png)]
    with Image.open(png) as picture:
        assert picture.width > 4 * 56 > picture.width - 56
        assert picture.height == 4 * 58 + 2
    with Image.open(gif) as animation:
        assert animation.n_frames == 10  # there and back, the ends once
        assert animation.size == (2 * 58 + 2, 2 * 58 + 2)
        assert animation.info["loop"] == 0
    assert invoke(["interpolate", str(runs / "digits")]) == 0
    assert (runs / "digits/interpolation.png").is_file()


def test_classes_are_called_by_their_names(runs, tmp_path, monkeypatch):
    load = trained_module.load_trained
    monkeypatch.setattr(trained_module, "load_trained", lambda *a, **k: dataclasses.replace(load(*a, **k), class_names=tuple("abcdefghij")))
    for name, words in (("names", ["--label", "d", "--to", "f"]), ("numbers", ["--label", "3", "--to", "5"])):
        assert (
            invoke(["interpolate", str(runs / "digits"), "--png", str(tmp_path / f"{name}.png"), "--rows", "2", "--steps", "3", *words])
            == 0
        )
    assert (tmp_path / "names.png").read_bytes() == (tmp_path / "numbers.png").read_bytes()


def test_points_are_walked_as_a_scatter(runs, tmp_path):
    assert invoke(["interpolate", str(runs / "ring"), "--png", str(tmp_path / "p.png")]) == 0
    with Image.open(tmp_path / "p.png") as picture:
        assert picture.size == (512, 512)


@pytest.mark.parametrize(
    ("run", "arguments", "words"),
    [
        ("digits", ["--label", "3", "--to", "10"], "there are 10 classes, from 0"),
        ("digits", ["--label", "10"], "there are 10 classes, from 0"),
        ("digits", ["--to", "3"], "name it with --label"),
        ("digits", ["--label", "cat"], "--label: there is no class 'cat'"),
        ("digits", ["--label", "1", "--to", "cat"], "--to: there is no class 'cat'"),
        ("ring", ["--label", "0", "--to", "1"], "takes no label"),
        ("ring", ["--gif", "walk.gif"], "no animation"),
        ("nowhere", [], "there is no folder"),
    ],
)
def test_interpolate_refuses(run, arguments, words, runs, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert invoke(["interpolate", str(runs / run), *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


class Adds(Generator):
    """A prior with a code beside the latents."""

    latent_dim = 8

    def draw(self, n, device=None):
        return super().draw(n, device) | {"code": torch.randint(0, 4, (n,), device=device)}


class First(Adds):
    """The same, drawn the other way round."""

    def draw(self, n, device=None):
        return {"code": torch.rand(n, device=device)} | Generator.draw(self, n, device)


class Uniform(Adds):
    """Another prior."""

    def draw(self, n, device=None):
        return {"latent": (12**0.5) * (torch.rand(n, 8, device=device) - 0.5)}


class Misspelt(Adds):
    """None of the name."""

    def draw(self, n, device=None):
        return {"latents": torch.randn(n, 8, device=device)}


def test_a_draw_that_only_adds_a_field_is_still_normal_and_others_cannot_be_walked_through():
    before = torch.get_rng_state()
    for normal in (Adds(), First()):
        check_normal_prior(normal, "RUN", "walked through")
    for other in (Uniform(), Misspelt()):
        with pytest.raises(UserError, match="a prior of its own"):
            check_normal_prior(other, "RUN", "walked through")
    with pytest.raises(UserError, match="takes no noise"):
        check_normal_prior(Generator(), "RUN", "walked through")
    assert torch.equal(before, torch.get_rng_state())
