"""Arrays as pictures."""

import numpy as np
import pytest
from PIL import Image

from ganzoo.errors import GanzooError
from ganzoo.ui.pictures import LARGEST_SIDE, beside, image_grid, one_picture, save_png
from ganzoo.ui.scatter import round_step, scatter


def images(count, channels, height, width):
    return np.random.default_rng(0).integers(0, 256, size=(count, channels, height, width), dtype=np.uint8)


def test_grid_places_every_pixel():
    batch = images(5, 3, 64, 60)
    grid = np.asarray(image_grid(batch, columns=3, gap=2))
    assert grid.shape == (2 + 2 * 66, 2 + 3 * 62, 3)
    background = np.ones(grid.shape[:2], dtype=bool)
    for i, image in enumerate(batch):
        top, left = 2 + (i // 3) * 66, 2 + (i % 3) * 62
        assert (grid[top : top + 64, left : left + 60] == image.transpose(1, 2, 0)).all()
        background[top : top + 64, left : left + 60] = False
    assert (grid[background] == 128).all()  # margins, and the place of the missing sixth


def test_small_images_are_enlarged_by_a_whole_factor():
    batch = images(4, 1, 28, 28)
    grid = image_grid(batch, columns=4, gap=1)
    assert grid.mode == "L"
    assert grid.size == (1 + 4 * 57, 58)
    third = np.asarray(grid)[1:57, 1 + 2 * 57 : 57 + 2 * 57]
    assert (third == batch[2, 0].repeat(2, axis=0).repeat(2, axis=1)).all()


@pytest.mark.parametrize(("count", "columns", "side"), [(64, 64, 28), (1024, 32, 256), (3, 1, 2000), (10_000, 100, 28)])
def test_grids_stay_within_bounds(count, columns, side):
    grid = image_grid(np.zeros((count, 1, side, side), np.uint8), columns)
    assert max(grid.size) <= LARGEST_SIDE
    assert max(grid.size) > LARGEST_SIDE / 4


def test_reducing_averages():
    image = np.zeros((1, 1, 4200, 4200), np.uint8)
    image[..., ::2] = 200
    assert np.asarray(image_grid(image, 1))[50, 50] == 100


def test_more_columns_than_images_leave_no_empty_ones():
    assert image_grid(images(2, 1, 56, 56), columns=8, gap=0).size == (112, 56)


@pytest.mark.parametrize("wrong", [images(2, 3, 8, 8).astype(np.float32), images(2, 3, 8, 8)[0], np.zeros((0, 3, 8, 8), np.uint8)])
def test_grid_refuses_what_is_no_batch_of_images(wrong):
    with pytest.raises(ValueError, match=r"must be uint8 \(N, C, H, W\)"):
        image_grid(wrong, 2)


def test_of_more_than_three_channels_the_first_three_are_shown_and_of_two_the_first():
    many = images(2, 5, 8, 8)
    assert np.array_equal(image_grid(many, 2), image_grid(many[:, :3], 2))
    assert np.array_equal(one_picture(many[0, :2]), one_picture(many[0, :1]))
    assert beside([many, many[:, :1]])[0].shape == (4, 3, 8, 8)


def blue(picture):
    pixels = np.asarray(picture).astype(int)
    return (pixels[..., 2] - pixels[..., 0] > 60)[28:484, 28:484]


def grey(picture):
    pixels = np.asarray(picture).astype(int)
    return ((np.ptp(pixels, axis=-1) < 5) & (pixels[..., 0] < 200))[40:470, 40:470]


def test_scatter_puts_points_where_they_belong_on_equal_axes():
    corners = np.array([[-1.0, -0.5], [1.0, 0.5]])  # wider than high: the width sets both axes
    picture = scatter(np.array([[0.5, 0.25]]), corners)
    assert picture.size == (512, 512)
    rows, columns = np.nonzero(blue(picture))
    scale = 456 / 2.2
    assert abs(columns.mean() + 0.5 - (228 + 0.5 * scale)) < 1
    assert abs(rows.mean() + 0.5 - (228 - 0.25 * scale)) < 1
    rows, columns = np.nonzero(grey(picture)[:220, 200:])
    assert abs(columns.mean() + 200.5 + 12 - (228 + 1.0 * scale)) < 2


def test_scatter_limits_come_from_the_reference():
    reference = np.random.default_rng(0).uniform(-1, 1, size=(200, 2))
    near, far = scatter(np.zeros((1, 2)), reference), scatter(np.array([[0.0, 0.0], [50.0, 0.0]]), reference)
    assert (blue(near) == blue(far)).all()
    assert (np.asarray(near)[:26] != np.asarray(far)[:26]).any()  # the legend counts the one out of view


@pytest.mark.parametrize("points", [np.zeros((0, 2)), np.full((3, 2), np.nan), np.ones((1, 2)), np.array([[1e30, -1e30], [0, 0]])])
def test_scatter_survives_odd_points(points):
    for reference in (None, np.zeros((5, 2)), np.random.default_rng(0).normal(size=(5, 2))):
        assert scatter(points.astype(np.float32), reference).size == (512, 512)


def test_scatter_refuses_other_shapes():
    with pytest.raises(ValueError, match=r"points must be \(N, 2\)"):
        scatter(np.zeros((4, 3)))
    with pytest.raises(ValueError, match=r"reference must be \(N, 2\)"):
        scatter(np.zeros((4, 2)), np.zeros(4))


@pytest.mark.parametrize(("span", "step"), [(0.44, 0.2), (0.5, 0.5), (1, 1), (4.4, 2), (0.3, 0.2), (99, 50), (0.0001, 0.0001)])
def test_round_step(span, step):
    assert round_step(span) == pytest.approx(step)


def test_png_is_whole_and_the_same_every_time(tmp_path):
    grid = image_grid(images(4, 3, 32, 32), 2)
    save_png(grid, tmp_path / "samples" / "a.png")
    save_png(grid.copy(), tmp_path / "samples" / "b.png")
    first, second = ((tmp_path / "samples" / name).read_bytes() for name in ("a.png", "b.png"))
    assert first == second
    assert sorted(path.name for path in (tmp_path / "samples").iterdir()) == ["a.png", "b.png"]
    with Image.open(tmp_path / "samples" / "a.png") as image:
        assert (np.asarray(image) == np.asarray(grid)).all()
        assert not image.info


def test_refused_png_leaves_the_old_one(tmp_path):
    (tmp_path / "a.png").mkdir()  # a file cannot take its place
    with pytest.raises(GanzooError):
        save_png(image_grid(images(1, 1, 8, 8), 1), tmp_path / "a.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
