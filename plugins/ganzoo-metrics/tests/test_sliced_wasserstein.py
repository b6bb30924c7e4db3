"""The sliced Wasserstein distance: closed forms, what it sees and does not see, and the metric from end to end."""

import numpy as np
import pytest
import torch
from ganzoo_metrics.patches import PATCH, descriptors, normalise, patch_distances, sliced_wasserstein
from ganzoo_metrics.pyramid import enlarge, halve, laplacian_pyramid, level_sizes
from ganzoo_metrics.sliced_wasserstein import SlicedWasserstein
from metric_subjects import COLOUR, DIGITS, POINTS, make_subject, measured, pictures

from ganzoo import DataSpec, UserError


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def directions(size, count, seed=7):
    drawn = normal(size, count, seed=seed)
    return drawn / drawn.norm(dim=0)


def to_bytes(images):
    return images.round().clamp(0, 255).to(torch.uint8)


def scenes(count, seed, side=64):
    """Colour images of large soft shapes under a fine grain, as floats from 0 to 255."""
    shapes = torch.nn.functional.interpolate(normal(count, 3, 6, 6, seed=seed), size=(side, side), mode="bicubic")
    return (128 + 35 * shapes + 12 * normal(count, 3, side, side, seed=seed + 1)).clamp(0, 255)


class TestPyramid:
    @pytest.mark.parametrize(
        ("shape", "sides"),
        [
            ((64, 64), [64, 32, 16]),
            ((128, 128), [128, 64, 32, 16]),
            ((32, 32), [32, 16]),
            ((28, 28), [28]),
            ((50, 50), [50, 25]),
            ((31, 31), [31, 16]),
            ((48, 64), [48, 24]),
            ((16, 16), [16]),
            ((15, 64), []),
        ],
        ids=str,
    )
    def test_levels_halve_while_sixteen_pixels_are_left(self, shape, sides):
        sizes = level_sizes(*shape)
        assert [min(size) for size in sizes] == sides
        levels = laplacian_pyramid(torch.zeros(1, 1, *shape), len(sizes)) if sizes else []
        assert [tuple(level.shape[2:]) for level in levels] == sizes

    @pytest.mark.parametrize("shape", [(64, 64), (50, 50), (31, 45)], ids=str)
    def test_its_levels_add_up_to_the_image(self, shape):
        images = normal(2, 3, *shape).double()
        *details, found = laplacian_pyramid(images, len(level_sizes(*shape)))
        assert details
        for level in reversed(details):
            found = enlarge(found, *level.shape[2:]) + level
        torch.testing.assert_close(found, images, rtol=0, atol=1e-12)

    def test_a_plane_and_a_ramp_have_no_details(self):
        plane = torch.full((1, 3, 50, 50), 77.0)
        fine, *_ = laplacian_pyramid(plane, 2)
        assert fine.abs().max() == 0
        ramp = torch.arange(64.0).expand(1, 1, 64, 64)
        fine, *_ = laplacian_pyramid(ramp, 2)
        assert fine[..., 4:-4].abs().max() == 0
        assert fine.abs().max() > 0.1  # at its ends, where the mirrored ramp turns back

    @pytest.mark.parametrize("side", [32, 31])
    def test_halving_is_scipys_mirrored_convolution(self, side):
        ndimage = pytest.importorskip("scipy.ndimage")
        images = normal(1, 2, side, side).double()
        line = np.array([1, 4, 6, 4, 1]) / 16
        wanted = np.stack([ndimage.convolve(channel, np.outer(line, line), mode="mirror")[::2, ::2] for channel in images[0].numpy()])
        np.testing.assert_allclose(halve(images)[0].numpy(), wanted, atol=1e-14)


class TestDescriptors:
    def test_are_the_patches_at_their_places(self):
        images = torch.from_numpy(pictures(0, n=70)[:, :, :28, :28].copy())  # more than are cut at once; one level: the pixels
        top, left = torch.randint(22, (2, 70, 3), generator=torch.Generator().manual_seed(0))
        found = descriptors(images, 0, top, left).reshape(70, 3, 3, PATCH, PATCH)
        for image, patch in [(0, 0), (0, 2), (63, 1), (64, 0), (69, 2)]:
            row, column = int(top[image, patch]), int(left[image, patch])
            assert torch.equal(found[image, patch], images[image, :, row : row + PATCH, column : column + PATCH].float())

    def test_are_normalised_by_channel(self):
        patches = normal(500, 2, 49) * torch.tensor([3.0, 0.1]).reshape(2, 1) + torch.tensor([50.0, -2.0]).reshape(2, 1)
        wanted = [(channel - channel.mean()) / channel.std() for channel in patches.double().numpy().transpose(1, 0, 2)]
        np.testing.assert_allclose(normalise(patches).numpy(), np.concatenate(wanted, axis=1), atol=1e-4)

    def test_of_a_channel_without_any_spread_are_zero(self):
        patches = torch.stack([torch.full((300, 49), 77.0), normal(300, 49)], dim=1)
        found = normalise(patches)
        assert found[:, :49].abs().max() == 0
        assert found[:, 49:].std() == pytest.approx(1, abs=1e-3)


