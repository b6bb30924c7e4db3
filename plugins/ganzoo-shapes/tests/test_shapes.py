from pathlib import Path

import numpy as np
import pytest
import torch
from ganzoo_shapes.domains import Tinted
from ganzoo_shapes.drawing import COLOURS, FORMS, alone, distances, filled, outlined, palette
from ganzoo_shapes.pairs import Outlines, Scene, Shapes
from ganzoo_shapes.shape_and_colour import ShapeAndColour, answers

from ganzoo import Cache, DataSpec, UserError
from ganzoo.cli import invoke

SETS = (Outlines, Scene, Tinted)


def read(dataset):
    return dataset.arrays(Cache(Path("unused")))


@pytest.mark.parametrize("cls", SETS)
def test_pictures_follow_from_the_seed_and_held_out_ones_are_others(cls) -> None:
    first, again, other, held = (read(cls(count=40, **more)) for more in ({}, {}, {"seed": 1}, {"split": "test"}))
    for name in ("source", "sample"):
        assert np.array_equal(first[name], again[name])
        assert not np.array_equal(first[name], other[name])
        assert held[name].shape == (10, 3, 32, 32)
    assert not {picture.tobytes() for picture in first["source"]} & {picture.tobytes() for picture in held["source"]}


@pytest.mark.parametrize("form", range(len(FORMS)))
def test_shapes_are_whole_and_areas_are_those_of_geometry(form) -> None:
    areas = [np.pi * 0.81, 1.6**2, 0.5 * (2 * 1.5 / np.sqrt(3)) * 1.5, 4 * 0.3 * (2 * 0.9 - 0.3)]
    distance = distances(np.array([form]), 64, np.array([[32.0, 32.0]]), np.array([20.0]), np.array([0.3]))
    assert filled(distance).sum() == pytest.approx(areas[form] * 400, rel=0.02)
    edge = filled(distance)[0]
    assert edge[[0, -1]].max() == edge[:, [0, -1]].max() == 0


def test_an_outline_lies_within_the_shape_and_is_as_thick_as_asked() -> None:
    distance = distances(np.array([0]), 64, np.array([[32.0, 32.0]]), np.array([25.0]), np.array([0.0]))
    line = outlined(distance, 2.0)
    assert (line <= filled(distance) + 1e-9).all()
    assert line.sum() == pytest.approx(2 * np.pi * (0.9 * 25 - 1) * 2, rel=0.02)


def test_an_outline_has_the_colour_of_its_filling_and_its_place() -> None:
    data = read(Outlines(count=50))
    inked = (data["source"] < 250).any(axis=1)
    darker = (data["sample"] < 250).any(axis=1)
    assert (darker | ~inked).all()
    assert darker.sum() > 1.5 * inked.sum()
    for source, sample in zip(data["source"], data["sample"], strict=True):
        assert np.abs(source.min(axis=(1, 2)).astype(int) - sample.min(axis=(1, 2))).max() <= 60  # thin lines are blended with white


def test_a_shape_with_a_hole_is_the_shape_around_it_and_goes_on_behind_it() -> None:
    whole, given, held = (read(Shapes(count=60, **more)) for more in ({}, {"mask": "centre"}, {"mask": "centre", "split": "test"}))
    assert list(whole) == ["sample"]
    assert np.array_equal(whole["sample"], given["sample"])
    assert held["source"].shape == (15, 3, 32, 32)
    assert not {picture.tobytes() for picture in whole["sample"]} & {picture.tobytes() for picture in held["sample"]}
    source, inside = given["source"][:], np.broadcast_to(given["mask"][:] > 0, (60, 3, 32, 32))
    assert np.array_equal(source[~inside], given["sample"][~inside])
    assert (source[inside] == 128).all()
    ink = (given["sample"] < 250).any(axis=1)
    behind = inside[:, 0] & ink
    assert min(behind.sum(axis=(1, 2))) > 20  # there is something to fill in,
    assert np.mean((ink & ~inside[:, 0]).sum(axis=(1, 2)) > 20) > 0.9  # and something to tell it by
    picture = np.zeros((3, 32, 32), np.uint8)
    assert Shapes(mask="random", overlap=1).inputs_of(picture).keys() == {"source", "mask"}
    assert not Shapes().inputs_of(picture)


