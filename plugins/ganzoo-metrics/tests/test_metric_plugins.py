"""The metrics as components: which data they take, how many samples they want, how much memory they need."""

import tracemalloc

import numpy as np
import pytest
import torch
from ganzoo_metrics import ganzoo_metrics
from ganzoo_metrics.classifier_fid import ClassifierFID
from ganzoo_metrics.fid import FID
from ganzoo_metrics.kid import KID
from ganzoo_metrics.mode_coverage import Modes
from ganzoo_metrics.networks import FeatureExtractor
from ganzoo_metrics.precision_recall import PrecisionRecall
from ganzoo_metrics.recognition import InceptionScore
from metric_subjects import COLOUR, CPU, DIGITS, POINTS, make_subject, measured

from ganzoo import DataSpec, Metric, UserError
from ganzoo.data.cache import Cache
from ganzoo.data.toys import Grid, Ring
from ganzoo.metrics.real import to_float
from ganzoo.registry import Registry

PAIRS = {"l1", "psnr", "relative_l1", "ssim"}
SERVES = {
    (1, 28, 28): {"classifier_fid", "l1", "psnr", "relative_l1", "sliced_wasserstein", "ssim"},
    (3, 28, 28): {"fid", "inception_score", "kid", "precision_recall", "sliced_wasserstein", "stacked_modes", *PAIRS},
    (3, 32, 32): {"fid", "inception_score", "kid", "precision_recall", "sliced_wasserstein", *PAIRS},
    (2,): {"modes"},
    (4, 8, 8): {"l1", "psnr", "relative_l1"},
}
"""Which metrics take which data, by their defaults."""


@pytest.mark.parametrize("name", ganzoo_metrics())
class TestEveryMetric:
    def test_says_where_it_comes_from_and_is_one(self, name):
        cls = Registry.installed().find("metric", f"ganzoo-metrics/{name}").load()
        assert issubclass(cls, Metric)
        assert cls.paper

    @pytest.mark.parametrize("shape", SERVES, ids=str)
    def test_serves_some_data_and_says_why_not_the_rest(self, name, shape):
        cls = Registry.installed().find("metric", f"ganzoo-metrics/{name}").load()
        refusal = ""
        try:
            cls(DataSpec({"sample": shape}))
        except UserError as error:
            refusal = error.remedy
        assert (refusal == "") == (name in SERVES[shape])


class TestSamples:
    @pytest.mark.parametrize(
        ("make", "said"),
        [
            (lambda: FID(COLOUR, samples=2048), "at least 2049"),
            (lambda: FID(COLOUR, real_samples=100), "at least 2049"),
            (lambda: ClassifierFID(DIGITS, samples=128), "at least 129"),
            (lambda: KID(COLOUR, samples=999), "at least 1000"),
            (lambda: InceptionScore(COLOUR, samples=9), "at least 10"),
            (lambda: PrecisionRecall(COLOUR, samples=3), "at least 4"),
        ],
        ids=["fid", "fid real", "classifier_fid", "kid", "inception_score", "precision_recall"],
    )
    def test_too_few_are_refused_before_anything_is_opened(self, make, said):
        with pytest.raises(UserError, match=said):
            make()

    def test_a_part_of_the_real_ones_is_drawn_the_same_each_time(self, tmp_path):
        subject = make_subject(tmp_path, POINTS, {}, {"sample": np.zeros((1000, 2), np.float32), "label": np.arange(1000)})
        first, again = (torch.cat([fields["label"] for fields in subject.real(100)]).tolist() for _ in range(2))
        assert first == again == sorted(set(first))
        assert first[-1] > 800  # not the first hundred: files may lie sorted by class

    def test_images_have_the_levels_of_bytes(self):
        seen = to_float(np.array([0, 1, 128, 255], np.uint8), CPU)
        assert seen.dtype == torch.float32
        assert seen.tolist() == pytest.approx([-1, 1 / 127.5 - 1, 128 / 127.5 - 1, 1], abs=1e-6)

    def test_fifty_thousand_need_no_more_memory_than_a_batch(self):
        """Of features: numpy tells tracemalloc of its memory, so the features come from there."""
        size = 300

        class Wide(torch.nn.Module):
            feature_size = size

            def features(self, images, *, repeat_grey=False):
                return torch.from_numpy(np.random.default_rng(0).standard_normal((len(images), size), np.float32))

        network = FeatureExtractor("wide", "0" * 64, Wide(), batch=250)

        def peak_of(see):
            stream = ({"sample": torch.zeros(250, 1, 1, 1)} for _ in range(200))
            tracemalloc.start()
            see(stream)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            return peak / (250 * size * 4)  # in batches of features

        assert peak_of(lambda stream: network.moments(stream, CPU)) < 10
        assert peak_of(lambda stream: list(network.features(stream))) > 190  # what holding them all would cost


class TestToys:
    @pytest.mark.parametrize("toy", [Ring(count=2500), Grid(count=2500)])
    def test_the_data_itself_covers_all_modes(self, tmp_path, toy):
        arrays = toy.arrays(Cache(tmp_path / "cache"))
        found = measured(Modes(POINTS), make_subject(tmp_path, POINTS, arrays, arrays, toy))
        assert found["modes"] == len(toy.centres)
        assert found["high_quality"] == pytest.approx(0.989, abs=0.01)

    def test_what_has_no_centres_is_refused(self, tmp_path):
        with pytest.raises(UserError, match="does not say where its modes are"):
            Modes(POINTS).prepare(make_subject(tmp_path, POINTS, {}, {}))