class TestDistance:
    def test_is_the_mean_of_scipys_over_the_directions(self):
        stats = pytest.importorskip("scipy.stats")
        first, second, onto = normal(200, 5), 1.5 * normal(200, 5, seed=1) + 0.3, directions(5, 70)
        one, other = (first @ onto).numpy(), (second @ onto).numpy()
        wanted = np.mean([stats.wasserstein_distance(one[:, k], other[:, k]) for k in range(70)])
        assert sliced_wasserstein(first, second, onto) == pytest.approx(wanted, rel=1e-5)

    def test_of_a_shift_is_its_mean_length_along_the_directions(self):
        points, shift, onto = normal(300, 4), torch.tensor([1.0, -2.0, 0.5, 0.0]), directions(4, 40)
        shuffled = torch.randperm(300, generator=torch.Generator().manual_seed(3))  # it is of sets, not of pairs
        assert sliced_wasserstein(points, points[shuffled] + shift, onto) == pytest.approx(float((shift @ onto).abs().mean()), rel=1e-5)

    def test_of_two_scales_of_a_normal_is_their_difference(self):
        """W1 between N(0, 1) and N(0, s^2) on a line is (s - 1) E|z| = (s - 1) sqrt(2 / pi), in every direction."""
        first, second = normal(40_000, 3), 1.5 * normal(40_000, 3, seed=1)
        assert sliced_wasserstein(first, second, directions(3, 20)) == pytest.approx(0.5 * np.sqrt(2 / np.pi), rel=0.03)


class TestImages:
    def test_the_same_images_are_at_zero(self):
        images = to_bytes(scenes(40, 0))
        assert patch_distances(images, images.clone(), patches=16, directions=48) == [0, 0, 0]

    @pytest.mark.parametrize("border", [(0, slice(None)), (-1, slice(None)), (slice(None), 0), (slice(None), -1)], ids=str)
    def test_patches_reach_every_border(self, border):
        images = torch.from_numpy(pictures(0, n=10)[:, :, :28, :28].copy())
        changed = images.clone()
        changed[:, :, *border] = 255
        assert min(patch_distances(images, changed, patches=32, directions=40)) > 0

    def test_brightness_and_contrast_of_a_channel_are_normalised_away(self):
        images = 2 * to_bytes(scenes(40, 0, side=32) / 2)
        changed = images // 2 + torch.tensor([0, 10, 100]).reshape(3, 1, 1).to(torch.uint8)
        assert max(patch_distances(images, changed, patches=16, directions=48)) < 1e-5

    def test_two_draws_are_near_and_noise_is_far_where_it_lacks_the_shapes(self):
        near = self.between(scenes(300, 0), scenes(300, 10))
        far = self.between(scenes(300, 0), 128 + 40 * normal(300, 3, 64, 64, seed=6))
        assert max(near) < 0.04
        assert far[0] < 1.5 * near[0]  # the finest level of both is white noise, of whatever strength
        assert all(found > 1.5 * same for found, same in zip(far[1:], near[1:], strict=True))

    def test_a_blurred_copy_differs_at_the_finest_level_and_hardly_at_the_lowest(self):
        fine, _, coarse = self.between(scenes(300, 0), enlarge(halve(scenes(300, 0)), 64, 64))
        assert fine > 0.1
        assert coarse < fine / 10

    def test_a_coarser_grain_differs_at_the_level_of_its_size(self):
        grain = enlarge(enlarge(40 * normal(300, 3, 16, 16, seed=5), 32, 32), 64, 64)  # of 4 pixels
        fine, middle, coarse = self.between(scenes(300, 0), scenes(300, 0) + grain)
        assert middle > 2 * max(fine, coarse)

    def between(self, real, made):
        return patch_distances(to_bytes(real), to_bytes(made), patches=16, directions=128)

    def test_an_image_without_any_spread_has_a_distance(self):
        images = to_bytes(scenes(20, 0, side=32))
        found = patch_distances(images, torch.full_like(images, 255), patches=16, directions=48)
        assert all(0.1 < value < 1 for value in found)  # of unit projections of one set to 0 it is E|x|, below 1

    def test_draws_are_those_of_the_seed(self):
        first, second = to_bytes(scenes(10, 0, side=32)), to_bytes(scenes(10, 5, side=32))
        found = [patch_distances(first, second, patches=8, directions=40, seed=seed) for seed in (0, 0, 1)]
        assert found[0] == found[1] != found[2]

    @pytest.mark.parametrize(
        ("real", "made", "said"),
        [
            ((4, 3, 32, 32), (4, 1, 32, 32), "are compared"),
            ((4, 3, 32, 32), (5, 3, 32, 32), "are compared"),
            ((0, 3, 32, 32), (0, 3, 32, 32), "N > 0"),
            ((4, 3, 15, 32), (4, 3, 15, 32), "at least 16 rows"),
        ],
        ids=str,
    )
    def test_what_cannot_be_compared_is_refused(self, real, made, said):
        with pytest.raises(UserError, match=said):
            patch_distances(torch.zeros(real, dtype=torch.uint8), torch.zeros(made, dtype=torch.uint8))