def test_the_context_encoder_fills_shapes(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    small = ("data={name: shapes, count: 24, mask: random}", "generator.width=2", "generator.bottleneck=4", "critic.width=2")
    train = ("train.steps=3", "train.batch_size=4", "train.threads=1", "train.device=cpu", "metrics.0.split=test")
    options = [word for setting in (*small, *train) for word in ("-o", setting)]
    assert invoke(["run", "ganzoo-context-encoder:faces", "-q", "--out", "run", *options]) == 0, capsys.readouterr().err
    assert '"l1_share"' in Path("run/metrics.jsonl").read_text()


def test_warm_and_cold_are_not_pairs_in_training_and_held_out_they_are() -> None:
    train, test = Tinted(count=40), Tinted(count=40, split="test")
    assert train.independent == {"source"}
    assert not test.independent
    arrays = read(train)
    assert (len(arrays["source"]), len(arrays["sample"])) == (40, 30)
    assert arrays["source"][:, 0].mean() > arrays["source"][:, 2].mean() + 10  # red over blue
    assert arrays["sample"][:, 0].mean() < arrays["sample"][:, 2].mean() - 10
    swapped = {picture[::-1].tobytes() for picture in arrays["source"]}
    assert not swapped & {picture.tobytes() for picture in arrays["sample"]}
    held = read(test)
    assert np.array_equal(held["source"][:, ::-1], held["sample"])


def test_what_is_taken_out_of_a_scene_is_one_of_twenty_answers() -> None:
    samples = {picture.tobytes() for picture in read(Scene(count=400))["sample"]}
    numbers = torch.round((answers(32) + 1) * 127.5).to(torch.uint8).numpy()
    assert samples == {picture.tobytes() for picture in numbers}
    assert len(samples) == len(FORMS) * len(COLOURS) == 20


class Pairs:
    """What the metric looks at: made pictures beside their targets."""

    def __init__(self, made, target):
        self.both = {"sample": made, "target": target}

    def pairs(self, n, split):
        yield self.both


def measured(made, target):
    return ShapeAndColour(DataSpec({"sample": (3, 32, 32), "source": (3, 32, 32)})).measure(Pairs(made, target))


def test_the_metric_knows_every_answer_through_noise_and_counts_each_kind_of_fault() -> None:
    right = answers(32)
    noisy = (right + 0.3 * torch.randn(right.shape, generator=torch.Generator().manual_seed(0))).clamp(-1, 1)
    assert measured(noisy, right) == {"right": 1.0, "shape": 1.0, "colour": 1.0}
    assert measured(right.roll(1, 0)[1:5], right[1:5]) == {"right": 0.0, "shape": 1.0, "colour": 0.0}
    assert measured(right.roll(5, 0), right) == {"right": 0.0, "shape": 0.0, "colour": 1.0}
    white = torch.ones_like(right)
    assert measured(white, right)["right"] <= 0.05  # it shows one thing at most


def test_targets_that_are_no_shapes_alone_are_refused() -> None:
    with pytest.raises(UserError, match="not shapes alone"):
        measured(answers(32), -answers(32))
    with pytest.raises(UserError, match="square colour pictures"):
        ShapeAndColour(DataSpec({"sample": (1, 28, 28)}))


def test_a_shape_alone_is_upright_and_in_the_middle() -> None:
    picture = alone(np.array([1]), palette()[:1], 64)[0, 1]
    rows = np.flatnonzero((picture < 200).any(axis=1))
    assert rows[0] + rows[-1] == 63