class TestMetric:
    def colour(self, folder, size=250, samples=150):
        subject = make_subject(folder, COLOUR, {"sample": pictures(1, n=300)}, {"sample": pictures(2, n=300)}, size=size)
        metric = SlicedWasserstein(COLOUR, samples=samples, patches=8, directions=40)
        return measured(metric, subject), {**metric.provenance(), **subject.facts}

    def test_gives_the_mean_and_each_level_with_what_they_depend_on(self, tmp_path):
        found, facts = self.colour(tmp_path)
        assert list(found) == ["swd", "swd_32", "swd_16"]
        assert found["swd"] == pytest.approx((found["swd_32"] + found["swd_16"]) / 2)
        wanted = patch_distances(
            torch.from_numpy(pictures(2, n=300)[np.sort(np.random.default_rng(0).permutation(300)[:150])]),
            torch.from_numpy(pictures(1, n=300)[:150]),
            patches=8,
            directions=40,
        )
        assert [found["swd_32"], found["swd_16"]] == wanted  # the pixels come back from floats as they were
        assert (facts["levels"], facts["patches"], facts["directions"]) == (2, 8, 40)
        assert (facts["samples"], facts["real_samples"], len(facts["real_hash"])) == (150, 150, 12)

    def test_the_size_of_batches_changes_nothing(self, tmp_path, monkeypatch):
        found, _ = self.colour(tmp_path)
        monkeypatch.setattr("ganzoo.metrics.real.BATCH", 33)
        assert self.colour(tmp_path, size=70)[0] == found

    def test_the_split_is_the_one_asked_for(self, tmp_path):
        subject = make_subject(tmp_path, COLOUR, {"sample": pictures(1)}, {"sample": pictures(2)})
        measured(SlicedWasserstein(COLOUR, samples=6, split="test", patches=8, directions=40), subject)
        assert subject.facts["split"] == "test"

    @pytest.mark.parametrize(
        ("data", "said"),
        [
            (POINTS, "patches are cut from images, this data is points of 2; use another metric for it"),
            (DataSpec({"sample": (3, 15, 15)}), "images of at least 16x16, this data is images of 3x15x15; use larger images"),
        ],
    )
    def test_data_without_a_level_is_refused(self, data, said):
        with pytest.raises(UserError, match=said):
            SlicedWasserstein(data)

    @pytest.mark.parametrize(("split", "where"), [(None, "the data has 300"), ("test", "the split 'test' has 300")])
    def test_more_samples_than_real_ones_are_refused_before_any_is_made(self, tmp_path, split, where):
        subject = make_subject(tmp_path, COLOUR, {}, {"sample": pictures(2, n=300)})
        with pytest.raises(UserError, match=f"8192 real samples .* {where}; set samples to at most 300"):
            SlicedWasserstein(COLOUR, split=split).prepare(subject)


def test_halves_of_the_digits_are_near_and_noise_is_far(tmp_path):
    digits = make_subject(tmp_path, DIGITS, {}, {}).dataset.arrays(None)["sample"]
    order = np.random.default_rng(0).permutation(len(digits))  # the first half of the file is known to be easier to read
    first, second = (torch.from_numpy(np.array(digits[order[part]])) for part in (slice(500), slice(5000, 5500)))
    noise = to_bytes(128 + 60 * normal(500, 1, 28, 28))
    (near,) = patch_distances(first, second, patches=16, directions=64)
    (far,) = patch_distances(first, noise, patches=16, directions=64)
    assert near < 0.03
    assert far > 10 * near
